/* A million random usages, under every plan in turn: an invoice is the sum of its lines,
 * its quantities are those of the usage, and neither tiers nor free tiers depend on the
 * order in which usage came. The arithmetic itself is compared with another engine's in
 * tests/screens/price_exact.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "price/invoice.h"
#include "price/own_host.h"
#include "tests/unit/random.h"

#define USAGES 1000000
#define FEWER 100000
#define KEYS 4

static struct book *book;
static size_t plans_n;

static int open_book(void **state)
{
	const struct own_host host = {.is_there = true,
	    .hour = {.pico = 123456789012LL},
	    .vcpus_micro = 4000000,
	    .memory_micro = 16000000};
	int err = book_open_embedded(&book);

	(void)state;
	while (plans[plans_n])
		plans_n++;
	return err ? err : own_host_price(&host, book);
}

static int close_book(void **state)
{
	(void)state;
	book_free(book);
	return 0;
}

/* What a plan is asked for. */
struct ask {
	struct usage usage;
	struct stated stated;
};

static void fill(struct ask *ask, uint64_t *seed)
{
	for (int i = 0; i < USAGE_ITEMS; i++)
		ask->usage.item[i] = random_width(seed) >> 6;
	for (int i = 0; i < STATED_ITEMS; i++)
		ask->stated.item[i] = random_width(seed) >> 6;
}

static struct invoice made(
    const struct plan *plan, const struct ask *ask, const struct invoice_options *asked)
{
	struct invoice_options options = *asked;
	struct invoice invoice;

	options.stated = &ask->stated;
	if (invoice_make(book, plan, &ask->usage, &options, &invoice, NULL) != 0)
		fail_msg("%s cannot be priced", plan->name);
	return invoice;
}

/* The quantity of a line in base units: its text, read back. */
static unsigned __int128 units_of(
    const struct invoice_line *line, const struct plan_line *of)
{
	unsigned __int128 whole = 0;
	unsigned __int128 part = 0;
	unsigned __int128 scale = 1;
	const char *s = line->quantity;

	for (; *s >= '0' && *s <= '9'; s++)
		whole = whole * 10 + (unsigned)(*s - '0');
	for (s += *s == '.'; *s; s++, scale *= 10)
		part = part * 10 + (unsigned)(*s - '0');
	/* Hours are cut after 18 decimals: what is cut is less than one unit. */
	return whole * of->unit_size + (part * of->unit_size + scale - 1) / scale;
}

static const struct plan_line *line_of(const struct plan *plan, const char *item)
{
	for (size_t i = 0; i < plan->lines_n; i++) {
		if (!strcmp(plan->lines[i].item, item))
			return &plan->lines[i];
	}
	abort();
}

/* All that lines of one name bill, by the plan. */
static unsigned __int128 asked_units(
    const struct plan *plan, const struct ask *ask, const char *item)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < plan->lines_n; i++) {
		const struct plan_line *line = &plan->lines[i];
		uint64_t all = stated_quantity(&ask->usage, &ask->stated, line->quantity);
		uint64_t less =
		    line->less ? stated_quantity(&ask->usage, &ask->stated, line->less)
			       : 0;

		if (!strcmp(line->item, item))
			sum += all > less ? all - less : 0;
	}
	return sum;
}

static unsigned __int128 billed_units(
    const struct plan *plan, const struct invoice *invoice, const char *item)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct invoice_line *line = &invoice->lines[i];

		if (!strcmp(line->item, item))
			sum += units_of(line, line_of(plan, item));
	}
	return sum;
}

static void test_the_total_is_the_sum_of_the_lines(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (size_t n = 0; n < USAGES; n++) {
		const struct plan *plan = plans[n % plans_n];
		const struct invoice_options options = {
		    .arch = n / plans_n % 2 ? ARCH_ARM64 : ARCH_X86_64,
		    .free_tier = n % 3 == 0};
		struct ask ask;
		struct money sum = {0};

		fill(&ask, &seed);
		struct invoice invoice = made(plan, &ask, &options);
		for (size_t i = 0; i < invoice.lines_n; i++) {
			const struct invoice_line *line = &invoice.lines[i];

			assert_true(line->amount.pico >= 0);
			assert_true(!line->free || line->amount.pico == 0);
			sum = money_add(sum, line->amount);
		}
		if (sum.pico != invoice.total.pico)
			fail_msg(
			    "usage %zu: the total of %s is not the sum", n, plan->name);
	}
}

static void assert_all_is_billed(
    const struct plan *plan, const struct ask *ask, const struct invoice *invoice)
{
	for (size_t i = 0; i < plan->lines_n; i++) {
		const char *item = plan->lines[i].item;

		if (billed_units(plan, invoice, item) != asked_units(plan, ask, item))
			fail_msg("%s of %s is not all of it", item, plan->name);
	}
}

static void test_lines_add_up_to_the_usage(void **state)
{
	uint64_t seed = 16;

	(void)state;
	for (size_t n = 0; n < FEWER; n++) {
		const struct plan *plan = plans[n % plans_n];
		const struct invoice_options options = {.free_tier = n % 2};
		struct ask ask;

		fill(&ask, &seed);
		struct invoice invoice = made(plan, &ask, &options);

		assert_all_is_billed(plan, &ask, &invoice);
	}
}

