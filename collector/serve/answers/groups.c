/* Versions, platforms, regions and names are those of functions, so their figures are the
 * functions' added up, for as long as sums are kept. Hosts are not: sums do not know
 * them. Their figures are made of the single invocations, which are kept for raw_days,
 * and the answer says how many of the window's are not among them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/count.h"
#include "price/plan.h"
#include "serve/answers/answer.h"
#include "serve/figures/figures.h"
#include "serve/figures/groups.h"
#include "serve/figures/tally.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define HOUR_NS (3600 * (uint64_t)CLOCK_NS_PER_S)
#define READ_MAX 2000000 /* about a second */

enum by { BY_FUNCTION, BY_HOST, BY_PLATFORM, BY_REGION, BY_VERSION, BY_COUNT };

static const char *const names[BY_COUNT] = {
    "function", "host", "platform", "region", "version"};

struct reading {
	const struct answers *answers;
	enum by by;
	const char *function; /* NULL: all */
	struct window window;
	struct groups groups;
	uint64_t invocations; /* of the window, as sums tell it */
	uint64_t found;       /* of these in the groups */
	bool truncated;       /* not all single invocations were read */
	int64_t reached_ns;   /* but back to here */
};

static struct group_key key_of(enum by by, const struct function *f)
{
	struct group_key key = {f->name, ""};

	if (by == BY_PLATFORM)
		key.name = platform_name(f->platform);
	else if (by == BY_REGION)
		key.name = f->region;
	else if (by == BY_VERSION)
		key = (struct group_key){f->version, f->name};
	return key;
}

static int add_tally(struct reading *reading, const struct tally *tally)
{
	const struct rollup *r = &tally->rollup;
	struct group_key key = key_of(reading->by, &tally->function);
	struct group_function *member;
	struct group *group;
	int err;

	count_add(&reading->invocations, r->invocations);
	if (reading->by == BY_HOST)
		return 0;
	err = groups_find(&reading->groups, &key, &tally->function, &group, &member);
	if (err)
		return err;
	count_add(&reading->found, r->invocations);
	usage_add(&member->usage, &r->usage);
	if (tally->first_s < group->first_s)
		group->first_s = tally->first_s;
	return rollup_merge(&group->rollup, r);
}

static int add_invocation(void *context, const struct invocation *inv, const char *host)
{
	struct reading *reading = context;
	size_t known = reading->groups.functions_n;
	struct group_key key = {host, ""};
	struct usage usage = {0};
	struct group_function *member;
	struct store_function stored;
	struct group *group;
	int64_t minute_s = inv->start_ns / MINUTE_NS * 60;
	int err;

	if (inv->ping)
		return 0;
	err = groups_find(&reading->groups, &key, inv->function, &group, &member);
	if (err)
		return err;
	if (reading->groups.functions_n > known && /* priced as its sums are */
	    store_find_function(reading->answers->store, inv->function, &stored) == 0)
		member->function = stored.function;
	plan_count_all(inv, &usage);
	usage_add(&member->usage, &usage);
	reading->found++;
	if (minute_s < group->first_s)
		group->first_s = minute_s;
	return rollup_add(&group->rollup, inv, &usage);
}

/* Sums are of whole minutes, so the last one is read to its end too. */
static int read_hosts(struct reading *reading)
{
	int64_t until_ns = reading->window.until_ns + MINUTE_NS - 1;
	struct store_reading single = {.since_ns = reading->window.since_ns,
	    .until_ns = until_ns - until_ns % MINUTE_NS,
	    .function = reading->function,
	    .newest_first = true,
	    .most = READ_MAX};
	int err = store_read_invocations(
	    reading->answers->store, &single, add_invocation, reading);

	reading->truncated = single.cut;
	reading->reached_ns = single.reached_ns;
	return err;
}

static int add_tallies(void *context, const struct tallies *some)
{
	int err = 0;

	for (size_t i = 0; !err && i < some->n; i++)
		err = add_tally(context, some->rows[i]);
	return err;
}

static int read_groups(struct reading *reading)
{
	int err;

	answer_begin_with_hour(&reading->window);
	answer_widen(reading->answers->store, &reading->window);
	err = tallies_each(reading->answers->store, &reading->window, reading->function,
	    add_tallies, reading);
	if (!err && reading->by == BY_HOST)
		err = read_hosts(reading);
	return err;
}

/* Where they come from is not told by the engine's order. */
static int by_name(const void *a, const void *b)
{
	const struct group *left = ((const struct rank_row *)a)->item;
	const struct group *right = ((const struct rank_row *)b)->item;
	int order = strcmp(left->function, right->function);

	return order ? order : strcmp(left->name, right->name);
}

