/* Both windows are whole minutes: one that is running would make the rate of "now" look
 * lower, and a minute that both touch would count in both. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/answers/answer.h"
#include "serve/figures/change.h"
#include "serve/figures/cost.h"
#include "serve/figures/leaders.h"
#include "serve/figures/ranges.h"
#include "serve/figures/tally.h"
#include "wire/json/out.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define MIB (1024.0 * 1024)
#define LIMIT_MAX 100000

struct side {
	struct window window;
	const char *version; /* NULL: any */
};

/* What a side has of a range of functions. */
struct found {
	struct tallies tallies;
	size_t n; /* of its rows, the first ones, are of the version */
};
struct both {
	struct found now;
	struct found before;
};

struct diff {
	const struct answers *answers;
	struct side now;
	struct side before;
	bool is_alone; /* one version, so that the windows must differ */
	struct leaders leaders;
};

/* A figure of both sides. */
struct pair {
	double now;
	double before;
	bool has_now;
	bool has_before;
	enum change change;
};

static bool refuse(struct http_reply *reply, const char *why)
{
	(void)http_reply_error(reply, 400, "bad_request", "%s", why);
	return false;
}

/* against=: how much earlier, or when it begins; against_since=, against_until=. */
static bool parse_before(
    const struct http_request *request, struct diff *diff, struct http_reply *reply)
{
	const struct window *now = &diff->now.window;
	struct window *before = &diff->before.window;
	const char *against = http_query(request, "against");
	const char *since = http_query(request, "against_since");
	const char *until = http_query(request, "against_until");
	int64_t length = now->until_ns - now->since_ns;
	int64_t moment = clock_wall_ns();
	int64_t shift = diff->now.version ? 0 : length;

	if (diff->is_alone && !against && !since)
		return refuse(reply, "a version takes an against_version, or an against");
	if (against && (since || until))
		return refuse(reply, "against and against_since exclude each other");
	if (until && !since)
		return refuse(reply, "against_until takes an against_since");
	if (against && clock_parse_span(against, &shift) < 0) {
		since = against; /* then it must be a time */
		against = NULL;
	}
	before->since_ns = now->since_ns - shift;
	if (since && clock_parse_moment(since, moment, &before->since_ns) < 0)
		return refuse(reply, "against is a span such as 1h or 7d, or a time such"
				     " as 2026-11-22T08:00:00Z");
	before->since_ns -= before->since_ns % MINUTE_NS;
	before->until_ns = before->since_ns + length;
	if (until && clock_parse_moment(until, moment, &before->until_ns) < 0)
		return refuse(reply, "against_until is a span or a time");
	before->until_ns -= before->until_ns % MINUTE_NS;
	if (before->since_ns < 0 || before->until_ns <= before->since_ns)
		return refuse(reply, "the window to compare with has no whole minute");
	return true;
}

static bool parse(
    const struct http_request *request, struct diff *diff, struct http_reply *reply)
{
	if (!answer_window(request, "1h", &diff->now.window, reply))
		return false;
	diff->now.window.until_ns -= diff->now.window.until_ns % MINUTE_NS;
	if (diff->now.window.until_ns <= diff->now.window.since_ns)
		return refuse(reply, "the window has no whole minute");
	diff->now.version = http_query(request, "version");
	diff->before.version = http_query(request, "against_version");
	if (!diff->now.version && diff->before.version)
		return refuse(reply, "against_version takes a version");
	diff->is_alone = diff->now.version && !diff->before.version;
	if (diff->is_alone)
		diff->before.version = diff->now.version;
	return parse_before(request, diff, reply);
}

static void put_pair(struct json_out *out, const char *key, const struct pair *pair)
{
	json_out_open(out, key);
	if (pair->has_now)
		json_out_number(out, "now", pair->now);
	if (pair->has_before)
		json_out_number(out, "before", pair->before);
	if (pair->has_now && pair->has_before) {
		if (pair->before > 0)
			json_out_number(
			    out, "change_pct", (pair->now / pair->before - 1) * 100);
		json_out_string(out, "verdict", change_name(pair->change));
	}
	json_out_close(out);
}

static uint64_t minutes_of(const struct side *side)
{
	return (uint64_t)((side->window.until_ns - side->window.since_ns) / MINUTE_NS);
}

static void put_invocations(struct json_out *out, const struct diff *diff,
    const struct rollup *now, const struct rollup *before)
{
	uint64_t now_min = minutes_of(&diff->now);
	uint64_t before_min = minutes_of(&diff->before);
	double rate = (double)before->invocations / (double)before_min;

	json_out_open(out, "invocations");
	json_out_count(out, "now", now->invocations);
	json_out_count(out, "before", before->invocations);
	if (rate > 0)
		json_out_number(out, "change_pct",
		    ((double)now->invocations / (double)now_min / rate - 1) * 100);
	json_out_string(out, "verdict",
	    change_name(change_of_counts(
		now->invocations, now_min, before->invocations, before_min)));
	json_out_close(out);
}

