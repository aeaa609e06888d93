/* The ledger's questions over 30 days of minutes: how long each takes, how that grows
 * with the number of functions, and what a function's minute takes on disk.
 *
 * STORE_FUNCTIONS="100 1000" (one run each), STORE_VALUES=100 (invocations of a function
 * and minute), STORE_NOW=37 (minutes since the hour began: what is not folded yet). One
 * hour of minutes is encoded and folded for real; its rows are copied to those other
 * hours that the questions touch, its sum times 24 to the days. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/rollup_pack.h"
#include "serve/figures/tally.h"
#include "store/store.h"
#include "tests/bench/store_file.h"
#include "tests/bench/store_hours.h"
#include "tests/bench/store_invoices.h"
#include "tests/bench/store_minutes.h"
#include "tests/unit/random.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)
#define DAYS 30LL
#define TODAY 20600LL /* since the epoch */
#define HOUR (TODAY * 24 + 13)
#define SHAPES 512 /* different minutes */
#define RUNS 5
#define KEY "(%lld << 24)"
#define PIECES_KEY "(%lld << 28)" /* pieces.c */

static struct shape {
	uint8_t *counters;
	uint8_t *histograms;
	size_t counters_n;
	size_t histograms_n;
} shapes[SHAPES];
static char directory[64];

static double now_ms(void)
{
	return (double)clock_boot_ns() / 1e6;
}

static size_t setting(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static void make_shape(struct shape *shape, struct likeness *like)
{
	struct rollup rollup = {0};

	make_minute(like, &rollup);
	if (rollup_pack_counters(&rollup, &shape->counters, &shape->counters_n) < 0 ||
	    rollup_pack_histograms(&rollup, &shape->histograms, &shape->histograms_n) < 0)
		die("rollup_pack");
	rollup_done(&rollup);
}

/* Hours whose minutes differ in all but their shape, of a function that stays as it is,
 * and of one whose memory does, too. */
static void measure_all_hours(size_t values)
{
	uint64_t seed = 6;
	struct likeness like = {
	    .start_ns = TODAY * 24 * HOUR_NS, .seed = &seed, .values = values};

	measure_hours("hours of many medians", make_minute, &like);
	like.median_ns = 70e6;
	measure_hours("hours of one median", make_minute, &like);
	like.few_peaks = true;
	measure_hours("hours of one median and few peaks", make_minute, &like);
}

static struct store *open_store(void)
{
	struct store *store;

	if (store_open(directory, &store) < 0)
		exit(1);
	return store;
}

/* Makes the functions known, by an invocation each of the present minute. */
static void make_functions(struct store *store, size_t n, int64_t now_ns)
{
	struct batch_writer *w;

	if (batch_writer_new(&w) < 0)
		die("batch_writer_new");
	for (size_t i = 0; i < n; i += 1000) {
		struct batch_head head = {.id = {.agent = {1}, .sequence = i + 1},
		    .host = "bench",
		    .sent_ns = 1};
		struct store_batch b = {0};
		struct batch *batch;
		uint8_t *bytes;
		size_t bytes_n;

		for (size_t k = i; k < i + 1000 && k < n; k++) {
			struct function f = {.platform = PLATFORM_AWS_LAMBDA,
			    .arch = ARCH_X86_64,
			    .memory_limit_mb = 256};
			struct invocation inv = {
			    .function = &f, .start_ns = now_ns - 1, .concurrency = 1};

			(void)snprintf(f.name, sizeof(f.name), "function-%zu", k);
			if (batch_writer_add(w, &inv) < 0)
				die("batch_writer_add");
		}
		if (batch_writer_seal(w, &head, &bytes, &bytes_n) < 0 ||
		    batch_decode(bytes, bytes_n, &batch, NULL) < 0)
			die("batch_writer_seal");
		b.batch = batch;
		if (store_write(store, &b, 1) < 0)
			die("store_write");
		batch_free(batch);
		free(bytes);
	}
	batch_writer_free(w);
}

/* --- by hand ---------------------------------------------------------------------------
 */

static void fill_minutes(sqlite3 *db, size_t n, int64_t from, int64_t until)
{
	sqlite3_stmt *counters =
	    prepare(db, "INSERT OR REPLACE INTO minute_counters VALUES(?, ?)");
	sqlite3_stmt *histograms =
	    prepare(db, "INSERT OR REPLACE INTO minute_histograms VALUES(?, ?)");
	unsigned int seed = 5;

	run(db, "BEGIN");
	for (int64_t minute = from; minute < until; minute++) {
		for (size_t f = 1; f <= n; f++) {
			const struct shape *shape = &shapes[rand_r(&seed) % SHAPES];
			int64_t id = minute * (1 << 24) + (int64_t)f;

			insert(counters, id, shape->counters, shape->counters_n);
			insert(histograms, id, shape->histograms, shape->histograms_n);
		}
	}
	run(db, "COMMIT");
	(void)sqlite3_finalize(counters);
	(void)sqlite3_finalize(histograms);
}

static void copy_hour(sqlite3 *db, long long hour)
{
	char sql[512];
	long long behind = HOUR - 1 - hour;

	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO hour_piece SELECT id - " PIECES_KEY ", bytes FROM hour_piece"
	    " WHERE id >= " PIECES_KEY,
	    behind, HOUR - 1);
	run(db, sql);
	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO hour_rollup SELECT id - " KEY ", first_minute - %lld,"
	    " last_minute - %lld, counters, histograms FROM hour_rollup"
	    " WHERE id >= " KEY,
	    behind, behind * 60, behind * 60, HOUR - 1);
	run(db, sql);
	(void)snprintf(sql, sizeof(sql),
	    "INSERT INTO hour_parts SELECT id - " KEY ", parts FROM hour_parts"
	    " WHERE id >= " KEY,
	    behind, HOUR - 1);
	run(db, sql);
}

