/* A wall clock that goes forth and back under the ledger: nothing is lost, nothing counts
 * twice, and who came last is known. What the clock said is changed in the files. */
#include "tests/unit/store_place.h"

#include <sqlite3.h>
#include <time.h>

#include "store/sqlite/engine.h"
#include "store/sqlite/spool.h"

#define DAY_NS (86400 * CLOCK_NS_PER_S)
#define HOUR_TEXT "3600000000000"

static void sql(const struct place *place, const char *name, const char *text)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void change(struct place *place, const char *text)
{
	store_close(place->store);
	place->store = NULL;
	sql(place, "main.db", text);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

/* --- agents ----------------------------------------------------------------------------
 */

/* One of agent 7 that has seen more than it delivered. */
static void beat(struct store *store, uint8_t boot, uint64_t sequence, uint64_t in_hand)
{
	struct batch_head head = {.id = {.agent = {7}, .boot = {boot}},
	    .host = "h1",
	    .sent_ns = 7,
	    .ledger = {.seen = 100 + in_hand, .delivered = 100}};
	struct batch batch = {.head = head};
	struct store_batch b = {.batch = &batch};

	batch.head.id.sequence = sequence;
	assert_int_equal(store_write(store, &b, 1), 0);
	assert_true(b.is_new);
}

struct boots {
	size_t n;
	uint8_t boot[4];
	uint64_t gone[4];
};

static int see_boot(void *context, const struct batch_head *last, int64_t received_ns)
{
	struct boots *boots = context;

	(void)received_ns;
	assert_true(boots->n < 4);
	boots->boot[boots->n] = last->id.boot[0];
	boots->gone[boots->n++] = last->ledger.lost[LOST_AGENT_GONE];
	return 0;
}

static void expect_boots(struct store *store, const uint8_t *boot, const uint64_t *gone)
{
	struct boots boots = {0};

	assert_int_equal(store_scan_agents(store, see_boot, &boots), 0);
	assert_int_equal(boots.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(boots.boot[i], boot[i]);
		assert_int_equal(boots.gone[i], gone[i]);
	}
}

static void test_the_agent_that_came_last_is_not_gone_when_the_clock_went_back(
    void **state)
{
	struct place *place = *state;

	beat(place->store, 1, 1, 11);
	beat(place->store, 2, 1, 22);
	change(place, "UPDATE agent SET received_ns = received_ns + " HOUR_TEXT);
	beat(place->store, 3, 1, 30);
	beat(place->store, 3, 2, 33);
	expect_boots(
	    place->store, (const uint8_t[]){3, 2, 1}, (const uint64_t[]){0, 22, 11});
}

static void test_the_agent_that_goes_on_is_the_last_one_when_the_clock_went_back(
    void **state)
{
	struct place *place = *state;

	beat(place->store, 1, 1, 11);
	beat(place->store, 2, 1, 22);
	beat(place->store, 3, 1, 30);
	change(place, "UPDATE agent SET received_ns = received_ns + " HOUR_TEXT);
	beat(place->store, 3, 2, 33);
	beat(place->store, 3, 3, 34);
	expect_boots(
	    place->store, (const uint8_t[]){3, 2, 1}, (const uint64_t[]){0, 22, 11});
}

static int see_received(void *context, const struct batch_head *last, int64_t received_ns)
{
	(void)last;
	*(int64_t *)context = received_ns;
	return 0;
}

/* A clock that was years ahead is not believed for years. */
static void test_when_an_agent_came_is_by_the_clock_of_today(void **state)
{
	struct place *place = *state;
	int64_t before_ns = clock_wall_ns();
	int64_t received_ns = 0;

	beat(place->store, 1, 1, 0);
	change(place, "UPDATE agent SET received_ns = received_ns + 9000 * " HOUR_TEXT);
	beat(place->store, 1, 2, 0);
	assert_int_equal(store_scan_agents(place->store, see_received, &received_ns), 0);
	assert_in_range(received_ns, before_ns, clock_wall_ns());
}

/* --- minutes and days ------------------------------------------------------------------
 */

static void test_minutes_that_were_folded_too_early_take_what_comes_later(void **state)
{
	struct place *place = *state;
	int64_t minute_ns = clock_wall_ns() / MINUTE * MINUTE;
	struct plan_of_batch b = {1, 1, "f", minute_ns, 1000, 10};
	int64_t ahead_ns = minute_ns + 10800 * CLOCK_NS_PER_S;

	for (int more = 1; b.sequence <= 3; b.sequence++, more = 1) {
		assert_int_equal(put(place->store, &b), 1);
		while (more == 1)
			more = store_fold(place->store, ahead_ns);
		assert_int_equal(more, 0);
	}
	b.sequence = 2;
	assert_int_equal(put(place->store, &b), 0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 30);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 30);
}

