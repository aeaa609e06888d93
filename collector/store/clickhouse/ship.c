#include "store/clickhouse/ship.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/clickhouse/agents.h"
#include "store/clickhouse/invocation_block.h"
#include "store/clickhouse/invocation_row.h"
#include "store/clickhouse/minute_row.h"
#include "store/clickhouse/names.h"
#include "store/clickhouse/schema.h"
#include "store/clickhouse/ship_sums.h"
#include "store/sqlite/raw/block_reader.h"

/* The server makes files of each insert: about one a second is what it is made for. */
#define EVERY_NS CLOCK_NS_PER_S
#define RETRY_MAX_NS (30 * CLOCK_NS_PER_S)
#define HALF_INVOCATIONS 200000      /* about 50 MB while it is sent */
#define ROWS_BYTES ((size_t)4 << 20) /* of an insert that is gathered in memory */
#define DAY_NS (86400 * CLOCK_NS_PER_S)

struct ship {
	struct link *link;
	struct sqlite_spool *spool;
	struct ship_sums *sums;
	bool prepared; /* the thread alone, once it runs */
	_Atomic uint64_t named_ns;
	pthread_t thread;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t asked;
	pthread_cond_t answered;
	uint64_t wanted; /* passes that were asked for, and that ended */
	uint64_t ended;
	int err; /* of the last one */
	bool stopping;
};

/* --- batches ---------------------------------------------------------------------------
 */

static int gather_batches(struct invocation_block *block, struct block_reader *reader)
{
	const uint8_t *bytes;
	size_t n;
	int err;

	while ((err = block_reader_next(reader, &bytes, &n)) == 1) {
		struct batch *batch;

		err = batch_decode(bytes, n, &batch, NULL);
		if (err)
			return err == -EBADMSG ? -EUCLEAN : err;
		err = invocation_block_add(block, batch);
		batch_free(batch);
		if (err)
			return err;
	}
	return err;
}

int ship_block(
    struct link *link, struct sqlite *ledger, const struct sqlite_spool_block *block)
{
	struct invocation_block *rows = NULL;
	struct block_reader *reader = NULL;
	char *columns = invocation_row_list(false);
	char sql[1024];
	int err = columns ? invocation_block_new(block->day, &rows) : -ENOMEM;

	if (!err)
		err = block_reader_open(ledger, block, &reader);
	if (!err)
		err = gather_batches(rows, reader);
	block_reader_close(reader);
	if (!err) {
		(void)snprintf(sql, sizeof(sql),
		    "INSERT INTO invocations (%s) FORMAT Native", columns);
		err = link_insert(link, sql, invocation_block_give, rows);
	}
	invocation_block_free(rows);
	free(columns);
	return err;
}

struct half {
	struct ship *ship;
	struct sqlite_spool_block block;
	int err;
};

static void *ship_half(void *context)
{
	struct half *half = context;

	half->err = ship_block(
	    half->ship->link, sqlite_spool_ledger(half->ship->spool), &half->block);
	return NULL;
}

/* A large block goes as two at once: one server thread takes an insert, and this side is
 * idle meanwhile. Where it is cut follows from its rows, so that it is cut there again.
 */
static int ship_halves(struct ship *ship, const struct sqlite_spool_block *block)
{
	struct half first = {.ship = ship, .block = *block};
	struct half second = {.ship = ship, .block = *block};
	pthread_t thread;
	int err = block_reader_find_end(
	    sqlite_spool_ledger(ship->spool), block, HALF_INVOCATIONS, &first.block.last);

	if (err)
		return err;
	second.block.after = first.block.last;
	if (first.block.last == block->last)
		return ship_block(ship->link, sqlite_spool_ledger(ship->spool), block);
	err = -pthread_create(&thread, NULL, ship_half, &second);
	if (err)
		return err;
	(void)ship_half(&first);
	(void)pthread_join(thread, NULL);
	return first.err ? first.err : second.err;
}

/* Those that were committed before now. */
static int ship_batches(struct ship *ship, const struct sqlite_spool_block *newest)
{
	struct sqlite_spool_block block;
	int err;

	while ((err = sqlite_spool_next_block(ship->spool, &block)) == 1) {
		err = ship_halves(ship, &block);
		if (!err)
			err = sqlite_spool_settle_block(ship->spool, &block);
		if (err || block.day > newest->day ||
		    (block.day == newest->day && block.last >= newest->last))
			return err;
	}
	return err;
}

static int find_newest(struct ship *ship, struct sqlite_spool_block *newest)
{
	struct sqlite_spool_block *days = NULL;
	ssize_t n = block_reader_days(sqlite_spool_ledger(ship->spool), &days);

	*newest = n > 0 ? days[n - 1] : (struct sqlite_spool_block){0};
	free(days);
	return n < 0 ? (int)n : 0;
}

