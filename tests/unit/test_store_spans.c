/* Hours, days, stretches and quarters of days made of minutes: whatever is folded and
 * whenever, each answer is the one that the minutes alone give, to the last digit. */
#include <sqlite3.h>

#include "tests/unit/spans_compare.h"

#define LONG_DAYS 72LL

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

static void close_third(struct pair *pair)
{
	char command[128];

	store_close(pair->store[2]);
	pair->store[2] = NULL;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", pair->directory[2]);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
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
	if (pair->store[2])
		close_third(pair);
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

/* Opens a copy of the second ledger as version 6 left it: without stretches. */
static void open_older(struct pair *pair)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(pair->directory[2], sizeof(pair->directory[2]),
	    "/tmp/test_store_spans.XXXXXX");
	assert_non_null(mkdtemp(pair->directory[2]));
	assert_int_equal(rmdir(pair->directory[2]), 0);
	assert_int_equal(store_backup(pair->directory[1], pair->directory[2]), 0);
	(void)snprintf(path, sizeof(path), "%s/main.db", pair->directory[2]);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "DROP TABLE stretch_made; DROP TABLE stretch_rollup;"
			     "PRAGMA user_version=7",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_open(pair->directory[2], &pair->store[2]), 0);
}

/* How many rows of stretches tell a window, by level, and of quarters of days. */
struct levels {
	size_t rows[5];
	size_t quarters;
};

static int see_level(void *context, const struct store_span *span)
{
	struct levels *levels = context;

	for (int level = 1; span->add && level < 5; level++)
		levels->rows[level] += span->seconds * CLOCK_NS_PER_S == DAY << level;
	levels->quarters += span->seconds * CLOCK_NS_PER_S == DAY / 4;
	return 0;
}

static struct levels levels_between(struct store *store, int64_t since, int64_t until)
{
	const struct store_window window = {.since_ns = since, .until_ns = until};
	struct levels levels = {{0}, 0};

	assert_int_equal(store_scan_spans(store, &window, see_level, &levels), 0);
	return levels;
}

static struct levels levels_of(struct store *store)
{
	return levels_between(store, 0, INT64_MAX);
}

static void put_some(struct pair *pair, int n, int64_t from, int64_t until)
{
	for (; n > 0; n--)
		put_random(pair,
		    from + (int64_t)random_below(&pair->random, (uint64_t)(until - from)),
		    1);
}

static void test_stretches_tell_what_the_minutes_tell(void **state)
{
	struct pair *pair = *state;
	struct levels levels;

	pair->random = 11;
	for (int round = 0; round < 4; round++) {
		int64_t before = BEGIN + round * LONG_DAYS * DAY / 4;
		int64_t now = before + LONG_DAYS * DAY / 4;

		put_some(pair, 40, before, now);
		put_some(pair, round % 2 * 10, BEGIN - 5 * DAY, now); /* late */
		if (round % 3 == 1)
			fold(pair->store[1], now);
		for (uint64_t i = random_below(&pair->random, 200); i > 0; i--)
			assert_true(store_fold(pair->store[1], now) >= 0);
		compare_over(pair, LONG_DAYS * DAY, 2 * LONG_DAYS * DAY);
	}
	fold(pair->store[1], BEGIN + (LONG_DAYS + 16) * DAY);
	levels = levels_of(pair->store[1]);
	assert_true(levels.rows[4] > 0);
	compare_over(pair, LONG_DAYS * DAY, LONG_DAYS * DAY);
}

/* What comes for a day before the first stretch, when that is made and the longer one
 * around it is not yet. */
static void test_a_late_day_before_the_first_stretch_is_told(void **state)
{
	struct pair *pair = *state;
	int64_t since = (BEGIN / DAY / 16 + 1) * 16 * DAY;
	const struct window window = {since, since + 4 * DAY};
	struct levels levels;
	int steps = 0;

	pair->random = 14;
	put_random(pair, since + 2 * DAY, 1);
	do {
		assert_int_equal(store_fold(pair->store[1], since + 5 * DAY), 1);
		levels = levels_of(pair->store[1]);
	} while (!levels.rows[1] && ++steps < 10);
	assert_true(levels.rows[1] > 0);
	put_random(pair, since + 2 * HOUR, 1);
	fold(pair->store[1], since + 6 * DAY);
	compare_tallies(pair, &window, NULL);
}

