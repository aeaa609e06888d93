#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "price/plan.h"
#include "serve/answer.h"
#include "serve/cost.h"
#include "serve/figures.h"
#include "serve/hosts.h"
#include "serve/tally.h"

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

/* Puts the rows in the order that is asked for. */
static int sort(
    struct tallies *tallies, const struct answers *answers, const struct choice *choice)
{
	AUTO(free) struct rank_row *rows = calloc(tallies->n + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < tallies->n; i++) {
		struct tally *t = tallies->rows[i];
		struct rank_row *row = &rows[i];

		*row = (struct rank_row){.item = t,
		    .rollup = &t->rollup,
		    .name = t->function.name,
		    .platform = platform_name(t->function.platform),
		    .has_rate = true};
		if (choice->rank == RANK_RATE)
			row->rate = ingest_rate(answers->ingest, &t->function);
		if (choice->rank == RANK_COST)
			row->has_cost = cost_of(answers->book, &t->function,
					    &t->rollup.usage, &row->cost) == 0;
	}
	rank_rows(rows, tallies->n, choice->rank, choice->reverse);
	for (size_t i = 0; i < tallies->n; i++)
		tallies->rows[i] = rows[i].item;
	return 0;
}

static int add_functions(json_t *root, const struct answers *answers,
    struct tallies *tallies, const struct choice *choice)
{
	json_t *functions = json_array();
	int err = choice->is_default ? 0 : sort(tallies, answers, choice);

	for (size_t i = 0; !err && i < tallies->n && i < choice->limit; i++) {
		if (json_array_append_new(functions,
			function_json(answers, tallies->rows[i], &tallies->window)) < 0)
			err = -ENOMEM;
	}
	(void)json_object_set_new(root, "functions", functions);
	(void)json_object_set_new(root, "function_count", answer_count(tallies->n));
	return err;
}

int answer_functions(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct tallies tallies = {0};
	struct choice choice;
	struct window window;
	json_t *root;
	int err;

	if (!answer_window(request, "1h", &window, reply) ||
	    !answer_choice(request, &choice, reply))
		return 0;
	if (http_query(request, "by"))
		return answer_groups(answers, request, &choice, reply);
	answer_widen(answers->store, &window);
	err = tallies_read(
	    &tallies, answers->store, &window, http_query(request, "function"));
	root = json_pack("{s:o}", "window", answer_window_json(&window));
	if (!err)
		err = add_functions(root, answers, &tallies, &choice);
	tallies_done(&tallies);
	if (!err)
		err = set_ledger(root, answers, &window);
	if (!err)
		err = set_agents(root, answers, &window);
	if (!err)
		return answer_send(reply, root);
	json_decref(root);
	return err;
}
