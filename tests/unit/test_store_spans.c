/* Hours and days made of minutes: whatever is folded and whenever, each answer is the one
 * that the minutes alone give, to the last digit. */
#include "tests/unit/spans_compare.h"

static int set_up_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(pair->directory[i], sizeof(pair->directory[i]),
		    "/tmp/test_store_spans.XXXXXX");
		assert_non_null(mkdtemp(pair->directory[i]));
		assert_int_equal(store_open(pair->directory[i], &pair->store[i]), 0);
	}
	name_functions(pair);
	*state = pair;
	return 0;
}

static int tear_down_pair(void **state)
{
	struct pair *pair = *state;
	char command[128];

	for (int i = 0; i < 2; i++) {
		store_close(pair->store[i]);
		(void)snprintf(
		    command, sizeof(command), "rm -rf '%s'", pair->directory[i]);
		assert_int_equal(
		    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	}
	free(pair);
	return 0;
}

static size_t fold(struct store *store, int64_t now_ns)
{
	size_t steps = 0;
	int more;

	while ((more = store_fold(store, now_ns)) == 1)
		steps++;
	assert_int_equal(more, 0);
	return steps;
}

/* --- tests -----------------------------------------------------------------------------
 */

/* In order, late, ahead of time; folded at any moment in between. */
static void test_spans_tell_what_the_minutes_tell(void **state)
{
	struct pair *pair = *state;
	size_t steps = 0;

	pair->random = 4;
	for (int round = 0; round < 8; round++) {
		int64_t now = BEGIN + (int64_t)(round + 1) * DAYS * DAY / 8;

		for (int i = 0; i < 40; i++) {
			int64_t at = BEGIN + (int64_t)random_below(
						 &pair->random, (uint64_t)(now - BEGIN));

			put_random(pair, i % 3 ? now - at % (DAYS * DAY / 8) : at, 1);
		}
		if (round % 3 < 2)
			steps += fold(pair->store[1], now);
		if (round == 4) {
			store_close(pair->store[1]);
			assert_int_equal(
			    store_open(pair->directory[1], &pair->store[1]), 0);
		}
		compare(pair);
	}
	assert_true(steps > 50);
	assert_int_equal(fold(pair->store[0], BEGIN), 0); /* nothing is over */
	assert_true(fold(pair->store[1], BEGIN + 2 * DAYS * DAY) > 0);
	compare(pair);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_pair, tear_down_pair)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_spans_tell_what_the_minutes_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