static int put_group(
    struct json_out *out, const struct reading *reading, const struct rank_row *row)
{
	const struct group *group = row->item;
	uint64_t span_ns = figures_span_ns(group->first_s, &reading->window);
	int err;

	json_out_open(out, NULL);
	if (reading->by == BY_VERSION)
		json_out_string(out, "function", group->function);
	if (group->name[0] || reading->by == BY_VERSION)
		json_out_string(out, names[reading->by], group->name);
	json_out_count(out, "functions", group->functions_n);
	figures_put_counts(out, row->rollup);
	figures_put_resources(out, row->rollup, 0, span_ns);
	if (row->has_cost) {
		json_out_money(out, "cost_usd", row->cost);
		json_out_money(
		    out, "cost_per_hour_usd", money_scale(row->cost, HOUR_NS, span_ns));
	}
	err = figures_put_durations(out, row->rollup);
	json_out_close(out);
	return err;
}

/* Their list, in the order that was asked for. */
static int put_groups(
    struct json_out *out, const struct reading *reading, const struct choice *choice)
{
	const struct groups *groups = &reading->groups;
	AUTO(free) struct rank_row *rows = calloc(groups->n + 1, sizeof(*rows));
	AUTO(free) struct money *costs = calloc(groups->n + 1, sizeof(*costs));
	AUTO(free) bool *known = calloc(groups->n + 1, sizeof(*known));
	int err = 0;

	if (!rows || !costs || !known)
		return -ENOMEM;
	groups_price(groups, reading->answers->book, costs, known);
	for (size_t i = 0; i < groups->n; i++)
		rows[i] = (struct rank_row){.item = &groups->rows[i],
		    .rollup = &groups->rows[i].rollup,
		    .name = groups->rows[i].name,
		    .platform = "",
		    .cost = costs[i],
		    .has_cost = known[i]};
	qsort(rows, groups->n, sizeof(*rows), by_name);
	if (!choice->is_default)
		rank_rows(rows, groups->n, choice->rank, choice->reverse);
	json_out_open_list(out, "groups");
	for (size_t i = 0; !err && i < groups->n && i < choice->limit; i++)
		err = put_group(out, reading, &rows[i]);
	json_out_close_list(out);
	return err;
}

static bool parse(const struct http_request *request, const struct choice *choice,
    struct reading *reading, struct http_reply *reply)
{
	const char *by = http_query(request, "by");

	reading->function = http_query(request, "function");
	while (reading->by < BY_COUNT && strcmp(names[reading->by], by) != 0)
		reading->by++;
	if (reading->by == BY_COUNT)
		(void)http_reply_error(reply, 400, "bad_request",
		    "by is one of function, host, platform, region, version");
	else if (choice->rank == RANK_RATE || choice->rank == RANK_PLATFORM)
		(void)http_reply_error(reply, 400, "bad_request",
		    "with by=, sort is none of rate and platform");
	else
		return answer_window(request, "1h", &reading->window, reply);
	return false;
}

static int send_groups(
    const struct reading *reading, const struct choice *choice, struct http_reply *reply)
{
	uint64_t found =
	    reading->found < reading->invocations ? reading->found : reading->invocations;
	struct json_out out = {0};
	int err;

	json_out_open(&out, NULL);
	answer_put_window(&out, "window", &reading->window);
	json_out_string(&out, "by", names[reading->by]);
	json_out_string(&out, "basis", reading->by == BY_HOST ? "invocations" : "sums");
	json_out_count(&out, "unattributed", reading->invocations - found);
	json_out_flag(&out, "truncated", reading->truncated);
	json_out_count(&out, "group_count", reading->groups.n);
	err = put_groups(&out, reading, choice);
	if (reading->truncated)
		json_out_time(&out, "looked_back_to", reading->reached_ns);
	json_out_close(&out);
	if (err) {
		json_out_done(&out);
		return err;
	}
	return answer_send_out(reply, &out);
}

int answer_groups(const struct answers *answers, const struct http_request *request,
    const struct choice *choice, struct http_reply *reply)
{
	struct reading reading = {.answers = answers};
	int err = 0;

	if (parse(request, choice, &reading, reply))
		err = read_groups(&reading);
	if (err == -E2BIG)
		(void)http_reply_error(reply, 400, "too_many",
		    "more than %d groups, or %d functions in them: take a shorter window"
		    " or one function",
		    GROUPS_MAX, GROUPS_FUNCTIONS_MAX);
	else if (!err && reply->status == 0)
		err = send_groups(&reading, choice, reply);
	groups_done(&reading.groups);
	return err == -E2BIG ? 0 : err;
}
