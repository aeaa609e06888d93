#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "price/plan.h"
#include "serve/answer.h"
#include "serve/cost.h"
#include "serve/hosts.h"
#include "serve/tally.h"

#define HOUR_NS (3600 * (uint64_t)CLOCK_NS_PER_S)
#define MONTH_HOURS 730 /* 365 x 24 / 12, as the clouds project */
#define MIB (1024.0 * 1024)

/* The part of the window since the function was first seen in it; at least a minute. */
static uint64_t seen_ns(const struct tally *tally, const struct window *window)
{
	int64_t from = tally->first_s * CLOCK_NS_PER_S;
	int64_t span;

	if (from < window->since_ns)
		from = window->since_ns;
	span = window->until_ns - from;
	return (uint64_t)(span > 60 * CLOCK_NS_PER_S ? span : 60 * CLOCK_NS_PER_S);
}

static json_t *usage_json(const struct usage *usage)
{
	json_t *out = json_object();

	for (int i = 0; i < USAGE_ITEMS; i++)
		(void)json_object_set_new(out, usage_item_name((enum usage_item)i),
		    answer_count(usage->item[i]));
	return out;
}

static void set_cost(json_t *out, const struct answers *answers,
    const struct tally *tally, const struct window *window)
{
	const struct function *f = &tally->function;
	const struct plan *plan = plan_of_platform(f->platform);
	struct money cost;
	struct money hour;
	struct money month;

	(void)json_object_set_new(out, "plan", json_string(plan->name));
	(void)json_object_set_new(
	    out, "cost_basis", json_string(plan_cost_basis(plan, f->memory_limit_mb)));
	if (cost_of(answers->book, f, &tally->rollup.usage, &cost) < 0)
		return; /* no price: no cost, rather than 0 */
	hour = money_scale(cost, HOUR_NS, seen_ns(tally, window));
	month = money_scale(hour, MONTH_HOURS, 1);
	(void)json_object_set_new(out, "cost_usd", answer_money(cost));
	(void)json_object_set_new(out, "cost_per_hour_usd", answer_money(hour));
	(void)json_object_set_new(out, "cost_month_usd", answer_money(month));
}

static json_t *pings_json(const struct answers *answers, const struct tally *tally)
{
	const struct rollup *r = &tally->rollup;
	struct money cost = {0};
	json_t *out = json_pack("{s:o,s:o}", "count", answer_count(r->pings), "cold",
	    answer_count(r->cold_pings));

	if (cost_of(answers->book, &tally->function, &r->ping_usage, &cost) == 0)
		(void)json_object_set_new(out, "cost_usd", answer_money(cost));
	return out;
}

static void set_memory(json_t *out, const struct tally *tally)
{
	const struct histogram *h = &tally->rollup.memory;
	json_t *memory;

	if (h->count == 0 && tally->function.memory_limit_mb == 0)
		return;
	memory = json_object();
	if (h->count > 0) {
		(void)json_object_set_new(
		    memory, "p95", answer_number(histogram_quantile(h, 0.95) / MIB));
		(void)json_object_set_new(memory, "max",
		    answer_number((double)tally->rollup.memory_max_bytes / MIB));
	}
	if (tally->function.memory_limit_mb)
		(void)json_object_set_new(
		    memory, "limit", json_integer(tally->function.memory_limit_mb));
	(void)json_object_set_new(out, "memory_mb", memory);
}

/* Warm and cold durations together. */
static int set_durations(json_t *out, const struct rollup *r)
{
	struct histogram all = {0};
	int err = histogram_merge(&all, &r->warm);

	if (!err)
		err = histogram_merge(&all, &r->cold_duration);
	if (!err && all.count)
		(void)json_object_set_new(out, "duration_ms", answer_quantiles(&all));
	if (!err && r->warm.count)
		(void)json_object_set_new(
		    out, "warm_duration_ms", answer_quantiles(&r->warm));
	if (!err && r->cold_duration.count)
		(void)json_object_set_new(
		    out, "cold_duration_ms", answer_quantiles(&r->cold_duration));
	if (!err && r->init.count)
		(void)json_object_set_new(out, "init_ms", answer_quantiles(&r->init));
	histogram_done(&all);
	return err;
}

static void set_identity(
    json_t *out, const struct answers *answers, const struct tally *tally)
{
	const struct function *f = &tally->function;
	struct store_function known;

	(void)json_object_set_new(out, "function", json_string(f->name));
	(void)json_object_set_new(
	    out, "platform", json_string(platform_name(f->platform)));
	(void)json_object_set_new(out, "version", json_string(f->version));
	(void)json_object_set_new(out, "arch", json_string(arch_name(f->arch)));
	if (f->region[0])
		(void)json_object_set_new(out, "region", json_string(f->region));
	if (store_find_function(answers->store, f, &known) < 0)
		return;
	(void)json_object_set_new(
	    out, "kind", json_string(invocation_kind_name(known.kind)));
	(void)json_object_set_new(out, "first_seen", answer_time(known.first_seen_ns));
	(void)json_object_set_new(out, "last_seen", answer_time(known.last_seen_ns));
}

