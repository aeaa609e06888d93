/* Folding minutes into hours and days: when, once, and whoever is killed in between. */
#include "tests/unit/random.h"
#include "tests/unit/store_place.h"

#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define BEGIN (T0 / DAY * DAY) /* a midnight */

static size_t fold(struct store *store, int64_t now_ns)
{
	size_t steps = 0;
	int more;

	while ((more = store_fold(store, now_ns)) == 1)
		steps++;
	assert_int_equal(more, 0);
	return steps;
}

struct told {
	size_t rows;
	uint64_t invocations;
	uint64_t in_parts;
};

static int add_span(void *context, const struct store_span *span)
{
	struct told *told = context;
	struct rollup rollup = {0};

	for (size_t i = 0; i < span->parts_n; i++)
		told->in_parts += span->parts[i].invocations;
	if (!span->add)
		return 0;
	assert_int_equal(span->add(span, &rollup), 0);
	told->rows++;
	told->invocations += rollup.invocations;
	rollup_done(&rollup);
	return 0;
}

/* Once an hour is folded, its rows are gone from the minute tables: what comes late is
 * added, not lost and not counted again from memory. */
static void test_a_row_that_comes_late_is_added(void **state)
{
	struct place *place = *state;
	struct store *store = place->store;

	for (uint64_t i = 1; i <= 4; i++) {
		const struct plan_of_batch b = {1, i, "f", T0, 1000, 5};

		assert_int_equal(put(store, &b), 1);
		assert_int_equal(rollups(store, 0, INT64_MAX, NULL).invocations, i * 5);
		if (i % 2)
			assert_int_equal(fold(store, T0 + 2 * HOUR), 1);
		assert_int_equal(rollups(store, 0, INT64_MAX, "f").invocations, i * 5);
		assert_int_equal(rollups(store, 0, INT64_MAX, NULL).rows, 1);
	}
}

static void test_ten_minutes_are_folded_when_they_are_over(void **state)
{
	struct place *place = *state;
	struct store *store = place->store;
	int64_t hour = T0 / HOUR * HOUR;
	const struct plan_of_batch b = {1, 1, "f", hour + 19 * MINUTE, 1000, 5};
	const struct plan_of_batch next = {1, 2, "f", hour + 20 * MINUTE, 1000, 5};

	assert_int_equal(put(store, &b), 1);
	assert_int_equal(put(store, &next), 1);
	assert_int_equal(fold(store, hour + 21 * MINUTE), 0);
	assert_int_equal(fold(store, hour + 22 * MINUTE), 1);
	assert_int_equal(fold(store, hour + 22 * MINUTE), 0);
	assert_int_equal(fold(store, hour + 32 * MINUTE), 1);
}

/* Otherwise an agent whose clock is late would keep the writer busy with folding. */
static void test_a_pass_takes_what_comes_late_but_once(void **state)
{
	struct place *place = *state;
	uint64_t sequence = 0;
	int steps = 0;

	for (int hour = 0; hour < 2; hour++) {
		const struct plan_of_batch b = {
		    1, ++sequence, "f", BEGIN + hour * HOUR, 1000, 5};

		assert_int_equal(put(place->store, &b), 1);
	}
	while (store_fold(place->store, BEGIN + 5 * HOUR) == 1) {
		const struct plan_of_batch late = {1, ++sequence, "f", BEGIN, 1000, 5};

		assert_int_equal(put(place->store, &late), 1);
		steps++;
		assert_true(steps <= 2);
	}
	assert_int_equal(steps, 2);
	assert_int_equal(fold(place->store, BEGIN + 5 * HOUR), 1);
	assert_int_equal(
	    rollups(place->store, 0, INT64_MAX, NULL).invocations, sequence * 5);
}

static void test_hours_and_days_expire(void **state)
{
	struct place *place = *state;
	struct store *store = place->store;
	struct told told = {0};
	const struct store_window all = {.until_ns = INT64_MAX};

	for (uint64_t i = 0; i < 100; i++) {
		const struct plan_of_batch b = {
		    1, i + 1, "f", BEGIN + (int64_t)i * HOUR, 1000, 2};

		assert_int_equal(put(store, &b), 1);
	}
	/* beside the hours: two stretches of two days, one of four, and quarters of days
	 */
	assert_int_equal(fold(store, BEGIN + 96 * HOUR), 96 + 3 + 15);
	const struct store_keep keep = {.minutes_since_ns = BEGIN + 90 * HOUR,
	    .hours_since_ns = BEGIN + 75 * HOUR,
	    .days_since_ns = BEGIN + 48 * HOUR + 30 * MINUTE};

	assert_int_equal(store_grain(store, BEGIN), MINUTE);
	assert_int_equal(store_expire(store, &keep), 0);
	assert_int_equal(rollups(store, 0, INT64_MAX, NULL).rows, 10);
	assert_int_equal(store_scan_spans(store, &all, add_span, &told), 0);
	assert_int_equal(told.invocations, 104);
	assert_int_equal(told.rows, 6); /* 2 days and 4 minutes */
	assert_int_equal(store_grain(store, BEGIN + 90 * HOUR), MINUTE);
	assert_int_equal(store_grain(store, BEGIN + 90 * HOUR - 1), HOUR);
	assert_int_equal(store_grain(store, BEGIN + 75 * HOUR), HOUR);
	assert_int_equal(store_grain(store, BEGIN + 75 * HOUR - 1), DAY);
	assert_int_equal(store_grain(store, -1), DAY);
}

