/* GET /v1/invoice: a month read, priced, and told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "price/plan.h"
#include "serve/answers/answer.h"
#include "serve/bill/json.h"
#include "serve/bill/parts.h"
#include "serve/figures/anomalies.h"
#include "serve/figures/outlook.h"
#include "serve/figures/spending.h"

#define NS_PER_MS 1000000
#define MONTH_BYTES 8 /* "YYYY-MM" */

struct month {
	char name[MONTH_BYTES];
	struct window window; /* ended by now */
	int64_t end_ns;
	bool is_over;
};

/* What a request asks for. */
struct question {
	struct bill_terms terms;
	struct month month;
	struct bill_by by;
	const char *by_text;
	const char *function; /* NULL: all */
	bool anomalies;
};

/* The month's window, ended by now. */
static bool parse_month(const char *text, int64_t now_ns, struct month *month)
{
	time_t now_s = (time_t)(now_ns / CLOCK_NS_PER_S);
	struct window *window = &month->window;
	struct tm tm;
	char first_day[16];

	(void)gmtime_r(&now_s, &tm);
	(void)strftime(month->name, MONTH_BYTES, "%Y-%m", &tm);
	if (text && strlen(text) != MONTH_BYTES - 1)
		return false;
	if (text)
		(void)text_copy(month->name, MONTH_BYTES, text);
	(void)snprintf(first_day, sizeof(first_day), "%s-01", month->name);
	/* A span such as "7d" has no month's form, so only a date gets here. */
	if (strlen(month->name) != 7 || month->name[4] != '-' ||
	    clock_parse_moment(first_day, now_ns, &window->since_ns) < 0)
		return false;
	now_s = (time_t)(window->since_ns / CLOCK_NS_PER_S);
	(void)gmtime_r(&now_s, &tm);
	tm.tm_mon++;
	month->end_ns = (int64_t)timegm(&tm) * CLOCK_NS_PER_S;
	month->is_over = month->end_ns < now_ns;
	window->until_ns = month->is_over ? month->end_ns : now_ns;
	return window->since_ns < window->until_ns;
}

static bool parse_plan(const struct http_request *request, struct bill_terms *terms,
    struct http_reply *reply)
{
	const char *plan = http_query(request, "plan");
	char names[PLAN_LIST_BYTES];

	terms->own = !plan;
	if (!plan || strcmp(plan, "all") == 0)
		return true;
	terms->plan = plan_find(plan);
	if (terms->plan)
		return true;
	(void)http_reply_error(reply, 400, "bad_request",
	    "there is no plan %s: say one of all, %s", plan, plan_list(names));
	return false;
}

static bool parse_region(const struct http_request *request, struct bill_terms *terms,
    struct http_reply *reply)
{
	const char *region = http_query(request, "region");
	bool known = false;

	if (!region || !*region)
		return true;
	terms->region = region;
	for (size_t i = 0; plans[i]; i++)
		known |= (!terms->plan || plans[i] == terms->plan) &&
			 book_has_region(terms->book, plans[i]->provider, region);
	if (known && strlen(region) < FUNCTION_REGION_BYTES)
		return true;
	(void)http_reply_error(reply, 400, "bad_request",
	    "the price book has no region %s for %s", region,
	    terms->plan ? terms->plan->provider : "any plan");
	return false;
}

/* False with a 400 in the reply. */
static bool parse_question(
    const struct http_request *request, struct question *q, struct http_reply *reply)
{
	const char *speed = http_query(request, "speed");
	char why[128];

	q->function = http_query(request, "function");
	q->by_text = http_query(request, "by");
	if (!parse_month(http_query(request, "month"), clock_wall_ns(), &q->month))
		return http_reply_error(reply, 400, "bad_request",
			   "month is YYYY-MM and not in the future"),
		       false;
	if (!q->function) { /* a commitment is all functions' */
		const struct window *window = &q->month.window;

		q->terms.committed_ms =
		    (uint64_t)(window->until_ns - window->since_ns) / NS_PER_MS;
		q->terms.month_committed_ms =
		    (uint64_t)(q->month.end_ns - window->since_ns) / NS_PER_MS;
	}
	if (!parse_plan(request, &q->terms, reply) ||
	    !parse_region(request, &q->terms, reply) ||
	    !answer_flag(request, "free_tier", &q->terms.free_tier, reply) ||
	    !answer_flag(request, "anomalies", &q->anomalies, reply))
		return false;
	if (speed && *speed &&
	    speeds_parse(speed, &q->terms.speeds, why, sizeof(why)) < 0)
		return http_reply_error(reply, 400, "bad_request", "%s", why), false;
	if (bill_by_parse(q->by_text, &q->by) < 0)
		return http_reply_error(reply, 400, "bad_request",
			   "by is function, day, host, region, platform or tag:KEY"),
		       false;
	return true;
}