static void set_counts(json_t *out, const struct tally *tally)
{
	const struct rollup *r = &tally->rollup;
	json_t *by_status = json_object();
	struct batch_ledger ledger = {0};

	(void)json_object_set_new(out, "invocations", answer_count(r->invocations));
	(void)json_object_set_new(out, "cold", answer_count(r->cold));
	(void)json_object_set_new(out, "prewarmed", answer_count(r->prewarmed));
	(void)json_object_set_new(out, "errors", answer_count(rollup_errors(r)));
	(void)json_object_set_new(out, "cold_pct",
	    answer_number(
		r->invocations ? 100.0 * (double)r->cold / (double)r->invocations : 0));
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (r->by_status[i])
			(void)json_object_set_new(by_status,
			    invocation_status_name((enum invocation_status)i),
			    answer_count(r->by_status[i]));
	}
	(void)json_object_set_new(out, "by_status", by_status);
	tally_ledger(tally, &ledger);
	(void)json_object_set_new(out, "ledger", answer_ledger(&ledger));
}

static json_t *function_json(
    const struct answers *answers, const struct tally *tally, const struct window *window)
{
	const struct rollup *r = &tally->rollup;
	json_t *out = json_object();
	json_t *trend = json_array();

	set_identity(out, answers, tally);
	set_counts(out, tally);
	(void)json_object_set_new(
	    out, "rate", answer_number(ingest_rate(answers->ingest, &tally->function)));
	for (size_t i = 0; i < TALLY_TREND; i++)
		(void)json_array_append_new(trend, answer_count(tally->trend[i]));
	(void)json_object_set_new(out, "trend", trend);
	set_memory(out, tally);
	if (r->invocations && r->cpu_ns)
		(void)json_object_set_new(out, "cpu_ms_mean",
		    answer_ms((double)r->cpu_ns / (double)r->invocations));
	(void)json_object_set_new(out, "concurrency",
	    json_pack("{s:o,s:o}", "mean",
		answer_number((double)r->duration_ns / (double)seen_ns(tally, window)),
		"max", answer_count(r->concurrency_max)));
	(void)json_object_set_new(out, "usage", usage_json(&r->usage));
	set_cost(out, answers, tally, window);
	(void)json_object_set_new(out, "pings", pings_json(answers, tally));
	if (set_durations(out, r) < 0) {
		json_decref(out);
		return NULL;
	}
	return out;
}

static int see_agent(void *context, const struct batch_head *last, int64_t received_ns)
{
	return hosts_see(context, last, received_ns);
}

static int set_agents(
    json_t *root, const struct answers *answers, const struct window *window)
{
	int64_t now_ns = clock_wall_ns();
	int64_t since_ns = now_ns - (int64_t)HOUR_NS;
	struct hosts hosts;
	int err;

	hosts_init(&hosts, window->since_ns < since_ns ? window->since_ns : since_ns,
	    window->since_ns);
	err = store_scan_agents(answers->store, see_agent, &hosts);
	(void)json_object_set_new(root, "host_count", answer_count(hosts.n));
	(void)json_object_set_new(
	    root, "agents", hosts_json(&hosts, now_ns, answers->listen_ns));
	(void)json_object_set_new(root, "generated", answer_time(now_ns));
	hosts_done(&hosts);
	return err;
}

static int set_ledger(
    json_t *root, const struct answers *answers, const struct window *window)
{
	struct batch_ledger sum;
	int err = store_ledger(answers->store, window->since_ns, &sum);

	if (!err)
		(void)json_object_set_new(root, "ledger", answer_ledger(&sum));
	return err;
}

int answer_functions(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct tallies tallies = {0};
	struct window window;
	json_t *root;
	json_t *functions;
	int err;

	if (!answer_window(request, "1h", &window, reply))
		return 0;
	err = tallies_read(
	    &tallies, answers->store, &window, http_query(request, "function"));
	root = json_pack("{s:o}", "window", answer_window_json(&window));
	functions = json_array();
	for (size_t i = 0; !err && i < tallies.n; i++) {
		if (json_array_append_new(
			functions, function_json(answers, tallies.rows[i], &window)) < 0)
			err = -ENOMEM;
	}
	tallies_done(&tallies);
	(void)json_object_set_new(root, "functions", functions);
	if (!err)
		err = set_ledger(root, answers, &window);
	if (!err)
		err = set_agents(root, answers, &window);
	if (!err)
		return answer_send(reply, root);
	json_decref(root);
	return err;
}
