/* GET /v1/advice?kind=memory and kind=plan: from the sums of a week, which are read hour
 * by hour while other questions wait. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/advice/concurrency.h"
#include "alerts/advice/memory.h"
#include "alerts/advice/plan.h"
#include "alerts/api.h"
#include "alerts/peer_service.h"
#include "base/clock.h"
#include "price/plan.h"
#include "price/rates.h"
#include "serve/figures/cost.h"

#define WINDOW_NS (7LL * 24 * 3600 * CLOCK_NS_PER_S)
#define MAX_TARGET_MS 900000.0
#define GB_S_MB_MS 1024000 /* MiB-ms in a GB-s; a GiB-s has as many */

static const char *parse_window(
    const struct http_request *request, struct measured_query *query)
{
	const char *since = http_query(request, "since");

	*query = (struct measured_query){
	    .until_ns = clock_wall_ns(), .function = http_query(request, "function")};
	query->since_ns = query->until_ns - WINDOW_NS;
	if (since && (clock_parse_moment(since, query->until_ns, &query->since_ns) ||
			 query->since_ns >= query->until_ns))
		return "since must be a moment in the past, such as 24h";
	if (query->function && !*query->function)
		query->function = NULL;
	return NULL;
}

static const char *parse_target(const struct http_request *request, double *target_ms)
{
	const char *text = http_query(request, "target_ms");
	char *end;

	*target_ms = ADVICE_PLAN_TARGET_MS;
	if (!text || !*text)
		return NULL;
	*target_ms = strtod(text, &end);
	if (*end || !isfinite(*target_ms) || *target_ms < 1 || *target_ms > MAX_TARGET_MS)
		return "target_ms must be a number from 1 to 900000";
	return NULL;
}

static json_t *format_head(const char *kind, const struct measured *m)
{
	json_t *object = json_object();
	json_t *window = json_object();

	fields_text(object, "kind", kind);
	fields_text(object, "function", m->function.name);
	fields_text(object, "platform", platform_name(m->function.platform));
	fields_text(object, "version", m->function.version);
	fields_text(object, "region", m->function.region);
	fields_moment(window, "since", m->since_ns);
	fields_moment(window, "until", m->until_ns);
	fields_array(object, "window", window);
	fields_integer(object, "invocations", (int64_t)m->invocations);
	return object;
}

static int send_list(
    const struct measured_list *measured, json_t *list, struct http_reply *reply)
{
	json_t *object = json_object();
	json_t *window = json_object();

	fields_moment(window, "since", measured->since_ns);
	fields_moment(window, "until", measured->until_ns);
	fields_array(object, "window", window);
	if (measured->cut)
		fields_bool(object, "truncated", 1);
	fields_array(object, "advice", list);
	return api_reply(reply, object);
}

/* What its memory alone cost over the window, at the size that was billed. */
static void price_memory(
    const struct alerts *alerts, const struct measured *m, struct memory_terms *terms)
{
	const struct function *f = &m->function;
	const struct plan *plan = plan_of_platform(f->platform);
	const char *region = cost_region(alerts->book, plan, f);
	struct lambda_rates rates;
	const struct price *tiers;

	if (strcmp(plan->provider, "aws") == 0 &&
	    rates_lambda(alerts->book, region, f->arch, &rates) == 0) {
		terms->window =
		    money_of(m->usage.item[USAGE_AWS_MB_MS], rates.gb_s, GB_S_MB_MS);
		terms->has_price = true;
	} else if (strcmp(plan->provider, "gcp") == 0 &&
		   book_find(alerts->book, "gcp", "run.memory", region, &tiers) > 0) {
		terms->window =
		    money_of(m->usage.item[USAGE_RUN_MB_MS], tiers[0].amount, GB_S_MB_MS);
		terms->has_price = true;
	}
}

static json_t *format_memory_advice(const struct measured *m,
    const struct memory_advice *advice, const struct memory_terms *terms)
{
	json_t *object = format_head("memory", m);

	fields_text(object, "verdict", memory_verdict_name(advice->verdict));
	if (advice->now_mb)
		fields_integer(object, "memory_mb", advice->now_mb);
	if (m->memory_max_bytes)
		fields_real(object, "peak_mb", advice->peak_mb);
	fields_integer(object, "headroom_pct", ADVICE_MEMORY_HEADROOM_PCT);
	if (advice->floor_mb)
		fields_integer(object, "floor_mb", advice->floor_mb);
	if (advice->then_mb)
		fields_integer(object, "advised_mb", advice->then_mb);
	if (advice->now_ms > 0) {
		fields_real(object, "duration_ms_mean", advice->now_ms);
		fields_real(object, "advised_duration_ms_mean", advice->then_ms);
	}
	if (terms->has_price && advice->now_mb && advice->now_ms > 0) {
		fields_money(object, "cost_month_usd", advice->now);
		fields_money(object, "advised_cost_month_usd", advice->then);
		fields_money(object, "saving_month_usd",
		    money_subtract(advice->now, advice->then));
	}
	fields_integer(object, "ooms", (int64_t)m->ooms);
	fields_text(object, "why", advice->why);
	fields_bool(object, "enough_data", advice->verdict != MEMORY_TOO_LITTLE_SEEN);
	return object;
}

int api_advice_memory(const struct alerts *alerts, const struct http_request *request,
    struct http_reply *reply)
{
	struct measured_list measured = {0};
	struct measured_query query;
	const char *why = parse_window(request, &query);
	json_t *list;
	int err;

