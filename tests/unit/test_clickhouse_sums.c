/* Sums by hour and day on ClickHouse: whoever made them and whenever, each answer is the
 * one that the minutes alone give, to the last digit. */
#include <sqlite3.h>

#include "base/log.h"
#include "tests/unit/clickhouse_server.h"
#include "tests/unit/spans_compare.h"

static struct clickhouse_server server;

/* The first in SQLite, two collectors on one database. */
static void open_store(struct pair *pair, int i, const char *database)
{
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, database, url)};

	assert_int_equal(
	    i == 0 ? store_open(pair->directory[i], &pair->store[i])
		   : store_open_remote(pair->directory[i], &remote, &pair->store[i]),
	    0);
}

static struct pair *open_pair(const char *database)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	if (!server.pid) {
		free(pair);
		skip();
	}
	for (int i = 0; i < 3; i++) {
		(void)snprintf(pair->directory[i], sizeof(pair->directory[i]),
		    "/tmp/test_clickhouse_sums.XXXXXX");
		assert_non_null(mkdtemp(pair->directory[i]));
		open_store(pair, i, database);
	}
	name_functions(pair);
	pair->random = 9;
	return pair;
}

static void close_pair(struct pair *pair)
{
	char command[128];

	for (int i = 0; i < 3; i++) {
		store_close(pair->store[i]);
		(void)snprintf(
		    command, sizeof(command), "rm -rf '%s'", pair->directory[i]);
		assert_int_equal(
		    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	}
	free(pair);
}

/* Waits until what a collector took is on the server, sums and all. */
static void flush(struct store *store)
{
	struct batch_ledger ledger;

	assert_int_equal(store_ledger(store, 0, &ledger), 0);
}

static void put_some(struct pair *pair, int n, int other)
{
	for (int i = 0; i < n; i++)
		put_random(pair, BEGIN + (int64_t)random_below(&pair->random, DAYS * DAY),
		    other);
	flush(pair->store[other]);
}

static int count_seconds(void *context, const struct store_span *span)
{
	size_t *by_seconds = context;

	by_seconds[span->seconds == 60 ? 0 : span->seconds == 3600 ? 1 : 2]++;
	return 0;
}

/* Spans of minutes, hours and days over a few days that begin and end between hours. */
static void count_spans(const struct pair *pair, size_t by_seconds[3])
{
	const struct store_window window = {.since_ns = BEGIN + 90 * MINUTE,
	    .until_ns = BEGIN + DAYS * DAY - 90 * MINUTE};

	memset(by_seconds, 0, 3 * sizeof(size_t));
	assert_int_equal(
	    store_scan_spans(pair->store[1], &window, count_seconds, by_seconds), 0);
}

/* In any order, late, by two collectors, over a restart. */
static void test_sums_tell_what_the_minutes_tell(void **state)
{
	struct pair *pair = open_pair("sums");
	size_t by_seconds[3];

	(void)state;
	for (int round = 0; round < 4; round++) {
		put_some(pair, 30, 1 + round % 2);
		if (round == 2) {
			store_close(pair->store[1]);
			open_store(pair, 1, "sums");
		}
		compare(pair);
	}
	count_spans(pair, by_seconds);
	assert_in_range(by_seconds[0], 0, 20 * FUNCTIONS);
	assert_true(by_seconds[1] > 0);
	assert_int_equal(by_seconds[2], (DAYS - 2) * FUNCTIONS);
	close_pair(pair);
}

static void run_sql(const struct pair *pair, int i, const char *sql)
{
	char path[128];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/clickhouse/main.db", pair->directory[i]);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void ask_server(const char *sql)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
	    "curl -sf 'http://127.0.0.1:%u/' --data-binary \"%s\" >/dev/null",
	    server.ports[0], sql);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own text */
}

/* A collector of a release that made none is read by minutes; one that is replaced by a
 * newer release makes those of its past. */