/* Minutes that nobody folded are not forgotten before they are in hours and days. */
static void test_what_expires_was_folded(void **state)
{
	struct place *place = *state;
	struct told told = {0};
	const struct store_window all = {.until_ns = INT64_MAX};
	const struct store_keep keep = {.minutes_since_ns = BEGIN + 5 * HOUR};

	for (uint64_t i = 0; i < 10; i++) {
		const struct plan_of_batch b = {
		    1, i + 1, "f", BEGIN + (int64_t)i * HOUR, 1000, 2};

		assert_int_equal(put(place->store, &b), 1);
	}
	assert_int_equal(store_expire(place->store, &keep), 0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).rows, 5);
	assert_int_equal(store_scan_spans(place->store, &all, add_span, &told), 0);
	assert_int_equal(told.invocations, 20);
}

/* Nor those that came behind a pass that is under way. */
static void test_what_came_behind_a_pass_was_folded(void **state)
{
	struct place *place = *state;
	struct told told = {0};
	const struct store_window all = {.until_ns = INT64_MAX};
	const struct store_keep keep = {.minutes_since_ns = BEGIN + 5 * HOUR};
	const struct plan_of_batch late = {1, 99, "f", BEGIN, 1000, 2};

	for (uint64_t i = 3; i < 7; i++) {
		const struct plan_of_batch b = {
		    1, i + 1, "f", BEGIN + (int64_t)i * HOUR, 1000, 2};

		assert_int_equal(put(place->store, &b), 1);
	}
	assert_int_equal(store_fold(place->store, BEGIN + DAY), 1);
	assert_int_equal(put(place->store, &late), 1);
	assert_int_equal(store_expire(place->store, &keep), 0);
	assert_int_equal(store_scan_spans(place->store, &all, add_span, &told), 0);
	assert_int_equal(told.invocations, 10);
}

/* The parts of a day tell where its invocations lie even when its hours are gone. */
static void test_cuts_in_forgotten_hours_lose_nothing(void **state)
{
	struct place *place = *state;
	struct told told = {0};
	const int64_t cuts[] = {BEGIN + 5 * HOUR + 30 * MINUTE, BEGIN + 13 * HOUR};
	const struct store_window window = {
	    .since_ns = BEGIN, .until_ns = BEGIN + DAY, .cuts_ns = cuts, .cuts_n = 2};
	const struct store_keep keep = {
	    .minutes_since_ns = BEGIN + 2 * DAY, .hours_since_ns = BEGIN + 2 * DAY};

	for (uint64_t i = 0; i < 24; i++) {
		const struct plan_of_batch b = {
		    1, i + 1, "f", BEGIN + (int64_t)i * HOUR, 1000, 2};

		assert_int_equal(put(place->store, &b), 1);
	}
	assert_int_equal(store_expire(place->store, &keep), 0);
	assert_int_equal(store_scan_spans(place->store, &window, add_span, &told), 0);
	assert_int_equal(told.invocations, 48);
	assert_int_equal(told.in_parts, 48);
}

/* --- kill -9 ---------------------------------------------------------------------------
 */

#define KILLS 25
#define KILL_FUNCTIONS 70 /* several steps an hour */

/* Writes and folds until it is killed; says each batch that was acknowledged. */
static void write_and_fold(const char *directory, uint64_t from, int fd)
{
	struct store *store;

	if (store_open(directory, &store) < 0)
		_exit(1);
	for (uint64_t i = from;; i++) {
		char name[16];
		const struct plan_of_batch b = {
		    1, i, name, T0 + (int64_t)(i / 70) * 20 * MINUTE, 1000, 3};

		(void)snprintf(name, sizeof(name), "f%d", (int)(i % KILL_FUNCTIONS));
		if (put(store, &b) != 1 || write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(2);
		if (i % 7 == 0 && store_fold(store, INT64_MAX) < 0)
			_exit(3);
	}
}

static uint64_t spans_total(struct store *store)
{
	struct told told = {0};
	const struct store_window all = {.until_ns = INT64_MAX};

	assert_int_equal(store_scan_spans(store, &all, add_span, &told), 0);
	return told.invocations;
}

static void test_a_kill_neither_loses_nor_doubles(void **state)
{
	struct place *place = *state;
	const char *directory = place->directory;
	uint64_t random = 1;
	uint64_t last = 0;

	store_close(place->store);
	for (int round = 0; round < KILLS; round++) {
		int fds[2];
		int status;
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_and_fold(directory, last + 1, fds[1]);
		(void)close(fds[1]);
		(void)usleep((useconds_t)(15000 + random_below(&random, 40000)));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(fds[0], &last, sizeof(last)) == sizeof(last))
			;
		(void)close(fds[0]);
		assert_int_equal(store_open(directory, &place->store), 0);
		/* one more may be committed and not said: take it over */
		struct plan_of_batch next = {1, last + 1, "", 0, 1000, 3};
		char name[16];

		(void)snprintf(
		    name, sizeof(name), "f%d", (int)((last + 1) % KILL_FUNCTIONS));
		next.name = name;
		next.start_ns = T0 + (int64_t)((last + 1) / 70) * 20 * MINUTE;
		assert_true(put(place->store, &next) >= 0);
		last++;
		assert_int_equal(
		    rollups(place->store, 0, INT64_MAX, NULL).invocations, last * 3);
		assert_int_equal(spans_total(place->store), last * 3);
		store_close(place->store);
	}
	assert_int_equal(store_open(directory, &place->store), 0);
	assert_true(last > 2ULL * KILLS); /* most rounds were killed at work */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_row_that_comes_late_is_added),
	    TEST(test_ten_minutes_are_folded_when_they_are_over),
	    TEST(test_a_pass_takes_what_comes_late_but_once),
	    TEST(test_hours_and_days_expire),
	    TEST(test_what_expires_was_folded),
	    TEST(test_what_came_behind_a_pass_was_folded),
	    TEST(test_cuts_in_forgotten_hours_lose_nothing),
	    TEST(test_a_kill_neither_loses_nor_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
