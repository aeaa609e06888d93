#include "store/clickhouse/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/clickhouse/invocation_row.h"

#define VERSION 2
/* So long a replica that was away may have nothing, or another is making the tables. */
#define CATCH_UP_TRIES 20
#define CATCH_UP_MS 200

struct table {
	const char *name;
	const char *columns;   /* NULL: invocation_row_list() */
	const char *version;   /* the column whose greatest value stays; "": the last */
	const char *partition; /* "": none */
	const char *key;
	const char *shard; /* what decides on which shard of a cluster a row lies */
};

/* day: of the minute, 0 when that is far from the day of arrival. The first sums are for
 * whoever looks with SQL; counters has all of them in the coding of model/rollup.h.
 * heads: zero count, sum, min and max of each histogram; then their buckets, as indices
 * of OpenTelemetry's exponential histogram at scale 5 (for times: of ticks of 2^-40 s),
 * and what is in each. */
#define MINUTE_COLUMNS                                                                   \
	"day UInt32, minute Int64, fn UInt64, source UInt64, version UInt64,"            \
	" invocations UInt64, cold UInt64, errors UInt64, duration_ns UInt64,"           \
	" counters String, heads Array(UInt64), warm_k Array(Int16), warm_c "            \
	"Array(UInt64),"                                                                 \
	" cold_k Array(Int16), cold_c Array(UInt64), init_k Array(Int16),"               \
	" init_c Array(UInt64), memory_k Array(Int16), memory_c Array(UInt64)"
static const char minute_columns[] = MINUTE_COLUMNS;

/* The sums of an hour or a day of one source (minute: where it starts), only while those
 * minutes are told by no others: see folds. parts: the invocations of its minutes or
 * hours, in order. */
#define SUM_COLUMNS ", first_minute Int64, last_minute Int64, parts Array(UInt64)"
static const char sum_columns[] = MINUTE_COLUMNS SUM_COLUMNS;

/* Up to which hour of the epoch a source's sums by hour and day are there, and the latest
 * minute that it may have sent. */
static const char fold_columns[] =
    "source UInt64, version UInt64, hour Int64, horizon Int64";

static const char function_columns[] =
    "fn UInt64, source UInt64, version UInt64, platform String, name String,"
    " name_version String, kind String, arch String, region String,"
    " memory_limit_mb UInt32, first_seen_ns Int64, last_seen_ns Int64";

static const char agent_columns[] =
    "agent FixedString(16), boot FixedString(16), sequence UInt64, host String,"
    " seen UInt64, delivered UInt64, lost Array(UInt64), sent_ns Int64,"
    " received_ns Int64, figures String";

static const struct table tables[] = {
    {"invocations", NULL, "", "day", "hour, fn, start_ns, batch, row", "fn"},
    {"minutes", minute_columns, "version", "day", "minute, fn, source", "fn"},
    {"hours", sum_columns, "version", "day", "minute, fn, source", "fn"},
    {"days", sum_columns, "version", "", "minute, fn, source", "fn"},
    {"folds", fold_columns, "version", "", "source", "source"},
    {"functions", function_columns, "version", "", "fn, source", "fn"},
    {"agents", agent_columns, "sequence", "", "agent, boot", "sipHash64(agent, boot)"},
    {"migrations", "version UInt32, ledger UInt64, made DateTime", "", "",
	"version, ledger", "version"},
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static int run(struct link *link, char *sql)
{
	int err = sql ? link_run(link, LINK_OUTSIDE, sql) : -ENOMEM;

	free(sql);
	return err;
}

static char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *format, ...)
{
	va_list arguments;
	char *made;
	int n;

	va_start(arguments, format);
	n = vasprintf(&made, format, arguments);
	va_end(arguments);
	return n < 0 ? NULL : made;
}

static int make_table(struct link *link, const struct table *t)
{
	const struct clickhouse_address *a = link_address(link);
	const char *comma = t->version[0] ? ", " : "";
	AUTO(free) char *engine = NULL;
	AUTO(free)
	char *columns = t->columns ? strdup(t->columns) : invocation_row_list(true);
	int err;

	if (!columns)
		return -ENOMEM;
	if (!a->cluster[0])
		return run(link,
		    format("CREATE TABLE IF NOT EXISTS %s.%s (%s) ENGINE ="
			   " ReplacingMergeTree(%s)%s%s ORDER BY (%s)",
			a->database, t->name, columns, t->version,
			t->partition[0] ? " PARTITION BY " : "", t->partition, t->key));
	engine = format("ReplicatedReplacingMergeTree('/clickhouse/coldmeter/%s/%s/"
			"{shard}', '{replica}'%s%s)",
	    a->database, t->name, comma, t->version);
	if (!engine)
		return -ENOMEM;
	err =
	    run(link, format("CREATE TABLE IF NOT EXISTS %s.%s_local ON CLUSTER %s (%s)"
			     " ENGINE = %s%s%s ORDER BY (%s)",
			  a->database, t->name, a->cluster, columns, engine,
			  t->partition[0] ? " PARTITION BY " : "", t->partition, t->key));
	if (err)
		return err;
	return run(link, format("CREATE TABLE IF NOT EXISTS %s.%s ON CLUSTER %s (%s)"
				" ENGINE = Distributed(%s, %s, %s_local, %s)",
			     a->database, t->name, a->cluster, columns, a->cluster,
			     a->database, t->name, t->shard));
}