static void assert_same_invoice(const struct invoice *a, const struct invoice *b)
{
	assert_int_equal(a->lines_n, b->lines_n);
	for (size_t i = 0; i < a->lines_n; i++) {
		assert_ptr_equal(a->lines[i].price, b->lines[i].price);
		assert_string_equal(a->lines[i].quantity, b->lines[i].quantity);
		assert_true(a->lines[i].amount.pico == b->lines[i].amount.pico);
	}
	assert_true(a->total.pico == b->total.pico);
}

/* Shares a usage out to keys (functions, hours, hosts); adds the shares in an order that
 * begins anywhere. */
static void split_and_add(const struct ask *whole, struct ask *back, uint64_t *seed)
{
	struct ask parts[KEYS] = {0};
	struct ask rest = *whole;
	size_t first = (size_t)random_below(seed, KEYS);

	for (size_t k = 0; k + 1 < KEYS; k++) {
		for (int i = 0; i < USAGE_ITEMS; i++)
			parts[k].usage.item[i] =
			    random_below(seed, rest.usage.item[i] + 1);
		usage_subtract(&rest.usage, &parts[k].usage);
		for (int i = 0; i < STATED_ITEMS; i++) {
			parts[k].stated.item[i] =
			    random_below(seed, rest.stated.item[i] + 1);
			rest.stated.item[i] -= parts[k].stated.item[i];
		}
	}
	parts[KEYS - 1] = rest;
	memset(back, 0, sizeof(*back));
	for (size_t k = 0; k < KEYS; k++) {
		const struct ask *part = &parts[(first + k) % KEYS];

		usage_add(&back->usage, &part->usage);
		assert_true(stated_merge(&back->stated, &part->stated));
	}
}

static void test_usage_split_by_any_key_adds_up_to_the_same_invoice(void **state)
{
	uint64_t seed = 12;

	(void)state;
	for (size_t n = 0; n < FEWER; n++) {
		const struct plan *plan = plans[n % plans_n];
		const struct invoice_options options = {.free_tier = n % 2};
		struct ask whole, back;

		fill(&whole, &seed);
		split_and_add(&whole, &back, &seed);
		struct invoice a = made(plan, &whole, &options);
		struct invoice b = made(plan, &back, &options);

		assert_same_invoice(&a, &b);
	}
}

static unsigned __int128 free_units(
    const struct plan *plan, const struct invoice *invoice, const char *item)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < invoice->lines_n; i++) {
		const struct invoice_line *line = &invoice->lines[i];

		if (line->free && !strcmp(line->item, item))
			sum += units_of(line, line_of(plan, item));
	}
	return sum;
}

/* Two bills of an account, sharing one grant. */
struct two {
	struct invoice first, second;
};

static struct two made_in_turn(
    const struct plan *plan, const struct ask *first, const struct ask *second)
{
	struct invoice_grant grant = {0};
	const struct invoice_options options = {.free_tier = true, .grant = &grant};
	struct two two;

	two.first = made(plan, first, &options);
	two.second = made(plan, second, &options);
	return two;
}

static unsigned __int128 free_of_both(
    const struct plan *plan, const struct two *two, const char *item)
{
	return free_units(plan, &two->first, item) + free_units(plan, &two->second, item);
}

static void test_the_free_tier_covers_the_same_in_either_order(void **state)
{
	uint64_t seed = 15;

	(void)state;
	for (size_t n = 0; n < FEWER; n++) {
		const struct plan *plan = plans[n % plans_n];
		struct ask a, b;

		fill(&a, &seed);
		fill(&b, &seed);
		struct two forth = made_in_turn(plan, &a, &b);
		struct two back = made_in_turn(plan, &b, &a);

		for (size_t i = 0; i < plan->lines_n; i++) {
			const char *item = plan->lines[i].item;

			assert_true(free_of_both(plan, &forth, item) ==
				    free_of_both(plan, &back, item));
		}
	}
}

static bool is_taken_off(const struct plan *plan, unsigned int item)
{
	bool is = false;

	for (size_t i = 0; i < plan->lines_n; i++)
		is |= plan->lines[i].less != 0 && plan->lines[i].less == item;
	return is;
}

static void test_more_usage_never_costs_less(void **state)
{
	uint64_t seed = 14;

	(void)state;
	for (size_t n = 0; n < FEWER; n++) {
		const struct plan *plan = plans[n % plans_n];
		const struct invoice_options options = {.free_tier = n % 2};
		struct ask ask;

		fill(&ask, &seed);
		struct invoice less = made(plan, &ask, &options);
		for (unsigned int i = 0; i < USAGE_ITEMS; i++) {
			/* of what one line leaves to another, more may cost less */
			if (!is_taken_off(plan, i))
				ask.usage.item[i] += random_below(&seed, 1024000);
		}
		struct invoice more = made(plan, &ask, &options);

		assert_true(money_compare(less.total, more.total) <= 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_total_is_the_sum_of_the_lines),
	    cmocka_unit_test(test_lines_add_up_to_the_usage),
	    cmocka_unit_test(test_usage_split_by_any_key_adds_up_to_the_same_invoice),
	    cmocka_unit_test(test_the_free_tier_covers_the_same_in_either_order),
	    cmocka_unit_test(test_more_usage_never_costs_less),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
