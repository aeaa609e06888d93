/* Batches that are accepted and settled later: who reads before, who dies between, and
 * what fails. */
#include "tests/unit/store_place.h"

#include <sqlite3.h>

#include "store/sqlite/engine.h"

#define DAY_NS (86400 * CLOCK_NS_PER_S)

static void sql(const struct place *place, const char *text)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Accepts one batch of 10 invocations; is_new, or the error. */
static int accept(struct store *store, uint64_t sequence, const char *name)
{
	const struct plan_of_batch plan = {
	    1, sequence, name, T0 + (int64_t)sequence * MINUTE, 1000, 10};
	struct sealed s = seal(&plan);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	int err = store_accept(store, &b, 1);

	drop(&s);
	return err < 0 ? err : b.is_new;
}

/* In sums and one by one. */
static void expect_stored(struct store *store, uint64_t n)
{
	assert_int_equal(rollups(store, 0, INT64_MAX, NULL).invocations, n);
	assert_int_equal(walk(store, 0, INT64_MAX, NULL, false).rows, n);
}

/* The first of a day makes its file known. */
static void accept_and_settle_the_first(struct place *place)
{
	assert_int_equal(accept(place->store, 1, "f"), 1);
	assert_int_equal(store_settle(place->store), 0);
	expect_stored(place->store, 10);
}

static void test_what_is_accepted_is_read_once_it_is_settled(void **state)
{
	struct place *place = *state;
	struct store_function found;
	struct function g = function_named("g");

	accept_and_settle_the_first(place);
	for (uint64_t i = 2; i <= 5; i++)
		assert_int_equal(accept(place->store, i, "g"), 1);
	assert_int_equal(accept(place->store, 3, "g"), 0);
	expect_stored(place->store, 10);
	assert_int_equal(store_find_function(place->store, &g, &found), -ENOENT);
	assert_int_equal(store_settle(place->store), 0);
	expect_stored(place->store, 50);
	assert_int_equal(store_find_function(place->store, &g, &found), 0);
	assert_int_equal(accept(place->store, 3, "g"), 0);
	reopen(place);
	expect_stored(place->store, 50);
}

static void test_who_writes_or_closes_settles_what_was_accepted(void **state)
{
	struct place *place = *state;

	accept_and_settle_the_first(place);
	assert_int_equal(accept(place->store, 2, "f"), 1);
	assert_int_equal(store_document_put(place->store, "budget", "b", "{}"), 0);
	expect_stored(place->store, 20);
	assert_int_equal(accept(place->store, 3, "f"), 1);
	assert_true(store_fold(place->store, T0 + 180 * MINUTE) >= 0);
	expect_stored(place->store, 30);
	assert_int_equal(accept(place->store, 4, "f"), 1);
	reopen(place);
	expect_stored(place->store, 40);
}

/* More rows of minutes than may wait. */
static void test_many_rows_are_settled_at_once(void **state)
{
	struct place *place = *state;

	accept_and_settle_the_first(place);
	for (uint64_t i = 0; i < 500; i++) {
		const struct plan_of_batch plan = {
		    2, i + 1, "f", T0 + (int64_t)i * 10 * MINUTE, MINUTE, 10};
		struct sealed s = seal(&plan);
		struct store_batch b = {
		    .batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};

		assert_int_equal(store_accept(place->store, &b, 1), 0);
		drop(&s);
	}
	assert_in_range(
	    rollups(place->store, 0, INT64_MAX, NULL).invocations, 4000, 5000);
}

/* --- a process that dies
 * ---------------------------------------------------------------- */

static void die_after(struct place *place, void (*run)(struct store *store))
{
	run_and_die(place, run);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void accept_four(struct store *store)
{
	if (accept(store, 2, "f") != 1 || accept(store, 3, "f") != 1 ||
	    accept(store, 4, "g") != 1 || accept(store, 5, "h") != 1 ||
	    rollups(store, 0, INT64_MAX, NULL).invocations != 20)
		_exit(2);
}

static void test_what_a_dead_process_accepted_is_there_once(void **state)
{
	struct place *place = *state;
	struct batch_ledger sum;

	accept_and_settle_the_first(place);
	die_after(place, accept_four);
	expect_stored(place->store, 50);
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(accept(place->store, i, "f"), 0);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 50);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, "g").invocations, 10);
	assert_int_equal(accept(place->store, 6, "g"), 1);
	reopen(place);
	expect_stored(place->store, 60);
}

static void test_a_backup_has_what_was_accepted(void **state)
{
	struct place *place = *state;
	struct store *copy;
	char to[128];

	accept_and_settle_the_first(place);
	assert_int_equal(accept(place->store, 2, "f"), 1);
	assert_int_equal(accept(place->store, 3, "g"), 1);
	(void)snprintf(to, sizeof(to), "%s/copy", place->directory);
	assert_int_equal(store_backup(place->directory, to), 0);
	assert_int_equal(store_open(to, &copy), 0);
	expect_stored(copy, 30);
	store_close(copy);
}

