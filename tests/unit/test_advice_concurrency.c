/* Cases worked out by hand at the prices of AWS Lambda, x86_64, us-east-1: on demand
 * 16.6667, provisioned 4.1667 and 9.7222 micro-dollars per GB-s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/advice/concurrency.h"

#define S 1000000000LL
#define HOUR (3600 * S)
#define T0 (1000 * HOUR)

static const struct lambda_rates rates = {.request = {200000},
    .gb_s = {16666700},
    .has_pc = true,
    .pc_idle_gb_s = {4166700},
    .pc_duration_gb_s = {9722200}};

static struct advice_terms terms_of(int64_t hours, uint32_t memory_mb)
{
	return (struct advice_terms){.since_ns = T0,
	    .until_ns = T0 + hours * HOUR,
	    .memory_mb = memory_mb,
	    .rates = rates};
}

/* n invocations of run_ns each, every step_ns, from T0. */
static struct advice_interval *series(
    size_t n, int64_t step_ns, int64_t run_ns, int cold_every)
{
	struct advice_interval *list = calloc(n + 1, sizeof(*list));

	assert_non_null(list);
	for (size_t i = 0; i < n; i++) {
		list[i].start_ns = T0 + (int64_t)i * step_ns;
		list[i].end_ns = list[i].start_ns + run_ns;
		list[i].cold = cold_every && i % (size_t)cold_every == 0;
		list[i].init_ms = list[i].cold ? 1000 : 0;
	}
	return list;
}

static struct advice *advise(
    const struct advice_interval *list, size_t n, const struct advice_terms *terms)
{
	struct advice *advice = malloc(sizeof(*advice));

	assert_non_null(advice);
	assert_int_equal(advice_concurrency(list, n, terms, advice), 0);
	return advice;
}

static void test_slots_fill_in_order(void **state)
{
	/* a: 0-10, b: 5-15, c: 20-30; concurrency 2 from 5 to 10 */
	static const struct advice_interval list[] = {
	    {.start_ns = T0, .end_ns = T0 + 10 * S, .cold = true},
	    {.start_ns = T0 + 5 * S, .end_ns = T0 + 15 * S, .cold = true},
	    {.start_ns = T0 + 20 * S, .end_ns = T0 + 30 * S}};
	struct advice_terms terms = terms_of(1, 1024);
	struct advice *a = advise(list, 3, &terms);

	(void)state;
	assert_int_equal(a->slots_n, 2);
	assert_int_equal(a->slots[0].busy_ns, 25 * S);
	assert_int_equal(a->slots[0].starts, 2);
	assert_int_equal(a->slots[0].cold, 1);
	assert_int_equal(a->slots[1].busy_ns, 5 * S);
	assert_int_equal(a->slots[1].starts, 1);
	assert_int_equal(a->slots[1].cold, 1);
	free(a);
}

static void test_an_end_frees_its_slot_for_a_start_of_the_same_moment(void **state)
{
	struct advice_terms terms = terms_of(1, 1024);
	struct advice_interval *list = series(3600, S, S, 0);
	struct advice *a = advise(list, 3600, &terms);

	(void)state;
	assert_int_equal(a->slots_n, 1);
	assert_int_equal(a->slots[0].busy_ns, HOUR);
	free(a);
	free(list);
}

/* Break-even: 4.1667 / (16.6667 - 9.7222) = 0.59999. */
static void test_a_slot_pays_from_sixty_percent(void **state)
{
	struct advice_terms terms = terms_of(2, 512);
	struct advice_interval *list = series(7200, S, S / 1000 * 590, 0);
	struct advice *a = advise(list, 7200, &terms);

	(void)state;
	assert_true(fabs(advice_break_even_pct(&rates) - 60.0) < 0.01);
	assert_int_equal(a->provisioned, 0);
	assert_true(a->enough_data);
	assert_non_null(strstr(a->why, "Reserve nothing"));
	assert_true(money_compare(a->now, a->then) == 0);
	free(a);
	free(list);
	list = series(7200, S, S / 1000 * 610, 0);
	a = advise(list, 7200, &terms);
	assert_int_equal(a->provisioned, 1);
	assert_true(money_compare(a->now, a->then) > 0);
	free(a);
	free(list);
}

/* One GB, two hours, one slot always busy, no cold start: on demand 7200 GB-s x 16.6667 =
 * $0.12000024, provisioned 7200 x (4.1667 + 9.7222) = $0.09999..., and 7200 requests at
 * 0.2 micro-dollars = $0.00144 in both. */
static void test_costs_are_exact(void **state)
{
	struct advice_terms terms = terms_of(2, 1024);
	struct advice_interval *list = series(7200, S, S, 0);
	struct advice *a = advise(list, 7200, &terms);
	struct money requests = {(__int128)7200 * 200000};

	(void)state;
	assert_true(a->now.pico == (__int128)7200 * 16666700 + requests.pico);
	assert_true(a->then.pico == (__int128)7200 * (4166700 + 9722200) + requests.pico);
	/* a month of 730 hours is 365 such windows */
	assert_true(
	    advice_month(a->now, a->window_ns).pico == (__int128)a->now.pico * 365);
	free(a);
	free(list);
}