/* k of the invocations, in percent. */
static void put_share(struct json_out *out, const char *key,
    const struct change_share *now, const struct change_share *before)
{
	struct pair pair = {.has_now = now->n > 0, .has_before = before->n > 0};

	if (now->n)
		pair.now = 100.0 * (double)now->k / (double)now->n;
	if (before->n)
		pair.before = 100.0 * (double)before->k / (double)before->n;
	pair.change = change_of_shares(now, before);
	put_pair(out, key, &pair);
}

/* Of a side: histograms together; unit: how many of theirs are one of the answer's. */
struct measured {
	const struct histogram *const *now;
	const struct histogram *const *before;
	size_t n;
	double unit;
};

static void put_quantile(
    struct json_out *out, const char *key, const struct measured *m, double q)
{
	struct pair pair = {.now = histogram_quantile_of(m->now, m->n, q) / m->unit,
	    .before = histogram_quantile_of(m->before, m->n, q) / m->unit,
	    .change = change_of_quantiles(m->now, m->before, m->n, q)};

	for (size_t i = 0; i < m->n; i++) {
		pair.has_now |= m->now[i]->count > 0;
		pair.has_before |= m->before[i]->count > 0;
	}
	put_pair(out, key, &pair);
}

static bool cost_each(
    const struct diff *diff, const struct tally *tally, struct money *each)
{
	const struct rollup *r = &tally->rollup;

	if (!r->invocations ||
	    cost_of(diff->answers->book, &tally->function, &r->usage, each) < 0)
		return false;
	*each = money_scale(*each, 1, r->invocations);
	return true;
}

static void put_cost(struct json_out *out, const struct diff *diff,
    const struct tally *now, const struct tally *before)
{
	const struct histogram *a[] = {&now->rollup.warm, &now->rollup.cold_duration};
	const struct histogram *b[] = {
	    &before->rollup.warm, &before->rollup.cold_duration};
	struct money each = {0};
	struct money was = {0};
	bool has_now = cost_each(diff, now, &each);
	bool has_before = cost_each(diff, before, &was);

	json_out_open(out, "cost_per_invocation_usd");
	if (has_now)
		json_out_money(out, "now", each);
	if (has_before)
		json_out_money(out, "before", was);
	if (has_now && has_before) {
		if (was.pico > 0)
			json_out_number(out, "change_pct",
			    ((double)each.pico / (double)was.pico - 1) * 100);
		json_out_string(out, "verdict",
		    change_name(
			change_of_means((double)each.pico, a, (double)was.pico, b, 2)));
	}
	json_out_close(out);
}

static void put_quantiles(
    struct json_out *out, const struct rollup *now, const struct rollup *before)
{
	const struct histogram *a[] = {
	    &now->warm, &now->cold_duration, &now->init, &now->memory};
	const struct histogram *b[] = {
	    &before->warm, &before->cold_duration, &before->init, &before->memory};
	const double ms = 1e6 / histogram_ticks_to_ns(1);
	const struct measured duration = {a, b, 2, ms};
	const struct measured init = {a + 2, b + 2, 1, ms};
	const struct measured memory = {a + 3, b + 3, 1, MIB};

	json_out_open(out, "duration_ms");
	put_quantile(out, "p50", &duration, 0.5);
	put_quantile(out, "p95", &duration, 0.95);
	put_quantile(out, "p99", &duration, 0.99);
	json_out_close(out);
	json_out_open(out, "init_ms");
	put_quantile(out, "p95", &init, 0.95);
	json_out_close(out);
	json_out_open(out, "memory_mb");
	put_quantile(out, "p95", &memory, 0.95);
	json_out_close(out);
}

/* a is of now, b of before; an empty one where that side has none of the function f.
 * NULL: out of memory. */
static char *row_text(const struct diff *diff, const struct function *f,
    const struct tally *a, const struct tally *b)
{
	struct change_share cold[] = {{a->rollup.cold, a->rollup.invocations},
	    {b->rollup.cold, b->rollup.invocations}};
	struct change_share errors[] = {
	    {rollup_errors(&a->rollup), a->rollup.invocations},
	    {rollup_errors(&b->rollup), b->rollup.invocations}};
	struct json_out out = {0};

	json_out_open(&out, NULL);
	json_out_string(&out, "function", f->name);
	json_out_string(&out, "platform", platform_name(f->platform));
	json_out_string(
	    &out, "version", diff->now.version ? diff->now.version : f->version);
	if (diff->before.version)
		json_out_string(&out, "against_version", diff->before.version);
	put_invocations(&out, diff, &a->rollup, &b->rollup);
	put_share(&out, "cold_pct", &cold[0], &cold[1]);
	put_share(&out, "errors_pct", &errors[0], &errors[1]);
	put_quantiles(&out, &a->rollup, &b->rollup);
	put_cost(&out, diff, a, b);
	json_out_close(&out);
	return json_out_take(&out, NULL);
}

