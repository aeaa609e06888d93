#include "serve/answers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/answers/answer.h"
#include "serve/figures/figures.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)
#define WEEK_NS (7LL * 24 * HOUR_NS)
#define ROWS_MAX 100000
#define LATEST_NS (7258118400LL * CLOCK_NS_PER_S) /* the year 2200 */

bool answer_window(const struct http_request *request, const char *span,
    struct window *window, struct http_reply *reply)
{
	int64_t now_ns = clock_wall_ns();
	const char *since = http_query(request, "since");
	const char *until = http_query(request, "until");

	window->until_ns = now_ns;
	if (clock_parse_moment(since ? since : span, now_ns, &window->since_ns) < 0) {
		(void)http_reply_error(reply, 400, "bad_request",
		    "since is a span such as 15m, 1h, 7d or a time such as "
		    "2026-11-22T08:00:00Z");
		return false;
	}
	if (until && clock_parse_moment(until, now_ns, &window->until_ns) < 0) {
		(void)http_reply_error(reply, 400, "bad_request",
		    "until is a span such as 15m, 1h, 7d or a time such as "
		    "2026-11-22T08:00:00Z");
		return false;
	}
	if (window->since_ns < 0)
		window->since_ns = 0;
	window->since_ns -= window->since_ns % MINUTE_NS;
	if (window->until_ns > window->since_ns && window->until_ns < LATEST_NS)
		return true;
	(void)http_reply_error(
	    reply, 400, "bad_request", "the window ends before it begins");
	return false;
}

void answer_widen(struct store *store, struct window *window)
{
	const int64_t day_ns = 86400 * CLOCK_NS_PER_S;
	int64_t grain = store_grain(store, window->since_ns);
	int64_t last_ns = window->until_ns - 1;

	window->since_ns -= window->since_ns % grain;
	/* of the end's day some hours may be there and others not */
	grain = store_grain(store, last_ns - last_ns % day_ns);
	if (grain < day_ns)
		grain = store_grain(store, last_ns);
	if (grain > MINUTE_NS)
		window->until_ns = last_ns - last_ns % grain + grain;
}

void answer_begin_with_hour(struct window *window)
{
	if (window->until_ns - window->since_ns >= WEEK_NS)
		window->since_ns -= window->since_ns % HOUR_NS;
}

bool answer_flag(const struct http_request *request, const char *name, bool *value,
    struct http_reply *reply)
{
	const char *text = http_query(request, name);

	if (!text)
		return true;
	*value = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
	if (*value || strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
		return true;
	(void)http_reply_error(reply, 400, "bad_request", "%s is true or false", name);
	return false;
}

bool answer_limit(const struct http_request *request, unsigned long max,
    unsigned long *limit, struct http_reply *reply)
{
	const char *text = http_query(request, "limit");
	unsigned long value;
	char *end = NULL;

	if (!text)
		return true;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (!errno && end != text && !*end && *text != '-' && value > 0 && value <= max) {
		*limit = value;
		return true;
	}
	(void)http_reply_error(
	    reply, 400, "bad_request", "limit is a number from 1 to %lu", max);
	return false;
}

bool answer_choice(
    const struct http_request *request, struct choice *choice, struct http_reply *reply)
{
	const char *sort = http_query(request, "sort");
	char list[RANK_LIST_BYTES];

	*choice = (struct choice){.limit = ROWS_MAX};
	if (!answer_flag(request, "reverse", &choice->reverse, reply) ||
	    !answer_limit(request, ROWS_MAX, &choice->limit, reply))
		return false;
	choice->is_default = !sort && !choice->reverse;
	choice->rank = sort ? rank_find(sort) : RANK_NAME;
	if (choice->rank != RANK_COUNT)
		return true;
	(void)http_reply_error(
	    reply, 400, "bad_request", "sort is one of %s", rank_list(list));
	return false;
}

char *answer_text(json_t *root)
{
	/* 12 digits: exact to the third decimal below a day of milliseconds. */
	char *text =
	    root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

	json_decref(root);
	return text;
}

int answer_send(struct http_reply *reply, json_t *root)
{
	reply->body = answer_text(root);
	if (!reply->body)
		return -ENOMEM;
	reply->body_bytes = strlen(reply->body);
	return 0;
}

int answer_send_out(struct http_reply *reply, struct json_out *out)
{
	reply->body = json_out_take(out, &reply->body_bytes);
	return reply->body ? 0 : -ENOMEM;
}

void answer_put_window(struct json_out *out, const char *key, const struct window *window)
{
	json_out_open(out, key);
	json_out_time(out, "since", window->since_ns);
	json_out_time(out, "until", window->until_ns);
	json_out_close(out);
}

json_t *answer_time(int64_t ns)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(ns, text);
	return json_string(text);
}

json_t *answer_count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

json_t *answer_number(double value)
{
	return json_real(round(value * 1000) / 1000);
}

json_t *answer_ms(double ns)
{
	return answer_number(ns / 1e6);
}

json_t *answer_money(struct money money)
{
	char text[MONEY_TEXT_BYTES];

	money_format(money, text);
	return json_string(text);
}

json_t *answer_window_json(const struct window *window)
{
	return json_pack("{s:o,s:o}", "since", answer_time(window->since_ns), "until",
	    answer_time(window->until_ns));
}

json_t *answer_ledger(const struct batch_ledger *ledger)
{
	struct json_out out = {0};
	json_t *root;
	char *text;

	figures_put_ledger(&out, NULL, ledger);
	text = json_out_take(&out, NULL);
	root = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return root;
}

/* An answer tells of all that was acknowledged before. Where that fails the writer says
 * why (upkeep.c), and the answer is older. */
static void settle(void *context)
{
	const struct answers *answers = context;

	(void)store_settle(answers->store);
}

int answers_add_routes(struct answers *answers, struct http *http)
{
	static const struct http_route routes[] = {
	    {"GET", "/v1/functions", answer_functions, 0, HTTP_NEEDS_READ},
	    {"GET", "/v1/functions/{name}/series", answer_series, 0, HTTP_NEEDS_READ},
	    {"GET", "/v1/invocations", answer_invocations, 0, HTTP_NEEDS_READ},
	    {"GET", "/v1/traces/{id}", answer_trace, 0, HTTP_NEEDS_READ},
	    {"GET", "/v1/diff", answer_diff, 0, HTTP_NEEDS_READ},
	    {"GET", "/v1/invoice", answer_invoice, 0, HTTP_NEEDS_READ},
	    {"GET", "/metrics", answer_metrics, 0, HTTP_NEEDS_READ},
	};

	answers->http = http;
	http_set_prepare(http, settle, answers);
	return http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), answers);
}
