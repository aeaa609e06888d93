#include "store/sqlite/spool.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "store/sqlite/batches.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/raw/block_reader.h"
#include "store/sqlite/spool/schema.h"

#define BLOCK_INVOCATIONS 400000
#define DAY_NS 86400000000000LL

struct sqlite_spool {
	struct sqlite *ledger;
	uint64_t source;
};

int sqlite_spool_open(const char *directory, const char *older, struct sqlite_spool **out)
{
	struct sqlite_spool *spool = calloc(1, sizeof(*spool));
	int err;

	if (!spool)
		return -ENOMEM;
	err = sqlite_open(directory, &spool->ledger);
	if (!err) {
		err = sqlite_spool_schema_make(spool->ledger, older, &spool->source);
		if (err)
			(void)log_error(err, "cannot set up the spool in %s", directory);
	}
	if (err) {
		sqlite_spool_close(spool);
		return err;
	}
	*out = spool;
	return 0;
}

void sqlite_spool_close(struct sqlite_spool *spool)
{
	if (!spool)
		return;
	sqlite_close(spool->ledger);
	free(spool);
}

struct sqlite *sqlite_spool_ledger(struct sqlite_spool *spool)
{
	return spool->ledger;
}

uint64_t sqlite_spool_source(const struct sqlite_spool *spool)
{
	return spool->source;
}

int sqlite_spool_knows_boot(struct sqlite_spool *spool, const struct batch_id *id)
{
	struct connection *c;
	int err = pool_borrow(spool->ledger->readers, &c);

	if (err)
		return err;
	err = batches_know_boot(c, id);
	pool_return(spool->ledger->readers, c);
	return err;
}

int sqlite_spool_learn_boot(struct sqlite_spool *spool, const struct batch_id *id)
{
	int err = sqlite_begin(spool->ledger);

	if (!err)
		err = sqlite_end(spool->ledger,
		    batches_learn_boot(spool->ledger->writer, id, clock_wall_ns()));
	return err;
}