/* Where both are asked about days: what expired is told by neither. */
static void compare_days(struct pair *pair)
{
	for (int i = 0; i < WINDOWS; i++) {
		int64_t since =
		    BEGIN + (int64_t)random_below(&pair->random, LONG_DAYS) * DAY;
		struct window window = {since,
		    since + DAY * (1 + (int64_t)random_below(&pair->random, LONG_DAYS))};
		struct pair days = {.store = {pair->store[1], pair->store[2]}};

		compare_tallies(&days, &window, i % 3 ? NULL : "versions");
	}
}

/* An older ledger is right before, while and after it gets its stretches. */
static void test_an_older_ledger_gets_stretches(void **state)
{
	struct pair *pair = *state;
	struct levels levels;
	int steps = 0;

	pair->random = 12;
	put_some(pair, 150, BEGIN, BEGIN + LONG_DAYS * DAY);
	fold(pair->store[1], BEGIN + (LONG_DAYS + 1) * DAY);
	open_older(pair);
	levels = levels_of(pair->store[2]);
	assert_int_equal(levels.rows[1] + levels.rows[4], 0);
	compare_days(pair);
	while (store_fold(pair->store[2], BEGIN + (LONG_DAYS + 1) * DAY) == 1) {
		if (steps++ % 10 == 0)
			compare_days(pair);
	}
	assert_true(steps > 30);
	compare_days(pair);
	levels = levels_of(pair->store[2]);
	assert_true(levels.rows[4] > 0);
}

/* A stretch in the midst of which days expire is read no more, and what comes late to a
 * day of it is told by the day. */
static void test_stretches_expire_with_their_days(void **state)
{
	struct pair *pair = *state;
	/* hours of neither, so that both have the same ones to tell cuts by */
	struct store_keep keep = {.minutes_since_ns = BEGIN + LONG_DAYS * DAY,
	    .hours_since_ns = BEGIN + LONG_DAYS * DAY};

	pair->random = 13;
	put_some(pair, 150, BEGIN, BEGIN + LONG_DAYS * DAY);
	fold(pair->store[1], BEGIN + (LONG_DAYS + 1) * DAY);
	for (int64_t day = 3; day < LONG_DAYS; day += 23) {
		keep.days_since_ns = BEGIN + day * DAY;
		assert_int_equal(store_expire(pair->store[1], &keep), 0);
		keep.days_since_ns = 0;
		open_older(pair);
		assert_int_equal(store_expire(pair->store[2], &keep), 0);
		compare_days(pair);
		close_third(pair);
		put_some(pair, 20, BEGIN + (day - 3) * DAY, BEGIN + (day + 20) * DAY);
		fold(pair->store[1], BEGIN + (LONG_DAYS + 1) * DAY);
		open_older(pair);
		assert_int_equal(store_expire(pair->store[2], &keep), 0);
		compare_days(pair);
		close_third(pair);
	}
	assert_true(levels_of(pair->store[1]).rows[1] > 0);
}

/* Windows of hours, of which the second ledger has quarters and the third has none. */
static void compare_hours(struct pair *pair, int64_t from, int64_t until)
{
	for (int i = 0; i < WINDOWS; i++) {
		int64_t hours = (until - from) / HOUR;
		int64_t since = (int64_t)random_below(&pair->random, (uint64_t)hours - 1);
		int64_t n =
		    1 + (int64_t)random_below(&pair->random, (uint64_t)(hours - since));
		struct window window = {from + since * HOUR, from + (since + n) * HOUR};
		struct pair hours_of = {.store = {pair->store[1], pair->store[2]}};

		compare_tallies(&hours_of, &window, i % 3 ? NULL : "versions");
	}
}