/* What was written while the clock was a day ahead lies in tomorrow's file. */
static void test_batches_in_the_file_of_tomorrow_are_told_once(void **state)
{
	struct place *place = *state;
	struct plan_of_batch b = {1, 1, "f", clock_wall_ns(), 1000, 10};
	char text[256];
	char from[32];
	char to[32];

	assert_int_equal(put(place->store, &b), 1);
	raw_name(clock_wall_ns() / DAY_NS, from);
	raw_name(clock_wall_ns() / DAY_NS + 1, to);
	store_close(place->store);
	place->store = NULL;
	(void)snprintf(text, sizeof(text), "cd '%s' && mv %s %s && rm -f %s-*",
	    place->directory, from, to, from);
	assert_int_equal(system(text), 0); /* NOLINT(cert-env33-c): our own path */
	sql(place, "main.db", "UPDATE raw_day SET day = day + 1");
	assert_int_equal(store_open(place->directory, &place->store), 0);
	for (b.sequence = 2; b.sequence <= 4; b.sequence++) {
		assert_int_equal(put(place->store, &b), 1);
		reopen(place);
	}
	b.sequence = 1;
	assert_int_equal(put(place->store, &b), 0);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 40);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, false).rows, 40);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 40);
}

/* --- what is to be sent to a remote ledger ---------------------------------------------
 */

static void spool_one(struct sqlite *ledger, uint64_t sequence)
{
	struct plan_of_batch want = {1, sequence, "f", T0, 1000, 10};
	struct sealed s = seal(&want);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};

	assert_int_equal(sqlite_write(ledger, &b, 1), 0);
	assert_true(b.is_new);
	drop(&s);
}

static void test_a_day_that_was_forgotten_and_begins_anew_is_sent(void **state)
{
	struct place *place = *state;
	struct store_keep keep = {0};
	struct sqlite_spool_block block;
	struct sqlite_spool *spool;
	struct sqlite *ledger;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/spool", place->directory);
	assert_int_equal(sqlite_spool_open(path, NULL, &spool), 0);
	ledger = sqlite_spool_ledger(spool);
	spool_one(ledger, 1);
	spool_one(ledger, 2);
	assert_int_equal(sqlite_spool_next_block(spool, &block), 1);
	assert_int_equal(block.last, 2);
	assert_int_equal(sqlite_spool_settle_block(spool, &block), 0);
	assert_int_equal(sqlite_spool_next_block(spool, &block), 0);
	keep.raw_since_ns =
	    clock_wall_ns() + 2 * DAY_NS; /* the clock is two days ahead */
	assert_int_equal(sqlite_expire(ledger, &keep), 0);
	spool_one(ledger, 3);
	assert_int_equal(sqlite_spool_is_empty(spool), 0);
	assert_int_equal(sqlite_spool_next_block(spool, &block), 1);
	assert_int_equal(block.after, 0);
	assert_int_equal(block.last, 1);
	sqlite_spool_close(spool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_the_agent_that_came_last_is_not_gone_when_the_clock_went_back),
	    TEST(test_the_agent_that_goes_on_is_the_last_one_when_the_clock_went_back),
	    TEST(test_when_an_agent_came_is_by_the_clock_of_today),
	    TEST(test_minutes_that_were_folded_too_early_take_what_comes_later),
	    TEST(test_batches_in_the_file_of_tomorrow_are_told_once),
	    TEST(test_a_day_that_was_forgotten_and_begins_anew_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
