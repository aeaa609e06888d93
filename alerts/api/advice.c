/* GET /v1/advice. It reads up to a day of invocations while other questions wait: bounded
 * by ADVICE_MAX_INTERVALS. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/advice/feed.h"
#include "alerts/api.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "price/plan.h"

#define WINDOW_NS (24LL * 3600 * CLOCK_NS_PER_S)
#define SLOTS_SHOWN 64
#define MONTH_HOURS 730.0

struct query {
	const char *function;
	int64_t since_ns;
	int64_t until_ns;
	struct money cold_start;
};

static double per_month(uint64_t count, const struct advice *advice)
{
	double hours = (double)advice->window_ns / (3600.0 * CLOCK_NS_PER_S);

	return hours > 0 ? (double)count * MONTH_HOURS / hours : 0;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static json_t *format_slots(const struct advice *advice)
{
	double hours = (double)advice->window_ns / (3600.0 * CLOCK_NS_PER_S);
	json_t *list = json_array();

	for (uint32_t k = 0; k < advice->slots_n && k < SLOTS_SHOWN; k++) {
		const struct advice_slot *slot = &advice->slots[k];
		json_t *row = json_object();

		fields_integer(row, "slot", k + 1);
		fields_real(row, "busy_pct",
		    100.0 * (double)slot->busy_ns / (double)advice->window_ns);
		fields_real(row, "starts_per_hour", (double)slot->starts / hours);
		fields_real(row, "cold_pct", percent(slot->cold, slot->starts));
		fields_bool(row, "reserve", k < advice->provisioned);
		(void)json_array_append_new(list, row);
	}
	return list;
}

static json_t *format_state(
    const struct advice *advice, struct money window, uint64_t cold, bool share)
{
	json_t *object = json_object();

	fields_money(object, "cost_month_usd", advice_month(window, advice->window_ns));
	fields_real(object, "cold_per_month", per_month(cold, advice));
	if (share)
		fields_real(object, "cold_pct", percent(cold, advice->invocations));
	return object;
}

static json_t *format_window(const struct advice_terms *terms, bool truncated)
{
	json_t *object = json_object();

	fields_moment(object, "since", terms->since_ns);
	fields_moment(object, "until", terms->until_ns);
	if (truncated)
		fields_bool(object, "truncated", 1);
	return object;
}

static json_t *format_advice(const struct advice *advice,
    const struct advice_function *function, const struct advice_terms *terms,
    bool truncated)
{
	json_t *object = json_object();

	fields_text(object, "kind", "concurrency");
	fields_text(object, "function", function->function.name);
	fields_text(object, "platform", platform_name(function->function.platform));
	fields_text(object, "region", function->function.region);
	fields_integer(object, "memory_mb", terms->memory_mb);
	fields_bool(object, "memory_is_observed", !function->function.memory_limit_mb);
	fields_array(object, "window", format_window(terms, truncated));
	fields_integer(object, "invocations", (int64_t)advice->invocations);
	fields_integer(object, "max_concurrency", advice->slots_n);
	fields_integer(object, "provisioned", advice->provisioned);
	fields_real(object, "break_even_pct", advice_break_even_pct(&terms->rates));
	fields_array(object, "slots", format_slots(advice));
	fields_array(
	    object, "now", format_state(advice, advice->now, advice->cold, true));
	fields_array(object, "then",
	    format_state(
		advice, advice->then, advice->cold - advice->cold_avoided, false));
	fields_real(
	    object, "cold_avoided_per_month", per_month(advice->cold_avoided, advice));
	fields_money(object, "saving_month_usd",
	    advice_month(money_subtract(advice->now, advice->then), advice->window_ns));
	fields_text(object, "why", advice->why);
	fields_bool(object, "enough_data", advice->enough_data);
	return object;
}

/* Provisioned concurrency is what AWS sells: functions of other platforms are priced as
 * if they ran there where their own plan is that of AWS Lambda. */
static int advise(const struct alerts *alerts, const struct advice_feed *feed,
    const struct advice_function *function, const struct query *query, json_t *list)
{
	AUTO(free) struct advice *advice = NULL;
	const struct plan *plan = plan_of_platform(function->function.platform);
	struct advice_terms terms = {.since_ns = feed->since_ns,
	    .until_ns = feed->until_ns,
	    .memory_mb = advice_feed_memory_mb(function),
	    .cold_start = query->cold_start};
	int err;

	if (!plan || strcmp(plan->provider, "aws") != 0)
		return 0;
	if (rates_lambda(alerts->book, function->function.region, function->function.arch,
		&terms.rates) &&
	    rates_lambda(alerts->book, NULL, function->function.arch, &terms.rates))
		return 0;
	if (function->first_seen_ns > terms.since_ns)
		terms.since_ns = function->first_seen_ns;
	if (terms.since_ns >= terms.until_ns)
		terms.since_ns = terms.until_ns - CLOCK_NS_PER_S;
	advice = malloc(sizeof(*advice));
	if (!advice)
		return -ENOMEM;
	err = advice_concurrency(function->intervals, function->n, &terms, advice);
	if (!err)
		(void)json_array_append_new(
		    list, format_advice(advice, function, &terms, feed->truncated));
	return err;
}

static const char *parse_query(const struct http_request *request, struct query *query)
{
	const char *kind = http_query(request, "kind");
	const char *since = http_query(request, "since");
	const char *worth = http_query(request, "cold_start_usd");

	*query = (struct query){
	    .function = http_query(request, "function"), .until_ns = clock_wall_ns()};
	query->since_ns = query->until_ns - WINDOW_NS;
	if (kind && *kind && strcmp(kind, "concurrency") != 0)
		return "kind must be concurrency, memory or plan";
	if (since && (clock_parse_moment(since, query->until_ns, &query->since_ns) ||
			 query->since_ns >= query->until_ns))
		return "since must be a moment in the past, such as 24h";
	if (worth &&
	    (money_parse(worth, &query->cold_start) || query->cold_start.pico < 0 ||
		query->cold_start.pico > 1000000000000000))
		return "cold_start_usd must be an amount from 0 to 1000";
	if (query->function && !*query->function)
		query->function = NULL;
	return NULL;
}

int api_advice_get(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct alerts *alerts = context;
	struct advice_feed feed;
	struct query query;
	const char *kind = http_query(request, "kind");
	const char *why;
	json_t *object;
	json_t *list;
	int err;

	if (kind && strcmp(kind, "memory") == 0)
		return api_advice_memory(alerts, request, reply);
	if (kind && strcmp(kind, "plan") == 0)
		return api_advice_plan(alerts, request, reply);
	why = parse_query(request, &query);
	if (why)
		return api_reject(reply, why);
	err = advice_feed_read(
	    alerts->store, query.since_ns, query.until_ns, query.function, &feed);
	if (err < 0)
		return err;
	list = json_array();
	for (size_t i = 0; i < feed.functions_n && !err; i++)
		err = advise(alerts, &feed, &feed.functions[i], &query, list);
	advice_feed_done(&feed);
	if (err) {
		json_decref(list);
		return err;
	}
	object = json_object();
	fields_array(object, "advice", list);
	return api_reply(reply, object);
}
