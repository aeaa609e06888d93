/* Is serverless still right: the prices of the book that is built in, worked by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "alerts/advice/plan.h"

#define MS 1000000ULL
#define HOUR_NS 3600000000000ULL
#define MIB (1024ULL * 1024)
#define WINDOW_NS (240ULL * HOUR_NS) /* ten days */

static int open_book(void **state)
{
	return book_open_embedded((struct book **)state);
}

static int close_book(void **state)
{
	book_free(*state);
	return 0;
}

/* Ten days of a function that is busy for that share of the time, evenly. */
static struct measured busy(double share)
{
	return (struct measured){.function = {.platform = PLATFORM_AWS_LAMBDA,
				     .arch = ARCH_X86_64,
				     .memory_limit_mb = 1769,
				     .region = "us-east-1"},
	    .until_ns = (int64_t)WINDOW_NS,
	    .invocations = 100000,
	    .duration_ns = (uint64_t)(share * WINDOW_NS),
	    .busy_ns = (uint64_t)(share * WINDOW_NS),
	    .cpu_ns = (uint64_t)(share * WINDOW_NS),
	    .hour_busy_ns = (uint64_t)(share * HOUR_NS),
	    .hour_cpu_ns = (uint64_t)(share * HOUR_NS),
	    .memory_max_bytes = 1400 * MIB,
	    .duration_p99_ns = 50 * MS,
	    .duration_max_ns = 60 * MS,
	    .warm_p50_ns = 20 * MS,
	    .warm_p95_ns = 40 * MS};
}

static const struct plan_finding *find(
    const struct plan_advice *advice, enum plan_check check)
{
	for (size_t i = 0; i < advice->findings_n; i++)
		if (advice->findings[i].check == check)
			return &advice->findings[i];
	return NULL;
}

static double number(const struct plan_finding *finding, const char *key)
{
	for (size_t i = 0; finding && i < finding->numbers_n; i++)
		if (strcmp(finding->numbers[i].key, key) == 0)
			return finding->numbers[i].value;
	return -1;
}

static struct plan_advice advise(const struct measured *measured)
{
	struct plan_terms terms = {.target_ms = ADVICE_PLAN_TARGET_MS};
	struct plan_advice advice;

	advice_plan(measured, &terms, &advice);
	return advice;
}

/* 0.10365 dollars for each busy hour of 1,769 MB, 730 hours. */
static struct plan_advice advise_steady(
    void **state, const struct measured *measured, double share)
{
	static struct always_on options[ALWAYS_ON_MAX];
	struct always_on_need need = {.provider = "aws",
	    .region = measured->function.region,
	    .arch = measured->function.arch};
	struct plan_terms terms = {.target_ms = ADVICE_PLAN_TARGET_MS,
	    .has_cost = true,
	    .month = {(int64_t)(share * 0.10365 * 730 * 1e12)},
	    .options = options};
	struct plan_advice advice;

	advice_plan_need(measured, &need);
	terms.options_n = always_on_find(*state, &need, options);
	advice_plan(measured, &terms, &advice);
	return advice;
}

static void test_one_vcpu_of_fargate_is_found_with_its_price(void **state)
{
	struct always_on options[ALWAYS_ON_MAX];
	const struct always_on_need need = {.provider = "aws",
	    .region = "us-east-1",
	    .arch = ARCH_X86_64,
	    .cpu_milli = 1000,
	    .memory_mb = 1769,
	    .least_memory_mb = 1769,
	    .least_cpu_milli = 1000};
	struct money month;

	assert_int_equal(always_on_find(*state, &need, options), 2);
	assert_string_equal(options[0].kind, "fargate");
	assert_string_equal(options[0].size, "1 vCPU, 2 GB");
	assert_int_equal(options[0].count, 1);
	/* (0.04048 + 2 x 0.004445) x 730 */
	assert_int_equal(money_parse("36.0401", &month), 0);
	assert_int_equal(money_compare(options[0].month, month), 0);
	assert_string_equal(options[1].kind, "vm");
	assert_string_equal(options[1].size, "m7i.large");
	assert_int_equal(money_parse("73.584", &month), 0);
	assert_int_equal(money_compare(options[1].month, month), 0);
}

