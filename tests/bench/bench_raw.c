/* What single invocations take on disk, by how many of them an agent sees in a second:
 * as they arrive, a batch a second, and an hour later, when small batches were merged;
 * what merging costs, and what reading a minute does before and after.
 *
 * RAW_AGENTS=10: of each an hour, in functions of 20 names and 40 sandboxes. LEDGER=DIR:
 * of a ledger that a collector has left, which is merged for good. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"
#include "tests/bench/store_file.h"
#include "tests/unit/random.h"
#include "wire/batch.h"

#define FUNCTIONS 20
#define SANDBOXES 40 /* of an agent */
#define SECONDS 3600
#define GROUP 64 /* batches that are written together */
#define RUNS 5
#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define T0_NS (1790000000 * CLOCK_NS_PER_S)

static struct function functions[FUNCTIONS];
static char directory[64];
static struct store *store;
static struct batch_writer *writer;
static struct store_batch group[GROUP];
static size_t group_n;
static uint64_t seed = 1;

static size_t setting(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static void make_functions(void)
{
	for (size_t i = 0; i < FUNCTIONS; i++) {
		functions[i] = (struct function){.platform = PLATFORM_AWS_LAMBDA,
		    .arch = ARCH_X86_64,
		    .memory_limit_mb = 256,
		    .version = "$LATEST",
		    .region = "us-east-1"};
		(void)snprintf(functions[i].name, sizeof(functions[i].name),
		    "service-%zu-handler", i);
	}
}

/* One of an HTTP function's sandbox, as our agent tells it: without ids. */
static void add_one(size_t agent, int64_t end_ns)
{
	uint64_t sandbox = random_below(&seed, SANDBOXES);
	uint64_t us = 1 + (uint64_t)random_log_normal(&seed, 50000, 0.8);
	struct invocation inv = {.function = &functions[sandbox % FUNCTIONS],
	    .kind = KIND_HTTP,
	    .start_type = START_WARM,
	    .has = HAS_DURATION | HAS_RESPONSE | HAS_CPU | HAS_MEMORY | HAS_BUSY |
		   HAS_BYTES | HAS_HTTP_STATUS,
	    .http_status = 200,
	    .start_ns = end_ns - 1000 * (int64_t)us,
	    .duration_ns = 1000 * us,
	    .busy_ns = 1000 * us,
	    .response_ns = 1000 * (us - random_below(&seed, us / 100 + 1)),
	    .cpu_ns = 1000 * random_below(&seed, us),
	    .peak_memory_bytes = 4096 * (12208 + 10 * sandbox + random_below(&seed, 4)),
	    .request_bytes = 120 + random_below(&seed, 200),
	    .response_bytes = random_below(&seed, 2000),
	    .concurrency = 1,
	    .pid = 1000 + (uint32_t)sandbox};

	(void)snprintf(inv.sandbox, sizeof(inv.sandbox), "%016llx%048llx",
	    (unsigned long long)(agent + 1) * 0x9e3779b97f4a7c15ULL,
	    (unsigned long long)(sandbox + 1) * 0xbf58476d1ce4e5b9ULL);
	if (batch_writer_add(writer, &inv) < 0)
		die("batch_writer_add");
}

static void write_group(void)
{
	if (group_n > 0 && store_write(store, group, group_n) < 0)
		die("store_write");
	for (size_t i = 0; i < group_n; i++) {
		batch_free((struct batch *)group[i].batch);
		free((void *)group[i].raw);
	}
	group_n = 0;
}

/* What an agent saw end in a second, in that order. */
static void send_second(size_t agent, int64_t second, size_t rate)
{
	struct batch_head head = {.id = {.agent = {(uint8_t)(agent + 1)},
				      .boot = {1},
				      .sequence = (uint64_t)second + 1},
	    .sent_ns = T0_NS + (second + 1) * CLOCK_NS_PER_S};
	struct store_batch *stored = &group[group_n];
	uint64_t each_us = 1000000 / rate;
	struct batch *batch;
	uint8_t *bytes;

	(void)snprintf(head.host, sizeof(head.host), "host-%zu", agent);
	for (size_t i = 0; i < rate; i++)
		add_one(agent,
		    T0_NS + second * CLOCK_NS_PER_S +
			1000 * (int64_t)(i * each_us + random_below(&seed, each_us)));
	*stored = (struct store_batch){0};
	if (batch_writer_seal(writer, &head, &bytes, &stored->raw_bytes) < 0 ||
	    batch_decode(bytes, stored->raw_bytes, &batch, NULL) < 0)
		die("batch_writer_seal");
	stored->batch = batch;
	stored->raw = bytes;
	if (++group_n == GROUP)
		write_group();
}

static int count_one(void *context, const struct invocation *inv, const char *host)
{
	(void)inv;
	(void)host;
	++*(size_t *)context;
	return 0;
}

/* Of one minute in the middle. Milliseconds, the best of some. */
static double read_minute(size_t *n)
{
	int64_t since_ns = T0_NS + SECONDS / 2 * CLOCK_NS_PER_S;
	double best = 1e9;

	for (int i = 0; i < RUNS; i++) {
		uint64_t began_ns = clock_boot_ns();
		double took;

		*n = 0;
		if (store_scan_invocations(store, since_ns,
			since_ns + 60 * CLOCK_NS_PER_S, NULL, true, count_one, n) < 0)
			die("store_scan_invocations");
		took = (double)(clock_boot_ns() - began_ns) / 1e6;
		best = took < best ? took : best;
	}
	return best;
}

static double page_bytes(sqlite3 *db)
{
	return table_bytes(db, "PRAGMA page_size") *
	       (table_bytes(db, "PRAGMA page_count") -
		   table_bytes(db, "PRAGMA freelist_count"));
}

/* In use in the raw file, which is the only one. */
static double raw_bytes(double *records)
{
	DIR *d = opendir(directory);
	const struct dirent *entry;
	char path[512] = "";
	double bytes;
	sqlite3 *db;

	while (d && (entry = readdir(d))) {
		size_t n = strlen(entry->d_name);

		if (strncmp(entry->d_name, "raw_", 4) == 0 &&
		    strcmp(entry->d_name + n - 3, ".db") == 0)
			(void)snprintf(
			    path, sizeof(path), "%s/%s", directory, entry->d_name);
	}
	if (!d || closedir(d) < 0 || sqlite3_open(path, &db) != SQLITE_OK)
		die("the raw file");
	bytes = page_bytes(db);
	*records = table_bytes(db, "SELECT SUM(n) FROM raw");
	(void)sqlite3_close(db);
	return bytes;
}

/* Folds what there is; seconds. */
static double fold(int64_t now_ns)
{
	uint64_t began_ns = clock_boot_ns();
	int more;

	while ((more = store_fold(store, now_ns)) == 1)
		;
	if (more < 0)
		die("store_fold");
	return (double)(clock_boot_ns() - began_ns) / 1e9;
}

/* Of a ledger that a collector left, which is merged. Everything is received by now. */
static void bench_ledger(const char *left)
{
	int64_t now_ns = clock_wall_ns();
	double records;
	double received;

	(void)snprintf(directory, sizeof(directory), "%s", left);
	if (store_open(directory, &store) < 0)
		die(directory);
	received = raw_bytes(&records);
	for (int64_t minute = 0; minute < INT64_C(4) * 60; minute += 5)
		(void)fold(now_ns + minute * 60 * CLOCK_NS_PER_S);
	(void)printf("raw: %.0f of %s: %.1f B/record as received", records, left,
	    received / records);
	received = raw_bytes(&records);
	(void)printf(", %.1f merged\n", received / records);
	store_close(store);
}

static void bench(size_t agents, size_t rate)
{
	char command[128];
	double records;
	double bytes;
	double read_ms;
	double merge_s;
	size_t n;

	(void)snprintf(directory, sizeof(directory), "/tmp/bench_raw.XXXXXX");
	if (!mkdtemp(directory) || store_open(directory, &store) < 0)
		die("store_open");
	for (int64_t second = 0; second < SECONDS; second++) {
		for (size_t agent = 0; agent < agents; agent++)
			send_second(agent, second, rate);
	}
	write_group();
	for (int64_t minute = 0; minute < 60; minute += 5) /* those of functions first */
		(void)fold(T0_NS + 3 * HOUR_NS + minute * 60 * CLOCK_NS_PER_S);
	bytes = raw_bytes(&records);
	read_ms = read_minute(&n);
	merge_s = fold(T0_NS + 4 * HOUR_NS);
	(void)printf("raw: %3zu agents with %4zu/s: %6.1f B/record as received, %5.1f "
		     "merged; %.2f us/record to merge; a minute of %zu read in %.1f ms, "
		     "%.1f merged\n",
	    agents, rate, bytes / records, raw_bytes(&records) / records,
	    1e6 * merge_s / records, n, read_ms, read_minute(&n));
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		die(command);
}

int main(void)
{
	static const size_t rates[] = {1, 5, 20, 100, 1000};
	size_t agents = setting("RAW_AGENTS", 10);

	if (getenv("LEDGER")) {
		bench_ledger(getenv("LEDGER"));
		return 0;
	}
	make_functions();
	if (batch_writer_new(&writer) < 0)
		die("batch_writer_new");
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		bench(rates[i] == 1000 ? 1 : agents, rates[i]);
	batch_writer_free(writer);
	return 0;
}