static int make_database(struct link *link)
{
	const struct clickhouse_address *a = link_address(link);

	return run(link, format("CREATE DATABASE IF NOT EXISTS %s%s%s", a->database,
			     a->cluster[0] ? " ON CLUSTER " : "", a->cluster));
}

/* The greatest version that is there and the database's id; 0 when there is none. */
static int read_version(struct link *link, uint32_t *version, uint64_t *ledger)
{
	AUTO(free) uint8_t *bytes = NULL;
	struct row_in in;
	size_t n;
	int err = link_select(link,
	    "SELECT toUInt32(max(version)), toUInt64(min(ledger)) FROM migrations",
	    &bytes, &n);

	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes + n};
	if (n > 0) {
		*version = row_get_u32(&in);
		*ledger = row_get_u64(&in);
	}
	return in.failed ? -EIO : 0;
}

/* The id of a database begins with when it was made: should two make it, or one whose
 * replica had not caught up make it again, it has two, of which each knows one. */
static int note_version(struct link *link)
{
	uint64_t ledger = (uint64_t)time(NULL) << 32;
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), 0) < 0)
		return -errno;
	ledger |= random;
	return run(link,
	    format("INSERT INTO %s.migrations SELECT toUInt32(%d), toUInt64(%" PRIu64
		   "), now()",
		link_address(link)->database, VERSION, ledger));
}

/* Whether versions are written down there: 1, 0 or an error. */
static int has_migrations(struct link *link)
{
	AUTO(free) uint8_t *bytes = NULL;
	AUTO(free) char *sql = NULL;
	struct row_in in;
	size_t n = 0;
	int err;

	sql = format("SELECT toUInt64(count()) FROM system.tables WHERE database = '%s'"
		     " AND name = '%s'",
	    link_address(link)->database, tables[TABLES - 1].name);
	err = sql ? link_select_outside(link, sql, &bytes, &n) : -ENOMEM;
	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	return row_get_u64(&in) > 0;
}

/* Whether that is one of its ids: 1, 0 or an error. */
static int has_id(struct link *link, uint64_t ledger)
{
	AUTO(free) uint8_t *bytes = NULL;
	AUTO(free) char *sql = NULL;
	struct row_in in;
	size_t n = 0;
	int err;

	sql = format(
	    "SELECT toUInt64(count()) FROM migrations WHERE ledger = %" PRIu64, ledger);
	err = sql ? link_select(link, sql, &bytes, &n) : -ENOMEM;
	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	return row_get_u64(&in) > 0;
}

/* Makes or migrates what is missing, and finds an id. */
static int make_tables(struct link *link, uint64_t *ledger)
{
	const struct timespec pause = {.tv_nsec = CATCH_UP_MS * 1000000L};
	uint32_t version = 0;
	int err = has_migrations(link);
	bool is_new = err == 0;

	if (is_new)
		err = make_database(link);
	if (is_new && !err)
		err = make_table(link, &tables[TABLES - 1]);
	if (err >= 0)
		err = read_version(link, &version, ledger);
	for (int i = 0; !err && !is_new && !version && i < CATCH_UP_TRIES; i++) {
		(void)nanosleep(&pause, NULL);
		err = read_version(link, &version, ledger);
	}
	if (!err && version > VERSION) {
		(void)log_error(0, "the tables in %s were made by a newer coldmeter",
		    link_address(link)->database);
		return -EPROTONOSUPPORT;
	}
	if (err || version == VERSION)
		return err;
	for (size_t i = 0; !err && i < TABLES - 1; i++)
		err = make_table(link, &tables[i]);
	if (!err)
		err = note_version(link);
	return err ? err : read_version(link, &version, ledger);
}

int schema_prepare(struct link *link, uint64_t *ledger)
{
	uint64_t known = *ledger;
	int err = make_tables(link, ledger);

	if (err || known == 0 || known == *ledger)
		return err;
	*ledger = known;
	err = has_id(link, known);
	return err < 0 ? err : err ? 0 : -EXDEV;
}

static int drop_day(struct link *link, const char *table, const char *partition)
{
	const struct clickhouse_address *a = link_address(link);
	const char *on = a->cluster[0] ? " ON CLUSTER " : "";

	return run(
	    link, format("ALTER TABLE %s.%s%s%s%s DROP PARTITION %s", a->database, table,
		      a->cluster[0] ? "_local" : "", on, a->cluster, partition));
}

int schema_drop_days(struct link *link, const char *table, int64_t before_day)
{
	const struct clickhouse_address *a = link_address(link);
	AUTO(free) uint8_t *bytes = NULL;
	AUTO(free) char *sql = NULL;
	struct row_in in;
	size_t n = 0;
	int err;

	sql = format("SELECT DISTINCT partition FROM system.parts WHERE active"
		     " AND database = '%s' AND table = '%s%s'"
		     " AND toUInt32OrZero(partition) > 0"
		     " AND toUInt32OrZero(partition) < %" PRId64,
	    a->database, table, a->cluster[0] ? "_local" : "",
	    before_day < 0 ? 0 : before_day);
	if (!sql)
		return -ENOMEM;
	err = link_select(link, sql, &bytes, &n);
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	while (!err && in.at < in.end && !in.failed) {
		char partition[16];

		row_get_text(&in, partition, sizeof(partition));
		err = drop_day(link, table, partition);
	}
	return err;
}