/* A slot busy 10 % of the time, with a cold start of 1 s each minute. At 1 GB an hour of
 * it saves 360 x 6.9445 = 2500 and 60 x 16.6667 = 1000 micro-dollars and costs 15000: no.
 * With a cold start worth $0.001 it saves 60000 more: yes. */
static void test_cold_starts_count_at_their_worth(void **state)
{
	struct advice_terms terms = terms_of(3, 1024);
	struct advice_interval *list = series(180, 60 * S, 6 * S, 1);
	struct advice *a = advise(list, 180, &terms);

	(void)state;
	assert_int_equal(a->provisioned, 0);
	assert_int_equal(a->cold, 180);
	assert_int_equal(a->cold_avoided, 0);
	free(a);
	terms.cold_start.pico = 1000000000;
	a = advise(list, 180, &terms);
	assert_int_equal(a->provisioned, 1);
	assert_int_equal(a->cold_avoided, 180);
	/* by the bill alone it costs more: 180 x 6 GB-s and 180 x 1 s of init on demand
	 */
	assert_true(a->now.pico == (__int128)180 * 7 * 16666700 + (__int128)180 * 200000);
	assert_true(a->then.pico == (__int128)10800 * 4166700 +
					(__int128)180 * 6 * 9722200 +
					(__int128)180 * 200000);
	assert_non_null(strstr(a->why, "rises"));
	free(a);
	free(list);
}

/* Three at once for 70 %, of the time, five more for a second: three slots. */
static void test_only_the_busy_slots_are_reserved(void **state)
{
	struct advice_terms terms = terms_of(1, 256);
	struct advice_interval *list = calloc(305, sizeof(*list));
	size_t n = 0;
	struct advice *a;

	(void)state;
	for (int64_t k = 0; k < 100; k++)
		for (int i = 0; i < 3; i++)
			list[n++] = (struct advice_interval){.start_ns = T0 + k * 36 * S,
			    .end_ns = T0 + k * 36 * S + 26 * S};
	for (int i = 0; i < 5; i++)
		list[n++] = (struct advice_interval){
		    .start_ns = T0 + 3564 * S, .end_ns = T0 + 3565 * S};
	a = advise(list, n, &terms);
	assert_int_equal(a->slots_n, 8);
	assert_int_equal(a->provisioned, 3);
	assert_true(a->enough_data);
	free(a);
	free(list);
}

static void test_little_data_is_said_to_be_little(void **state)
{
	struct advice_terms terms = terms_of(1, 256);
	struct advice_interval *list = series(49, S, S, 0);
	struct advice *a = advise(list, 49, &terms);

	(void)state;
	assert_false(a->enough_data);
	assert_non_null(strstr(a->why, "Too little"));
	assert_non_null(strstr(a->why, "49 invocations in 60 minutes"));
	free(a);
	terms.until_ns = T0 + 15 * S;
	a = advise(list, 15, &terms);
	assert_non_null(strstr(a->why, "15 invocations in 0.2 minutes"));
	free(a);
	terms.until_ns = T0 + HOUR - 1;
	a = advise(list, 49, &terms);
	assert_false(a->enough_data);
	free(a);
	free(list);
}

static void test_no_invocations_and_no_price_are_answered(void **state)
{
	struct advice_terms terms = terms_of(2, 128);
	struct advice_interval *list = series(100, S, S, 0);
	struct advice *a = advise(list, 0, &terms);

	(void)state;
	assert_int_equal(a->slots_n, 0);
	assert_int_equal(a->provisioned, 0);
	free(a);
	terms.rates.has_pc = false;
	a = advise(list, 100, &terms);
	assert_int_equal(a->provisioned, 0);
	assert_non_null(strstr(a->why, "no price"));
	free(a);
	free(list);
}

static void test_more_slots_than_the_limit_are_bounded(void **state)
{
	struct advice_terms terms = terms_of(1, 128);
	size_t n = ADVICE_MAX_SLOTS + 500;
	struct advice_interval *list = series(n, 1, HOUR - 10000, 0);
	struct advice *a = advise(list, n, &terms);

	(void)state;
	assert_int_equal(a->slots_n, ADVICE_MAX_SLOTS);
	assert_int_equal(a->provisioned, ADVICE_MAX_SLOTS);
	free(a);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_slots_fill_in_order),
	    cmocka_unit_test(test_an_end_frees_its_slot_for_a_start_of_the_same_moment),
	    cmocka_unit_test(test_a_slot_pays_from_sixty_percent),
	    cmocka_unit_test(test_costs_are_exact),
	    cmocka_unit_test(test_cold_starts_count_at_their_worth),
	    cmocka_unit_test(test_only_the_busy_slots_are_reserved),
	    cmocka_unit_test(test_little_data_is_said_to_be_little),
	    cmocka_unit_test(test_no_invocations_and_no_price_are_answered),
	    cmocka_unit_test(test_more_slots_than_the_limit_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
