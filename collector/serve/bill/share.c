#include "serve/bill/share.h"

#include <stdio.h>

#include "base/count.h"
#include "price/commitment.h"

/* A line of the whole. */
struct whole {
	const struct plan_line *line;
	const struct price *price;
	struct money amount;
	struct money list;
	const struct bill_group *group;
	bool is_call; /* counted in calls of kind, else in usage of the line */
	enum companion kind;
};

static uint64_t counted(const struct whole *whole, const struct bill_share *share)
{
	const struct stated stated = bill_stated(whole->group, share->stood);

	return whole->is_call ? share->calls.micro[whole->kind]
			      : invoice_quantity(whole->line, &share->usage, &stated);
}

/* Of all parts. It may be more than the whole's quantity, where a line is charged for
 * what another one leaves: a part may leave nothing. */
static uint64_t count_all(const struct bill_group *group, const struct whole *whole)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < group->shares_n; i++)
		count_add(&sum, counted(whole, &group->shares[i]));
	return sum;
}

static int share_line(const struct bill_group *group, const struct whole *whole,
    bill_share_visit visit, void *context)
{
	uint64_t all = count_all(group, whole);
	struct money paid = {0};
	struct money listed = {0};
	uint64_t sum = 0;
	int err = 0;

	for (size_t i = 0; !err && i < group->shares_n; i++) {
		uint64_t n = counted(whole, &group->shares[i]);
		struct bill_share_line out = {.line = whole->line, .price = whole->price};
		struct money until;

		if (n == 0)
			continue;
		count_add(&sum, n);
		until = money_scale(whole->amount, sum, all);
		out.amount = money_subtract(until, paid);
		paid = until;
		until = money_scale(whole->list, sum, all);
		out.list = money_subtract(until, listed);
		listed = until;
		invoice_format_quantity(n, whole->line->unit_size, out.quantity);
		err = visit(context, group->shares[i].part, &out);
	}
	return err;
}

static void add_tier(struct whole *whole, const struct invoice_line *line)
{
	whole->line = line->line;
	if (!whole->price || !line->free)
		whole->price = whole->price && money_compare(whole->price->amount,
						   (struct money){0}) > 0
				   ? whole->price
				   : line->price;
	whole->amount = money_add(whole->amount, line->amount);
	whole->list = money_add(whole->list, line->list);
}

static int share_unused(const struct bill *bill, const struct invoice_line *line,
    bill_share_visit visit, void *context)
{
	struct bill_share_line out = {.line = line->line,
	    .price = line->price,
	    .amount = line->amount,
	    .list = line->list};

	(void)snprintf(out.quantity, sizeof(out.quantity), "%s", line->quantity);
	return visit(context, bill->unused_part, &out);
}

/* Lines of one plan line, or service, follow each other. */
int bill_share_out(const struct bill *bill, const struct bill_group *group,
    bill_share_visit visit, void *context)
{
	const struct invoice *invoice = group->invoice;
	const struct companion_bill *calls = group->companions;
	int err = 0;

	for (size_t i = 0; !err && i < invoice->lines_n;) {
		struct whole whole = {.group = group};
		size_t first = i;

		if (invoice->lines[i].line == &commitment_unused) {
			err = share_unused(bill, &invoice->lines[i++], visit, context);
			continue;
		}
		for (; i < invoice->lines_n &&
		       invoice->lines[i].line == invoice->lines[first].line;
		     i++)
			add_tier(&whole, &invoice->lines[i]);
		err = share_line(group, &whole, visit, context);
	}
	for (size_t i = 0; !err && i < calls->lines_n;) {
		struct whole whole = {
		    .group = group, .is_call = true, .kind = calls->kinds[i]};

		for (; i < calls->lines_n && calls->kinds[i] == whole.kind; i++)
			add_tier(&whole, &calls->lines[i]);
		err = share_line(group, &whole, visit, context);
	}
	return err;
}