static void test_an_instance_has_the_cpu_that_one_invocation_uses(void **state)
{
	struct always_on options[ALWAYS_ON_MAX];
	struct always_on_need need = {.provider = "aws",
	    .region = "us-east-1",
	    .cpu_milli = 600,
	    .memory_mb = 500,
	    .least_memory_mb = 500,
	    .least_cpu_milli = 100};

	(void)always_on_find(*state, &need, options);
	assert_string_equal(options[0].size, "0.25 vCPU, 0.5 GB");
	assert_int_equal(options[0].count, 3);
	need.least_cpu_milli = 300;
	(void)always_on_find(*state, &need, options);
	assert_string_equal(options[0].size, "0.5 vCPU, 1 GB");
	assert_int_equal(options[0].count, 2);
}

static void test_every_provider_has_something_that_runs_all_the_time(void **state)
{
	static const char *const providers[] = {"aws", "azure", "gcp"};
	struct always_on options[ALWAYS_ON_MAX];

	for (size_t i = 0; i < 3; i++) {
		const struct always_on_need need = {.provider = providers[i],
		    .region = "nowhere-1",
		    .cpu_milli = 5000,
		    .memory_mb = 3000,
		    .least_memory_mb = 300};
		size_t n = always_on_find(*state, &need, options);

		assert_int_equal(n, 2);
		for (size_t k = 0; k < n; k++)
			assert_true(options[k].count >= 2 && options[k].price);
	}
}

/* Requests alone cost money, but there is no time from which on more of it pays. */
static void test_where_no_time_was_measured_none_is_said_to_pay(void **state)
{
	struct measured m = busy(0);
	struct plan_advice advice = advise_steady(state, &m, 0.001);

	assert_null(find(&advice, PLAN_STEADY));
}

static void test_a_load_that_is_steady_is_cheaper_all_the_time(void **state)
{
	struct measured m = busy(0.65);
	struct plan_advice advice = advise_steady(state, &m, 0.65);
	const struct plan_finding *steady = find(&advice, PLAN_STEADY);

	assert_non_null(steady);
	assert_int_equal(steady->verdict, PLAN_ACT);
	assert_int_equal(advice.verdict, PLAN_ACT);
	assert_true(fabs(number(steady, "busy_pct") - 65) < 0.01);
	/* 36.0401 / (0.10365 x 730) = 47.6 % */
	assert_true(fabs(number(steady, "break_even_pct") - 47.63) < 0.01);
	assert_non_null(strstr(steady->why, "1 x 1 vCPU, 2 GB (fargate, us-east-1)"));
	assert_true(steady->what[0] != '\0');
}

static void test_a_load_that_is_seldom_there_stays_serverless(void **state)
{
	struct measured m = busy(0.02);
	struct plan_advice advice = advise_steady(state, &m, 0.02);

	assert_int_equal(find(&advice, PLAN_STEADY)->verdict, PLAN_FITS);
	assert_int_equal(advice.verdict, PLAN_FITS);
}

static void test_a_busiest_hour_is_paid_all_day(void **state)
{
	struct measured m = busy(0.1);
	struct plan_advice advice;

	m.hour_busy_ns = m.busy_ns; /* all of it in one hour */
	m.hour_cpu_ns = m.hour_busy_ns;
	advice = advise_steady(state, &m, 0.1);
	assert_int_equal(find(&advice, PLAN_STEADY)->verdict, PLAN_FITS);
	assert_true(number(find(&advice, PLAN_STEADY), "break_even_pct") > 100);
}

static void test_less_than_a_day_tells_no_steadiness(void **state)
{
	struct measured m = busy(0.9);
	struct plan_advice advice;

	m.until_ns = (int64_t)(23 * HOUR_NS);
	advice = advise_steady(state, &m, 0.9);
	assert_int_equal(find(&advice, PLAN_STEADY)->verdict, PLAN_UNKNOWN);
}

