/* What a savings plan commits to: paid for by usage, or for nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "price/commitment.h"
#include "tests/unit/random.h"

#define HEAD                                                                             \
	"{\"schema\":1,\"provider\":\"aws\",\"currency\":\"USD\",\"sources\":{\"s\":{"   \
	"\"title\":\"T\",\"url\":\"https://example.org/\",\"date\":\"2026-01-02\"}},"
#define END "\"source\":\"s\",\"as_of\":\"2026-01\"}"
#define COMMITMENT(per_hour)                                                             \
	"\"commitments\":[{\"name\":\"sp\",\"usd_per_hour\":\"" per_hour "\"," END "]"
#define PLAN(key, percent)                                                               \
	"{\"key\":\"" key "\",\"percent\":\"" percent                                    \
	"\",\"kind\":\"savings-plan\",\"commitment\":\"sp\"," END
#define HOUR_MS 3600000ULL
#define GB_S 1024000ULL
#define ROUNDS 2000

static const struct commitment_hours evenly = {NULL, 0};

static struct book *laid_over(const char *json)
{
	struct book *base = NULL;
	struct book *over = NULL;
	char why[256] = "";

	assert_int_equal(book_open_embedded(&base), 0);
	if (book_parse(json, strlen(json), &over, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	assert_int_equal(book_overlay(base, over), 0);
	return base;
}

static void assert_refused(const char *json, const char *sentence)
{
	struct book *book = NULL;
	char why[256] = "";

	assert_int_equal(
	    book_parse(json, strlen(json), &book, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, sentence);
}

static void assert_money(struct money money, const char *want)
{
	char text[MONEY_TEXT_BYTES];

	money_format(money, text);
	assert_string_equal(text, want);
}

static struct invoice invoice_of(
    const struct book *book, const struct usage *usage, enum arch arch)
{
	const struct invoice_options options = {.region = "us-east-1", .arch = arch};
	struct invoice invoice;

	assert_int_equal(
	    invoice_make(book, plan_find("aws-lambda"), usage, &options, &invoice, NULL),
	    0);
	return invoice;
}

static const struct invoice_line *line_of(
    const struct invoice *invoice, const char *item, size_t which)
{
	for (size_t i = 0; i < invoice->lines_n; i++)
		if (strcmp(invoice->lines[i].item, item) == 0 && which-- == 0)
			return &invoice->lines[i];
	return NULL;
}

static void assert_adds_up(const struct invoice *invoice)
{
	struct money sum = {0};

	for (size_t i = 0; i < invoice->lines_n; i++)
		sum = money_add(sum, invoice->lines[i].amount);
	assert_int_equal(money_compare(sum, invoice->total), 0);
}

/* 1 million GB-s cost 16.6667 dollars, 14.666696 with 12 % off. */
static void test_what_is_not_used_is_a_line_of_its_own(void **state)
{
	struct book *book = laid_over(
	    HEAD COMMITMENT("2") ",\"discounts\":[" PLAN("lambda.duration.*", "12") "]}");
	const struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 1000000 * GB_S}};
	struct invoice invoice = invoice_of(book, &usage, ARCH_X86_64);
	struct invoice *all[] = {&invoice};
	const struct invoice_line *unused;

	(void)state;
	assert_int_equal(commitments_settle(book, all, 1, 10 * HOUR_MS, &evenly), 0);
	assert_money(line_of(&invoice, "compute", 0)->amount, "14.666696");
	assert_null(line_of(&invoice, "compute", 1));
	unused = line_of(&invoice, "unused_commitment", 0);
	assert_money(unused->amount, "5.333304"); /* of 20 dollars */
	assert_string_equal(unused->quantity, "5.333304");
	assert_string_equal(unused->price->source, "s");
	assert_money(unused->list, "0.00");
	assert_money(invoice.total, "20.00");
	assert_non_null(invoice.assumption);
	assert_adds_up(&invoice);
	book_free(book);
}