static void test_a_source_without_sums_is_read_by_minutes(void **state)
{
	struct pair *pair = open_pair("mixed");
	size_t by_seconds[3];

	(void)state;
	put_some(pair, 40, 1);
	put_some(pair, 40, 2);
	store_close(pair->store[2]);
	ask_server("TRUNCATE TABLE mixed.folds");
	ask_server("TRUNCATE TABLE mixed.hours");
	ask_server("TRUNCATE TABLE mixed.days");
	run_sql(pair, 2,
	    "DELETE FROM outgoing_hour; DELETE FROM outgoing_day; DELETE FROM"
	    " hour_rollup; DELETE FROM document WHERE name = 'folds'; DELETE FROM"
	    " sqlite_sequence WHERE name IN('outgoing_hour', 'outgoing_day')");
	count_spans(pair, by_seconds);
	assert_int_equal(by_seconds[1] + by_seconds[2], 0);
	compare(pair);
	open_store(pair, 2, "mixed"); /* the newer release */
	put_some(pair, 1, 2);
	compare(pair);
	count_spans(pair, by_seconds);
	assert_true(by_seconds[0] > 100); /* of the other one still */
	assert_int_equal(by_seconds[2], (DAYS - 2) * FUNCTIONS);
	close_pair(pair);
}

/* A crash anywhere leaves sums to be made and sent again. */
static void test_sums_that_are_sent_again_change_nothing(void **state)
{
	struct pair *pair = open_pair("again");

	(void)state;
	put_some(pair, 60, 1);
	store_close(pair->store[1]);
	run_sql(pair, 1,
	    "INSERT OR REPLACE INTO outgoing_hour(id) SELECT DISTINCT"
	    " ((id >> 24) / 60 << 24) | (id & 16777215) FROM minute_counters;"
	    " INSERT OR REPLACE INTO outgoing_day(id) SELECT DISTINCT"
	    " ((id >> 24) / 24 << 24) | (id & 16777215) FROM hour_rollup");
	open_store(pair, 1, "again");
	flush(pair->store[1]);
	compare(pair);
	close_pair(pair);
}

static void migrate(struct pair *pair, const char *database)
{
	char url[128];
	struct store_remote remote = {.url = clickhouse_url(&server, database, url)};

	store_close(pair->store[0]);
	assert_int_equal(store_migrate(pair->directory[0], &remote), 0);
	assert_int_equal(store_open(pair->directory[0], &pair->store[0]), 0);
}

/* History that is moved takes its sums along, also what came late and is moved later. */
static void test_history_moves_with_its_sums(void **state)
{
	struct pair *pair = open_pair("moved");
	size_t by_seconds[3];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 40; i++)
			put_random(pair,
			    BEGIN + (int64_t)random_below(&pair->random, DAYS * DAY), 0);
		migrate(pair, "moved");
		compare(pair);
	}
	count_spans(pair, by_seconds);
	assert_in_range(by_seconds[0], 0, 20 * FUNCTIONS);
	assert_int_equal(by_seconds[2], (DAYS - 2) * FUNCTIONS);
	put_some(pair, 20, 1); /* and goes on */
	compare(pair);
	close_pair(pair);
}

/* Forgotten with the minutes that they are of. */
static void test_sums_go_with_their_minutes(void **state)
{
	struct pair *pair = open_pair("gone");
	const int64_t since_ns = BEGIN + 2 * DAY + 5 * HOUR;
	const struct store_keep keep = {since_ns, since_ns, since_ns, since_ns};
	size_t by_seconds[3];

	(void)state;
	put_some(pair, 60, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_expire(pair->store[i], &keep), 0);
	count_spans(pair, by_seconds);
	assert_int_equal(by_seconds[2], 0); /* no whole day is left in the window */
	compare(pair);
	close_pair(pair);
}

static int set_up_server(void **state)
{
	(void)state;
	if (!clickhouse_is_here())
		return 0;
	clickhouse_new(&server, false);
	clickhouse_start(&server);
	return 0;
}

static int tear_down_server(void **state)
{
	(void)state;
	if (server.pid)
		clickhouse_free(&server);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sums_tell_what_the_minutes_tell),
	    cmocka_unit_test(test_a_source_without_sums_is_read_by_minutes),
	    cmocka_unit_test(test_sums_that_are_sent_again_change_nothing),
	    cmocka_unit_test(test_history_moves_with_its_sums),
	    cmocka_unit_test(test_sums_go_with_their_minutes),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, set_up_server, tear_down_server);
}
