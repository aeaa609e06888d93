/* What a month comes to, from a bill and the hours that it was made in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/figures/outlook.h"

#define HOUR_S 3600LL
#define JANUARY_S 1767225600LL /* 2026-01-01 */
#define MONTH_HOURS 744
#define SO_FAR 732 /* hours: 30 days and a half */
#define DAYS 31
#define CALLS_PER_HOUR 1000000ULL

/* A function that was called alike in every hour of the month so far; known: how many of
 * the last of them are told. */
static void fill(struct spending *spending, struct spending_row *row, int64_t known)
{
	*row = (struct spending_row){
	    .function = {.name = "steady", .platform = PLATFORM_AWS_LAMBDA},
	    .days = calloc(DAYS, sizeof(*row->days)),
	    .days_n = DAYS,
	    .hours = calloc(SPENDING_HOURS + 1, sizeof(*row->hours))};
	assert_non_null(row->days);
	assert_non_null(row->hours);
	for (int64_t i = 0; i < DAYS; i++) {
		struct spending_day *day = &row->days[i];

		day->day = JANUARY_S / HOUR_S / 24 + i;
		day->invocations = (i + 1 < DAYS ? 24 : SO_FAR % 24) * CALLS_PER_HOUR;
		day->usage.item[USAGE_AWS_REQUESTS] = day->invocations;
		day->usage.item[USAGE_AWS_MB_MS] = day->invocations * 12800;
	}
	spending->window.since_ns = JANUARY_S * CLOCK_NS_PER_S;
	spending->window.until_ns = (JANUARY_S + SO_FAR * HOUR_S) * CLOCK_NS_PER_S;
	spending->since_ns = spending->window.since_ns;
	spending->first_hour = JANUARY_S / HOUR_S + SO_FAR - SPENDING_HOURS;
	spending->with_hours = true;
	for (int64_t hour = SO_FAR - known; hour < SO_FAR; hour++)
		row->hours[JANUARY_S / HOUR_S + hour - spending->first_hour] =
		    CALLS_PER_HOUR;
}

/* Half a day before the month's end, all of it comes to 744 / 732 of what was. */
static void check_the_end_of_the_month(int64_t known)
{
	struct spending_row row;
	struct spending_row *rows[1] = {&row};
	struct spending spending = {.rows = rows, .n = 1};
	struct bill bill = {.terms = {.plan = plan_find("aws-lambda")}};
	struct book *book;
	struct bill_cell cell = {0};
	const char *missing;
	json_t *out = NULL;
	struct money total;
	struct money want;
	struct money off;

	assert_int_equal(book_open_embedded(&book), 0);
	fill(&spending, &row, known);
	bill.terms.book = book;
	for (size_t i = 0; i < row.days_n; i++) {
		cell.invocations += row.days[i].invocations;
		usage_add(&cell.usage, &row.days[i].usage);
	}
	assert_int_equal(bill_part_of(&bill, "", &cell.part), 0);
	assert_int_equal(bill_add(&bill, &row.function, 0, &cell, 1), 0);
	assert_int_equal(bill_price(&bill, &missing), 0);
	assert_int_equal(outlook_json(&bill, &spending,
			     (JANUARY_S + MONTH_HOURS * HOUR_S) * CLOCK_NS_PER_S, &out),
	    0);
	assert_int_equal(
	    money_parse(json_string_value(json_object_get(out, "total_usd")), &total), 0);
	want = money_scale(bill_total(&bill, NULL), MONTH_HOURS, SO_FAR);
	off = money_subtract(total, want);
	assert_true((off.pico < 0 ? -off.pico : off.pico) < want.pico / 10000);
	json_decref(out);
	bill_done(&bill);
	free(row.days);
	free(row.hours);
	book_free(book);
}

static void test_the_last_day_of_a_month_adds_its_share(void **state)
{
	(void)state;
	check_the_end_of_the_month(SO_FAR);
}

/* Hours may be kept for fewer days than the month has: hour_days. */
static void test_a_forecast_of_the_hours_that_are_known_is_of_the_month(void **state)
{
	(void)state;
	check_the_end_of_the_month(5 * 24 + SO_FAR % 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_last_day_of_a_month_adds_its_share),
	    cmocka_unit_test(test_a_forecast_of_the_hours_that_are_known_is_of_the_month),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
