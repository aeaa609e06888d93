#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/answers/answer.h"
#include "serve/figures/cost.h"

#define POINTS_MAX 2000
#define MIB (1024.0 * 1024)

/* Steps from here on are told by hours and days, shorter ones by minutes. */
#define SPANS_FROM_S 7200

/* Every version and platform of the name added up; priced as the one seen last. */
struct series {
	struct window window;
	int64_t step_s;
	int64_t grain_s; /* no step is a part of it: see store_grain() */
	struct rollup *points;
	size_t n;
	struct function function;
	int64_t last_s; /* its last minute */
	bool known;
};

/* NULL when the moment is in none. */
static struct rollup *point_of(struct series *series, int64_t start_s)
{
	int64_t at = start_s - series->window.since_ns / CLOCK_NS_PER_S;
	size_t i = (size_t)(at / series->step_s);

	return at < 0 || i >= series->n ? NULL : &series->points[i];
}

/* The order of versions and platforms decides between those of one minute, so that it is
 * the same whichever way the engine walks. */
static bool is_later(
    const struct series *series, int64_t last_s, const struct function *function)
{
	int order;

	if (!series->known || last_s != series->last_s)
		return !series->known || last_s > series->last_s;
	order = strcmp(function->version, series->function.version);
	return order > 0 ||
	       (order == 0 && function->platform > series->function.platform);
}

static void see(struct series *series, int64_t last_s, const struct function *function)
{
	if (!is_later(series, last_s, function))
		return;
	series->function = *function;
	series->last_s = last_s;
	series->known = true;
}

static int add_span(void *context, const struct store_span *span)
{
	struct series *series = context;
	struct rollup *point = point_of(series, span->start_s);

	if (!span->add || !point)
		return 0;
	see(series, span->last_s, span->function);
	return span->add(span, point);
}

static int add_row(void *context, int64_t minute_start_s, const struct function *function,
    const struct rollup *rollup)
{
	struct series *series = context;
	struct rollup *point = point_of(series, minute_start_s);

	if (!point)
		return 0;
	see(series, minute_start_s, function);
	return rollup_merge(point, rollup);
}

static int read_points(struct series *series, struct store *store, const char *function)
{
	const struct store_window window = {.since_ns = series->window.since_ns,
	    .until_ns = series->window.until_ns,
	    .function = function,
	    .step_ns = series->step_s * CLOCK_NS_PER_S};

	if (series->step_s >= SPANS_FROM_S || series->grain_s > 60)
		return store_scan_spans(store, &window, add_span, series);
	return store_scan_rollups(
	    store, window.since_ns, window.until_ns, function, add_row, series);
}

/* How long the step is: the last one may end early. */
static double step_ns(const struct series *series, size_t i)
{
	int64_t step = series->step_s * CLOCK_NS_PER_S;
	int64_t left =
	    series->window.until_ns - series->window.since_ns - (int64_t)i * step;

	return (double)(left < step ? left : step);
}

static json_t *point_json(
    const struct answers *answers, const struct series *series, size_t i)
{
	const struct rollup *r = &series->points[i];
	int64_t t =
	    series->window.since_ns + (int64_t)i * series->step_s * CLOCK_NS_PER_S;
	struct money cost = {0};
	json_t *out = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "t", answer_time(t),
	    "invocations", answer_count(r->invocations), "cold", answer_count(r->cold),
	    "errors", answer_count(rollup_errors(r)), "pings", answer_count(r->pings),
	    "lost", answer_count(rollup_lost(r)));

	(void)json_object_set_new(out, "concurrency",
	    json_pack("{s:o,s:o}", "mean",
		answer_number((double)r->duration_ns / step_ns(series, i)), "max",
		answer_count(r->concurrency_max)));
	if (r->warm.count + r->cold_duration.count)
		(void)json_object_set_new(out, "duration_ms",
		    json_pack("{s:o,s:o,s:o}", "p50",
			answer_ms(rollup_duration_quantile_ns(r, 0.5)), "p95",
			answer_ms(rollup_duration_quantile_ns(r, 0.95)), "p99",
			answer_ms(rollup_duration_quantile_ns(r, 0.99))));
	if (r->init.count)
		(void)json_object_set_new(out, "init_ms",
		    json_pack("{s:o}", "p95",
			answer_ms(histogram_quantile_ns(&r->init, 0.95))));
	if (r->memory.count)
		(void)json_object_set_new(out, "memory_mb",
		    json_pack("{s:o}", "max",
			answer_number((double)r->memory_max_bytes / MIB)));
	if (!series->known ||
	    cost_of(answers->book, &series->function, &r->usage, &cost) == 0)
		(void)json_object_set_new(out, "cost_usd", answer_money(cost));
	return out;
}

static bool parse_step(
    const struct http_request *request, struct series *series, struct http_reply *reply)
{
	const char *text = http_query(request, "step");
	int64_t step_ns = 60 * CLOCK_NS_PER_S;
	int64_t width = series->window.until_ns - series->window.since_ns;

	if ((text && clock_parse_span(text, &step_ns) < 0) ||
	    step_ns % (60 * CLOCK_NS_PER_S) != 0 || step_ns == 0) {
		(void)http_reply_error(reply, 400, "bad_request",
		    "step is a number of whole minutes, such as 60s or 5m");
		return false;
	}
	series->step_s = step_ns / CLOCK_NS_PER_S;
	if (series->step_s % series->grain_s != 0) {
		(void)http_reply_error(reply, 400, "bad_request",
		    "of the begin of this window sums by %s are kept: take a step of"
		    " whole %ss",
		    series->grain_s > 3600 ? "day" : "hour",
		    series->grain_s > 3600 ? "day" : "hour");
		return false;
	}
	series->n = (size_t)((width + step_ns - 1) / step_ns);
	if (series->n <= POINTS_MAX)
		return true;
	(void)http_reply_error(reply, 400, "bad_request",
	    "the window has %zu steps, the limit is %d: take a longer step", series->n,
	    POINTS_MAX);
	return false;
}

int answer_series(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct series series = {0};
	json_t *points = NULL;
	int err;

	if (!answer_window(request, "1h", &series.window, reply))
		return 0;
	series.grain_s =
	    store_grain(answers->store, series.window.since_ns) / CLOCK_NS_PER_S;
	answer_widen(answers->store, &series.window);
	if (!parse_step(request, &series, reply))
		return 0;
	series.points = calloc(series.n, sizeof(*series.points));
	if (!series.points)
		return -ENOMEM;
	err = read_points(&series, answers->store, request->parameter[0]);
	if (!err)
		points = json_array();
	for (size_t i = 0; i < series.n; i++) {
		if (!err)
			(void)json_array_append_new(
			    points, point_json(answers, &series, i));
		rollup_done(&series.points[i]);
	}
	free(series.points);
	if (err)
		return err;
	return answer_send(
	    reply, json_pack("{s:s,s:o,s:I,s:o}", "function", request->parameter[0],
		       "window", answer_window_json(&series.window), "step_s",
		       (json_int_t)series.step_s, "points", points));
}