static void copy_day(sqlite3 *db, long long day)
{
	char sql[512];
	long long behind = TODAY - day;

	(void)snprintf(sql, sizeof(sql),
	    "INSERT OR REPLACE INTO day_rollup SELECT id - " KEY ", first_minute - %lld,"
	    " last_minute - %lld, parts, counters, histograms FROM day_rollup"
	    " WHERE id >= " KEY,
	    behind, behind * 1440, behind * 1440, TODAY);
	run(db, sql);
}

/* Today's row of each function: the hour's times 24. */
static void make_today(sqlite3 *db)
{
	static uint8_t parts[24 * 2];
	sqlite3_stmt *read =
	    prepare(db, "SELECT id, counters, histograms FROM day_rollup");
	sqlite3_stmt *write =
	    prepare(db, "UPDATE day_rollup SET counters = ?2, histograms = ?3, parts = ?4"
			" WHERE id = ?1");
	struct rollup rollup = {0};

	for (size_t i = 0; i < sizeof(parts); i += 2) {
		parts[i] = 0x80 | 112; /* 6000 */
		parts[i + 1] = 46;
	}
	run(db, "BEGIN");
	while (sqlite3_step(read) == SQLITE_ROW) {
		struct shape sum;

		rollup_clear(&rollup);
		for (int i = 0; i < 24; i++) {
			if (rollup_merge_encoded(&rollup, sqlite3_column_blob(read, 1),
				(size_t)sqlite3_column_bytes(read, 1),
				sqlite3_column_blob(read, 2),
				(size_t)sqlite3_column_bytes(read, 2)) < 0)
				die("rollup_merge_encoded");
		}
		if (rollup_pack_counters(&rollup, &sum.counters, &sum.counters_n) < 0 ||
		    rollup_pack_histograms(&rollup, &sum.histograms, &sum.histograms_n) <
			0)
			die("rollup_pack");
		(void)sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0));
		(void)sqlite3_bind_blob64(
		    write, 2, sum.counters, sum.counters_n, SQLITE_STATIC);
		(void)sqlite3_bind_blob64(
		    write, 3, sum.histograms, sum.histograms_n, SQLITE_STATIC);
		(void)sqlite3_bind_blob64(write, 4, parts, sizeof(parts), SQLITE_STATIC);
		if (sqlite3_step(write) != SQLITE_DONE)
			die("update");
		(void)sqlite3_reset(write);
		free(sum.counters);
		free(sum.histograms);
	}
	run(db, "COMMIT");
	rollup_done(&rollup);
	(void)sqlite3_finalize(read);
	(void)sqlite3_finalize(write);
}

/* The other hours that a question touches: those at the month's begin, where a bar of the
 * trend ends, and of the last day. */
static void fill_past(sqlite3 *db)
{
	long long first = HOUR - DAYS * 24LL;

	make_today(db);
	run(db, "BEGIN");
	for (long long hour = first; hour < HOUR - 1; hour++) {
		if (hour < first + 24 || hour >= HOUR - 25 || hour % 24 == HOUR % 24)
			copy_hour(db, hour);
	}
	for (long long day = TODAY - DAYS; day < TODAY; day++)
		copy_day(db, day);
	run(db, "COMMIT");
}

/* --- the questions ---------------------------------------------------------------------
 */

static int count_row(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	(void)minute_start_s;
	(void)function;
	*(uint64_t *)context += rollup->invocations;
	return 0;
}

struct found {
	double p95;
	uint64_t invocations;
};

static int add_found(void *context, const struct tallies *some)
{
	struct found *found = context;

	for (size_t k = 0; k < some->n; k++) {
		const struct rollup *r = &some->rows[k]->rollup;

		found->p95 += rollup_duration_quantile_ns(r, 0.95);
		found->invocations += r->invocations;
	}
	return 0;
}

/* The best time of reading a window and taking the P95 of each function. */
static double ask(
    struct store *store, const struct window *window, const char *name, uint64_t *n)
{
	double best = 1e12;

