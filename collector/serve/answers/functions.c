#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "price/plan.h"
#include "serve/answers/answer.h"
#include "serve/figures/cost.h"
#include "serve/figures/figures.h"
#include "serve/figures/leaders.h"
#include "serve/figures/tally.h"
#include "serve/hosts.h"

#define HOUR_NS (3600 * (uint64_t)CLOCK_NS_PER_S)
#define MONTH_HOURS 730 /* 365 x 24 / 12, as the clouds project */

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
	hour = money_scale(cost, HOUR_NS, figures_span_ns(tally->first_s, window));
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

static json_t *function_json(
    const struct answers *answers, const struct tally *tally, const struct window *window)
{
	const struct rollup *r = &tally->rollup;
	json_t *out = json_object();
	json_t *trend = json_array();
	struct batch_ledger ledger = {0};

	set_identity(out, answers, tally);
	figures_set_counts(out, r);
	tally_ledger(tally, &ledger);
	(void)json_object_set_new(out, "ledger", answer_ledger(&ledger));
	(void)json_object_set_new(
	    out, "rate", answer_number(ingest_rate(answers->ingest, &tally->function)));
	for (size_t i = 0; i < TALLY_TREND; i++)
		(void)json_array_append_new(trend, answer_count(tally->trend[i]));
	(void)json_object_set_new(out, "trend", trend);
	figures_set_resources(out, r, tally->function.memory_limit_mb,
	    figures_span_ns(tally->first_s, window));
	figures_set_usage(out, &r->usage);
	set_cost(out, answers, tally, window);
	(void)json_object_set_new(out, "pings", pings_json(answers, tally));
	if (figures_set_durations(out, r) < 0) {
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

struct list {
	const struct answers *answers;
	struct leaders leaders;
};

static int add_function(
    struct list *list, const struct tally *tally, const struct window *window)
{
	const struct answers *answers = list->answers;
	enum rank rank = list->leaders.choice.rank;
	struct rank_row row = {.rollup = &tally->rollup,
	    .name = tally->function.name,
	    .platform = platform_name(tally->function.platform),
	    .has_rate = true};

	if (rank == RANK_RATE)
		row.rate = ingest_rate(answers->ingest, &tally->function);
	if (rank == RANK_COST)
		row.has_cost = cost_of(answers->book, &tally->function,
				   &tally->rollup.usage, &row.cost) == 0;
	rank_measure(&row, rank);
	if (!leaders_want(&list->leaders, &row, &tally->function))
		return 0;
	return leaders_put(&list->leaders, &row, &tally->function,
	    function_json(answers, tally, window));
}

static int add_functions(void *context, const struct tallies *some)
{
	int err = 0;

	for (size_t i = 0; !err && i < some->n; i++)
		err = add_function(context, some->rows[i], &some->window);
	return err;
}

struct known {
	uint64_t functions;
	int64_t last_ns; /* when the last of them was seen */
};

static int see_known(void *context, const struct function *function,
    int64_t first_seen_ns, int64_t last_seen_ns)
{
	struct known *known = context;

	(void)function;
	(void)first_seen_ns;
	known->functions++;
	if (known->functions == 1 || last_seen_ns > known->last_ns)
		known->last_ns = last_seen_ns;
	return 0;
}

/* What lies outside of a window in which there is nothing. */
static int set_known(json_t *root, const struct answers *answers)
{
	struct known known = {0};
	int err = store_scan_functions(answers->store, see_known, &known);

	(void)json_object_set_new(root, "known_count", answer_count(known.functions));
	if (!err && known.functions)
		(void)json_object_set_new(
		    root, "known_last_seen", answer_time(known.last_ns));
	return err;
}

int answer_functions(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct list list = {.answers = context};
	const struct answers *answers = context;
	const char *function = http_query(request, "function");
	struct window window;
	json_t *rest;
	int err;

	if (!answer_window(request, "1h", &window, reply) ||
	    !answer_choice(request, &list.leaders.choice, reply))
		return 0;
	if (http_query(request, "by"))
		return answer_groups(answers, request, &list.leaders.choice, reply);
	answer_begin_with_hour(&window);
	answer_widen(answers->store, &window);
	err = tallies_each(answers->store, &window, function, add_functions, &list);
	rest = json_pack("{s:o,s:o}", "function_count", answer_count(list.leaders.seen),
	    "generated", answer_time(clock_wall_ns()));
	if (!err)
		err = set_ledger(rest, answers, &window);
	if (!err && !function) /* of a large fleet they are most of the answer */
		err = set_agents(rest, answers, &window);
	if (!err && !function && list.leaders.seen == 0)
		err = set_known(rest, answers);
	if (!err)
		return leaders_send(&list.leaders,
		    json_pack("{s:o}", "window", answer_window_json(&window)), rest,
		    reply);
	leaders_done(&list.leaders);
	json_decref(rest);
	return err;
}
