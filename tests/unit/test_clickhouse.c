/* Both engines hand out the same rows, whatever was put into them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"
#include "tests/unit/clickhouse_server.h"
#include "tests/unit/raw_client.h"
#include "tests/unit/rows.h"
#include "tests/unit/sample_batch.h"

#define BATCHES 12
#define FUNCTIONS 12

static struct clickhouse_server server;

struct pair {
	char directory[64];
	char plain[96]; /* SQLite's directory */
	char near[96];  /* ClickHouse's */
	struct store *sqlite;
	struct store *clickhouse;
	uint64_t seed;
};

static void open_pair(struct pair *pair, const char *database)
{
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, database, url)};

	*pair = (struct pair){.directory = "/tmp/test_pair.XXXXXX", .seed = 7};
	assert_non_null(mkdtemp(pair->directory));
	(void)snprintf(pair->plain, sizeof(pair->plain), "%s/plain", pair->directory);
	(void)snprintf(pair->near, sizeof(pair->near), "%s/near", pair->directory);
	assert_int_equal(store_open(pair->plain, &pair->sqlite), 0);
	assert_int_equal(store_open_remote(pair->near, &remote, &pair->clickhouse), 0);
}

static void close_pair(struct pair *pair)
{
	char command[128];

	store_close(pair->sqlite);
	store_close(pair->clickhouse);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", pair->directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
}

static int write_one(
    struct store *store, const struct batch *batch, const uint8_t *raw, size_t n)
{
	struct store_batch one = {.batch = batch, .raw = raw, .raw_bytes = n};
	int err = store_write(store, &one, 1);

	return err ? err : one.is_new;
}

/* Functions come back in other batches with another set-up. */
static void put_samples(struct pair *pair, size_t batches)
{
	static struct function known[FUNCTIONS];
	struct batch_writer *w;

	for (size_t i = 0; i < FUNCTIONS; i++)
		sample_function(&pair->seed, &known[i], true);
	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t i = 0; i < batches; i++) {
		struct batch *batch;
		uint8_t *bytes;
		size_t n;
		int took;

		sample_fill(w, &pair->seed, 4, 1 + random_below(&pair->seed, 400));
		for (size_t f = 0; f < FUNCTIONS; f++) {
			struct invocation inv;

			known[f].memory_limit_mb = (uint32_t)random_below(&pair->seed, 3);
			sample_invocation(&pair->seed, &known[f], &inv, false);
			inv.start_ns =
			    1790000000 * CLOCK_NS_PER_S +
			    (int64_t)random_below(&pair->seed, 600) * CLOCK_NS_PER_S;
			(void)batch_writer_add(w, &inv); /* unless it is full */
		}
		assert_int_equal(batch_writer_lose(w, &known[i % FUNCTIONS],
				     (enum lost_reason)(i % LOST_REASONS), 1 + i),
		    0);
		sent.head.id.sequence = i + 1;
		sent.head.sent_ns = sent.head.sent_ns < 0 ? 1 : sent.head.sent_ns;
		if (random_below(&pair->seed, 2)) /* boots of few agents */
			memset(sent.head.id.agent, (int)(i % 3), 16);
		assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
		assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
		took = write_one(pair->sqlite, batch, bytes, n);
		if (took < 0)
			fail_msg("SQLite: %s", strerror(-took));
		if (pair->clickhouse)
			assert_int_equal(
			    write_one(pair->clickhouse, batch, bytes, n), took);
		batch_free(batch);
		free(bytes);
	}
	batch_writer_free(w);
}

static void assert_same_rollups(
    struct pair *pair, int64_t since_ns, int64_t until_ns, const char *function)
{
	struct rows a = {.loose = true};
	struct rows b = {0};

	rows_of_rollups(pair->sqlite, since_ns, until_ns, function, &a);
	rows_of_rollups(pair->clickhouse, since_ns, until_ns, function, &b);
	rows_assert_same(&a, &b);
	rows_done(&a);
	rows_done(&b);
}

static size_t assert_same_invocations(struct pair *pair, int64_t since_ns,
    int64_t until_ns, const char *function, bool back)
{
	struct rows a = {.loose = true};
	struct rows b = {0};
	size_t n;

	rows_of_invocations(pair->sqlite, since_ns, until_ns, function, back, &a);
	rows_of_invocations(pair->clickhouse, since_ns, until_ns, function, back, &b);
	n = a.n;
	rows_assert_same(&a, &b);
	rows_done(&a);
	rows_done(&b);
	return n;
}

struct names {
	char first[FUNCTION_NAME_BYTES];
};

static int see_first(
    void *context, const struct function *function, int64_t first_ns, int64_t last_ns)
{
	struct names *names = context;

	(void)first_ns;
	(void)last_ns;
	memcpy(names->first, function->name, sizeof(names->first));
	return 1;
}

