#include "store/sqlite/schema.h"

/* minute_*: id = minute since the epoch << 24 | function id, so that keys grow with time
 * and a window is one range of the tree. Counters lie apart from the sketches, because
 * pages full of sketches make a sum over counters ten times slower. */
static const char main_1[] =
    "CREATE TABLE function(id INTEGER PRIMARY KEY, platform TEXT NOT NULL,"
    " name TEXT NOT NULL, version TEXT NOT NULL, kind TEXT NOT NULL, arch TEXT NOT NULL,"
    " region TEXT NOT NULL, memory_limit_mb INTEGER NOT NULL,"
    " first_seen_ns INTEGER NOT NULL, last_seen_ns INTEGER NOT NULL) STRICT;"

    "CREATE TABLE minute_counters(id INTEGER PRIMARY KEY, counters BLOB NOT NULL) STRICT;"
    "CREATE TABLE minute_histograms(id INTEGER PRIMARY KEY, histograms BLOB NOT NULL)"
    " STRICT;"

    /* Sequences taken, as ranges: an agent that loses nothing has one row a boot. */
    "CREATE TABLE batch_range(agent BLOB NOT NULL, boot BLOB NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL, taken_ns INTEGER NOT NULL,"
    " PRIMARY KEY(agent, boot, first)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE agent(agent BLOB NOT NULL, boot BLOB NOT NULL, host TEXT NOT NULL,"
    " sequence INTEGER NOT NULL, seen INTEGER NOT NULL, delivered INTEGER NOT NULL,"
    " lost BLOB NOT NULL, sent_ns INTEGER NOT NULL, received_ns INTEGER NOT NULL,"
    " PRIMARY KEY(agent, boot)) STRICT, WITHOUT ROWID;"

    /* The last row of each raw file that counts here: accept.h. */
    "CREATE TABLE raw_day(day INTEGER PRIMARY KEY, last_row INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL) STRICT;"

    "CREATE TABLE document(kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY(kind, name)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,"
    " channel TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL,"
    " created_ns INTEGER NOT NULL, due_ns INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " state TEXT NOT NULL, error TEXT, settled_ns INTEGER) STRICT;"
    "CREATE INDEX outbox_due ON outbox(due_ns) WHERE state = 'pending';";

/* figures: host_figures_encode() of the latest batch. */
static const char main_2[] =
    "ALTER TABLE agent ADD COLUMN figures BLOB NOT NULL DEFAULT x'';";

/* Of hours that are over (fold.c): the minutes in blocks (block.c), and the sums of hours
 * and days (spans.c) with the same kind of id. parts: a varint each for the invocations
 * of the minutes of the hour, of the hours of the day; those of hours lie apart, because
 * they are asked for without the rest. */
static const char main_3[] =
    "CREATE TABLE hour_block(id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;"
    "CREATE TABLE hour_parts(id INTEGER PRIMARY KEY, parts BLOB NOT NULL) STRICT;"
    "CREATE TABLE hour_rollup(id INTEGER PRIMARY KEY, first_minute INTEGER NOT NULL,"
    " last_minute INTEGER NOT NULL, counters BLOB NOT NULL, histograms BLOB NOT NULL)"
    " STRICT;"
    "CREATE TABLE day_rollup(id INTEGER PRIMARY KEY, first_minute INTEGER NOT NULL,"
    " last_minute INTEGER NOT NULL, parts BLOB NOT NULL, counters BLOB NOT NULL,"
    " histograms BLOB NOT NULL) STRICT;";

/* Rollups are packed from here on (model/rollup_pack.h), beside those that were there. A
 * collector that cannot read them refuses a ledger of this version. */
static const char main_4[] = "SELECT 1;";
/* The same, with the usage of more plans in the counters. */
static const char main_5[] = "SELECT 1;";

/* hash: imported.c's, of function and request id; days by the start. */
static const char main_6[] =
    "CREATE TABLE imported(day INTEGER NOT NULL, hash INTEGER NOT NULL,"
    " start_s INTEGER NOT NULL, PRIMARY KEY(day, hash, start_s)) STRICT, WITHOUT ROWID;";

/* Blocks from here on (block.c, version 2), in pieces (pieces.c), beside those that were
 * there. */
static const char main_7[] =
    "CREATE TABLE hour_piece(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;";

/* Sums of 2, 4, 8 and 16 days (stretches.c): id = level << 48 | number << 24 | function
 * id; parts: as of a day. Rows with ids from first on, before next, are made. */
static const char main_8[] =
    "CREATE TABLE stretch_rollup(id INTEGER PRIMARY KEY, first_minute INTEGER NOT NULL,"
    " last_minute INTEGER NOT NULL, parts BLOB NOT NULL, counters BLOB NOT NULL,"
    " histograms BLOB NOT NULL) STRICT;"
    "CREATE TABLE stretch_made(level INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
    " next INTEGER NOT NULL) STRICT;";

/* From here on there are sums of quarters of days as well (level 5, without parts), which
 * a collector that does not know them would not add to. */
static const char main_9[] = "SELECT 1;";

const char *const schema_main[] = {
    main_1, main_2, main_3, main_4, main_5, main_6, main_7, main_8, main_9};
const size_t schema_main_n = sizeof(schema_main) / sizeof(schema_main[0]);

/* first_ns and last_ns: earliest and latest start in the batch. */
static const char raw_1[] =
    "CREATE TABLE raw(id INTEGER PRIMARY KEY, agent BLOB NOT NULL, boot BLOB NOT NULL,"
    " sequence INTEGER NOT NULL, host TEXT NOT NULL, n INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, body BLOB NOT NULL,"
    " UNIQUE(agent, boot, sequence)) STRICT;"
    "CREATE INDEX raw_first ON raw(first_ns);"
    "CREATE INDEX raw_last ON raw(last_ns);";

const char *const schema_raw[] = {raw_1};
const size_t schema_raw_n = sizeof(schema_raw) / sizeof(schema_raw[0]);
