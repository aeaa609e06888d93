/* ClickHouse beside the collector on one machine: rows a second from the spool to the
 * server with everything of an invocation, the CPU time of both sides for a row, what a
 * row takes on disk, and the time of the dashboard's question, for 30 days too: those are
 * copies of the hour that was sent, of the sums by hour and day that were made of it. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/figures/tally.h"
#include "store/clickhouse/minute_row.h"
#include "store/clickhouse/ship.h"
#include "store/sqlite/raw/block_reader.h"
#include "tests/bench/workload.h"
#include "tests/unit/clickhouse_server.h"

#define FUNCTIONS 1000
#define HOST_FUNCTIONS 40 /* of these one host has */
#define RECORDS 1000      /* of a batch */
#define BATCHES 2000
#define GROUP 50  /* batches of a transaction */
#define BLOCK 200 /* batches of an insert */
#define CONNECTIONS_MAX 2
#define BEGIN_S 1790000000LL /* 14:13 of a day */
#define DAYS 30
#define DAY_MINUTES INT64_C(1440)
#define RUNS 5

static struct function functions[FUNCTIONS];
static struct clickhouse_server server;
static char directory[] = "/tmp/bench_clickhouse.XXXXXX";

/* What agents would send. */
static struct body {
	uint8_t *bytes;
	size_t n;
} bodies[BATCHES];

static void seal_body(struct batch_writer *w, unsigned int *seed, uint64_t sequence)
{
	struct batch_head head = {.id = {.agent = {7}, .boot = {7}, .sequence = sequence},
	    .host = "bench",
	    .sent_ns = 1};
	struct body *body = &bodies[sequence - 1];
	const struct function *first =
	    &functions[sequence % (FUNCTIONS / HOST_FUNCTIONS) * HOST_FUNCTIONS];

	for (size_t i = 0; i < RECORDS; i++) {
		struct invocation inv = workload_invocation(first, HOST_FUNCTIONS, seed,
		    BEGIN_S * CLOCK_NS_PER_S +
			(int64_t)(sequence * RECORDS + i) * 1800000);

		clickhouse_must(batch_writer_add(w, &inv) == 0, "batch_writer_add");
	}
	clickhouse_must(batch_writer_seal(w, &head, &body->bytes, &body->n) == 0, "seal");
}

static void seal_bodies(void)
{
	struct batch_writer *w;
	unsigned int seed = 1;

	clickhouse_must(batch_writer_new(&w) == 0, "batch_writer_new");
	for (uint64_t i = 1; i <= BATCHES; i++)
		seal_body(w, &seed, i);
	batch_writer_free(w);
}

/* As the collector does under load: what came meanwhile is accepted together, and settled
 * when it is time to. */
