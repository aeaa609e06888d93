/* Small batches that become large ones: which, when, and that they tell the same. */
#include "store/sqlite/raw/block_reader.h"
#include "store/sqlite/sqlite.h"
#include "tests/unit/merge_scene.h"

static void test_small_batches_become_large_ones_after_an_hour(void **state)
{
	struct place *place = *state;
	int64_t now_ns = T0 + 3 * HOUR;
	struct told before;
	uint64_t invocations;
	uint64_t seed = 1;
	int64_t bytes;
	int64_t rows;

	write_hosts(place->store, &seed, 0, 100);
	before = told_of(place->store);
	invocations = rollups(place->store, 0, INT64_MAX, NULL).invocations;
	assert_in_range(invocations, 1, before.n);
	bytes = ask(place, "SELECT sum(length(body)) FROM raw");
	fold_from_to(place->store, now_ns, now_ns + HOUR - 1);
	assert_int_equal(rows_of(place), 100 * HOSTS);
	fold_all(place->store, now_ns + HOUR);
	rows = rows_of(place);
	assert_in_range(rows, HOSTS, 100 * HOSTS / 4);
	assert_true(ask(place, "SELECT sum(length(body)) FROM raw") < bytes);
	assert_int_equal(ask(place, "SELECT sum(n) FROM raw"), before.n);
	assert_int_equal(ask(place, "SELECT max(id) FROM raw WHERE id > 300"), 0);
	assert_told(place->store, &before);
	fold_from_to(place->store, now_ns + HOUR, now_ns + 3 * HOUR);
	assert_int_equal(rows_of(place), rows);
	reopen(place);
	assert_told(place->store, &before);
	assert_int_equal(
	    rollups(place->store, 0, INT64_MAX, NULL).invocations, invocations);
}

/* What comes after goes on behind it, also when the process dies. */
static void test_what_comes_later_is_merged_later(void **state)
{
	struct place *place = *state;
	int64_t now_ns = T0 + 3 * HOUR;
	struct told before;
	uint64_t seed = 2;
	int64_t rows;

	write_hosts(place->store, &seed, 0, 40);
	fold_all(place->store, now_ns);
	write_hosts(place->store, &seed, 40, 40);
	before = told_of(place->store);
	fold_from_to(place->store, now_ns, now_ns + HOUR);
	rows = rows_of(place);
	assert_in_range(rows, 40 * HOSTS + HOSTS, 60 * HOSTS);
	assert_told(place->store, &before);
	fold_from_to(place->store, now_ns + HOUR, now_ns + 2 * HOUR);
	assert_in_range(rows_of(place), 2 * HOSTS, 20 * HOSTS);
	assert_told(place->store, &before);
	reopen(place);
	rows = rows_of(place);
	merge(place->store, now_ns + 3 * HOUR);
	assert_int_equal(rows_of(place), rows);
	write_hosts(place->store, &seed, 80, 1);
	assert_int_equal(ask(place, "SELECT max(id) FROM raw"), 81 * HOSTS);
}

/* Backward, and forward without the time having passed. */
static void test_a_clock_that_is_set_begins_the_hour_anew(void **state)
{
	struct place *place = *state;
	int64_t now_ns = T0 + 3 * HOUR;
	uint64_t seed = 9;

	write_hosts(place->store, &seed, 0, 10);
	fold_from_to(place->store, now_ns, now_ns + HOUR - MINUTE);
	fold_from_to(place->store, now_ns - HOUR, now_ns - 5 * MINUTE);
	assert_int_equal(rows_of(place), 10 * HOSTS);
	fold_all(place->store, now_ns + HOUR);
	fold_from_to(place->store, now_ns + HOUR, now_ns + 2 * HOUR - MINUTE);
	assert_int_equal(rows_of(place), 10 * HOSTS);
	fold_from_to(place->store, now_ns + 2 * HOUR - MINUTE, now_ns + 2 * HOUR);
	assert_in_range(rows_of(place), HOSTS, 3 * HOSTS);
}

