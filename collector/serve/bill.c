#include "serve/bill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/room.h"
#include "base/text.h"
#include "serve/bill/commitments.h"
#include "serve/figures/cost.h"

void bill_done(struct bill *bill)
{
	for (size_t i = 0; i < bill->n; i++) {
		free(bill->groups[i].shares);
		free(bill->groups[i].invoice);
		free(bill->groups[i].companions);
	}
	free(bill->groups);
	free(bill->parts);
	free(bill->places);
	*bill = (struct bill){.terms = bill->terms};
}

/* Where the key's place is, or is to be. */
static uint32_t *place_of(const struct bill *bill, const char *key)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	size_t at;

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	at = (hash ^ hash >> 32) & (bill->places_n - 1);
	while (
	    bill->places[at] && strcmp(bill->parts[bill->places[at] - 1].key, key) != 0)
		at = (at + 1) & (bill->places_n - 1);
	return &bill->places[at];
}

static int make_room(struct bill *bill)
{
	size_t room = bill->parts_room ? bill->parts_room * 2 : 32;
	struct bill_part *parts = reallocarray(bill->parts, room, sizeof(*parts));
	uint32_t *places;

	if (!parts)
		return -ENOMEM;
	bill->parts = parts;
	places = calloc(room * 2, sizeof(*places));
	if (!places)
		return -ENOMEM;
	free(bill->places);
	bill->places = places;
	bill->places_n = room * 2;
	bill->parts_room = room;
	for (size_t i = 0; i < bill->parts_n; i++)
		*place_of(bill, bill->parts[i].key) = (uint32_t)i + 1;
	return 0;
}

int bill_part_of(struct bill *bill, const char *key, size_t *part)
{
	struct bill_part new = {0};
	uint32_t *place;

	if (bill->parts_n == bill->parts_room && make_room(bill) < 0)
		return -ENOMEM;
	(void)text_copy(new.key, sizeof(new.key), key);
	place = place_of(bill, new.key);
	if (!*place) {
		bill->parts[bill->parts_n] = new;
		*place = (uint32_t)++bill->parts_n;
	}
	*part = *place - 1;
	return 0;
}

bool bill_has_region(const struct bill *bill, const struct plan *plan)
{
	return bill->terms.region &&
	       book_has_region(bill->terms.book, plan->provider, bill->terms.region);
}

/* The group's place, made when there is none; SIZE_MAX: out of memory. */
static size_t find_or_add(struct bill *bill, const struct bill_group *want)
{
	for (size_t i = 0; i < bill->n; i++) {
		const struct bill_group *g = &bill->groups[i];

		if (g->plan == want->plan && g->arch == want->arch &&
		    strcmp(g->region, want->region) == 0)
			return i;
	}
	if (ROOM_FOR_ONE(bill->groups, bill->n, bill->room) < 0)
		return SIZE_MAX;
	bill->groups[bill->n] = *want;
	return bill->n++;
}

/* Looking into the book is dear: a function's region asks it once for each plan. */
static size_t group_of(
    struct bill *bill, const struct function *f, const struct plan *plan)
{
	struct bill_group want = {.plan = plan,
	    .arch = !plan->has_arch           ? ARCH_UNKNOWN
		    : f->arch == ARCH_UNKNOWN ? ARCH_X86_64
					      : f->arch};

	(void)text_copy(want.region, sizeof(want.region),
	    bill_has_region(bill, plan) ? bill->terms.region
					: cost_region(bill->terms.book, plan, f));
	return find_or_add(bill, &want);
}

/* The first group of the same plan and region: companions know no architecture. */
static struct bill_group *calls_group(struct bill *bill, size_t group)
{
	const struct bill_group *g = &bill->groups[group];
	size_t i = 0;

	while (bill->groups[i].plan != g->plan ||
	       strcmp(bill->groups[i].region, g->region) != 0)
		i++;
	return &bill->groups[i];
}

/* The share of a part, which stay sorted. NULL: out of memory. */
static struct bill_share *share_of(struct bill_group *group, size_t part)
{
	size_t at = group->shares_n;

	while (at > 0 && group->shares[at - 1].part > part)
		at--;
	if (at > 0 && group->shares[at - 1].part == part)
		return &group->shares[at - 1];
	if (ROOM_FOR_ONE(group->shares, group->shares_n, group->shares_room) < 0)
		return NULL;
	memmove(&group->shares[at + 1], &group->shares[at],
	    (group->shares_n++ - at) * sizeof(*group->shares));
	group->shares[at] = (struct bill_share){.part = part};
	return &group->shares[at];
}

/* What a cell bears beside its own usage. */
struct cell_terms {
	struct companions each; /* invocation */
	uint64_t stood;
};