int sqlite_spool_is_empty(struct sqlite_spool *spool)
{
	static const char sql[] =
	    "SELECT 1 WHERE NOT EXISTS(SELECT 1 FROM outgoing_function)"
	    " AND NOT EXISTS(SELECT 1 FROM outgoing_agent)"
	    " AND NOT EXISTS(SELECT 1 FROM outgoing_minute)"
	    " AND NOT EXISTS(SELECT 1 FROM raw_day LEFT JOIN outgoing_raw USING(day)"
	    " WHERE last_row > coalesce(sent_row, 0))";
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(spool->ledger->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		err = statement_step(s);
	pool_return(spool->ledger->readers, c);
	return err;
}

/* --- rows -----------------------------------------------------------------------------
 */

struct outgoing {
	struct connection *reader;
	sqlite3_stmt *statement;
	int64_t version; /* the highest that was visited */
};

static int start(struct sqlite_spool *spool, const char *sql, struct outgoing *out)
{
	int err = pool_borrow(spool->ledger->readers, &out->reader);

	if (err)
		return err;
	err = statement_get(out->reader, sql, &out->statement);
	if (err)
		pool_return(spool->ledger->readers, out->reader);
	return err;
}

static int64_t finish(struct sqlite_spool *spool, struct outgoing *out, int err)
{
	pool_return(spool->ledger->readers, out->reader);
	return err < 0 ? err : out->version;
}

static void read_identity(sqlite3_stmt *s, int column, struct function *f)
{
	*f = (struct function){.platform = platform_find(statement_text(s, column))};
	(void)text_copy(f->name, sizeof(f->name), statement_text(s, column + 1));
	(void)text_copy(f->version, sizeof(f->version), statement_text(s, column + 2));
}

int64_t sqlite_spool_scan_functions(
    struct sqlite_spool *spool, sqlite_spool_function_visit visit, void *context)
{
	static const char sql[] =
	    "SELECT o.version, platform, name, f.version, kind, arch, region,"
	    " memory_limit_mb, first_seen_ns, last_seen_ns FROM outgoing_function o"
	    " JOIN function f USING(id) ORDER BY o.version";
	struct outgoing out = {0};
	struct store_function found;
	int err = start(spool, sql, &out);

	if (err)
		return err;
	while (!err && (err = statement_step(out.statement)) == 1) {
		sqlite3_stmt *s = out.statement;
		struct function *f = &found.function;

		read_identity(s, 1, f);
		found.kind = invocation_kind_find(statement_text(s, 4));
		f->arch = arch_find(statement_text(s, 5));
		(void)text_copy(f->region, sizeof(f->region), statement_text(s, 6));
		f->memory_limit_mb = (uint32_t)sqlite3_column_int64(s, 7);
		found.first_seen_ns = sqlite3_column_int64(s, 8);
		found.last_seen_ns = sqlite3_column_int64(s, 9);
		out.version = sqlite3_column_int64(s, 0);
		err = visit(context, &found, out.version);
	}
	return finish(spool, &out, err);
}

int64_t sqlite_spool_scan_agents(
    struct sqlite_spool *spool, sqlite_spool_agent_visit visit, void *context)
{
	static const char sql[] =
	    "SELECT " BATCHES_AGENT_COLUMNS ", version FROM outgoing_agent"
	    " JOIN agent USING(agent, boot) ORDER BY version";
	struct outgoing out = {0};
	struct batch_head head;
	int err = start(spool, sql, &out);

	if (err)
		return err;
	while (!err && (err = statement_step(out.statement)) == 1) {
		batches_read_head(out.statement, &head);
		out.version = sqlite3_column_int64(out.statement, 10);
		err = visit(context, &head, sqlite3_column_int64(out.statement, 8));
	}
	return finish(spool, &out, err);
}

int64_t sqlite_spool_scan_minutes(
    struct sqlite_spool *spool, sqlite_spool_minute_visit visit, void *context)
{
	static const char sql[] =
	    "SELECT o.version, o.id, counters, histograms, platform, name, f.version"
	    " FROM outgoing_minute o JOIN minute_counters c ON c.id = o.id"
	    " JOIN minute_histograms h ON h.id = o.id JOIN function f"
	    " ON f.id = o.id & 16777215 ORDER BY o.version";
	struct outgoing out = {0};
	struct sqlite_spool_minute minute = {0};
	int err = start(spool, sql, &out);

	if (err)
		return err;
	while (!err && (err = statement_step(out.statement)) == 1) {
		sqlite3_stmt *s = out.statement;

		out.version = minute.version = sqlite3_column_int64(s, 0);
		minute.minute = sqlite3_column_int64(s, 1) >> 24;
		read_identity(s, 4, &minute.function);
		err = rollup_decode(sqlite3_column_blob(s, 2),
		    (size_t)sqlite3_column_bytes(s, 2), sqlite3_column_blob(s, 3),
		    (size_t)sqlite3_column_bytes(s, 3), &minute.rollup);
		if (err == -EBADMSG)
			err = -EUCLEAN;
		if (!err)
			err = visit(context, &minute);
	}
	rollup_done(&minute.rollup);
	return finish(spool, &out, err);
}

static int run_up_to(struct sqlite_spool *spool, const char *sql, int64_t version)
{
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(spool->ledger->writer, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":version", version);
	return statement_run(s);
}

int sqlite_spool_settle(
    struct sqlite_spool *spool, enum sqlite_spool_kind kind, int64_t version)
{
	static const char *const sql[] = {
	    [SQLITE_SPOOL_FUNCTIONS] =
		"DELETE FROM outgoing_function WHERE version <= :version",
	    [SQLITE_SPOOL_AGENTS] =
		"DELETE FROM outgoing_agent WHERE version <= :version",
	    [SQLITE_SPOOL_MINUTES] =
		"DELETE FROM outgoing_minute WHERE version <= :version",
	};
	/* the sums of their hours are to be made anew */
	static const char mark_sql[] =
	    "INSERT OR REPLACE INTO outgoing_hour(id) SELECT DISTINCT"
	    " ((id >> 24) / 60 << 24) | (id & 16777215) FROM outgoing_minute"
	    " WHERE version <= :version";
	int err = sqlite_begin(spool->ledger);

	if (err)
		return err;
	if (kind == SQLITE_SPOOL_MINUTES)
		err = run_up_to(spool, mark_sql, version);
	if (!err)
		err = run_up_to(spool, sql[kind], version);
	return sqlite_end(spool->ledger, err);
}

/* --- blocks ----------------------------------------------------------------------------
 */

static int find_sent(
    struct sqlite_spool *spool, int64_t day, int64_t *sent_row, int64_t *block_row)
{
	static const char sql[] =
	    "SELECT sent_row, block_row FROM outgoing_raw WHERE day = :day";
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(spool->ledger->readers, &c);

	*sent_row = *block_row = 0;
	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err) {
		statement_bind(s, ":day", day);
		err = statement_step(s);
	}
	if (err == 1) {
		*sent_row = sqlite3_column_int64(s, 0);
		*block_row = sqlite3_column_int64(s, 1);
	}
	pool_return(spool->ledger->readers, c);
	return err < 0 ? err : 0;
}

