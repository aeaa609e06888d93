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

static void put_cost(struct json_out *out, const struct answers *answers,
    const struct tally *tally, const struct window *window)
{
	const struct function *f = &tally->function;
	const struct plan *plan = plan_of_platform(f->platform);
	struct money cost;
	struct money hour;

	json_out_string(out, "plan", plan->name);
	json_out_string(out, "cost_basis", plan_cost_basis(plan, f->memory_limit_mb));
	if (cost_of(answers->book, f, &tally->rollup.usage, &cost) < 0)
		return; /* no price: no cost, rather than 0 */
	hour = money_scale(cost, HOUR_NS, figures_span_ns(tally->first_s, window));
	json_out_money(out, "cost_usd", cost);
	json_out_money(out, "cost_per_hour_usd", hour);
	json_out_money(out, "cost_month_usd", money_scale(hour, MONTH_HOURS, 1));
}

static void put_pings(
    struct json_out *out, const struct answers *answers, const struct tally *tally)
{
	const struct rollup *r = &tally->rollup;
	struct money cost = {0};

	json_out_open(out, "pings");
	json_out_count(out, "count", r->pings);
	json_out_count(out, "cold", r->cold_pings);
	if (cost_of(answers->book, &tally->function, &r->ping_usage, &cost) == 0)
		json_out_money(out, "cost_usd", cost);
	json_out_close(out);
}

static void put_identity(
    struct json_out *out, const struct answers *answers, const struct tally *tally)
{
	const struct function *f = &tally->function;
	struct store_function known;

	json_out_string(out, "function", f->name);
	json_out_string(out, "platform", platform_name(f->platform));
	json_out_string(out, "version", f->version);
	json_out_string(out, "arch", arch_name(f->arch));
	if (f->region[0])
		json_out_string(out, "region", f->region);
	if (store_find_function(answers->store, f, &known) < 0)
		return;
	json_out_string(out, "kind", invocation_kind_name(known.kind));
	json_out_time(out, "first_seen", known.first_seen_ns);
	json_out_time(out, "last_seen", known.last_seen_ns);
}

/* NULL: out of memory. */
static char *function_text(
    const struct answers *answers, const struct tally *tally, const struct window *window)
{
	const struct rollup *r = &tally->rollup;
	struct batch_ledger ledger = {0};
	struct json_out out = {0};

	json_out_open(&out, NULL);
	put_identity(&out, answers, tally);
	figures_put_counts(&out, r);
	tally_ledger(tally, &ledger);
	figures_put_ledger(&out, "ledger", &ledger);
	json_out_number(&out, "rate", ingest_rate(answers->ingest, &tally->function));
	json_out_open_list(&out, "trend");
	for (size_t i = 0; i < TALLY_TREND; i++)
		json_out_count(&out, NULL, tally->trend[i]);
	json_out_close_list(&out);
	figures_put_resources(&out, r, tally->function.memory_limit_mb,
	    figures_span_ns(tally->first_s, window));
	figures_put_usage(&out, &r->usage);
	put_cost(&out, answers, tally, window);
	put_pings(&out, answers, tally);
	if (figures_put_durations(&out, r) < 0) {
		json_out_done(&out);
		return NULL;
	}
	json_out_close(&out);
	return json_out_take(&out, NULL);
}

static int see_agent(void *context, const struct batch_head *last, int64_t received_ns)
{
	return hosts_see(context, last, received_ns);
}

static int put_agents(
    struct json_out *out, const struct answers *answers, const struct window *window)
{
	int64_t now_ns = clock_wall_ns();
	int64_t since_ns = now_ns - (int64_t)HOUR_NS;
	struct hosts hosts;
	int err;

	hosts_init(&hosts, window->since_ns < since_ns ? window->since_ns : since_ns,
	    window->since_ns);
	err = store_scan_agents(answers->store, see_agent, &hosts);
	json_out_count(out, "host_count", hosts.n);
	hosts_put(out, &hosts, now_ns, answers->listen_ns);
	hosts_done(&hosts);
	return err;
}

static int put_ledger(
    struct json_out *out, const struct answers *answers, const struct window *window)
{
	struct batch_ledger sum;
	int err = store_ledger(answers->store, window->since_ns, &sum);

	if (!err)
		figures_put_ledger(out, "ledger", &sum);
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
	    function_text(answers, tally, window));
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
static int put_known(struct json_out *out, const struct answers *answers)
{
	struct known known = {0};
	int err = store_scan_functions(answers->store, see_known, &known);

	json_out_count(out, "known_count", known.functions);
	if (!err && known.functions)
		json_out_time(out, "known_last_seen", known.last_ns);
	return err;
}

/* function: of that name alone; NULL: all, and the hosts they are on, which are most of
 * the answer of a large fleet. */
static int put_answer(struct json_out *out, struct list *list,
    const struct window *window, const char *function)
{
	const struct answers *answers = list->answers;
	size_t seen = list->leaders.seen;
	int err;

	json_out_open(out, NULL);
	answer_put_window(out, "window", window);
	leaders_write(&list->leaders, out);
	json_out_count(out, "function_count", seen);
	json_out_time(out, "generated", clock_wall_ns());
	err = put_ledger(out, answers, window);
	if (!err && !function)
		err = put_agents(out, answers, window);
	if (!err && !function && seen == 0)
		err = put_known(out, answers);
	json_out_close(out);
	return err;
}

int answer_functions(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct list list = {.answers = context};
	const struct answers *answers = context;
	const char *function = http_query(request, "function");
	struct json_out out = {0};
	struct window window;
	int err;

	if (!answer_window(request, "1h", &window, reply) ||
	    !answer_choice(request, &list.leaders.choice, reply))
		return 0;
	if (http_query(request, "by"))
		return answer_groups(answers, request, &list.leaders.choice, reply);
	answer_begin_with_hour(&window);
	answer_widen(answers->store, &window);
	err = tallies_each(answers->store, &window, function, add_functions, &list);
	if (!err)
		err = put_answer(&out, &list, &window, function);
	if (!err)
		return answer_send_out(reply, &out);
	leaders_done(&list.leaders);
	json_out_done(&out);
	return err;
}