static void test_quarters_expire_with_their_hours(void **state)
{
	struct pair *pair = *state;
	struct store_keep keep = {.minutes_since_ns = BEGIN + 5 * DAY};
	size_t quarters = 0;

	pair->random = 16;
	put_some(pair, 150, BEGIN, BEGIN + 4 * DAY);
	fold(pair->store[1], BEGIN + 5 * DAY);
	for (int64_t hour = 2; hour < 90; hour += 25) {
		int64_t since = BEGIN + hour * HOUR;

		keep.hours_since_ns = since;
		for (int late = 0; late < 2; late++) {
			assert_int_equal(store_expire(pair->store[1], &keep), 0);
			open_older(pair);
			assert_int_equal(store_expire(pair->store[2], &keep), 0);
			compare_hours(pair, since, BEGIN + 4 * DAY);
			compare_hours(pair, BEGIN, BEGIN + 4 * DAY);
			assert_int_equal(levels_of(pair->store[2]).quarters, 0);
			close_third(pair);
			quarters +=
			    levels_between(pair->store[1], since, BEGIN + 4 * DAY - HOUR)
				.quarters;
			if (late == 0)
				put_some(pair, 20, since, BEGIN + 4 * DAY);
			fold(pair->store[1], BEGIN + 5 * DAY);
		}
	}
	assert_true(quarters > 50);
}

#define MANY 150 /* functions: more than two ranges of them */

struct ranges {
	const struct tallies *all;
	size_t seen;
	size_t most;
};

static int compare_range(void *context, const struct tallies *some)
{
	struct ranges *ranges = context;

	for (size_t i = 0; i < some->n; i++) {
		const struct tally *a = some->rows[i];
		const struct tally *b;
		size_t k = 0;

		while (k < ranges->all->n &&
		       !function_is_same(&a->function, &ranges->all->rows[k]->function))
			k++;
		assert_true(k < ranges->all->n);
		b = ranges->all->rows[k];
		expect_same_rollup(&a->rollup, &b->rollup);
		assert_int_equal(a->first_s, b->first_s);
		assert_memory_equal(a->trend, b->trend, sizeof(a->trend));
	}
	ranges->seen += some->n;
	ranges->most = some->n > ranges->most ? some->n : ranges->most;
	return 0;
}

/* Functions in ranges, of minutes that are folded and those that are not, in one hour or
 * over weeks, tell what all together do. */
static void test_ranges_tell_what_all_tell(void **state)
{
	struct pair *pair = *state;
	struct store *store = pair->store[1];

	pair->random = 15;
	for (uint64_t i = 0; i < 8ULL * MANY; i++) {
		char name[16];
		int64_t at = (int64_t)random_below(&pair->random, 20 * DAY);
		const struct plan_of_batch b = {
		    1, i + 1, name, BEGIN + (i % 4 ? at : 19 * DAY + at % HOUR), 1000, 5};

		(void)snprintf(name, sizeof(name), "g%d",
		    (int)(i < MANY ? i : random_below(&pair->random, MANY)));
		assert_int_equal(put(store, &b), 1);
		if (i == 6ULL * MANY)
			fold(store, BEGIN + 20 * DAY);
	}
	for (int i = 0; i < 20; i++) {
		int64_t since = BEGIN + (int64_t)random_below(&pair->random, 19 * DAY);
		const struct window window = {since - since % MINUTE, BEGIN + 20 * DAY};
		const struct window last = {BEGIN + 19 * DAY, BEGIN + 19 * DAY + HOUR};
		const struct window *asked = i % 5 ? &window : &last;
		struct tallies all;
		struct ranges ranges = {.all = &all};

		assert_int_equal(tallies_read(&all, store, asked, NULL), 0);
		assert_int_equal(
		    tallies_each(store, asked, NULL, compare_range, &ranges), 0);
		assert_int_equal(ranges.seen, all.n);
		assert_true(all.n > MANY / 3 && ranges.most < all.n);
		tallies_done(&all);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_pair, tear_down_pair)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_spans_tell_what_the_minutes_tell),
	    TEST(test_stretches_tell_what_the_minutes_tell),
	    TEST(test_a_late_day_before_the_first_stretch_is_told),
	    TEST(test_an_older_ledger_gets_stretches),
	    TEST(test_stretches_expire_with_their_days),
	    TEST(test_quarters_expire_with_their_hours),
	    TEST(test_ranges_tell_what_all_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