static void test_what_is_beyond_is_on_demand(void **state)
{
	struct book *book = laid_over(HEAD COMMITMENT(
	    "0.7333348") ",\"discounts\":[" PLAN("lambda.duration.*", "12") "]}");
	const struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 1000000 * GB_S}};
	struct invoice invoice = invoice_of(book, &usage, ARCH_X86_64);
	struct invoice *all[] = {&invoice};
	const struct invoice_line *covered;
	const struct invoice_line *beyond;

	(void)state;
	/* 7.333348 dollars are half of it */
	assert_int_equal(commitments_settle(book, all, 1, 10 * HOUR_MS, &evenly), 0);
	covered = line_of(&invoice, "compute", 0);
	beyond = line_of(&invoice, "compute", 1);
	assert_string_equal(covered->quantity, "500000");
	assert_money(covered->amount, "7.333348");
	assert_string_equal(beyond->quantity, "500000");
	assert_money(beyond->amount, "8.33335");
	assert_money(beyond->price->amount, "0.0000166667");
	assert_null(beyond->price->discount);
	assert_null(line_of(&invoice, "unused_commitment", 0));
	assert_adds_up(&invoice);
	book_free(book);
}

/* Of 10 hours of 2 dollars one has half of the usage and one the other: 2 + 2 of the
 * 14.666696 that are asked for. */
static void test_an_hour_makes_up_for_no_other(void **state)
{
	static const uint64_t weights[10] = {[3] = 7, [8] = 7};
	const struct commitment_hours hours = {weights, 10};
	struct book *book = laid_over(
	    HEAD COMMITMENT("2") ",\"discounts\":[" PLAN("lambda.duration.*", "12") "]}");
	const struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 1000000 * GB_S}};
	struct invoice invoice = invoice_of(book, &usage, ARCH_X86_64);
	struct invoice *all[] = {&invoice};
	const struct invoice_line *covered;

	(void)state;
	assert_int_equal(commitments_settle(book, all, 1, 10 * HOUR_MS, &hours), 0);
	covered = line_of(&invoice, "compute", 0);
	assert_true(4000000000000 - covered->amount.pico < 20); /* of one MiB-ms */
	assert_money(line_of(&invoice, "unused_commitment", 0)->amount, "16.00");
	assert_true(
	    covered->units + line_of(&invoice, "compute", 1)->units == 1000000 * GB_S);
	assert_adds_up(&invoice);
	book_free(book);
}

/* One commitment over two invoices and two discounts. */
static void test_the_largest_discount_is_paid_for_first(void **state)
{
	struct book *book = laid_over(HEAD COMMITMENT("1") ",\"discounts\":[" PLAN(
	    "lambda.duration.x86_64", "10") "," PLAN("lambda.duration.arm64", "20") "]}");
	const struct usage usage = {.item = {[USAGE_AWS_MB_MS] = 1000000 * GB_S}};
	struct invoice x86 = invoice_of(book, &usage, ARCH_X86_64);
	struct invoice arm = invoice_of(book, &usage, ARCH_ARM64);
	struct invoice *all[] = {&x86, &arm};

	(void)state;
	assert_int_equal(commitments_settle(book, all, 2, 10 * HOUR_MS, &evenly), 0);
	/* 10 dollars, and 10.66672 are asked for with 20 % off */
	assert_non_null(line_of(&arm, "compute", 0)->price->discount);
	assert_non_null(line_of(&arm, "compute", 1));
	assert_null(line_of(&x86, "compute", 0)->price->discount);
	assert_null(line_of(&x86, "compute", 1));
	assert_money(line_of(&x86, "compute", 0)->amount, "16.6667");
	assert_adds_up(&x86);
	assert_adds_up(&arm);
	book_free(book);
}

/* No usage, no discount and no invoice: what is due is due. */
static void test_a_commitment_is_due_without_usage(void **state)
{
	struct book *book = laid_over(
	    HEAD COMMITMENT("0.5") ",\"discounts\":[" PLAN("lambda.*", "100") "]}");
	const struct usage none = {0};
	struct invoice invoice = invoice_of(book, &none, ARCH_X86_64);
	struct invoice *all[] = {&invoice};

	(void)state;
	assert_int_equal(
	    commitments_settle(book, all, 1, COMMITMENT_MONTH_MS, &evenly), 0);
	assert_money(invoice.total, "365.00");
	assert_int_equal(commitments_settle(book, all, 0, HOUR_MS, &evenly), 0);
	book_free(book);
}