static void test_a_p95_that_is_a_cold_start_misses_the_target(void **state)
{
	struct measured m = busy(0.02);
	struct plan_advice advice;

	(void)state;
	m.init_p50_ns = 400 * MS;
	m.cold = 4000;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_LATENCY)->verdict, PLAN_CONSIDER);
	m.cold = 6000;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_LATENCY)->verdict, PLAN_ACT);
	assert_non_null(strstr(find(&advice, PLAN_LATENCY)->what, "cold start"));
	m.init_p50_ns = 50 * MS;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_LATENCY)->verdict, PLAN_FITS);
	m.warm_p95_ns = 150 * MS;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_LATENCY)->verdict, PLAN_CONSIDER);
	assert_non_null(strstr(find(&advice, PLAN_LATENCY)->what, "itself"));
}

static void test_durations_near_the_limit_are_to_be_split(void **state)
{
	struct measured m = busy(0.02);
	struct plan_advice advice = advise(&m);

	(void)state;
	assert_int_equal(find(&advice, PLAN_TIMEOUT)->verdict, PLAN_FITS);
	m.duration_p99_ns = 460e9;
	m.duration_max_ns = 500e9;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_TIMEOUT)->verdict, PLAN_CONSIDER);
	m.duration_max_ns = 720e9;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_TIMEOUT)->verdict, PLAN_ACT);
	assert_true(number(find(&advice, PLAN_TIMEOUT), "limit_s") == 900);
	m = busy(0.02);
	m.function.platform = PLATFORM_OPENFAAS;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_TIMEOUT)->verdict, PLAN_FITS);
	assert_true(number(find(&advice, PLAN_TIMEOUT), "limit_s") == -1);
	m.timeouts = 1;
	advice = advise(&m);
	assert_int_equal(find(&advice, PLAN_TIMEOUT)->verdict, PLAN_ACT);
}

static void test_open_connections_and_built_state_are_told(void **state)
{
	struct measured m = busy(0.02);
	struct plan_advice advice = advise(&m);

	(void)state;
	assert_null(find(&advice, PLAN_CONNECTIONS));
	assert_null(find(&advice, PLAN_MEMORY_STATE));
	m.scanned = 200;
	m.upgraded = 50;
	m.upgraded_ns = 1500000 * MS;
	m.firsts = 10;
	m.first_p50_ns = 61 * MS;
	advice = advise(&m);
	assert_true(number(find(&advice, PLAN_CONNECTIONS), "upgraded_pct") == 25);
	assert_true(number(find(&advice, PLAN_CONNECTIONS), "open_s_mean") == 30);
	assert_int_equal(find(&advice, PLAN_MEMORY_STATE)->verdict, PLAN_CONSIDER);
	m.first_p50_ns = 59 * MS;
	advice = advise(&m);
	assert_null(find(&advice, PLAN_MEMORY_STATE));
}

static void test_too_little_gives_no_findings(void **state)
{
	struct measured m = busy(0.5);
	struct plan_advice advice;

	(void)state;
	m.invocations = 10;
	advice = advise(&m);
	assert_false(advice.enough_data);
	assert_int_equal(advice.findings_n, 0);
	assert_int_equal(advice.verdict, PLAN_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_vcpu_of_fargate_is_found_with_its_price),
	    cmocka_unit_test(test_an_instance_has_the_cpu_that_one_invocation_uses),
	    cmocka_unit_test(test_every_provider_has_something_that_runs_all_the_time),
	    cmocka_unit_test(test_where_no_time_was_measured_none_is_said_to_pay),
	    cmocka_unit_test(test_a_load_that_is_steady_is_cheaper_all_the_time),
	    cmocka_unit_test(test_a_load_that_is_seldom_there_stays_serverless),
	    cmocka_unit_test(test_a_busiest_hour_is_paid_all_day),
	    cmocka_unit_test(test_less_than_a_day_tells_no_steadiness),
	    cmocka_unit_test(test_a_p95_that_is_a_cold_start_misses_the_target),
	    cmocka_unit_test(test_durations_near_the_limit_are_to_be_split),
	    cmocka_unit_test(test_open_connections_and_built_state_are_told),
	    cmocka_unit_test(test_too_little_gives_no_findings),
	};

	return cmocka_run_group_tests(tests, open_book, close_book);
}
