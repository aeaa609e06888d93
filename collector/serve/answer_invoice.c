/* Usage of a month grouped by plan, region and architecture, each group an invoice. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "price/invoice_json.h"
#include "price/plan.h"
#include "serve/answer.h"
#include "serve/cost.h"
#include "serve/tally.h"

#define MONTH_BYTES 8 /* "YYYY-MM" */

struct group {
	const struct plan *plan;
	char region[FUNCTION_REGION_BYTES];
	enum arch arch;
	struct usage usage;
};

struct bill {
	const struct book *book;
	const struct plan *plan; /* asked for; NULL: see own */
	bool own;                /* each function under its own platform's plan */
	const char *region;      /* asked for; NULL, or none of the plan's provider: each
				    function's */
	bool free_tier;
	struct group *groups;
	size_t n;
	size_t room;
	struct money total;
	struct batch_ledger ledger; /* of what is billed */
};

/* The month's window, ended by now. */
static bool parse_month(
    const char *text, int64_t now_ns, char *month, struct window *window)
{
	time_t now_s = (time_t)(now_ns / CLOCK_NS_PER_S);
	struct tm tm;
	char first_day[16];
	int64_t next_ns;

	(void)gmtime_r(&now_s, &tm);
	(void)strftime(month, MONTH_BYTES, "%Y-%m", &tm);
	if (text && strlen(text) != MONTH_BYTES - 1)
		return false;
	if (text)
		(void)text_copy(month, MONTH_BYTES, text);
	(void)snprintf(first_day, sizeof(first_day), "%s-01", month);
	/* A span such as "7d" has no month's form, so only a date gets here. */
	if (strlen(month) != 7 || month[4] != '-' ||
	    clock_parse_moment(first_day, now_ns, &window->since_ns) < 0)
		return false;
	now_s = (time_t)(window->since_ns / CLOCK_NS_PER_S);
	(void)gmtime_r(&now_s, &tm);
	tm.tm_mon++;
	next_ns = (int64_t)timegm(&tm) * CLOCK_NS_PER_S;
	window->until_ns = next_ns < now_ns ? next_ns : now_ns;
	return window->since_ns < window->until_ns;
}

static struct group *find_or_add(struct bill *bill, const struct group *want)
{
	for (size_t i = 0; i < bill->n; i++) {
		struct group *g = &bill->groups[i];

		if (g->plan == want->plan && g->arch == want->arch &&
		    strcmp(g->region, want->region) == 0)
			return g;
	}
	if (bill->n == bill->room) {
		size_t room = bill->room ? bill->room * 2 : 16;
		struct group *more = realloc(bill->groups, room * sizeof(*more));

		if (!more)
			return NULL;
		bill->groups = more;
		bill->room = room;
	}
	bill->groups[bill->n] = *want;
	return &bill->groups[bill->n++];
}

/* Whether the region asked for is one of the plan's provider. */
static bool has_region(const struct bill *bill, const struct plan *plan)
{
	return bill->region && book_has_region(bill->book, plan->provider, bill->region);
}

static int add_to_plan(
    struct bill *bill, const struct tally *tally, const struct plan *plan)
{
	const struct function *f = &tally->function;
	struct group want = {.plan = plan,
	    .arch = !plan->has_arch           ? ARCH_UNKNOWN
		    : f->arch == ARCH_UNKNOWN ? ARCH_X86_64
					      : f->arch};
	struct group *group;

	(void)text_copy(want.region, sizeof(want.region),
	    has_region(bill, plan) ? bill->region : cost_region(bill->book, plan, f));
	group = find_or_add(bill, &want);
	if (!group)
		return -ENOMEM;
	usage_add(&group->usage, &tally->rollup.usage);
	usage_add(&group->usage, &tally->rollup.ping_usage); /* pings are billed too */
	return 0;
}

static int add_tally(struct bill *bill, const struct tally *tally)
{
	int err = 0;

	if (bill->own)
		return add_to_plan(
		    bill, tally, plan_of_platform(tally->function.platform));
	if (bill->plan)
		return add_to_plan(bill, tally, bill->plan);
	for (size_t i = 0; !err && plans[i]; i++)
		err = add_to_plan(bill, tally, plans[i]);
	return err;
}

/* Without usage an invoice still has its lines, at 0. */
static int add_empty(struct bill *bill)
{
	static const struct tally nobody = {0};

	return bill->n > 0 ? 0 : add_tally(bill, &nobody);
}