/* The invocations of another batch under a head of one's own. */
static void seal_as(const struct batch_head *head, const struct sealed *other,
    uint8_t **bytes, size_t *bytes_n)
{
	struct batch_writer *w;

	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t i = 0; i < other->batch->invocations_n; i++)
		assert_int_equal(batch_writer_add(w, &other->batch->invocations[i]), 0);
	assert_int_equal(batch_writer_seal(w, head, bytes, bytes_n), 0);
	batch_writer_free(w);
}

/* Ones that the collector made of lines: the bytes lack its ledger. */
static void accept_lines(struct store *store)
{
	for (uint64_t i = 2; i <= 4; i++) {
		const struct plan_of_batch plan = {1, i, "f", T0, 1000, 7};
		struct sealed s = seal(&plan);
		struct store_batch b = {.batch = s.batch};
		struct batch_head *head = &s.batch->head;
		uint8_t *bytes = NULL;

		head->ledger = (struct batch_ledger){0};
		seal_as(head, &s, &bytes, &b.raw_bytes);
		b.raw = bytes;
		head->ledger =
		    (struct batch_ledger){.seen = 3 + i * 7, .delivered = 2 + i * 7};
		if (store_accept(store, &b, 1) < 0)
			_exit(5);
	}
}

static void test_lines_of_a_dead_process_are_in_the_ledger(void **state)
{
	struct place *place = *state;
	struct batch_ledger sum;

	accept_and_settle_the_first(place);
	die_after(place, accept_lines);
	expect_stored(place->store, 10 + 21);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 10 + 21);
	assert_int_equal(sum.delivered, 9 + 21);
}

/* Writes 10 invocations as imported; how many were there already. */
static size_t import(struct store *store, uint8_t boot)
{
	const struct plan_of_batch plan = {0, 1, "i", T0, CLOCK_NS_PER_S, 10};
	const struct batch_head head = {
	    .id = {.agent = BATCH_IMPORT_AGENT, .boot = {boot}, .sequence = 1},
	    .host = "h1"};
	struct sealed s = seal(&plan);
	struct store_batch b = {0};
	uint8_t *bytes = NULL;
	struct batch *batch;

	seal_as(&head, &s, &bytes, &b.raw_bytes);
	assert_int_equal(batch_decode(bytes, b.raw_bytes, &batch, NULL), 0);
	b.raw = bytes;
	b.batch = b.imported = batch;
	assert_int_equal(store_accept(store, &b, 1), 0);
	batch_free(batch);
	free(bytes);
	drop(&s);
	return b.known_n;
}

static void run_in(
    const struct place *place, const char *command, const char *from, const char *to)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s '%s/%s' '%s/%s'", command,
	    place->directory, from, place->directory, to);
	assert_int_equal(system(text), 0); /* NOLINT(cert-env33-c): our own paths */
}

