/* A line is split where the free tier ends and where a tier of the price ends; all splits
 * are in whole units of usage, so no order of adding changes a sum. */
#include "price/invoice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 64
#define DECIMALS_MAX 18

/* The tiers that a line is charged by. */
struct tariff {
	const struct price *tiers;
	size_t tiers_n;
	const struct price *free; /* NULL: none */
};

void invoice_format_quantity(uint64_t quantity, uint64_t unit_size, char *out)
{
	uint64_t rest = quantity % unit_size;
	int n = snprintf(
	    out, INVOICE_QUANTITY_BYTES, "%ju", (uintmax_t)(quantity / unit_size));
	size_t at = (size_t)n;

	if (rest > 0)
		out[at++] = '.';
	for (int i = 0; rest > 0 && i < DECIMALS_MAX; i++) {
		unsigned __int128 next = (unsigned __int128)rest * 10;

		out[at++] = (char)('0' + (int)(next / unit_size));
		rest = (uint64_t)(next % unit_size);
	}
	out[at] = '\0';
}

/* Writes the price key of a line, with the architecture put in. */
static void make_key(const char *pattern, enum arch arch, char *out)
{
	const char *hole = strstr(pattern, "{arch}");

	if (!hole)
		(void)snprintf(out, KEY_BYTES, "%s", pattern);
	else
		(void)snprintf(out, KEY_BYTES, "%.*s%s%s", (int)(hole - pattern), pattern,
		    arch_name(arch), hole + strlen("{arch}"));
}

static size_t find_tiers(const struct book *book, const struct plan *plan,
    const struct plan_line *line, const char *region, enum arch arch,
    const struct price **tiers)
{
	char key[KEY_BYTES];

	make_key(line->price_key, arch, key);
	return book_find(book, plan->provider, key, region, tiers);
}

static struct invoice_line *add_line(struct invoice *invoice,
    const struct plan_line *line, uint64_t quantity, const struct price *price)
{
	struct invoice_line *out = &invoice->lines[invoice->lines_n++];

	out->item = line->item;
	out->line = line;
	out->unit = line->unit;
	out->price = price;
	out->units = quantity;
	invoice_format_quantity(quantity, line->unit_size, out->quantity);
	return out;
}

/* Whether another line fits; PLAN_MAX_LINES lines of a few tiers do. */
static bool is_full(const struct invoice *invoice)
{
	return invoice->lines_n == INVOICE_MAX_LINES;
}

/* Charges the part of the quantity from free_n on, tier by tier. */
static int charge(struct invoice *invoice, const struct plan_line *line,
    const struct tariff *tariff, uint64_t quantity, uint64_t free_n)
{
	for (size_t i = 0; i < tariff->tiers_n; i++) {
		const struct price *tier = &tariff->tiers[i];
		unsigned __int128 from =
		    (unsigned __int128)tier->tier_from * line->unit_size;
		unsigned __int128 until =
		    (unsigned __int128)tier->tier_until * line->unit_size;

		if (from < free_n)
			from = free_n;
		if (tier->tier_until == UINT64_MAX || until > quantity)
			until = quantity;
		bool is_nothing_at_all = quantity == 0 && i == 0 && !line->optional;
		if (until <= from && !is_nothing_at_all)
			continue;
		if (is_full(invoice))
			return -E2BIG;
		uint64_t part = (uint64_t)(until - from);
		struct invoice_line *out = add_line(invoice, line, part, tier);

		out->amount = money_of(part, tier->amount, line->unit_size);
		out->list = money_of(part, tier->list, line->unit_size);
		invoice->total = money_add(invoice->total, out->amount);
	}
	return 0;
}

/* What the free tier covers of a quantity, taken from the grant. */
static uint64_t take_units(const struct plan_line *line, const struct tariff *tariff,
    uint64_t quantity, uint64_t *used)
{
	unsigned __int128 all =
	    (unsigned __int128)tariff->free->tier_until * line->unit_size;
	unsigned __int128 left = all > *used ? all - *used : 0;
	uint64_t covered = left < quantity ? (uint64_t)left : quantity;

	*used += covered;
	return covered;
}

/* The same where the grant is a credit: home is the price that the credit is worth. It is
 * kept unrounded, so that the order of two bills does not matter. */