/* What is made of the weeks before; each NULL where there is none. */
struct outlook {
	json_t *forecast;
	json_t *anomalies;
};

/* The answer's root; takes over the outlook. */
static json_t *tell(const struct question *q, const struct bill *bill,
    const struct spending *spending, const struct outlook *outlook)
{
	bool one = q->terms.own || q->terms.plan;
	bool more = one && cost_rules_have_companions(q->terms.rules);

	return json_pack("{s:s,s:o,s:b,s:o*,s:o*,s:o,s:o,s:o*,s:o*,s:o*,s:o*,s:o*}",
	    "month", q->month.name, "window", answer_window_json(&q->month.window),
	    "free_tier", q->terms.free_tier, "total_usd",
	    one ? answer_money(
		      money_subtract(bill_total(bill, NULL), bill_companions(bill, NULL)))
		: NULL,
	    "with_companions_usd", more ? answer_money(bill_total(bill, NULL)) : NULL,
	    "ledger", answer_ledger(&spending->ledger), "plans", bill_plans_json(bill),
	    "comparison", one ? NULL : bill_comparison_json(bill), "by",
	    q->by.key ? bill_parts_json(bill, q->by_text) : NULL, "forecast",
	    outlook->forecast, "anomalies", outlook->anomalies, "not_priced",
	    bill_not_priced_json(bill));
}

/* Reads, prices and tells. 0 with *root (NULL: out of memory), -ENOENT with *missing, or
 * -errno. */
static int make(const struct answers *answers, const struct question *q, json_t **root,
    const char **missing)
{
	bool with_outlook = !q->month.is_over && (q->terms.own || q->terms.plan);
	bool is_committed = q->terms.committed_ms && book_commitment(q->terms.book, 0);
	uint64_t weights[SPENDING_HOURS + 1];
	struct bill bill = {.terms = q->terms};
	struct spending spending;
	struct outlook outlook = {NULL, NULL};
	int err = spending_read(&spending, answers->store, &q->month.window,
	    with_outlook || is_committed || q->anomalies, q->function);

	if (!err)
		err = bill_fill(&bill, &spending, answers->store, &q->by, q->function);
	if (!err && is_committed)
		bill.terms.hours = (struct commitment_hours){
		    weights, spending_by_hour(&spending, weights)};
	if (!err)
		err = bill_price(&bill, missing);
	if (!err && with_outlook)
		err = outlook_json(&bill, &spending, q->month.end_ns, &outlook.forecast);
	if (!err && q->anomalies)
		err = anomalies_json(q->terms.book, &spending, &outlook.anomalies);
	if (!err)
		*root = tell(q, &bill, &spending, &outlook);
	else
		json_decref(outlook.forecast);
	bill_done(&bill);
	spending_done(&spending);
	return err;
}

static int answer(const struct answers *answers, struct question *q,
    const struct http_request *request, struct http_reply *reply)
{
	const char *missing = NULL;
	json_t *root = NULL;
	int err;

	if (!parse_question(request, q, reply))
		return 0;
	err = make(answers, q, &root, &missing);
	if (err == -ENOENT)
		return http_reply_error(reply, 400, "no_price",
		    "the price book has no price %s in that region",
		    missing ? missing : "");
	if (err == -ENODATA)
		return http_reply_error(reply, 400, "needs",
		    "%s needs %s; `coldmeter price` takes it", q->terms.plan->name,
		    missing);
	return err ? err : answer_send(reply, root);
}

int answer_invoice(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct cost_rules *rules = cost_rules_hold(answers->rules);
	struct question q = {.terms = {.book = answers->book, .rules = rules}};
	int err = answer(answers, &q, request, reply);

	cost_rules_free(rules);
	return err;
}