/* main.db as it is now comes back later, as if a crash had taken its last commits. */
static void keep_main(struct place *place)
{
	store_close(place->store);
	run_in(place, "cp", "main.db", "before.db");
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void bring_main_back(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
	run_in(place, "mv", "before.db", "main.db");
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static void test_an_import_that_is_replayed_is_known(void **state)
{
	struct place *place = *state;

	accept_and_settle_the_first(place);
	keep_main(place);
	assert_int_equal(import(place->store, 1), 0);
	bring_main_back(place);
	expect_stored(place->store, 20);
	assert_int_equal(import(place->store, 2), 10);
	expect_stored(place->store, 20);
}

/* The clock went back over midnight: the newest file is not the one that was written. */
static void test_rows_of_an_older_file_are_counted_too(void **state)
{
	struct place *place = *state;
	int64_t tomorrow = clock_wall_ns() / DAY_NS + 1;
	char newest[128];
	char name[RAW_NAME_BYTES];
	char text[512];

	accept_and_settle_the_first(place);
	raw_name(tomorrow, name);
	(void)snprintf(newest, sizeof(newest), "%s/%s", place->directory, name);
	raw_name(tomorrow - 1, name);
	(void)snprintf(text, sizeof(text),
	    "ATTACH '%s/%s' AS raw; VACUUM raw INTO '%s'; INSERT INTO raw_day"
	    " VALUES(%lld, 1, 0, -1)",
	    place->directory, name, newest, (long long)tomorrow);
	sql(place, text);
	die_after(place, accept_four);
	expect_stored(place->store, 50);
}

/* --- what fails ------------------------------------------------------------------------
 */

static void test_a_commit_that_fails_loses_nothing(void **state)
{
	struct place *place = *state;

	accept_and_settle_the_first(place);
	sql(place, "CREATE TRIGGER no BEFORE INSERT ON minute_counters BEGIN"
		   " SELECT RAISE(ABORT, 'no'); END");
	for (uint64_t i = 2; i <= 4; i++)
		assert_int_equal(accept(place->store, i, "g"), 1);
	assert_true(store_settle(place->store) < 0);
	assert_true(accept(place->store, 5, "g") < 0);
	assert_true(store_settle(place->store) < 0);
	expect_stored(place->store, 10);
	sql(place, "DROP TRIGGER no");
	assert_int_equal(store_settle(place->store), 0);
	expect_stored(place->store, 40);
	for (uint64_t i = 1; i <= 6; i++)
		assert_int_equal(accept(place->store, i, "g"), i > 4);
	reopen(place);
	expect_stored(place->store, 60);
}

/* Who may make room does not wait for what cannot be counted. */
static void test_others_write_while_a_commit_fails(void **state)
{
	struct place *place = *state;
	const struct store_keep keep = {.raw_since_ns = INT64_MAX};
	char *body = NULL;

	accept_and_settle_the_first(place);
	sql(place, "CREATE TRIGGER no BEFORE INSERT ON minute_counters BEGIN"
		   " SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(accept(place->store, 2, "g"), 1);
	assert_true(store_settle(place->store) < 0);
	assert_int_equal(store_document_put(place->store, "budget", "b", "{}"), 0);
	assert_int_equal(store_document_get(place->store, "budget", "b", &body), 0);
	free(body);
	assert_int_equal(store_expire(place->store, &keep), 0);
	sql(place, "DROP TRIGGER no");
	assert_int_equal(store_settle(place->store), 0);
	expect_stored(place->store, 20);
}

/* More rows than one transaction takes are replayed in several. */
static void accept_many(struct store *store)
{
	for (uint64_t i = 0; i < 60; i++) {
		const struct plan_of_batch plan = {
		    1, i + 2, "f", T0 + (int64_t)i * 100 * MINUTE, MINUTE, 100};
		struct sealed s = seal(&plan);
		struct store_batch b = {
		    .batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};

		if (store_write(store, &b, 1) < 0)
			_exit(2);
		drop(&s);
	}
}

static void test_many_rows_are_replayed(void **state)
{
	struct place *place = *state;

	accept_and_settle_the_first(place);
	keep_main(place);
	accept_many(place->store);
	bring_main_back(place);
	expect_stored(place->store, 10 + 6000);
	assert_int_equal(accept(place->store, 30, "f"), 0);
}

/* What a heartbeat says that is new is not lost with the group behind it. */
static void test_a_heartbeat_outlives_a_group_that_fails(void **state)
{
	struct place *place = *state;
	struct batch batch = {.head = {.id = {.agent = {9}, .sequence = 1},
				  .host = "h2",
				  .sent_ns = 7,
				  .ledger = {.seen = 5, .delivered = 3}}};
	struct store_batch b = {.batch = &batch};
	struct batch_ledger sum;

	accept_and_settle_the_first(place);
	batch.head.ledger.lost[LOST_RING_FULL] = 2;
	assert_int_equal(store_accept(place->store, &b, 1), 0);
	sql(place, "CREATE TRIGGER no BEFORE UPDATE ON batch_range WHEN new.last = 2"
		   " BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_true(accept(place->store, 2, "f") < 0);
	assert_int_equal(store_settle(place->store), 0);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 15);
	assert_int_equal(sum.lost[LOST_RING_FULL], 3);
}

static void test_a_group_that_fails_takes_none_with_it(void **state)
{
	struct place *place = *state;

	accept_and_settle_the_first(place);
	sql(place, "CREATE TRIGGER no BEFORE UPDATE ON batch_range WHEN new.last >= 4"
		   " BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(accept(place->store, 2, "f"), 1);
	assert_int_equal(accept(place->store, 3, "g"), 1);
	assert_true(accept(place->store, 4, "h") < 0);
	assert_int_equal(accept(place->store, 5, "g"), 1);
	assert_true(accept(place->store, 4, "h") < 0);
	assert_true(accept(place->store, 4, "h") < 0);
	assert_int_equal(store_settle(place->store), 0);
	expect_stored(place->store, 40);
	sql(place, "DROP TRIGGER no");
	assert_int_equal(accept(place->store, 4, "h"), 1);
	assert_int_equal(accept(place->store, 5, "g"), 0);
	reopen(place);
	expect_stored(place->store, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_accepted_is_read_once_it_is_settled),
	    TEST(test_who_writes_or_closes_settles_what_was_accepted),
	    TEST(test_many_rows_are_settled_at_once),
	    TEST(test_what_a_dead_process_accepted_is_there_once),
	    TEST(test_a_backup_has_what_was_accepted),
	    TEST(test_lines_of_a_dead_process_are_in_the_ledger),
	    TEST(test_an_import_that_is_replayed_is_known),
	    TEST(test_rows_of_an_older_file_are_counted_too),
	    TEST(test_a_commit_that_fails_loses_nothing),
	    TEST(test_others_write_while_a_commit_fails),
	    TEST(test_many_rows_are_replayed),
	    TEST(test_a_heartbeat_outlives_a_group_that_fails),
	    TEST(test_a_group_that_fails_takes_none_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