/* For who goes through all rows of a day: the last one is in one before. */
static void test_the_end_of_a_day_is_found_behind_merged_rows(void **state)
{
	struct place *place = *state;
	struct sqlite_spool_block block = {0};
	struct sqlite_spool_block *days = NULL;
	struct sqlite *ledger;
	uint64_t seed = 10;

	write_hosts(place->store, &seed, 0, 20);
	merge(place->store, T0 + 3 * HOUR);
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(sqlite_open(place->directory, &ledger), 0);
	assert_int_equal(block_reader_days(ledger, &days), 1);
	block = days[0];
	assert_int_equal(block.last, 20 * HOSTS);
	assert_int_equal(block_reader_find_end(ledger, &block, 1, &block.after), 0);
	assert_in_range(block.after, 1, 19 * HOSTS);
	assert_int_equal(block_reader_find_end(ledger, &block, 1000000, &block.after), 0);
	assert_int_equal(block.after, 20 * HOSTS);
	free(days);
	sqlite_close(ledger);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

/* The bounds, and the time of each row. */
static void test_rows_stay_within_some_minutes_and_invocations(void **state)
{
	struct place *place = *state;
	struct told before;
	struct seen part;

	for (uint64_t i = 0; i < 200; i++) { /* of 12 s each: 40 minutes */
		const struct plan_of_batch b = {1, i + 1, "f",
		    T0 + (int64_t)i * 12 * CLOCK_NS_PER_S, CLOCK_NS_PER_S, 12};

		assert_int_equal(put(place->store, &b), 1);
	}
	for (uint64_t i = 0; i < 3; i++) { /* large ones */
		const struct plan_of_batch b = {1, i + 201, "f", T0, 1000, 1100};

		assert_int_equal(put(place->store, &b), 1);
	}
	before = told_of(place->store);
	merge(place->store, T0 + 3 * HOUR);
	assert_told(place->store, &before);
	assert_int_equal(ask(place, "SELECT count(*) FROM raw WHERE n = 1100"), 3);
	assert_in_range(rows_of(place), 3 + 4, 3 + 5);
	assert_in_range(
	    ask(place, "SELECT max(last_ns - first_ns) FROM raw"), 0, 11 * MINUTE);
	part = walk(place->store, T0 + 20 * MINUTE, T0 + 21 * MINUTE, NULL, false);
	assert_int_equal(part.rows, 60);
	assert_true(part.in_order);
	assert_int_equal(ask(place, "SELECT count(*) FROM raw WHERE n > 1024"), 3);
}

/* Ids are chance: a row is as large as may be, but for the batch that did not fit. */
static void test_rows_fill_what_a_batch_may_have(void **state)
{
	static struct made_batch b;
	struct place *place = *state;
	struct told before;
	uint64_t seed = 11;

	for (uint64_t i = 0; i < 200; i++) {
		sample(&seed, &b, 0, i + 1, T0 + (int64_t)i * CLOCK_NS_PER_S);
		for (size_t k = 0; k < b.n; k++)
			(void)snprintf(b.invocations[k].request_id,
			    sizeof(b.invocations[k].request_id), "%016llx%016llx",
			    (unsigned long long)random_next(&seed),
			    (unsigned long long)random_next(&seed));
		write_batch_of(place->store, &b);
	}
	before = told_of(place->store);
	merge(place->store, T0 + 3 * HOUR);
	assert_told(place->store, &before);
	assert_in_range(ask(place, "SELECT max(length(body)) FROM raw"),
	    BATCH_MAX_BYTES * 7 / 8, BATCH_MAX_BYTES);
	assert_in_range(
	    ask(place, "SELECT count(*) FROM raw WHERE length(body) < 40000"), 0, 1);
}

static void test_hosts_that_are_many_stay_in_order(void **state)
{
	struct place *place = *state;
	struct told before;

	for (uint64_t i = 0; i < 30; i++) {
		for (uint8_t agent = 1; agent <= 200; agent++) {
			const struct plan_of_batch b = {agent, i + 1, "f",
			    T0 + (int64_t)i * CLOCK_NS_PER_S + agent * INT64_C(1000),
			    4000000, 20};

			assert_int_equal(put(place->store, &b), 1);
		}
	}
	before = told_of(place->store);
	merge(place->store, T0 + 3 * HOUR);
	assert_told(place->store, &before);
	assert_in_range(rows_of(place), 200, 200 * 5);
	assert_true(walk(place->store, 0, INT64_MAX, NULL, true).in_order);
	assert_true(walk(place->store, 0, INT64_MAX, NULL, false).in_order);
}

static void test_losses_and_the_latest_head_are_kept(void **state)
{
	static struct made_batch b;
	struct place *place = *state;
	struct batch *merged;
	uint64_t seed = 3;
	sqlite3_stmt *s;

	for (uint64_t i = 0; i < 10; i++) {
		sample(&seed, &b, 1, i + 1, T0);
		b.loss = (struct batch_loss){&b.functions[0], LOST_RING_FULL, i + 1};
		b.head.ledger.seen = 100 * i;
		write_batch_of(place->store, &b);
	}
	merge(place->store, T0 + 3 * HOUR);
	assert_int_equal(rows_of(place), 1);
	s = prepare(place, "SELECT body FROM raw");
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(batch_decode(sqlite3_column_blob(s, 0),
			     (size_t)sqlite3_column_bytes(s, 0), &merged, NULL),
	    0);
	finish(s);
	assert_int_equal(merged->losses_n, 10);
	assert_int_equal(merged->losses[9].n, 10);
	assert_int_equal(merged->head.id.sequence, 10);
	assert_int_equal(merged->head.ledger.seen, 900);
	batch_free(merged);
}

static void test_what_is_newer_or_damaged_stays_as_it_is(void **state)
{
	struct place *place = *state;

	for (uint64_t i = 0; i < 10; i++) {
		static struct made_batch b;
		uint64_t seed = i;

		sample(&seed, &b, 1, i + 1, T0);
		if (i == 3) { /* a degree that only a later version has */
			b.invocations[0].has |= HAS_CERTAINTY;
			b.invocations[0].certainty = CERTAINTY_COUNT;
		}
		write_batch_of(place->store, &b);
	}
	(void)ask(place, "UPDATE raw SET body = x'64616d61676564' WHERE id = 8");
	merge(place->store, T0 + 3 * HOUR);
	/* 1 to 3, 4, 5 to 7, 8, 9 and 10 */
	assert_int_equal(rows_of(place), 5);
	assert_int_equal(ask(place, "SELECT sequence FROM raw WHERE id = 1"), 3);
	assert_int_equal(ask(place, "SELECT sequence FROM raw WHERE id = 4"), 4);
	assert_int_equal(ask(place, "SELECT sequence FROM raw WHERE id = 5"), 7);
	assert_int_equal(ask(place, "SELECT length(body) FROM raw WHERE id = 8"), 7);
	assert_int_equal(ask(place, "SELECT sequence FROM raw WHERE id = 9"), 10);
}

static void test_rows_that_are_sent_elsewhere_stay_as_they_are(void **state)
{
	struct place *place = *state;
	uint64_t seed = 4;

	write_hosts(place->store, &seed, 0, 10);
	assert_int_equal(store_document_put(place->store, "migration", "source", "1"), 0);
	merge(place->store, T0 + 3 * HOUR);
	assert_int_equal(rows_of(place), 10 * HOSTS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_small_batches_become_large_ones_after_an_hour),
	    TEST(test_what_comes_later_is_merged_later),
	    TEST(test_a_clock_that_is_set_begins_the_hour_anew),
	    TEST(test_the_end_of_a_day_is_found_behind_merged_rows),
	    TEST(test_rows_stay_within_some_minutes_and_invocations),
	    TEST(test_rows_fill_what_a_batch_may_have),
	    TEST(test_hosts_that_are_many_stay_in_order),
	    TEST(test_losses_and_the_latest_head_are_kept),
	    TEST(test_what_is_newer_or_damaged_stays_as_it_is),
	    TEST(test_rows_that_are_sent_elsewhere_stay_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