	for (int i = 0; i < RUNS; i++) {
		double began = now_ms();
		struct found found = {0};

		if (tallies_each(store, window, name, add_found, &found) < 0)
			die("tallies_each");
		*n = found.invocations;
		if (found.p95 > 0 && now_ms() - began < best)
			best = now_ms() - began;
	}
	return best;
}

static double ask_minutes(
    struct store *store, const struct window *window, const char *name)
{
	double best = 1e12;

	for (int i = 0; i < RUNS; i++) {
		double began = now_ms();
		uint64_t n = 0;

		if (store_scan_rollups(store, window->since_ns, window->until_ns, name,
			count_row, &n) < 0)
			die("store_scan_rollups");
		if (n > 0 && now_ms() - began < best)
			best = now_ms() - began;
	}
	return best;
}

static void ask_all(struct store *store, size_t n, int64_t now_ns)
{
	const struct window hour = {now_ns - HOUR_NS, now_ns};
	const struct window day = {now_ns - 24 * HOUR_NS, now_ns};
	struct window month = {now_ns - DAYS * 24 * HOUR_NS, now_ns};
	char name[32];
	uint64_t found[3];
	double ms[4];

	(void)snprintf(name, sizeof(name), "function-%zu", n / 2);
	answer_begin_with_hour(&month); /* as every list of functions does */
	ms[0] = ask(store, &month, NULL, &found[0]);
	ms[1] = ask(store, &hour, NULL, &found[1]);
	ms[2] = ask(store, &day, name, &found[2]);
	ms[3] = ask_minutes(store, &day, name);
	(void)printf(
	    "store: P95 of %zu functions over 30 days and up to an hour %.1f ms, over the"
	    " last hour %.1f ms; one function's day %.2f ms, by minute %.2f ms (best of"
	    " %d; %.3g, %.3g and %.3g invocations)\n",
	    n, ms[0], ms[1], ms[2], ms[3], RUNS, (double)found[0], (double)found[1],
	    (double)found[2]);
}

static void fold_all(struct store *store, size_t n, int64_t now_ns)
{
	double began = now_ms();
	double longest = 0;
	size_t steps = 0;
	double step = began;
	int more;

	while ((more = store_fold(store, now_ns)) == 1) {
		double now = now_ms();

		longest = now - step > longest ? now - step : longest;
		step = now;
		steps++;
	}
	if (more < 0)
		die("store_fold");
	(void)printf("store: an hour of %zu functions folded in %.0f ms, %zu steps of"
		     " %.1f ms at most\n",
	    n, now_ms() - began, steps, longest);
}

static void bench(size_t n, size_t values, int64_t minutes)
{
	int64_t now_ns = HOUR * HOUR_NS + minutes * MINUTE_NS;
	int64_t first = (HOUR - 1) * 60;
	char command[128];
	struct store *store;
	sqlite3 *db;
	double in_minutes;
	double in_blocks;

	(void)snprintf(directory, sizeof(directory), "/tmp/bench_store.XXXXXX");
	if (!mkdtemp(directory))
		die("mkdtemp");
	store = open_store();
	make_functions(store, n, now_ns);
	store_close(store);
	db = open_file(directory);
	fill_minutes(db, n, first, HOUR * 60);
	in_minutes =
	    table_bytes(db, "SELECT sum(pgsize) FROM dbstat WHERE name GLOB 'minute_*'");
	(void)sqlite3_close(db);
	store = open_store();
	fold_all(store, n, HOUR * HOUR_NS + 2 * MINUTE_NS);
	store_close(store);
	db = open_file(directory);
	in_blocks =
	    table_bytes(db, "SELECT sum(pgsize) FROM dbstat WHERE name = 'hour_piece'");
	(void)printf(
	    "store: %.1f B for a function's minute of %zu values, %.1f B in blocks\n",
	    in_minutes / (double)n / 60, values, in_blocks / (double)n / 60);
	fill_past(db);
	fill_minutes(db, n, HOUR * 60, HOUR * 60 + minutes);
	(void)sqlite3_close(db);
	store = open_store();
	while (store_fold(store, now_ns) == 1)
		; /* of this hour, what is over */
	ask_all(store, n, now_ns);
	ask_invoices(store, n, (TODAY - DAYS + 1) * 24 * HOUR_NS, now_ns);
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0) /* NOLINT(cert-env33-c): our own mkdtemp path */
		die(directory);
}

int main(void)
{
	const char *list = getenv("STORE_FUNCTIONS");
	size_t values = setting("STORE_VALUES", 100);
	size_t minutes = setting("STORE_NOW", 37);
	uint64_t seed = 1;
	struct likeness like = {
	    .start_ns = TODAY * 24 * HOUR_NS, .seed = &seed, .values = values};
	char *end;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < SHAPES; i++)
		make_shape(&shapes[i], &like);
	measure_all_hours(values);
	list = list ? list : "100 1000";
	for (size_t n = strtoul(list, &end, 10); n > 0; n = strtoul(end, &end, 10))
		bench(n, values, (int64_t)minutes);
	return 0;
}