static int add_cell(struct bill *bill, size_t group, const struct bill_cell *cell,
    const struct usage *usage, const struct cell_terms *terms)
{
	const struct companions *each = &terms->each;
	struct bill_group *g = &bill->groups[group];
	struct bill_group *with_calls = calls_group(bill, group);
	struct bill_share *share = share_of(g, cell->part);

	if (!share)
		return -ENOMEM;
	usage_add(&g->usage, usage);
	usage_add(&share->usage, usage);
	count_add(&g->stood, terms->stood);
	count_add(&share->stood, terms->stood);
	if (companions_are_none(each))
		return 0;
	share = share_of(with_calls, cell->part);
	if (!share)
		return -ENOMEM;
	companions_add(&with_calls->calls, each, cell->invocations);
	companions_add(&share->calls, each, cell->invocations);
	return 0;
}

/* A function, and how long it was there. */
struct presence {
	const struct function *function;
	uint64_t ms;
};

static int add_to_plan(struct bill *bill, const struct presence *presence,
    const struct plan *plan, const struct bill_cell *cells, size_t n)
{
	const struct function *function = presence->function;
	uint32_t speed =
	    speeds_under(&bill->terms.speeds, plan, plan_of_platform(function->platform));
	size_t group = group_of(bill, function, plan);
	uint64_t stood = plan->stand && n > 0 ? plan->stand(function, presence->ms) : 0;
	struct cell_terms terms;
	int err = group == SIZE_MAX ? -ENOMEM : 0;

	cost_rules_companions(bill->terms.rules, function->name, &terms.each);
	for (size_t i = 0; !err && i < n; i++) {
		struct usage usage = cells[i].usage;

		/* its parts bear alike what it bills for being there */
		terms.stood = stood / n + (i < stood % n);
		speed_apply(plan, speed, &usage);
		err = add_cell(bill, group, &cells[i], &usage, &terms);
	}
	return err;
}

int bill_add(struct bill *bill, const struct function *function, uint64_t active_ms,
    const struct bill_cell *cells, size_t n)
{
	const struct presence presence = {function, active_ms};
	int err = 0;

	for (size_t i = 0; i < n; i++)
		count_add(&bill->parts[cells[i].part].invocations, cells[i].invocations);
	if (bill->terms.own)
		return add_to_plan(
		    bill, &presence, plan_of_platform(function->platform), cells, n);
	if (bill->terms.plan)
		return add_to_plan(bill, &presence, bill->terms.plan, cells, n);
	for (size_t i = 0; !err && plans[i]; i++)
		err = add_to_plan(bill, &presence, plans[i], cells, n);
	return err;
}

static size_t plan_index(const struct plan *plan)
{
	size_t i = 0;

	while (plans[i] != plan)
		i++;
	return i;
}

/* Free quantities belong to an account: taken once, whatever the region. */
struct grants {
	struct invoice_grant plan[COMPARE_PLANS_MAX];
	struct companion_grants companions[COMPARE_PLANS_MAX];
};

struct stated bill_stated(const struct bill_group *group, uint64_t stood)
{
	struct stated stated = {0};

	if (group->plan->stand)
		(void)stated_add(&stated, group->plan->needs, stood);
	return stated;
}

static int price_group(const struct bill_terms *terms, struct grants *grants,
    struct bill_group *group, const char **missing)
{
	const struct plan *plan = group->plan;
	const struct stated stated = bill_stated(group, group->stood);
	size_t place = plan_index(plan);
	struct invoice_options options = {.region = group->region,
	    .arch = group->arch,
	    .free_tier = terms->free_tier,
	    .grant = &grants->plan[place],
	    .stated = &stated};

	*missing = plan->needs_words;
	if (plan->needs && !stated_is_given(&stated, plan->needs))
		return -ENODATA;
	int err = invoice_make(
	    terms->book, plan, &group->usage, &options, group->invoice, missing);

	const struct companion_terms calls = {.book = terms->book,
	    .plan = group->plan,
	    .region = group->region,
	    .grants = &grants->companions[place],
	    .free_tier = terms->free_tier};

	if (!err)
		err = companions_price(&calls, &group->calls, group->companions);
	return err;
}

/* Says why a group could not be priced. */
static void leave_out(struct bill_group *group, int err, const char *missing)
{
	if (err == -ENODATA)
		(void)snprintf(
		    group->why_not, sizeof(group->why_not), "needs %s", missing);
	else if (group->plan->is_placeless)
		(void)snprintf(group->why_not, sizeof(group->why_not),
		    "the price book has no %s: a price file of the collector's can state "
		    "it",
		    missing);
	else
		(void)snprintf(group->why_not, sizeof(group->why_not),
		    "the price book has no %s in %s%s%s", missing, group->region,
		    group->plan->has_arch ? " for " : "",
		    group->plan->has_arch ? arch_name(group->arch) : "");
}