static int put_sent(
    struct sqlite_spool *spool, int64_t day, int64_t sent_row, int64_t block_row)
{
	static const char sql[] =
	    "INSERT OR REPLACE INTO outgoing_raw(day, sent_row, block_row)"
	    " VALUES(:day, :sent, :block)";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = sqlite_begin(spool->ledger);

	if (err)
		return err;
	err = statement_get(spool->ledger->writer, sql, &s);
	if (!err) {
		statement_bind(s, ":day", day);
		statement_bind(s, ":sent", sent_row);
		statement_bind(s, ":block", block_row);
		err = statement_run(s);
	}
	return sqlite_end(spool->ledger, err);
}

int sqlite_spool_next_block(struct sqlite_spool *spool, struct sqlite_spool_block *block)
{
	AUTO(free) struct sqlite_spool_block *days = NULL;
	ssize_t n = block_reader_days(spool->ledger, &days);
	int64_t block_row = 0;
	int err = n < 0 ? (int)n : 0;

	for (ssize_t i = 0; !err && i < n; i++) {
		struct sqlite_spool_block *day = &days[i];

		err = find_sent(spool, day->day, &day->after, &block_row);
		if (err || day->after >= day->last)
			continue;
		if (block_row <= day->after) {
			err = block_reader_find_end(
			    spool->ledger, day, BLOCK_INVOCATIONS, &block_row);
			if (!err)
				err = put_sent(spool, day->day, day->after, block_row);
		}
		if (err)
			return err;
		*block = (struct sqlite_spool_block){day->day, day->after, block_row};
		return 1;
	}
	return err;
}

int sqlite_spool_settle_block(
    struct sqlite_spool *spool, const struct sqlite_spool_block *block)
{
	return put_sent(spool, block->day, block->last, block->last);
}

int sqlite_spool_expire(struct sqlite_spool *spool, int64_t before_ns)
{
	AUTO(free) struct sqlite_spool_block *days = NULL;
	ssize_t n = block_reader_days(spool->ledger, &days);
	int64_t keep_day = n > 0 ? days[n - 1].day : 0; /* may still grow */
	int64_t sent = 0;
	int64_t block_row;
	int err = n < 0 ? (int)n : 0;

	for (ssize_t i = n - 1; !err && i >= 0; i--) {
		err = find_sent(spool, days[i].day, &sent, &block_row);
		if (!err && sent < days[i].last)
			keep_day = days[i].day;
	}
	return err ? err
		   : sqlite_expire(spool->ledger,
			 &(struct store_keep){.raw_since_ns = keep_day * DAY_NS,
			     .minutes_since_ns = before_ns,
			     .hours_since_ns = before_ns,
			     .days_since_ns = before_ns});
}
