/* Shares of a bill add up to it, whatever it is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "serve/bill_share.h"
#include "tests/unit/random.h"

#define BILLS 3000
#define PARTS_MAX 12

struct sums {
	struct money parts[PARTS_MAX];
	struct money all;
	struct money list;
};

static int add_share(void *context, size_t part, const struct bill_share_line *line)
{
	struct sums *sums = context;

	assert_true(line->amount.pico >= 0);
	sums->parts[part] = money_add(sums->parts[part], line->amount);
	sums->all = money_add(sums->all, line->amount);
	sums->list = money_add(sums->list, line->list);
	return 0;
}

/* A function's use of some parts: nothing, little or enough for the last tier. */
static void fill(struct bill *bill, uint64_t *seed, const struct function *f)
{
	struct bill_cell cells[PARTS_MAX] = {{0}};
	size_t n = 0;

	for (size_t i = 0; i < PARTS_MAX; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "part-%zu", i);
		assert_int_equal(bill_part_of(bill, key, &cells[n].part), 0);
		if (random_below(seed, 3) == 0)
			continue;
		cells[n].invocations = random_width(seed) >> 34;
		for (size_t k = 0; k < USAGE_ITEMS; k++)
			cells[n].usage.item[k] = random_width(seed) >> 8;
		n++;
	}
	assert_int_equal(bill_add(bill, f, cells, n), 0);
}

static void check(const struct bill *bill)
{
	struct sums sums = {{{0}}, {0}, {0}};

	for (size_t i = 0; i < bill->n; i++)
		assert_int_equal(bill_share_out(&bill->groups[i], add_share, &sums), 0);
	assert_int_equal(money_compare(sums.all, bill_total(bill, NULL)), 0);
	assert_true(money_compare(sums.list, sums.all) >= 0);
}

static void test_shares_add_up_to_the_last_pico_dollar(void **state)
{
	struct book *book;
	uint64_t seed = 11;

	(void)state;
	assert_int_equal(book_open_embedded(&book), 0);
	for (int i = 0; i < BILLS; i++) {
		struct bill bill = {.terms = {.book = book,
					.own = i % 3 == 0,
					.plan = i % 3 == 1 ? plans[0] : NULL,
					.free_tier = i % 2}};
		const char *missing;

		for (uint64_t n = random_below(&seed, 4) + 1; n > 0; n--) {
			struct function f = {.platform = (enum platform)random_below(
						 &seed, PLATFORM_COUNT),
			    .arch = (enum arch)random_below(&seed, ARCH_COUNT)};

			(void)snprintf(f.name, sizeof(f.name), "f%u", (unsigned int)n);
			fill(&bill, &seed, &f);
		}
		assert_int_equal(bill_price(&bill, &missing), 0);
		check(&bill);
		bill_done(&bill);
	}
	book_free(book);
}

/* Half of the usage by each of two: half of the amount each, the odd pico-dollar once. */
static void test_a_share_is_by_usage(void **state)
{
	const struct function f = {.platform = PLATFORM_AWS_LAMBDA, .name = "f"};
	struct bill_cell cells[2] = {{.invocations = 1}, {.invocations = 3}};
	struct sums sums = {{{0}}, {0}, {0}};
	const char *missing;
	struct book *book;
	struct bill bill;

	(void)state;
	assert_int_equal(book_open_embedded(&book), 0);
	bill = (struct bill){.terms = {.book = book, .own = true}};
	for (size_t i = 0; i < 2; i++) {
		char key[2] = {(char)('a' + i), '\0'};

		cells[i].usage.item[USAGE_AWS_REQUESTS] = cells[i].invocations;
		assert_int_equal(bill_part_of(&bill, key, &cells[i].part), 0);
	}
	assert_int_equal(bill_add(&bill, &f, cells, 2), 0);
	assert_int_equal(bill_price(&bill, &missing), 0);
	assert_int_equal(bill_share_out(&bill.groups[0], add_share, &sums), 0);
	assert_true(sums.parts[0].pico == 200000); /* $0.0000002 a request */
	assert_true(sums.parts[1].pico == 600000);
	bill_done(&bill);
	book_free(book);
}

/* As many as a store has functions: each key once, in the order of their coming. */
static void test_parts_are_found_again(void **state)
{
	struct bill bill = {0};

	(void)state;
	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < 20000; i++) {
			char key[32];
			size_t part;

			(void)snprintf(key, sizeof(key), "part-%zu", i);
			assert_int_equal(bill_part_of(&bill, key, &part), 0);
			assert_int_equal(part, i);
			assert_string_equal(bill.parts[part].key, key);
		}
	assert_int_equal(bill.parts_n, 20000);
	bill_done(&bill);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shares_add_up_to_the_last_pico_dollar),
	    cmocka_unit_test(test_a_share_is_by_usage),
	    cmocka_unit_test(test_parts_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
