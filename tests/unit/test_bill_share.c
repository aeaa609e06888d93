/* Shares of a bill add up to it, whatever it is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "serve/bill/share.h"
#include "tests/unit/random.h"

#define BILLS 3000
#define PARTS_MAX 12
#define UNUSED 1 /* the part of what nobody uses */

struct sums {
	struct money parts[PARTS_MAX + UNUSED];
	struct money all;
	struct money list;
};

static int add_share(void *context, size_t part, const struct bill_share_line *line)
{
	struct sums *sums = context;

	assert_true(line->amount.pico >= 0);
	assert_in_range(part, 0, PARTS_MAX - 1 + UNUSED);
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
	assert_int_equal(bill_add(bill, f, 3600000, cells, n), 0);
}

static void check(const struct bill *bill, bool is_by_list)
{
	struct sums sums = {{{0}}, {0}, {0}};

	for (size_t i = 0; i < bill->n; i++)
		assert_int_equal(
		    bill_share_out(bill, &bill->groups[i], add_share, &sums), 0);
	assert_int_equal(money_compare(sums.all, bill_total(bill, NULL)), 0);
	/* who commits to more than is used pays more than the list */
	assert_true(!is_by_list || money_compare(sums.list, sums.all) >= 0);
}

/* A savings plan that is used up by some bills and not by others. */
static void commit(struct book *book)
{
	static const char json[] =
	    "{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\",\"sources\":{\"s\":{"
	    "\"title\":\"T\",\"url\":\"https://example.org/\",\"date\":\"2026\"}},"
	    "\"commitments\":[{\"name\":\"c\",\"usd_per_hour\":\"9000\",\"source\":\"s\","
	    "\"as_of\":\"2026\"}],\"discounts\":[{\"key\":\"lambda.duration.*\","
	    "\"percent\":\"12\",\"kind\":\"savings-plan\",\"commitment\":\"c\","
	    "\"source\":\"s\",\"as_of\":\"2026\"}]}";
	struct book *over;
	char why[256];

	assert_int_equal(book_parse(json, sizeof(json) - 1, &over, why, sizeof(why)), 0);
	assert_int_equal(book_overlay(book, over), 0);
}

static bool has_unused(const struct bill *bill)
{
	const struct invoice *invoice = bill->groups[0].invoice;

	for (size_t i = 0; i < invoice->lines_n; i++)
		if (strcmp(invoice->lines[i].item, "unused_commitment") == 0)
			return true;
	return false;
}

static void test_shares_add_up_to_the_last_pico_dollar(void **state)
{
	struct book *book;
	uint64_t seed = 11;
	size_t unused = 0;

	(void)state;
	assert_int_equal(book_open_embedded(&book), 0);
	for (int i = 0; i < BILLS; i++) {
		if (i == BILLS / 2)
			commit(book);
		struct bill bill = {.terms = {.book = book,
					.committed_ms = 1ULL << (i % 32),
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
		check(&bill, i < BILLS / 2);
		unused += has_unused(&bill);
		bill_done(&bill);
	}
	assert_in_range(unused, BILLS / 20, BILLS / 2 - BILLS / 20);
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
	assert_int_equal(bill_add(&bill, &f, 0, cells, 2), 0);
	assert_int_equal(bill_price(&bill, &missing), 0);
	assert_int_equal(bill_share_out(&bill, &bill.groups[0], add_share, &sums), 0);
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