static size_t plan_index(const struct plan *plan)
{
	size_t i = 0;

	while (plans[i] != plan)
		i++;
	return i;
}

static json_t *format(
    const struct bill *bill, const struct group *group, const struct invoice *invoice)
{
	json_t *object = invoice_to_json(invoice);
	char text[PLAN_MOVED_BYTES];

	if (bill->region && !has_region(bill, group->plan))
		(void)json_array_insert_new(json_object_get(object, "assumptions"), 0,
		    json_string(plan_moved(group->plan, group->region, text)));
	return object;
}

/* 0 with a new reference, -ENOENT with *missing, or -ENOMEM. */
static int invoices_json(struct bill *bill, json_t **out, const char **missing)
{
	size_t n = 0;
	struct invoice_grant *grants;
	json_t *list = json_array();
	int err = 0;

	while (plans[n])
		n++;
	grants = calloc(n + 1, sizeof(*grants));
	if (!grants || !list)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < bill->n; i++) {
		const struct group *g = &bill->groups[i];
		struct invoice_options options = {.region = g->region,
		    .arch = g->arch,
		    .free_tier = bill->free_tier,
		    .grant = &grants[plan_index(g->plan)]};
		struct invoice invoice;

		err = invoice_make(
		    bill->book, g->plan, &g->usage, &options, &invoice, missing);
		if (err)
			break;
		bill->total = money_add(bill->total, invoice.total);
		if (json_array_append_new(list, format(bill, g, &invoice)) < 0)
			err = -ENOMEM;
	}
	free(grants);
	if (err)
		json_decref(list);
	else
		*out = list;
	return err;
}

static bool parse_plan(
    const struct http_request *request, struct bill *bill, struct http_reply *reply)
{
	const char *plan = http_query(request, "plan");
	char names[PLAN_LIST_BYTES];

	bill->own = !plan;
	if (!plan || strcmp(plan, "all") == 0)
		return true;
	bill->plan = plan_find(plan);
	if (bill->plan)
		return true;
	(void)http_reply_error(reply, 400, "bad_request",
	    "there is no plan %s: say one of all, %s", plan, plan_list(names));
	return false;
}

static bool parse_region(
    const struct http_request *request, struct bill *bill, struct http_reply *reply)
{
	const char *region = http_query(request, "region");
	bool known = false;

	if (!region || !*region)
		return true;
	bill->region = region;
	for (size_t i = 0; plans[i]; i++)
		known |=
		    (!bill->plan || plans[i] == bill->plan) && has_region(bill, plans[i]);
	if (known && strlen(region) < FUNCTION_REGION_BYTES)
		return true;
	(void)http_reply_error(reply, 400, "bad_request",
	    "the price book has no region %s for %s", region,
	    bill->plan ? bill->plan->provider : "any plan");
	return false;
}

static int make(const struct answers *answers, struct bill *bill,
    const struct window *window, const char *function)
{
	struct tallies tallies;
	int err = tallies_read(&tallies, answers->store, window, function);

	for (size_t i = 0; !err && i < tallies.n; i++) {
		tally_ledger(tallies.rows[i], &bill->ledger);
		err = add_tally(bill, tallies.rows[i]);
	}
	tallies_done(&tallies);
	return err ? err : add_empty(bill);
}

int answer_invoice(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct bill bill = {.book = answers->book};
	const char *missing = NULL;
	char month[MONTH_BYTES];
	struct window window;
	json_t *invoices = NULL;
	int err;

	if (!parse_month(http_query(request, "month"), clock_wall_ns(), month, &window))
		return http_reply_error(
		    reply, 400, "bad_request", "month is YYYY-MM and not in the future");
	if (!parse_plan(request, &bill, reply) || !parse_region(request, &bill, reply) ||
	    !answer_flag(request, "free_tier", &bill.free_tier, reply))
		return 0;
	err = make(answers, &bill, &window, http_query(request, "function"));
	if (!err)
		err = invoices_json(&bill, &invoices, &missing);
	free(bill.groups);
	if (err == -ENOENT)
		return http_reply_error(reply, 400, "no_price",
		    "the price book has no price %s in that region",
		    missing ? missing : "");
	if (err)
		return err;
	return answer_send(reply,
	    json_pack("{s:s,s:o,s:b,s:o*,s:o,s:o}", "month", month, "window",
		answer_window_json(&window), "free_tier", bill.free_tier, "total_usd",
		bill.own || bill.plan ? answer_money(bill.total) : NULL, "ledger",
		answer_ledger(&bill.ledger), "plans", invoices));
}