/* Whatever is used: lines add up, no quantity is lost, and at least what is committed to
 * is paid, but for the rest of one base unit. */
static void test_settling_loses_nothing(void **state)
{
	struct book *book = laid_over(HEAD COMMITMENT("0.731") ",\"discounts\":[" PLAN(
	    "lambda.duration.arm64", "11.5") "," PLAN("lambda.*", "7.25") "]}");
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct invoice invoices[2];
		struct invoice *all[2] = {&invoices[0], &invoices[1]};
		uint64_t ms = random_below(&seed, COMMITMENT_MONTH_MS);
		struct money due = money_scale((struct money){731000000000}, ms, HOUR_MS);
		struct money total = {0};
		const uint64_t weights[3] = {random_below(&seed, 9), 1, i % 5};
		const struct commitment_hours hours = {weights, i % 2 ? 3 : 0};
		uint64_t before[2];

		for (size_t k = 0; k < 2; k++) {
			struct usage usage = {0};

			usage.item[USAGE_AWS_REQUESTS] = random_width(&seed) >> 30;
			usage.item[USAGE_AWS_MB_MS] = random_width(&seed) >> 12;
			usage.item[USAGE_AWS_TMP_MB_MS] = random_width(&seed) >> 16;
			invoices[k] =
			    invoice_of(book, &usage, k ? ARCH_ARM64 : ARCH_X86_64);
			before[k] = usage.item[USAGE_AWS_MB_MS];
		}
		assert_int_equal(commitments_settle(book, all, 2, ms, &hours), 0);
		for (size_t k = 0; k < 2; k++) {
			const struct invoice_line *line;
			uint64_t units = 0;

			assert_adds_up(&invoices[k]);
			for (size_t n = 0; (line = line_of(&invoices[k], "compute", n));
			     n++)
				units += line->units;
			assert_true(units == before[k]);
			total = money_add(total, invoices[k].total);
		}
		assert_true(total.pico + 1000000 >= due.pico);
	}
	book_free(book);
}

static void test_a_commitment_that_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_refused(HEAD "\"commitments\":[]}",
	    "commitments: must be a list of 1 to 12 commitments");
	assert_refused(HEAD COMMITMENT("0") "}",
	    "commitments[0].usd_per_hour: must be a decimal above 0 and at most 10000, "
	    "not \"0\"");
	assert_refused(HEAD COMMITMENT("10000.01") "}",
	    "commitments[0].usd_per_hour: must be a decimal above 0 and at most 10000, "
	    "not \"10000.01\"");
	assert_refused(HEAD COMMITMENT("1") ",\"discounts\":[{\"key\":\"*\",\"percent\":"
					    "\"1\"," END "]}",
	    "commitments[0]: no discount names it as its commitment");
	assert_refused(HEAD "\"discounts\":[" PLAN("*", "1") "]}",
	    "discounts[0].commitment: \"sp\" is not among the commitments");
	assert_refused(HEAD COMMITMENT("1") ",\"discounts\":[{\"key\":\"*\",\"percent\":"
					    "\"1\",\"commitment\":\"sp\"," END "]}",
	    "discounts[0].commitment: is of kind savings-plan alone");
	assert_refused(HEAD "\"commitments\":[{\"name\":\"a\",\"usd_per_hour\":\"1\"," END
			    ",{\"name\":\"a\",\"usd_per_hour\":\"1\"," END "]}",
	    "commitments[1].name: is that of another commitment, too");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_not_used_is_a_line_of_its_own),
	    cmocka_unit_test(test_what_is_beyond_is_on_demand),
	    cmocka_unit_test(test_an_hour_makes_up_for_no_other),
	    cmocka_unit_test(test_the_largest_discount_is_paid_for_first),
	    cmocka_unit_test(test_a_commitment_is_due_without_usage),
	    cmocka_unit_test(test_settling_loses_nothing),
	    cmocka_unit_test(test_a_commitment_that_is_wrong_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