/* Rows are in the order of name, version, platform; versions that were asked for are one
 * a side, so they do not count. */
static int compare(const struct diff *diff, const struct tally *a, const struct tally *b)
{
	int order = strcmp(a->function.name, b->function.name);

	if (!order && !diff->now.version)
		order = strcmp(a->function.version, b->function.version);
	return order ? order : (int)a->function.platform - (int)b->function.platform;
}

/* Those of the version first. */
static void choose_version(struct found *found, const char *version)
{
	struct tallies *t = &found->tallies;

	found->n = 0;
	for (size_t i = 0; i < t->n; i++) {
		struct tally *tally = t->rows[i];

		if (version && strcmp(tally->function.version, version) != 0)
			continue;
		t->rows[i] = t->rows[found->n];
		t->rows[found->n++] = tally;
	}
}

/* NULL behind the last. */
static const struct tally *row_at(const struct found *found, size_t i)
{
	return i < found->n ? found->tallies.rows[i] : NULL;
}

/* An empty one where that side has none of the function f. */
static int add_row(struct diff *diff, const struct function *known,
    const struct tally *now, const struct tally *before)
{
	struct function f = *known;
	struct rank_row row = {.name = f.name, .platform = platform_name(f.platform)};

	if (diff->now.version) /* of either side: it does not count in the order */
		f.version[0] = '\0';
	if (!leaders_want(&diff->leaders, &row, &f))
		return 0;
	return leaders_put(&diff->leaders, &row, &f, row_text(diff, known, now, before));
}

static int add_rows(void *context, void *read)
{
	const struct both *both = read;
	const struct tally *a = row_at(&both->now, 0);
	const struct tally *b = row_at(&both->before, 0);
	static const struct tally none;
	struct diff *diff = context;
	size_t i = 0;
	size_t k = 0;
	int err = 0;

	while (!err && (a || b)) {
		int order = !b ? -1 : !a ? 1 : compare(diff, a, b);

		err = add_row(diff, order <= 0 ? &a->function : &b->function,
		    order <= 0 ? a : &none, order >= 0 ? b : &none);
		i += order <= 0;
		k += order >= 0;
		a = row_at(&both->now, i);
		b = row_at(&both->before, k);
	}
	return err;
}

static void both_done(void *read)
{
	struct both *both = read;

	tallies_done(&both->now.tallies);
	tallies_done(&both->before.tallies);
}

static int read_range(void *context, uint32_t first_id, uint32_t end_id, void *into)
{
	const struct diff *diff = context;
	struct store *store = diff->answers->store;
	struct both *both = into;
	int err = tallies_read_range(
	    &both->now.tallies, store, &diff->now.window, first_id, end_id);

	if (!err)
		err = tallies_read_range(
		    &both->before.tallies, store, &diff->before.window, first_id, end_id);
	both->now.n = both->now.tallies.n;
	both->before.n = both->before.tallies.n;
	return err;
}

/* All of a name, or all; of the versions that were asked for. */
static int read_at_once(struct diff *diff, const char *function)
{
	struct store *store = diff->answers->store;
	struct both both = {0};
	int err = tallies_read(&both.now.tallies, store, &diff->now.window, function);

	if (!err)
		err = tallies_read(
		    &both.before.tallies, store, &diff->before.window, function);
	choose_version(&both.now, diff->now.version);
	choose_version(&both.before, diff->before.version);
	if (!err)
		err = add_rows(diff, &both);
	both_done(&both);
	return err;
}

/* A function has the same number on both sides; two versions of one have not. */
static int read_all(struct diff *diff, const char *function)
{
	const struct ranges ranges = {.store = diff->answers->store,
	    .context = diff,
	    .read_bytes = sizeof(struct both),
	    .read = read_range,
	    .visit = add_rows,
	    .done = both_done};

	if (function || diff->now.version)
		return read_at_once(diff, function);
	return ranges_each(&ranges);
}

int answer_diff(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct diff diff = {.answers = context,
	    .leaders.choice = {.rank = RANK_NAME, .limit = LIMIT_MAX}};
	struct json_out out = {0};
	int err;

	if (!parse(request, &diff, reply) ||
	    !answer_limit(request, LIMIT_MAX, &diff.leaders.choice.limit, reply))
		return 0;
	answer_widen(diff.answers->store, &diff.now.window);
	answer_widen(diff.answers->store, &diff.before.window);
	err = read_all(&diff, http_query(request, "function"));
	if (err) {
		leaders_done(&diff.leaders);
		return err;
	}
	json_out_open(&out, NULL);
	answer_put_window(&out, "window", &diff.now.window);
	answer_put_window(&out, "against", &diff.before.window);
	json_out_count(&out, "confidence_pct", CHANGE_CONFIDENCE_PCT);
	leaders_write(&diff.leaders, &out);
	json_out_close(&out);
	return answer_send_out(reply, &out);
}