const char *bill_why_not(const struct bill *bill, const struct plan *plan)
{
	for (size_t i = 0; i < bill->n; i++)
		if (bill->groups[i].plan == plan && bill->groups[i].why_not[0])
			return bill->groups[i].why_not;
	return NULL;
}

/* A plan is priced as a whole or not at all: a part of it compares with nothing. */
static void empty_left_out(struct bill *bill)
{
	for (size_t i = 0; i < bill->n; i++) {
		struct bill_group *g = &bill->groups[i];

		if (!bill_why_not(bill, g->plan))
			continue;
		memset(g->invoice, 0, sizeof(*g->invoice));
		memset(g->companions, 0, sizeof(*g->companions));
	}
}

int bill_price(struct bill *bill, const char **missing)
{
	static const struct function nobody = {0};
	struct grants *grants = calloc(1, sizeof(*grants));
	int err = grants ? 0 : -ENOMEM;

	if (!err && bill->n == 0)
		err = bill_add(bill, &nobody, 0, NULL, 0);
	for (size_t i = 0; !err && i < bill->n; i++) {
		struct bill_group *g = &bill->groups[i];

		g->invoice = calloc(1, sizeof(*g->invoice));
		g->companions = calloc(1, sizeof(*g->companions));
		err = g->invoice && g->companions
			  ? price_group(&bill->terms, grants, g, missing)
			  : -ENOMEM;
		if ((err == -ENOENT || err == -ENODATA) && !bill->terms.own &&
		    !bill->terms.plan) {
			leave_out(g, err, *missing);
			err = 0;
		}
	}
	if (!err) {
		empty_left_out(bill);
		err = bill_commitments_apply(bill);
	}
	free(grants);
	return err;
}

struct money bill_companions(const struct bill *bill, const struct plan *plan)
{
	struct money sum = {0};

	for (size_t i = 0; i < bill->n; i++)
		if (!plan || bill->groups[i].plan == plan)
			sum = money_add(sum, bill->groups[i].companions->total);
	return sum;
}

struct money bill_total(const struct bill *bill, const struct plan *plan)
{
	struct money sum = bill_companions(bill, plan);

	for (size_t i = 0; i < bill->n; i++)
		if (!plan || bill->groups[i].plan == plan)
			sum = money_add(sum, bill->groups[i].invoice->total);
	return sum;
}

/* value x numerator / denominator, saturating. */
static uint64_t scale(uint64_t value, uint64_t numerator, uint64_t denominator)
{
	unsigned __int128 product = (unsigned __int128)value * numerator / denominator;

	return product > UINT64_MAX ? UINT64_MAX : (uint64_t)product;
}

/* A group with up / down times its usage, into an invoice; *calls is what its companions
 * cost then. */
static int price_scaled(const struct bill *bill, struct grants *grants, size_t i,
    const uint64_t factor[2], struct invoice *invoice, struct money *calls)
{
	struct bill_group group = bill->groups[i];
	struct companion_bill companions = {0};
	const char *missing;
	int err;

	group.invoice = invoice;
	group.companions = &companions;
	for (size_t k = 0; k < USAGE_ITEMS; k++)
		group.usage.item[k] = scale(group.usage.item[k], factor[0], factor[1]);
	group.stood = scale(group.stood, factor[0], factor[1]);
	for (size_t k = 0; k < COMPANIONS; k++)
		group.calls.micro[k] = scale(group.calls.micro[k], factor[0], factor[1]);
	err = price_group(&bill->terms, grants, &group, &missing);
	*calls = companions.total;
	return err;
}

int bill_scaled(const struct bill *bill, struct money numerator, struct money denominator,
    struct money *total)
{
	struct grants *grants = calloc(1, sizeof(*grants));
	struct invoice *invoices = calloc(bill->n + 1, sizeof(*invoices));
	struct invoice **all = calloc(bill->n + 1, sizeof(struct invoice *));
	struct money sum = {0};
	int err = grants && invoices && all ? 0 : -ENOMEM;

	/* 32 bits are more than a forecast knows. */
	while (numerator.pico >> 32 || denominator.pico >> 32) {
		numerator.pico >>= 1;
		denominator.pico >>= 1;
	}
	const uint64_t factor[2] = {(uint64_t)numerator.pico,
	    denominator.pico > 0 ? (uint64_t)denominator.pico : 1};

	for (size_t i = 0; !err && i < bill->n; i++) {
		struct money calls = {0};

		all[i] = &invoices[i];
		err = price_scaled(bill, grants, i, factor, all[i], &calls);
		sum = money_add(sum, calls);
	}
	if (!err)
		err = bill_commitments_settle(bill, all, bill->terms.month_committed_ms);
	for (size_t i = 0; !err && i < bill->n; i++)
		sum = money_add(sum, invoices[i].total);
	free(grants);
	free(invoices);
	free(all);
	if (!err)
		*total = sum;
	return err;
}