static void assert_same_ledger(struct pair *pair, int64_t since_ns)
{
	struct batch_ledger a = {0};
	struct batch_ledger b = {0};

	assert_int_equal(store_ledger(pair->sqlite, since_ns, &a), 0);
	assert_int_equal(store_ledger(pair->clickhouse, since_ns, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
}

static void assert_same_everything(struct pair *pair)
{
	const int64_t middle = 1790000300 * CLOCK_NS_PER_S;
	struct names names = {0};
	struct rows a = {0};
	struct rows b = {0};

	assert_int_equal(store_scan_functions(pair->sqlite, see_first, &names), 1);
	for (int back = 0; back < 2; back++) {
		assert_true(
		    assert_same_invocations(pair, INT64_MIN, INT64_MAX, NULL, back) > 0);
		assert_true(assert_same_invocations(
				pair, INT64_MIN, middle, names.first, back) > 0);
		(void)assert_same_invocations(
		    pair, middle, middle + CLOCK_NS_PER_S, NULL, back);
	}
	assert_same_rollups(pair, INT64_MIN, INT64_MAX, NULL);
	assert_same_rollups(pair, 0, middle, names.first);
	assert_same_rollups(pair, middle, middle + 60 * CLOCK_NS_PER_S, NULL);
	assert_same_rollups(pair, 0, INT64_MAX, "nobody's name");
	rows_of_functions(pair->sqlite, &a);
	rows_of_functions(pair->clickhouse, &b);
	rows_assert_same(&a, &b);
	rows_done(&a);
	rows_done(&b);
	rows_of_agents(pair->sqlite, &a);
	rows_of_agents(pair->clickhouse, &b);
	rows_assert_same(&a, &b);
	rows_done(&a);
	rows_done(&b);
	assert_same_ledger(pair, 0);
	assert_same_ledger(pair, clock_wall_ns());
}

static void test_both_engines_hand_out_the_same_rows(void **state)
{
	struct pair pair;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	open_pair(&pair, "same_rows");
	assert_same_rollups(&pair, 0, INT64_MAX, NULL); /* of nothing */
	put_samples(&pair, BATCHES);
	assert_same_everything(&pair);
	put_samples(&pair, BATCHES); /* sequences that were taken change nothing */
	assert_same_everything(&pair);
	close_pair(&pair);
}

/* What a kill leaves to be sent again: everything, as nothing was noted as sent. */
static void forget_what_was_sent(const struct pair *pair)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/clickhouse/main.db", pair->near);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
		"DELETE FROM outgoing_raw;"
		"INSERT OR IGNORE INTO outgoing_minute(id) SELECT id FROM "
		"minute_counters;"
		"INSERT OR IGNORE INTO outgoing_function(id) SELECT id FROM function;"
		"INSERT INTO outgoing_agent(agent, boot) SELECT agent, boot FROM agent;",
		NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void reopen(struct pair *pair, const char *database)
{
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, database, url)};

	assert_int_equal(store_open_remote(pair->near, &remote, &pair->clickhouse), 0);
}

static void test_what_is_sent_again_changes_nothing(void **state)
{
	struct pair pair;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	open_pair(&pair, "again");
	put_samples(&pair, 6);
	assert_same_everything(&pair);
	for (int i = 0; i < 2; i++) {
		store_close(pair.clickhouse);
		forget_what_was_sent(&pair);
		reopen(&pair, "again");
		assert_same_everything(&pair);
	}
	close_pair(&pair);
}

/* --- a server that refuses or is away --------------------------------------------------
 */

static void test_a_server_that_is_away_is_waited_for(void **state)
{
	struct pair pair;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	open_pair(&pair, "away");
	put_samples(&pair, 2);
	assert_same_everything(&pair);
	clickhouse_kill(&server);
	pair.seed = 8;
	put_samples(&pair, 4);
	assert_int_equal(
	    store_scan_functions(pair.clickhouse, see_first, NULL) < 0, true);
	store_close(pair.clickhouse);
	{
		char url[128];
		struct store_remote remote = {
		    .url = clickhouse_url(&server, "away", url)};

		assert_int_equal(
		    store_open_remote(pair.near, &remote, &pair.clickhouse), 0);
	}
	clickhouse_start(&server);
	assert_same_everything(&pair);
	close_pair(&pair);
}

static int open_as(const char *user, const char *password, const char *directory)
{
	char url[128];
	struct store_remote remote = {.url = url};
	struct store *store;
	int err;

	(void)snprintf(url, sizeof(url), "clickhouse://%s@127.0.0.1:%u/let_in", user,
	    server.ports[0]);
	(void)setenv("COLDMETER_CLICKHOUSE_PASSWORD", password, 1);
	err = store_open_remote(directory, &remote, &store);
	(void)unsetenv("COLDMETER_CLICKHOUSE_PASSWORD");
	if (!err)
		store_close(store);
	return err;
}