static uint64_t take_credit(const struct plan_line *line, const struct tariff *tariff,
    const struct price *home, uint64_t quantity, unsigned __int128 *spent)
{
	const unsigned __int128 price = (unsigned __int128)tariff->tiers[0].amount.pico;
	unsigned __int128 all;

	if (price == 0)
		return quantity;
	if (__builtin_mul_overflow((unsigned __int128)home->amount.pico,
		(unsigned __int128)tariff->free->tier_until, &all) ||
	    __builtin_mul_overflow(all, (unsigned __int128)line->unit_size, &all))
		return quantity; /* a credit without a limit */

	unsigned __int128 covered = all > *spent ? (all - *spent) / price : 0;
	uint64_t taken = covered < quantity ? (uint64_t)covered : quantity;

	*spent += taken * price;
	return taken;
}

uint64_t invoice_quantity(
    const struct plan_line *line, const struct usage *usage, const struct stated *stated)
{
	uint64_t all = stated_quantity(usage, stated, line->quantity);
	uint64_t less = line->less ? stated_quantity(usage, stated, line->less) : 0;

	return all > less ? all - less : 0;
}

/* Whether a line without quantity is left out: when it is optional, or another of the
 * same name (requests of another product) has one. */
static bool is_left_out(
    const struct plan *plan, const struct plan_line *line, const uint64_t *quantities)
{
	bool left_out = line->optional;

	for (size_t i = 0; i < plan->lines_n && !left_out; i++)
		left_out = quantities[i] > 0 && !strcmp(plan->lines[i].item, line->item);
	return left_out;
}

static int add_charges(const struct book *book, const uint64_t *quantities,
    const struct invoice_options *options, size_t line_i, struct invoice *invoice,
    const char **missing)
{
	const struct plan *plan = invoice->plan;
	const struct plan_line *line = &plan->lines[line_i];
	uint64_t quantity = quantities[line_i];
	uint64_t covered = 0;
	struct tariff tariff = {0};
	struct invoice_grant *grant = options->grant;

	if (quantity == 0 && is_left_out(plan, line, quantities))
		return 0;
	tariff.tiers_n =
	    find_tiers(book, plan, line, invoice->region, invoice->arch, &tariff.tiers);
	if (tariff.tiers_n == 0) {
		if (missing)
			*missing = line->price_key;
		return -ENOENT;
	}
	if (options->free_tier && line->free_tier_key)
		(void)book_find(book, plan->provider, line->free_tier_key,
		    invoice->region, &tariff.free);
	if (tariff.free) {
		const struct price *home = &tariff.tiers[0];

		if (plan->free_is_credit)
			(void)find_tiers(
			    book, plan, line, plan->default_region, invoice->arch, &home);
		covered = plan->free_is_credit
			      ? take_credit(
				    line, &tariff, home, quantity, &grant->spent[line_i])
			      : take_units(line, &tariff, quantity, &grant->used[line_i]);
	}
	if (covered > 0) {
		if (is_full(invoice))
			return -E2BIG;
		add_line(invoice, line, covered, tariff.free)->free = true;
	}
	return charge(invoice, line, &tariff, quantity, covered);
}

int invoice_make(const struct book *book, const struct plan *plan,
    const struct usage *usage, const struct invoice_options *options, struct invoice *out,
    const char **missing)
{
	uint64_t quantities[PLAN_MAX_LINES] = {0};

	for (size_t i = 0; i < plan->lines_n; i++)
		quantities[i] = invoice_quantity(&plan->lines[i], usage, options->stated);
	return invoice_make_of(book, plan, quantities, options, out, missing);
}

int invoice_make_of(const struct book *book, const struct plan *plan,
    const uint64_t *quantities, const struct invoice_options *options,
    struct invoice *out, const char **missing)
{
	struct invoice invoice = {.plan = plan,
	    .arch = options->arch == ARCH_UNKNOWN ? ARCH_X86_64 : options->arch};
	const char *region =
	    options->region && *options->region ? options->region : plan->default_region;
	struct invoice_grant grant = {0};
	struct invoice_options inner = *options;

	if (options->grant)
		grant = *options->grant;
	inner.grant = &grant;
	(void)snprintf(invoice.region, sizeof(invoice.region), "%s", region);
	for (size_t i = 0; i < plan->lines_n; i++) {
		int err = add_charges(book, quantities, &inner, i, &invoice, missing);

		if (err < 0)
			return err;
	}
	if (options->grant)
		*options->grant = grant;
	*out = invoice;
	return 0;
}
