/* Change against noise: what is said of two draws from the same, and of two that differ.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/figures/change.h"
#include "tests/unit/random.h"

#define DRAWS 1000

static struct histogram draw(uint64_t *seed, int n, double median)
{
	struct histogram h = {0};

	for (int i = 0; i < n; i++)
		assert_int_equal(
		    histogram_add_ns(&h, (uint64_t)random_log_normal(seed, median, 0.8)),
		    0);
	return h;
}

static enum change compare(
    const struct histogram *now, const struct histogram *before, double q)
{
	double a = (double)now->sum / (double)now->count;
	double b = (double)before->sum / (double)before->count;

	return q > 0 ? change_of_quantiles(&now, &before, 1, q)
		     : change_of_means(a, &now, b, &before, 1);
}

/* q 0: the mean. How many of DRAWS pairs are said to differ. */
static int differing(int n, double median, double q)
{
	uint64_t seed = 7;
	int said = 0;

	for (int i = 0; i < DRAWS; i++) {
		struct histogram now = draw(&seed, n, median);
		struct histogram before = draw(&seed, n, 20e6);
		enum change change = compare(&now, &before, q);

		assert_int_not_equal(change, CHANGE_TOO_FEW);
		said += change != CHANGE_NONE;
		histogram_done(&now);
		histogram_done(&before);
	}
	return said;
}

static void test_noise_is_rarely_called_a_change(void **state)
{
	(void)state;
	assert_in_range(differing(1000, 20e6, 0.5), 0, DRAWS / 100);
	assert_in_range(differing(1000, 20e6, 0.95), 0, DRAWS / 100);
	assert_in_range(differing(1000, 20e6, 0), 0, DRAWS / 50);
}

static void test_a_change_is_seen(void **state)
{
	(void)state;
	assert_in_range(differing(1000, 28e6, 0.5), DRAWS * 98 / 100, DRAWS);
	assert_in_range(differing(1000, 40e6, 0.95), DRAWS * 98 / 100, DRAWS);
	assert_in_range(differing(1000, 28e6, 0), DRAWS * 98 / 100, DRAWS);
}

/* All values equal: what is left is the width of a bucket. */
static void test_no_change_within_the_histograms_error(void **state)
{
	struct histogram now = {0};
	struct histogram near = {0};
	struct histogram far = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(histogram_add_ns(&now, 1000000 + i % 2), 0);
		assert_int_equal(histogram_add_ns(&near, 1015000 + i % 2), 0);
		assert_int_equal(histogram_add_ns(&far, 1100000 + i % 2), 0);
	}
	assert_int_equal(compare(&now, &near, 0.5), CHANGE_NONE);
	assert_int_equal(compare(&far, &now, 0.5), CHANGE_UP);
	assert_int_equal(compare(&now, &far, 0.5), CHANGE_DOWN);
	histogram_done(&now);
	histogram_done(&near);
	histogram_done(&far);
}

static void test_few_values_say_nothing(void **state)
{
	uint64_t seed = 3;
	struct histogram few = draw(&seed, 10, 20e6);
	struct histogram many = draw(&seed, 500, 90e6);
	struct histogram none = {0};

	(void)state;
	assert_int_equal(compare(&few, &many, 0.95), CHANGE_TOO_FEW);
	assert_int_equal(compare(&many, &many, 0.99), CHANGE_TOO_FEW);
	assert_int_equal(compare(&many, &none, 0.5), CHANGE_TOO_FEW);
	assert_int_equal(compare(&few, &many, 0), CHANGE_TOO_FEW);
	assert_int_equal(change_of_counts(3, 60, 1, 60), CHANGE_TOO_FEW);
	histogram_done(&few);
	histogram_done(&many);
}

static enum change shares(uint64_t k, uint64_t n, uint64_t was_k, uint64_t was_n)
{
	return change_of_shares(
	    &(struct change_share){k, n}, &(struct change_share){was_k, was_n});
}

/* Two-sided p-values, of the corrected test of two proportions: 0.002 for 30 and 10 of
 * 1000, 0.098 for 20 and 10; of the exact binomial test at one half: 8e-6 for 1100 of
 * 2000, 0.027 for 1050. */
static void test_shares_and_counts_by_their_p_values(void **state)
{
	(void)state;
	assert_int_equal(shares(30, 1000, 10, 1000), CHANGE_UP);
	assert_int_equal(shares(10, 1000, 30, 1000), CHANGE_DOWN);
	assert_int_equal(shares(20, 1000, 10, 1000), CHANGE_NONE);
	assert_int_equal(shares(3, 100, 1, 100), CHANGE_TOO_FEW);
	assert_int_equal(shares(0, 100, 0, 9), CHANGE_NONE);
	assert_int_equal(shares(9, 9, 100, 100), CHANGE_NONE);
	assert_int_equal(shares(0, 0, 5, 9), CHANGE_TOO_FEW);
	assert_int_equal(change_of_counts(1100, 60, 900, 60), CHANGE_UP);
	assert_int_equal(change_of_counts(900, 60, 1100, 60), CHANGE_DOWN);
	assert_int_equal(change_of_counts(1050, 60, 950, 60), CHANGE_NONE);
	assert_int_equal(change_of_counts(100, 60, 1000, 600), CHANGE_NONE);
	assert_string_equal(change_name(CHANGE_TOO_FEW), "too_few");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_noise_is_rarely_called_a_change),
	    cmocka_unit_test(test_a_change_is_seen),
	    cmocka_unit_test(test_no_change_within_the_histograms_error),
	    cmocka_unit_test(test_few_values_say_nothing),
	    cmocka_unit_test(test_shares_and_counts_by_their_p_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