/* --- rows -----------------------------------------------------------------------------
 */

struct gather {
	struct row_out rows;
	uint64_t source;
	int64_t today;
	int64_t latest; /* minute */
	bool full;      /* there may be more behind */
};

static int stop_when_full(struct gather *gather)
{
	if (gather->rows.failed)
		return -ENOMEM;
	gather->full = gather->rows.n >= ROWS_BYTES;
	return gather->full;
}

static int see_function(
    void *context, const struct store_function *function, int64_t version)
{
	struct gather *gather = context;

	names_put_row(&gather->rows, gather->source, (uint64_t)version, function);
	return stop_when_full(gather);
}

static int see_agent(void *context, const struct batch_head *last, int64_t received_ns)
{
	struct gather *gather = context;

	agents_put_row(&gather->rows, last, received_ns);
	return stop_when_full(gather);
}

static int see_minute(void *context, const struct sqlite_spool_minute *minute)
{
	struct gather *gather = context;
	struct minute_key key = {.minute = minute->minute,
	    .fn = function_hash(&minute->function),
	    .source = gather->source,
	    .version = (uint64_t)minute->version};
	int err = minute_row_put(&gather->rows, gather->today, &key, &minute->rollup);

	if (minute->minute > gather->latest)
		gather->latest = minute->minute;
	return err ? err : stop_when_full(gather);
}

static const char *const inserts[] = {
    [SQLITE_SPOOL_FUNCTIONS] = "INSERT INTO functions (" NAMES_COLUMNS ")",
    [SQLITE_SPOOL_AGENTS] = "INSERT INTO agents (" AGENTS_COLUMNS ")",
    [SQLITE_SPOOL_MINUTES] = "INSERT INTO minutes (" MINUTE_ROW_COLUMNS ")",
};

static int64_t scan(struct ship *ship, enum sqlite_spool_kind kind, struct gather *gather)
{
	switch (kind) {
	case SQLITE_SPOOL_FUNCTIONS:
		return sqlite_spool_scan_functions(ship->spool, see_function, gather);
	case SQLITE_SPOOL_AGENTS:
		return sqlite_spool_scan_agents(ship->spool, see_agent, gather);
	case SQLITE_SPOOL_MINUTES:
		return sqlite_spool_scan_minutes(ship->spool, see_minute, gather);
	}
	return -EINVAL;
}

static int ship_rows(struct ship *ship, enum sqlite_spool_kind kind)
{
	struct gather gather = {.source = sqlite_spool_source(ship->spool),
	    .today = clock_wall_ns() / DAY_NS,
	    .full = true};
	int err = 0;

	while (!err && gather.full) {
		int64_t version;

		gather.full = false;
		gather.rows.n = 0;
		version = scan(ship, kind, &gather);
		if (version <= 0) {
			err = (int)version;
			break;
		}
		if (kind == SQLITE_SPOOL_MINUTES)
			err = ship_sums_reach(ship->sums, gather.latest);
		if (!err)
			err = link_insert_rows(ship->link, inserts[kind], &gather.rows);
		if (!err)
			err = sqlite_spool_settle(ship->spool, kind, version);
		if (!err && kind == SQLITE_SPOOL_FUNCTIONS)
			ship->named_ns = clock_boot_ns();
	}
	row_out_done(&gather.rows);
	return err;
}

/* --- the thread ------------------------------------------------------------------------
 */

/* The database must be the one that this spool has sent to before. */
static int prepare(struct ship *ship)
{
	struct sqlite *ledger = sqlite_spool_ledger(ship->spool);
	char *known = NULL;
	char text[32];
	uint64_t id;
	int err = sqlite_document_get(ledger, "remote", "ledger", &known);

	if (err && err != -ENOENT)
		return err;
	id = known ? strtoull(known, NULL, 10) : 0;
	free(known);
	err = schema_prepare(ship->link, &id);
	if (err == -EXDEV)
		(void)log_error(err, "the spool holds sums of another ClickHouse "
				     "database: move its directory away to begin anew");
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	if (!err)
		err = sqlite_document_put(ledger, "remote", "ledger", text);
	ship->prepared = err == 0;
	return err;
}

static int pass(struct ship *ship)
{
	struct sqlite_spool_block newest;
	int err = ship->prepared ? 0 : prepare(ship);

	if (!err) /* first, for what comes later may name functions not yet sent */
		err = find_newest(ship, &newest);
	if (!err)
		err = ship_rows(ship, SQLITE_SPOOL_FUNCTIONS);
	if (!err)
		err = ship_rows(ship, SQLITE_SPOOL_AGENTS);
	if (!err)
		err = ship_rows(ship, SQLITE_SPOOL_MINUTES);
	if (!err)
		err = ship_sums_send(ship->sums);
	return err ? err : ship_batches(ship, &newest);
}

