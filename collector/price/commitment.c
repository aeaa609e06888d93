#include "price/commitment.h"

#include <errno.h>
#include <string.h>

#define DOLLAR 1000000000000ULL
#define MS_PER_HOUR 3600000

const struct plan_line commitment_unused = {.item = "unused_commitment",
    .price_key = "savings-plan",
    .unit_size = DOLLAR,
    .unit = "USD",
    .optional = true};

static const char even_assumption[] =
    "A savings plan commits to dollars in each hour; usage is taken to be spread evenly "
    "over the hours, so that what is unused is the least that it can be.";
static const char hourly_assumption[] =
    "A savings plan commits to dollars in each hour; the usage of an hour is taken to be "
    "its share of each function's calls.";

/* The discount that a commitment pays for; NULL: it does not. */
static const struct discount *discount_of(
    const struct invoice_line *line, const struct commitment *commitment)
{
	const struct discount *discount = line->price->discount;

	return !line->free && discount && discount->commitment == commitment ? discount
									     : NULL;
}

static void set_amounts(struct invoice_line *line, uint64_t units)
{
	const uint64_t unit_size = line->line->unit_size;

	line->units = units;
	invoice_format_quantity(units, unit_size, line->quantity);
	line->amount = money_of(units, line->price->amount, unit_size);
	line->list = money_of(units, line->price->list, unit_size);
}

/* Makes room for a copy of line i after it. */
static int double_line(struct invoice *invoice, size_t i)
{
	if (invoice->lines_n == INVOICE_MAX_LINES)
		return -E2BIG;
	memmove(&invoice->lines[i + 1], &invoice->lines[i],
	    (invoice->lines_n++ - i) * sizeof(invoice->lines[0]));
	return 0;
}

/* Pays for line i, or for what of it the rest of a commitment reaches. Less than what one
 * base unit costs may be left then, and counts as used. */
static int cover(struct invoice *invoice, size_t i, struct money *left)
{
	struct invoice_line *line = &invoice->lines[i];
	const struct money before = line->amount;
	const uint64_t units = line->units;

	if (money_compare(before, *left) <= 0) {
		*left = money_subtract(*left, before);
		return 0;
	}
	uint64_t paid = (uint64_t)((unsigned __int128)left->pico * line->line->unit_size /
				   (unsigned __int128)line->price->amount.pico);
	struct money after = {0};

	*left = (struct money){0};
	if (paid > 0 && paid < units) {
		int err = double_line(invoice, i);

		if (err)
			return err;
		set_amounts(line, paid);
		after = line->amount;
		line++;
	}
	line->price = line->price->on_demand;
	set_amounts(line, paid < units ? units - paid : units);
	invoice->total = money_add(
	    money_subtract(invoice->total, before), money_add(after, line->amount));
	return 0;
}

/* The largest discount below a bound that a commitment pays for; 0: there is none. */
static uint32_t next_ppm(const struct commitment *commitment,
    struct invoice *const *invoices, size_t n, uint32_t below)
{
	uint32_t largest = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < invoices[i]->lines_n; k++) {
			const struct discount *discount =
			    discount_of(&invoices[i]->lines[k], commitment);

			if (discount && discount->ppm < below && discount->ppm > largest)
				largest = discount->ppm;
		}
	return largest;
}

static int add_unused(
    struct invoice *invoice, const struct commitment *commitment, struct money unused)
{
	struct invoice_line *line = &invoice->lines[invoice->lines_n];

	if (invoice->lines_n == INVOICE_MAX_LINES)
		return -E2BIG;
	*line = (struct invoice_line){.item = commitment_unused.item,
	    .line = &commitment_unused,
	    .unit = commitment_unused.unit,
	    .price = &commitment->price};
	set_amounts(line, (uint64_t)unused.pico);
	line->list = (struct money){0}; /* who pays the list price commits to nothing */
	invoice->lines_n++;
	invoice->total = money_add(invoice->total, line->amount);
	return 0;
}

/* What its lines ask of a commitment. */
static struct money asked_of(
    const struct commitment *commitment, struct invoice *const *invoices, size_t n)
{
	struct money sum = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < invoices[i]->lines_n; k++)
			if (discount_of(&invoices[i]->lines[k], commitment))
				sum = money_add(sum, invoices[i]->lines[k].amount);
	return sum;
}

static struct money lesser(struct money a, struct money b)
{
	return money_compare(a, b) < 0 ? a : b;
}

/* What of it each hour's part of what is due pays for: the hours make up for nothing.
 * Parts are rounded up and shares are carried, so that no pico-dollar is left by that. */
static struct money reach(
    struct money due, struct money asked, const struct commitment_hours *hours)
{
	const __int128 n = (__int128)(hours->n ? hours->n : 1);
	const struct money part = {.pico = (due.pico + n - 1) / n};
	struct money sum = {0};
	struct money before = {0};
	uint64_t all = 0;
	uint64_t so_far = 0;

	for (size_t i = 0; i < hours->n; i++)
		if (__builtin_add_overflow(all, hours->weights[i], &all))
			return due;
	if (all == 0)
		return due;
	for (size_t i = 0; i < hours->n; i++) {
		struct money until;

		so_far += hours->weights[i];
		until = money_scale(asked, so_far, all);
		sum = money_add(sum, lesser(money_subtract(until, before), part));
		before = until;
	}
	return lesser(sum, due);
}

/* Pays for the lines, and returns in *left what of the sum no line needed. */
static int cover_all(const struct commitment *commitment, struct invoice *const *invoices,
    size_t n, struct money *left)
{
	uint32_t ppm = UINT32_MAX;
	int err = 0;

	while (!err && (ppm = next_ppm(commitment, invoices, n, ppm)) > 0)
		for (size_t i = 0; !err && i < n; i++)
			for (size_t k = 0; !err && k < invoices[i]->lines_n; k++) {
				const struct discount *discount =
				    discount_of(&invoices[i]->lines[k], commitment);

				if (discount && discount->ppm == ppm)
					err = cover(invoices[i], k, left);
			}
	return err;
}

static int settle(const struct commitment *commitment, struct invoice *const *invoices,
    size_t n, uint64_t ms, const struct commitment_hours *hours)
{
	const struct money due = money_scale(commitment->per_hour, ms, MS_PER_HOUR);
	const struct money paid = reach(due, asked_of(commitment, invoices, n), hours);
	struct money left = paid;
	struct money unused;
	int err = cover_all(commitment, invoices, n, &left);

	unused = money_add(money_subtract(due, paid), left);
	return !err && unused.pico > 0 ? add_unused(invoices[0], commitment, unused)
				       : err;
}

int commitments_settle(const struct book *book, struct invoice *const *invoices, size_t n,
    uint64_t ms, const struct commitment_hours *hours)
{
	const struct commitment *commitment;
	int err = 0;

	for (size_t i = 0; !err && n > 0 && (commitment = book_commitment(book, i)); i++)
		if (!strcmp(commitment->price.provider, invoices[0]->plan->provider)) {
			err = settle(commitment, invoices, n, ms, hours);
			for (size_t k = 0; k < n; k++)
				invoices[k]->assumption =
				    hours->n ? hourly_assumption : even_assumption;
		}
	return err;
}