	if (why)
		return api_reject(reply, why);
	err = measured_read(alerts->store, &query, &measured);
	if (err)
		return err;
	list = json_array();
	for (size_t i = 0; i < measured.n; i++) {
		const struct measured *m = &measured.rows[i];
		struct memory_terms terms = {0};
		bool has_size = advice_memory_terms(m->function.platform, &terms);
		struct memory_advice advice;

		if (has_size)
			price_memory(alerts, m, &terms);
		advice_memory(m, has_size ? &terms : NULL, &advice);
		(void)json_array_append_new(
		    list, format_memory_advice(m, &advice, &terms));
	}
	err = send_list(&measured, list, reply);
	measured_done(&measured);
	return err;
}

static json_t *format_options(const struct plan_terms *terms)
{
	json_t *list = json_array();

	for (size_t i = 0; i < terms->options_n; i++) {
		const struct always_on *option = &terms->options[i];
		json_t *row = json_object();

		fields_text(row, "kind", option->kind);
		fields_text(row, "size", option->size);
		fields_integer(row, "count", (int64_t)option->count);
		fields_money(row, "cost_month_usd", option->month);
		fields_text(row, "region", option->price->region);
		fields_text(row, "source", option->price->source_url);
		fields_text(row, "as_of", option->price->as_of);
		fields_text(
		    row, "confidence", confidence_name(option->price->confidence));
		(void)json_array_append_new(list, row);
	}
	return list;
}

static json_t *format_peers(const struct measured *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->peers_n; i++) {
		const struct measured_peer *peer = &m->peers[i];
		const struct peer_service *service = peer_service_of(peer->peer);
		json_t *row = json_object();

		fields_text(row, "peer", peer->peer);
		fields_integer(row, "cold_starts", (int64_t)peer->starts);
		fields_real(row, "wait_ms", (double)peer->wait_ns / 1e6);
		if (service) {
			fields_text(row, "service", service->name);
			fields_text(row, "source", service->source);
		}
		(void)json_array_append_new(list, row);
	}
	return list;
}

static json_t *format_finding(const struct plan_finding *finding,
    const struct measured *m, const struct plan_terms *terms)
{
	json_t *object = json_object();

	fields_text(object, "check", plan_check_name(finding->check));
	fields_text(object, "verdict", plan_verdict_name(finding->verdict));
	for (size_t i = 0; i < finding->numbers_n; i++)
		fields_real(object, finding->numbers[i].key, finding->numbers[i].value);
	if (finding->check == PLAN_STEADY) {
		fields_money(object, "cost_month_usd", terms->month);
		fields_array(object, "always_on", format_options(terms));
	}
	if (finding->check == PLAN_CALLS) {
		fields_integer(object, "cold_starts", (int64_t)m->phased);
		fields_array(object, "peers", format_peers(m));
	}
	fields_text(object, "why", finding->why);
	if (*finding->what)
		fields_text(object, "do", finding->what);
	return object;
}

static json_t *format_plan_advice(const struct measured *m,
    const struct plan_advice *advice, const struct plan_terms *terms)
{
	json_t *object = format_head("plan", m);
	json_t *findings = json_array();

	fields_text(object, "verdict", plan_verdict_name(advice->verdict));
	fields_bool(object, "enough_data", advice->enough_data);
	for (size_t i = 0; i < advice->findings_n; i++)
		(void)json_array_append_new(
		    findings, format_finding(&advice->findings[i], m, terms));
	fields_array(object, "findings", findings);
	return object;
}

static json_t *advise_plan(const struct alerts *alerts, const struct cost_rules *rules,
    const struct measured *m, double target_ms)
{
	const struct plan *plan = plan_of_platform(m->function.platform);
	struct always_on_need need = {.provider = plan->provider,
	    .region = m->function.region,
	    .arch = m->function.arch};
	struct always_on options[ALWAYS_ON_MAX];
	struct plan_terms terms = {.target_ms = target_ms, .options = options};
	struct plan_advice advice;
	struct money window;

	advice_plan_need(m, &need);
	terms.options_n = always_on_find(alerts->book, &need, options);
	terms.has_cost = cost_of(alerts->book, &m->function, &m->usage, &window) == 0;
	if (terms.has_cost)
		terms.month = advice_month(window, m->until_ns - m->since_ns);
	cost_rules_companions(rules, m->function.name, &terms.stated);
	advice_plan(m, &terms, &advice);
	return format_plan_advice(m, &advice, &terms);
}

int api_advice_plan(const struct alerts *alerts, const struct http_request *request,
    struct http_reply *reply)
{
	struct measured_list measured = {0};
	struct measured_query query;
	struct cost_rules *rules;
	double target_ms;
	const char *why = parse_window(request, &query);
	json_t *list;
	int err;

	if (!why)
		why = parse_target(request, &target_ms);
	if (why)
		return api_reject(reply, why);
	query.connections = true;
	err = measured_read(alerts->store, &query, &measured);
	if (err)
		return err;
	list = json_array();
	rules = cost_rules_hold(alerts->rules);
	for (size_t i = 0; i < measured.n; i++)
		(void)json_array_append_new(
		    list, advise_plan(alerts, rules, &measured.rows[i], target_ms));
	cost_rules_free(rules);
	err = send_list(&measured, list, reply);
	measured_done(&measured);
	return err;
}