static void put_group(struct store *store, struct body *from)
{
	static uint64_t settled_ns;
	struct store_batch group[GROUP];

	for (size_t i = 0; i < GROUP; i++) {
		struct batch *batch = NULL;

		clickhouse_must(
		    batch_decode(from[i].bytes, from[i].n, &batch, NULL) == 0, "decode");
		group[i] = (struct store_batch){
		    .batch = batch, .raw = from[i].bytes, .raw_bytes = from[i].n};
	}
	clickhouse_must(store_accept(store, group, GROUP) == 0, "store_accept");
	if (clock_boot_ns() - settled_ns >= STORE_SETTLE_MS * CLOCK_NS_PER_MS) {
		clickhouse_must(store_settle(store) == 0, "store_settle");
		settled_ns = clock_boot_ns();
	}
	for (size_t i = 0; i < GROUP; i++) {
		batch_free((struct batch *)group[i].batch);
		free(from[i].bytes);
	}
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double server_seconds(void)
{
	clockid_t clock;

	clickhouse_must(clock_getcpuclockid(server.pid, &clock) == 0, "its CPU clock");
	return seconds(clock);
}

struct work {
	struct link *link;
	struct sqlite *ledger;
	struct sqlite_spool_block day;
	atomic_int next;
};

static void *send_blocks(void *context)
{
	struct work *work = context;

	for (;;) {
		struct sqlite_spool_block block = work->day;

		block.after = (int64_t)atomic_fetch_add(&work->next, 1) * BLOCK;
		if (block.after >= work->day.last)
			return NULL;
		if (block.after + BLOCK < block.last)
			block.last = block.after + BLOCK;
		clickhouse_must(
		    ship_block(work->link, work->ledger, &block) == 0, "ship_block");
	}
}

static void measure_sending(struct work *work, int connections)
{
	const double rows = (double)work->day.last * RECORDS;
	pthread_t threads[CONNECTIONS_MAX];
	double began = seconds(CLOCK_MONOTONIC);
	double own = seconds(CLOCK_PROCESS_CPUTIME_ID);
	double its = server_seconds();

	work->next = 0;
	for (int i = 0; i < connections; i++)
		clickhouse_must(
		    pthread_create(&threads[i], NULL, send_blocks, work) == 0, "thread");
	for (int i = 0; i < connections; i++)
		(void)pthread_join(threads[i], NULL);
	began = seconds(CLOCK_MONOTONIC) - began;
	own = seconds(CLOCK_PROCESS_CPUTIME_ID) - own;
	its = server_seconds() - its;
	printf("clickhouse send, %d connection%s: %.0f rows/s, CPU %.2f us a row here"
	       " and %.2f us there\n",
	    connections, connections > 1 ? "s" : "", rows / began, own / rows * 1e6,
	    its / rows * 1e6);
}

static void measure_disk(struct link *link)
{
	static const char sql[] =
	    "SELECT toUInt64(sum(bytes)), toUInt64(sum(rows)) FROM system.parts"
	    " WHERE active AND database = 'bench' AND table = 'invocations'";
	uint8_t *bytes;
	struct row_in in;
	uint64_t sum;
	size_t n;

	clickhouse_must(link_select(link, sql, &bytes, &n) == 0, "SELECT");
	in = (struct row_in){.at = bytes, .end = bytes + n};
	sum = row_get_u64(&in);
	printf(
	    "clickhouse disk: %.1f B an invocation, 16 of them its random request id\n",
	    (double)sum / (double)row_get_u64(&in));
	free(bytes);
}

static int add(void *context, int64_t minute_start_s, const struct function *function,
    const struct rollup *rollup)
{
	(void)minute_start_s;
	(void)function;
	return rollup_merge(context, rollup);
}

static void measure_hour(struct store *store)
{
	struct rollup all = {0};
	double began = seconds(CLOCK_MONOTONIC);

	clickhouse_must(
	    store_scan_rollups(store, 0, INT64_MAX, NULL, add, &all) == 0, "rollups");
	printf("clickhouse minutes: %d functions' hour in %.0f ms\n", FUNCTIONS,
	    (seconds(CLOCK_MONOTONIC) - began) * 1e3);
	rollup_done(&all);
}

/* Rows of a table again, so many minutes before and after that. */
static void copy(
    struct link *link, const char *table, const char *condition, const char *minutes)
{
	bool is_sum = strcmp(table, "minutes") != 0;
	const char *columns = strstr(MINUTE_ROW_COLUMNS, "fn,");
	char sql[2048];

	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO %s (" MINUTE_ROW_COLUMNS "%s) SELECT toUInt32(intDiv(minute +"
	    " by, 1440)), minute + by, %s%s FROM %s ARRAY JOIN %s AS by WHERE %s",
	    table, is_sum ? ", " MINUTE_ROW_SUM_COLUMNS : "", columns,
	    is_sum ? ", first_minute + by, last_minute + by, parts" : "", table, minutes,
	    condition);
	clickhouse_must(link_run(link, LINK_IN_DATABASE, sql) == 0, "copy");
}

/* All that a window of 30 days until 15:13 reads. */
static void fill_month(struct link *link)
{
	const char *hour = "minute % 1440 = 840"; /* from 14:00 on */

	copy(link, "days", "1", "arrayMap(d -> -1440 * toInt64(d + 1), range(29))");
	copy(link, "hours", hour, "arrayMap(h -> -60 * toInt64(h + 1), range(14))");
	copy(link, "hours", hour, "arrayMap(h -> 60 * toInt64(h + 2) - 43200, range(8))");
	copy(link, "minutes", "minute % 1440 < 900", "array(toInt64(60 - 43200))");
}

static void measure_month(struct store *store, struct link *link)
{
	int64_t until_ns = (BEGIN_S / 60 + 60) * 60 * CLOCK_NS_PER_S;
	const struct window window = {
	    until_ns - DAYS * DAY_MINUTES * 60 * CLOCK_NS_PER_S, until_ns};
	double best = 1e9;
	double its = 0;
	double ours = 0;
	double found = 0;
	size_t functions_n = 0;

	fill_month(link);
	for (int i = 0; i < RUNS; i++) {
		double began = seconds(CLOCK_MONOTONIC);
		double cpu = server_seconds();
		double own = seconds(CLOCK_PROCESS_CPUTIME_ID);
		struct tallies t;

		clickhouse_must(tallies_read(&t, store, &window, NULL) == 0, "tallies");
		found = 0;
		functions_n = t.n;
		for (size_t k = 0; k < t.n; k++) {
			clickhouse_must(
			    rollup_duration_quantile_ns(&t.rows[k]->rollup, 0.95) > 0,
			    "P95");
			found += (double)t.rows[k]->rollup.invocations;
		}
		tallies_done(&t);
		began = seconds(CLOCK_MONOTONIC) - began;
		if (began < best) {
			best = began;
			its = server_seconds() - cpu;
			ours = seconds(CLOCK_PROCESS_CPUTIME_ID) - own;
		}
	}
	printf(
	    "clickhouse month: P95 of %zu functions over %d days in %.0f ms (best of %d;"
	    " %.0f ms of CPU here and %.0f there; %.3g invocations)\n",
	    functions_n, DAYS, best * 1e3, RUNS, ours * 1e3, its * 1e3, found);
}

/* All of it through the store: spool, minutes, invocations, until the server has it. */
static void measure_store(struct store *store)
{
	const double rows = (double)BATCHES * RECORDS;
	double began = seconds(CLOCK_MONOTONIC);
	double own = seconds(CLOCK_PROCESS_CPUTIME_ID);
	double its = server_seconds();
	struct batch_ledger ledger;

	for (size_t i = 0; i < BATCHES; i += GROUP)
		put_group(store, &bodies[i]);
	clickhouse_must(store_settle(store) == 0, "store_settle");
	clickhouse_must(store_ledger(store, 0, &ledger) == 0, "store_ledger");
	began = seconds(CLOCK_MONOTONIC) - began;
	printf("clickhouse store, decoded, spooled and sent: %.0f rows/s, CPU %.2f us a"
	       " row here and %.2f us there\n",
	    rows / began, (seconds(CLOCK_PROCESS_CPUTIME_ID) - own) / rows * 1e6,
	    (server_seconds() - its) / rows * 1e6);
}

static void measure(void)
{
	struct clickhouse_address address;
	struct sqlite_spool_block *days = NULL;
	struct work work = {0};
	struct store *store;
	char url[128];
	char path[64];
	const char *why;
	struct store_remote remote = {.url = clickhouse_url(&server, "bench", url)};

	(void)snprintf(path, sizeof(path), "%s/clickhouse", directory);
	clickhouse_must(store_open_remote(directory, &remote, &store) == 0, "open");
	seal_bodies();
	measure_store(store);
	measure_hour(store);
	clickhouse_must(clickhouse_address_parse(url, &address, &why) == 0 &&
			    link_new(&address, &work.link) == 0,
	    "link");
	measure_month(store, work.link);
	store_close(store);
	clickhouse_must(sqlite_open(path, &work.ledger) == 0, "sqlite_open");
	clickhouse_must(block_reader_days(work.ledger, &days) == 1, "one day");
	work.day = days[0];
	free(days);
	measure_disk(work.link);
	for (int connections = 1; connections <= CONNECTIONS_MAX; connections++)
		measure_sending(&work, connections);
	link_free(work.link);
	sqlite_close(work.ledger);
}

int main(void)
{
	char command[64];

	log_init("bench", LOG_LEVEL_WARN);
	if (!clickhouse_is_here())
		return 0;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct function){
		    .platform = PLATFORM_AWS_LAMBDA, .arch = ARCH_X86_64};
		(void)snprintf(
		    functions[i].name, sizeof(functions[i].name), "function-%zu", i);
	}
	clickhouse_new(&server, true);
	clickhouse_start(&server);
	clickhouse_must(mkdtemp(directory) != NULL, directory);
	measure();
	clickhouse_free(&server);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command) != 0; /* NOLINT(cert-env33-c): our own mkdtemp path */
}