static struct timespec after(int64_t ns)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	ns += at.tv_nsec;
	at.tv_sec += ns / CLOCK_NS_PER_S;
	at.tv_nsec = ns % CLOCK_NS_PER_S;
	return at;
}

/* Waits until a pass is asked for or due; false when stopping. */
static bool wait_for_turn(struct ship *ship, int64_t ns, uint64_t *turn)
{
	struct timespec due = after(ns);
	int timed_out = 0;
	bool go;

	(void)pthread_mutex_lock(&ship->mutex);
	while (!ship->stopping && ship->wanted == *turn && !timed_out)
		timed_out = pthread_cond_timedwait(&ship->asked, &ship->mutex, &due);
	*turn = ship->wanted;
	go = !ship->stopping;
	(void)pthread_mutex_unlock(&ship->mutex);
	return go;
}

/* 1: nothing is to be sent; 0; or an error. */
static int is_idle(struct ship *ship)
{
	int err = sqlite_spool_is_empty(ship->spool);
	int due = err == 1 ? ship_sums_are_due(ship->sums) : 0;

	return err != 1 ? err : due < 0 ? due : !due;
}

static void *run(void *context)
{
	struct ship *ship = context;
	int64_t wait_ns = EVERY_NS;
	uint64_t turn = 0;

	while (wait_for_turn(ship, wait_ns, &turn)) {
		int err = is_idle(ship);

		err = err == 1 ? 0 : err ? err : pass(ship);
		if (!err && wait_ns > EVERY_NS)
			log_note("ClickHouse takes rows again");
		if (!err)
			wait_ns = EVERY_NS;
		else if (wait_ns < RETRY_MAX_NS)
			wait_ns *= 2;
		(void)pthread_mutex_lock(&ship->mutex);
		ship->ended = turn;
		ship->err = err;
		(void)pthread_cond_broadcast(&ship->answered);
		(void)pthread_mutex_unlock(&ship->mutex);
	}
	return NULL;
}

int ship_flush(struct ship *ship, int timeout_s)
{
	struct timespec until = after(timeout_s * CLOCK_NS_PER_S);
	uint64_t turn;
	int err = is_idle(ship);

	if (err)
		return err == 1 ? 0 : err;
	err = 0;
	(void)pthread_mutex_lock(&ship->mutex);
	turn = ++ship->wanted;
	(void)pthread_cond_signal(&ship->asked);
	while (ship->ended < turn && !ship->stopping && !err)
		err = -pthread_cond_timedwait(&ship->answered, &ship->mutex, &until);
	if (!err)
		err = ship->stopping ? -ECANCELED : ship->err;
	(void)pthread_mutex_unlock(&ship->mutex);
	return err;
}

uint64_t ship_named_ns(const struct ship *ship)
{
	return ship->named_ns;
}

bool ship_is_well(struct ship *ship)
{
	bool well;

	(void)pthread_mutex_lock(&ship->mutex);
	well = ship->err == 0;
	(void)pthread_mutex_unlock(&ship->mutex);
	return well;
}

int ship_start(struct link *link, struct sqlite_spool *spool, struct ship **out)
{
	struct ship *ship = calloc(1, sizeof(*ship));
	pthread_condattr_t monotonic;
	int err;

	if (!ship)
		return -ENOMEM;
	ship->link = link;
	ship->spool = spool;
	(void)pthread_mutex_init(&ship->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&ship->asked, &monotonic);
	(void)pthread_cond_init(&ship->answered, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	err = ship_sums_new(link, spool, &ship->sums);
	if (!err)
		err = prepare(ship);
	if (err == -ECONNREFUSED || err == -ECONNRESET || err == -ETIMEDOUT ||
	    err == -EAGAIN) {
		log_warn("rows are kept here until ClickHouse takes them");
		ship->err = err;
		err = 0;
	}
	if (!err)
		err = -pthread_create(&ship->thread, NULL, run, ship);
	if (err) {
		ship_sums_free(ship->sums);
		free(ship);
		return err;
	}
	*out = ship;
	return 0;
}

void ship_stop(struct ship *ship)
{
	if (!ship)
		return;
	link_stop(ship->link);
	(void)pthread_mutex_lock(&ship->mutex);
	ship->stopping = true;
	(void)pthread_cond_broadcast(&ship->asked);
	(void)pthread_cond_broadcast(&ship->answered);
	(void)pthread_mutex_unlock(&ship->mutex);
	(void)pthread_join(ship->thread, NULL);
	(void)pthread_cond_destroy(&ship->asked);
	(void)pthread_cond_destroy(&ship->answered);
	(void)pthread_mutex_destroy(&ship->mutex);
	ship_sums_free(ship->sums);
	free(ship);
}
