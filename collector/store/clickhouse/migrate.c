/* Rows of a ledger's history have a source of its own, made once and kept in the ledger,
 * and a version that is the minute's number of invocations and losses: what is sent again
 * is the same row or a later one. How far it is lies in the ledger as documents. */
#include "store/clickhouse/migrate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/clickhouse/agents.h"
#include "store/clickhouse/migrate_sums.h"
#include "store/clickhouse/minute_row.h"
#include "store/clickhouse/names.h"
#include "store/clickhouse/schema.h"
#include "store/clickhouse/ship.h"
#include "store/sqlite/batches.h"
#include "store/sqlite/raw/block_reader.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define DAY_NS (86400 * CLOCK_NS_PER_S)
#define ROWS_BYTES ((size_t)4 << 20)
#define BLOCK_INVOCATIONS 200000

struct migration {
	struct link *link;
	struct sqlite *ledger;
	uint64_t source;
	int64_t today;
	int64_t hour; /* all before it were gathered */
	struct row_out rows;
	uint64_t rows_n; /* sent */
};

static int get_number(struct sqlite *ledger, const char *name, int64_t *value)
{
	char *text = NULL;
	int err = sqlite_document_get(ledger, "migration", name, &text);

	if (!err)
		*value = strtoll(text, NULL, 10);
	free(text);
	return err == -ENOENT ? 0 : err;
}

static int put_number(struct sqlite *ledger, const char *name, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return sqlite_document_put(ledger, "migration", name, text);
}

/* The database must be the one that the history was sent to before. */
static int set_up(struct migration *m)
{
	int64_t source = 0;
	int64_t known = 0;
	uint64_t remote;
	int err = get_number(m->ledger, "remote", &known);

	remote = (uint64_t)known;
	if (!err)
		err = schema_prepare(m->link, &remote);
	if (err == -EXDEV)
		return log_error(
		    err, "this ledger was sent to another ClickHouse database");
	if (!err)
		err = put_number(m->ledger, "remote", (int64_t)remote);
	if (!err)
		err = get_number(m->ledger, "source", &source);
	if (!err && source == 0) {
		if (getrandom(&source, sizeof(source), 0) < 0)
			return -errno;
		err = put_number(m->ledger, "source", source);
	}
	m->source = (uint64_t)source;
	return err;
}

/* Sends what was gathered when it is enough, or all of it. */
static int send_rows(struct migration *m, const char *sql, size_t enough)
{
	int err;

	if (m->rows.failed)
		return -ENOMEM;
	if (m->rows.n == 0 || m->rows.n < enough)
		return 0;
	err = link_insert_rows(m->link, sql, &m->rows);
	if (!err)
		m->rows.n = 0;
	return err;
}

static const char functions_sql[] = "INSERT INTO functions (" NAMES_COLUMNS ")";
static const char agents_sql[] = "INSERT INTO agents (" AGENTS_COLUMNS ")";
static const char minutes_sql[] = "INSERT INTO minutes (" MINUTE_ROW_COLUMNS ")";

static int see_function(void *context, const struct function *function,
    int64_t first_seen_ns, int64_t last_seen_ns)
{
	struct migration *m = context;
	struct store_function found;
	int err = sqlite_find_function(m->ledger, function, &found);

	(void)first_seen_ns;
	if (err)
		return err;
	names_put_row(&m->rows, m->source, (uint64_t)last_seen_ns, &found);
	return send_rows(m, functions_sql, ROWS_BYTES);
}

static int see_agent(void *context, const struct batch_head *last, int64_t received_ns)
{
	struct migration *m = context;

	agents_put_row(&m->rows, last, received_ns);
	return send_rows(m, agents_sql, ROWS_BYTES);
}

static int see_minute(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	struct migration *m = context;
	struct minute_key key = {.minute = minute_start_s / 60,
	    .fn = function_hash(function),
	    .source = m->source,
	    .version = rollup->invocations + rollup->pings + rollup_lost(rollup)};
	int err = 0;

	if (key.minute / 60 != m->hour) { /* all of those before are gathered */
		err = send_rows(m, minutes_sql, ROWS_BYTES);
		if (!err && m->rows.n == 0)
			err = put_number(m->ledger, "hour", key.minute / 60);
		m->hour = key.minute / 60;
	}
	m->rows_n++;
	return err ? err : minute_row_put(&m->rows, m->today, &key, rollup);
}

/* Once all are sent, the next run begins anew: any hour may have grown meanwhile. */
static int send_minutes(struct migration *m)
{
	int64_t from = 0;
	int err = get_number(m->ledger, "hour", &from);

	if (!err)
		err = sqlite_scan_rollups(
		    m->ledger, from * HOUR_NS, INT64_MAX, NULL, see_minute, m);
	if (!err)
		err = send_rows(m, minutes_sql, 0);
	if (!err)
		err = put_number(m->ledger, "hour", 0);
	if (!err)
		log_note("minutes: %" PRIu64 " rows sent", m->rows_n);
	return err;
}

static int send_day(struct migration *m, const struct sqlite_spool_block *day)
{
	struct sqlite_spool_block block = *day;
	char name[32];
	int err;

	(void)snprintf(name, sizeof(name), "day %" PRId64, day->day);
	err = get_number(m->ledger, name, &block.after);
	while (!err && block.after < day->last) {
		block.last = day->last;
		err = block_reader_find_end(
		    m->ledger, &block, BLOCK_INVOCATIONS, &block.last);
		if (!err)
			err = ship_block(m->link, m->ledger, &block);
		if (!err)
			err = put_number(m->ledger, name, block.last);
		if (!err)
			log_note("invocations: day %" PRId64 ", batch %" PRId64
				 " of %" PRId64,
			    day->day, block.last, day->last);
		block.after = block.last;
	}
	return err;
}

static int send_invocations(struct migration *m)
{
	struct sqlite_spool_block *days = NULL;
	ssize_t n = block_reader_days(m->ledger, &days);
	int err = n < 0 ? (int)n : 0;

	for (ssize_t i = 0; !err && i < n; i++)
		err = send_day(m, &days[i]);
	free(days);
	return err;
}

int migrate(const struct clickhouse_address *address, struct sqlite *ledger)
{
	struct migration m = {
	    .ledger = ledger, .today = clock_wall_ns() / DAY_NS, .hour = INT64_MIN};
	int err = link_new(address, &m.link);

	if (!err)
		err = set_up(&m);
	if (!err)
		err = sqlite_scan_functions(ledger, see_function, &m);
	if (!err)
		err = send_rows(&m, functions_sql, 0);
	if (!err)
		err = batches_scan_heads(ledger, see_agent, &m);
	if (!err)
		err = send_rows(&m, agents_sql, 0);
	if (!err)
		err = migrate_sums_begin(m.link, ledger, m.source);
	if (!err)
		err = send_minutes(&m);
	if (!err)
		err = migrate_sums_send(m.link, ledger, m.source, m.today);
	if (!err)
		err = send_invocations(&m);
	row_out_done(&m.rows);
	link_free(m.link);
	return err ? log_error(err, "the history is not moved whole: run it again") : 0;
}
