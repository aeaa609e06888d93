/* Memory sizes worked out by hand: peak and a fifth, in steps of 64 MB on AWS Lambda. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "alerts/advice/memory.h"

#define MS 1000000ULL
#define HOUR 3600000000000LL
#define MIB (1024ULL * 1024)

/* 1000 invocations in a day, of 100 ms each, of which so many are CPU time. */
static struct measured measured_of(uint32_t limit_mb, uint64_t peak_mb, uint64_t cpu_ms)
{
	return (struct measured){
	    .function = {.platform = PLATFORM_AWS_LAMBDA, .memory_limit_mb = limit_mb},
	    .since_ns = HOUR,
	    .until_ns = 25 * HOUR,
	    .invocations = 1000,
	    .duration_ns = 100000 * MS,
	    .cpu_ns = 1000ULL * cpu_ms * MS,
	    .memory_max_bytes = peak_mb * MIB};
}

static struct memory_advice advise(const struct measured *measured, int64_t window_pico)
{
	struct memory_terms terms;
	struct memory_advice advice;
	bool has_size = advice_memory_terms(measured->function.platform, &terms);

	if (window_pico) {
		terms.window.pico = window_pico;
		terms.has_price = true;
	}
	advice_memory(measured, has_size ? &terms : NULL, &advice);
	return advice;
}

static void test_a_function_that_waits_gets_its_peak_and_a_fifth(void **state)
{
	struct measured m = measured_of(1024, 300, 1);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	assert_int_equal(advice.verdict, MEMORY_LOWER);
	assert_int_equal(advice.floor_mb, 384); /* 360 */
	assert_int_equal(advice.then_mb, 384);
	assert_true(fabs(advice.now_ms - 100) < 1e-6);
	assert_true(fabs(advice.then_ms -
			 100 * (99 + 1769.0 / 384) / (99 + 1769.0 / 1024)) < 1e-6);
	assert_non_null(strstr(advice.why, "300.0 MB"));
}

static void test_a_function_that_computes_keeps_the_memory_its_cpu_goes_by(void **state)
{
	struct measured m = measured_of(512, 100, 5);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	/* 95 + 5 x 1769 / m is less than a tenth above that of 512 MB from 311 MB on */
	assert_int_equal(advice.floor_mb, 128);
	assert_int_equal(advice.then_mb, 320);
	m = measured_of(512, 100, 100);
	advice = advise(&m, 0);
	assert_int_equal(advice.verdict, MEMORY_KEEP);
	assert_int_equal(advice.then_mb, 512);
	assert_non_null(strstr(advice.why, "slower"));
}

static void test_above_a_whole_cpu_memory_changes_no_duration(void **state)
{
	struct measured m = measured_of(4096, 1600, 100);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	assert_int_equal(advice.then_mb, 1920);
	assert_true(fabs(advice.then_ms - 100) < 1e-6);
}

static void test_a_peak_near_the_limit_raises_it(void **state)
{
	struct measured m = measured_of(256, 250, 1);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	assert_int_equal(advice.verdict, MEMORY_RAISE);
	assert_int_equal(advice.then_mb, 320);
}

static void test_memory_that_ran_out_raises_it_by_half(void **state)
{
	struct measured m = measured_of(256, 255, 1);
	struct memory_advice advice;

	(void)state;
	m.ooms = 2;
	advice = advise(&m, 0);
	assert_int_equal(advice.then_mb, 384);
	assert_non_null(strstr(advice.why, "ran out 2 times"));
}

static void test_a_size_that_is_not_sold_is_said_to_be_none(void **state)
{
	struct measured m = measured_of(10240, 9000, 1);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	assert_int_equal(advice.verdict, MEMORY_KEEP);
	assert_int_equal(advice.then_mb, 10240);
	assert_non_null(strstr(advice.why,
	    "with 20 % of headroom 10800 MB. The platform has 10240 MB at most."));
}

static void test_where_it_ran_out_is_a_reason_only_where_it_sets_the_size(void **state)
{
	struct measured m = measured_of(0, 100, 1); /* its size is not known */
	struct memory_advice advice;

	(void)state;
	m.ooms = 2;
	advice = advise(&m, 0);
	assert_int_equal(advice.then_mb, 128);
	assert_non_null(strstr(advice.why, "peak of 1000 invocations was 100.0 MB"));
	assert_null(strstr(advice.why, "ran out"));
	m = measured_of(256, 400, 1); /* it was larger once */
	m.ooms = 2;
	advice = advise(&m, 0);
	assert_int_equal(advice.then_mb, 512);
	assert_null(strstr(advice.why, "ran out"));
}

static void test_a_bill_follows_size_and_duration(void **state)
{
	struct measured m = measured_of(1024, 100, 0);
	struct memory_advice advice;

	(void)state;
	m.function.platform = PLATFORM_OPENFAAS;
	advice = advise(&m, 24000000LL); /* of a day */
	assert_int_equal(advice.then_mb, 128);
	assert_true(advice.now.pico == 730000000);
	assert_true(advice.then.pico == 91250000);
}

static void test_what_is_not_known_is_not_advised(void **state)
{
	struct measured m = measured_of(256, 0, 1);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	assert_int_equal(advice.verdict, MEMORY_NOT_SEEN);
	assert_int_equal(advice.then_mb, 0);
	m = measured_of(256, 100, 1);
	m.invocations = 49;
	assert_int_equal(advise(&m, 0).verdict, MEMORY_TOO_LITTLE_SEEN);
	m = measured_of(256, 100, 1);
	m.until_ns = m.since_ns + HOUR - 1;
	assert_int_equal(advise(&m, 0).verdict, MEMORY_TOO_LITTLE_SEEN);
	m = measured_of(0, 100, 1);
	advice = advise(&m, 1000);
	assert_int_equal(advice.verdict, MEMORY_SET);
	assert_int_equal(advice.then_mb, 128);
	assert_true(advice.now.pico == 0);
	m.function.platform = PLATFORM_AZURE_FUNCTIONS;
	assert_int_equal(advise(&m, 0).verdict, MEMORY_NOTHING_TO_SET);
}

static void test_without_cpu_time_less_memory_is_said_to_be_a_try(void **state)
{
	struct measured m = measured_of(1024, 100, 0);
	struct memory_advice advice = advise(&m, 0);

	(void)state;
	assert_int_equal(advice.then_mb, 128);
	assert_non_null(strstr(advice.why, "CPU time is not known"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_function_that_waits_gets_its_peak_and_a_fifth),
	    cmocka_unit_test(
		test_a_function_that_computes_keeps_the_memory_its_cpu_goes_by),
	    cmocka_unit_test(test_above_a_whole_cpu_memory_changes_no_duration),
	    cmocka_unit_test(test_a_peak_near_the_limit_raises_it),
	    cmocka_unit_test(test_memory_that_ran_out_raises_it_by_half),
	    cmocka_unit_test(test_a_size_that_is_not_sold_is_said_to_be_none),
	    cmocka_unit_test(
		test_where_it_ran_out_is_a_reason_only_where_it_sets_the_size),
	    cmocka_unit_test(test_a_bill_follows_size_and_duration),
	    cmocka_unit_test(test_what_is_not_known_is_not_advised),
	    cmocka_unit_test(test_without_cpu_time_less_memory_is_said_to_be_a_try),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