static void test_only_the_right_password_lets_in(void **state)
{
	char directory[] = "/tmp/test_let_in.XXXXXX";
	char command[64];

	(void)state;
	if (!clickhouse_is_here())
		skip();
	assert_non_null(mkdtemp(directory));
	assert_int_equal(open_as("meter", "secret", directory), 0);
	assert_int_equal(open_as("meter", "wrong", directory), -EACCES);
	assert_int_equal(open_as("nobody", "", directory), -EACCES);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
}

static void test_a_spool_sends_to_one_database_only(void **state)
{
	struct pair pair;
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, "other", url)};

	(void)state;
	if (!clickhouse_is_here())
		skip();
	open_pair(&pair, "mine");
	store_close(pair.clickhouse);
	pair.clickhouse = NULL;
	assert_int_equal(store_open_remote(pair.near, &remote, &pair.clickhouse), -EXDEV);
	close_pair(&pair);
}

/* Two collectors made it at once: each knows its own id of it. */
static void test_a_database_may_have_two_ids(void **state)
{
	static const char sql[] = "INSERT INTO twice.migrations SELECT version,"
				  " toUInt64(1), made FROM twice.migrations LIMIT 1";
	struct pair pair;
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, "twice", url)};
	struct got got;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	open_pair(&pair, "twice");
	store_close(pair.clickhouse);
	pair.clickhouse = NULL;
	got = raw_send(server.ports[0], "POST", "/", "", sql, sizeof(sql) - 1);
	assert_int_equal(got.status, 200);
	free(got.text);
	assert_int_equal(store_open_remote(pair.near, &remote, &pair.clickhouse), 0);
	close_pair(&pair);
}

/* Small ones of one agent, which are merged in SQLite. */
static void put_and_merge_small(struct pair *pair)
{
	const struct function f = {.platform = PLATFORM_GENERIC, .name = "small"};
	int64_t begin_ns = 1790000000 * CLOCK_NS_PER_S;
	struct batch_head head = {.id.agent = {200}, .host = "small", .sent_ns = 7};
	struct batch_writer *w;

	assert_int_equal(batch_writer_new(&w), 0);
	for (head.id.sequence = 1; head.id.sequence <= 20; head.id.sequence++) {
		struct invocation inv;
		struct batch *batch;
		uint8_t *bytes;
		size_t n;

		sample_invocation(&pair->seed, &f, &inv, true);
		inv.start_ns = begin_ns + (int64_t)head.id.sequence;
		assert_int_equal(batch_writer_add(w, &inv), 0);
		assert_int_equal(batch_writer_seal(w, &head, &bytes, &n), 0);
		assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
		assert_int_equal(write_one(pair->sqlite, batch, bytes, n), 1);
		batch_free(batch);
		free(bytes);
	}
	batch_writer_free(w);
	for (int64_t minutes = 0; minutes <= 65; minutes += 5) {
		while (store_fold(
			   pair->sqlite, begin_ns + minutes * 60 * CLOCK_NS_PER_S) == 1)
			;
	}
}

static void test_history_moves_and_moves_again(void **state)
{
	struct pair pair;
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, "history", url)};

	(void)state;
	if (!clickhouse_is_here())
		skip();
	open_pair(&pair, "history");
	store_close(pair.clickhouse);
	pair.clickhouse = NULL;
	put_samples(&pair, BATCHES);
	put_and_merge_small(&pair);
	assert_int_equal(store_open_remote(pair.near, &remote, &pair.clickhouse), 0);
	for (int i = 0; i < 2; i++) {
		store_close(pair.sqlite); /* no collector runs on it */
		assert_int_equal(store_migrate(pair.plain, &remote), 0);
		assert_int_equal(store_open(pair.plain, &pair.sqlite), 0);
		assert_same_everything(&pair);
	}
	close_pair(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_engines_hand_out_the_same_rows),
	    cmocka_unit_test(test_what_is_sent_again_changes_nothing),
	    cmocka_unit_test(test_a_server_that_is_away_is_waited_for),
	    cmocka_unit_test(test_only_the_right_password_lets_in),
	    cmocka_unit_test(test_a_spool_sends_to_one_database_only),
	    cmocka_unit_test(test_a_database_may_have_two_ids),
	    cmocka_unit_test(test_history_moves_and_moves_again),
	};
	int failed;

	log_init("test", LOG_LEVEL_INFO);
	if (access(CLICKHOUSE_PROGRAM, X_OK) == 0) {
		clickhouse_new(&server, false);
		clickhouse_start(&server);
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (server.pid > 0)
		clickhouse_free(&server);
	return failed;
}
