/* A window of rows is looked through, a part of it at a time, then its small ones are
 * merged agent by agent. How far all windows went is kept as a document; a process that
 * dies goes on with the window it was at, of which some rows are large by then. */
#include "store/sqlite/raw_merge.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/room.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/raw_inside.h"
#include "store/sqlite/raw_rows.h"

#define KIND "raw"
#define NAME "merged"

#define RIPE_NS (3600 * CLOCK_NS_PER_S) /* see raw_merge.h */
/* So much of an agent's time becomes one row at most: who asks for a minute reads what
 * is around it, too. */
#define SPAN_NS (600 * CLOCK_NS_PER_S)
#define WINDOW_ROWS 65536 /* 2 MB while they are merged */
#define LOOK_ROWS 1024    /* of a step: their pages are read */
#define STEP_NS (5 * CLOCK_NS_PER_MS)
#define STEP_PAGES 128       /* that are given back to the disk */
#define INVOCATIONS_LEAST 64 /* that go together, however many agents there are */
#define INVOCATIONS_MOST 2048

#define DONE 1 /* with the window */

/* A row of a raw file, and all before it. */
struct mark {
	int64_t day;
	int64_t row;
	uint64_t small; /* raw->small then */
};

struct candidate {
	int64_t id;
	uint64_t agent; /* a hash of it and the host */
	int64_t last_ns;
	uint32_t n;
};

struct raw_merge {
	bool is_known; /* done was read */
	struct mark done;
	struct mark young; /* the latest row at young_ns; none: day is -1 */
	int64_t young_ns;
	struct mark ripe; /* the latest row an hour before then, or longer */
	/* the window; no file: there is none */
	struct connection *file;
	int64_t day;
	int64_t looked; /* up to that row */
	int64_t end;
	bool is_looked_through;
	struct candidate *rows;
	size_t n;
	size_t room;
	size_t at;   /* all before it are merged */
	size_t most; /* invocations that go together */
	struct batch_writer *writer;
};

static struct mark nothing(void)
{
	return (struct mark){.day = -1, .small = UINT64_MAX};
}

int raw_merge_new(struct raw_merge **out)
{
	struct raw_merge *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->done = m->young = m->ripe = nothing();
	*out = m;
	return 0;
}

static void close_window(struct raw_merge *m)
{
	connection_close(m->file);
	batch_writer_free(m->writer);
	free(m->rows);
	m->file = NULL;
	m->writer = NULL;
	m->rows = NULL;
	m->n = m->room = m->at = 0;
	m->is_looked_through = false;
}

void raw_merge_free(struct raw_merge *m)
{
	if (!m)
		return;
	close_window(m);
	free(m);
}

/* --- how far -------------------------------------------------------------------------
 */

static int load_done(struct sqlite *store, struct raw_merge *m)
{
	AUTO(free) char *text = NULL;
	int err = sqlite_document_get(store, KIND, NAME, &text);
	char *rest;

	if (err && err != -ENOENT)
		return err;
	m->is_known = true;
	if (err)
		return 0;
	m->done.day = strtoll(text, &rest, 10);
	m->done.row = strtoll(rest, NULL, 10);
	return 0;
}

static int save_done(struct sqlite *store, struct raw_merge *m, struct mark done)
{
	char text[64];
	int err;

	(void)snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, done.day, done.row);
	err = sqlite_document_put(store, KIND, NAME, text);
	if (!err)
		m->done = done;
	return err;
}

/* What arrived last, as far as it is settled. */
static struct mark latest(const struct raw *raw, const struct raw_day *days, size_t n)
{
	struct mark last = nothing();

	for (size_t i = 0; i < n; i++) {
		if (days[i].day > last.day)
			last = (struct mark){days[i].day, days[i].last_row, raw->small};
	}
	return last;
}

/* A clock that goes back begins the hour anew. */
static void ripen(struct raw_merge *m, const struct mark *last, int64_t now_ns)
{
	if (m->young.day >= 0 && now_ns >= m->young_ns && now_ns - m->young_ns < RIPE_NS)
		return;
	if (m->young.day >= 0 && now_ns >= m->young_ns)
		m->ripe = m->young;
	m->young = *last;
	m->young_ns = now_ns;
}

/* --- the window ----------------------------------------------------------------------
 */

/* Whether somebody counts raw rows to send them elsewhere. */
static int is_sent(struct sqlite *store)
{
	static const char sql[] =
	    "SELECT 1 FROM document WHERE kind = 'migration' UNION ALL"
	    " SELECT 1 FROM sqlite_master WHERE name = 'outgoing_raw' LIMIT 1";
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		err = statement_step(s);
	pool_return(store->readers, c);
	return err;
}

/* The oldest day that has ripe rows which are not done: 1 with where they end. */
static int find_day(
    const struct raw_merge *m, const struct raw_day *days, size_t n, struct mark *found)
{
	*found = (struct mark){.day = INT64_MAX, .small = m->ripe.small};
	for (size_t i = 0; i < n; i++) {
		int64_t end = days[i].last_row;

		if (days[i].day == m->ripe.day && m->ripe.row < end)
			end = m->ripe.row;
		if (days[i].day > m->ripe.day || days[i].day < m->done.day ||
		    (days[i].day == m->done.day && end <= m->done.row))
			continue;
		if (days[i].day < found->day) {
			found->day = days[i].day;
			found->row = end;
		}
	}
	return found->day != INT64_MAX;
}

/* Since the last time only large ones came. */
static bool has_none(const struct raw_merge *m)
{
	return m->done.small == m->ripe.small;
}

static int open_window(struct sqlite *store, struct raw_merge *m, const struct mark *end)
{
	char path[PATH_MAX];
	int err;

	raw_path(store->raw, end->day, "", path);
	if (access(path, F_OK) < 0) /* somebody removed it: opening would make it */
		return save_done(store, m, *end);
	err = batch_writer_new(&m->writer);
	if (!err)
		err = connection_open(path, CONNECTION_WRITE_SHRINKING, &m->file);
	if (err)
		return err;
	connection_checkpoint_aside(m->file, RAW_CHECKPOINT_PAGES);
	m->day = end->day;
	m->looked = end->day == m->done.day ? m->done.row : 0;
	m->end = end->row;
	return 0;
}

/* 1: there is one, or a part of the way was done without; 0; or an error. */
static int next_window(struct sqlite *store, struct raw_merge *m, int64_t now_ns)
{
	AUTO(free) struct raw_day *days = NULL;
	ssize_t n = raw_days(store->raw, INT64_MIN, INT64_MAX, &days);
	struct mark last;
	struct mark end;
	int err;

	if (n < 0)
		return (int)n;
	last = latest(store->raw, days, (size_t)n);
	ripen(m, &last, now_ns);
	if (!find_day(m, days, (size_t)n, &end))
		return 0;
	err = is_sent(store);
	if (err)
		return err < 0 ? err : 0;
	err = has_none(m) ? save_done(store, m, end) : open_window(store, m, &end);
	return err ? err : 1;
}

static int consider(struct raw_merge *m, sqlite3_stmt *s)
{
	uint64_t agent =
	    hash_bytes(0, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));

	m->looked = sqlite3_column_int64(s, 0);
	if (sqlite3_column_int64(s, 3) >= RAW_SMALL)
		return 0;
	if (ROOM_FOR_ONE(m->rows, m->n, m->room) < 0)
		return -ENOMEM;
	m->rows[m->n++] = (struct candidate){.id = m->looked,
	    .agent = hash_bytes(
		agent, sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2)),
	    .n = (uint32_t)sqlite3_column_int64(s, 3),
	    .last_ns = sqlite3_column_int64(s, 4)};
	return 0;
}

static int by_agent(const void *a, const void *b)
{
	const struct candidate *left = a;
	const struct candidate *right = b;

	if (left->agent != right->agent)
		return left->agent < right->agent ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

/* Rows that overlap can be read in order while no more invocations are open than readers
 * open: what goes together depends on how many agents there are. */
static void begin_merging(struct raw_merge *m)
{
	size_t agents = 0;

	qsort(m->rows, m->n, sizeof(*m->rows), by_agent);
	for (size_t i = 0; i < m->n; i++)
		agents += i == 0 || m->rows[i].agent != m->rows[i - 1].agent;
	m->most = RAW_OPEN_INVOCATIONS / (agents ? agents : 1);
	m->most = m->most < INVOCATIONS_LEAST ? INVOCATIONS_LEAST : m->most;
	m->most = m->most > INVOCATIONS_MOST ? INVOCATIONS_MOST : m->most;
	m->is_looked_through = true;
}

static int look(struct raw_merge *m)
{
	static const char sql[] =
	    "SELECT id, agent, host, n, last_ns FROM raw WHERE id > :after"
	    " AND id <= :end ORDER BY id LIMIT :most";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int looked_at = 0;
	int err = statement_get(m->file, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":after", m->looked);
	statement_bind(s, ":end", m->end);
	statement_bind(s, ":most", LOOK_ROWS);
	while (!err && (err = statement_step(s)) == 1) {
		looked_at++;
		err = consider(m, s);
	}
	if (err)
		return err;
	if (looked_at < LOOK_ROWS)
		m->looked = m->end;
	if (m->looked == m->end || m->n >= WINDOW_ROWS)
		begin_merging(m);
	return 0;
}

/* --- merging ---------------------------------------------------------------------------
 */

/* How many from there on go together. */
static size_t count_group(const struct raw_merge *m, int64_t ids[RAW_ROWS_MAX])
{
	const struct candidate *first = &m->rows[m->at];
	size_t invocations = 0;
	size_t n = 0;

	while (n < RAW_ROWS_MAX && m->at + n < m->n) {
		const struct candidate *row = first + n;

		invocations += row->n;
		if (row->agent != first->agent || (n && invocations > m->most) ||
		    row->last_ns - first->last_ns > SPAN_NS ||
		    first->last_ns - row->last_ns > SPAN_NS)
			break;
		ids[n++] = row->id;
	}
	return n;
}

/* Less than what was tried fitted a batch: the next ones are as large. */
static void learn_most(struct raw_merge *m, size_t merged)
{
	size_t invocations = 0;

	for (size_t i = 0; i < merged; i++)
		invocations += m->rows[m->at + i].n;
	if (invocations >= RAW_SMALL) /* else it was for another reason */
		m->most = invocations;
}

static int merge_group(struct raw_merge *m)
{
	int64_t ids[RAW_ROWS_MAX];
	size_t n = count_group(m, ids);
	ssize_t merged = n < 2 ? 1 : raw_rows_merge(m->file, m->writer, ids, n);

	if (merged < 0)
		return (int)merged;
	if ((size_t)merged < n)
		learn_most(m, (size_t)merged);
	m->at += (size_t)merged;
	return 0;
}

static int merge_some(struct raw_merge *m)
{
	uint64_t until_ns = clock_boot_ns() + STEP_NS;
	int err = connection_begin(m->file);

	while (!err && m->at < m->n && clock_boot_ns() < until_ns)
		err = merge_group(m);
	if (!err)
		err = connection_commit(m->file);
	if (err)
		connection_rollback(m->file);
	return err;
}

/* A day to which nothing is added gives back what was freed in it. */
static int shrink(struct raw_merge *m)
{
	int more = 0;

	if (m->day < m->ripe.day && m->looked == m->end)
		more = connection_shrink(m->file, STEP_PAGES);
	return more < 0 ? more : more ? 0 : DONE;
}

static int finish_window(struct sqlite *store, struct raw_merge *m)
{
	struct mark done = {.day = m->day, .row = m->looked, .small = m->done.small};

	if (m->looked == m->ripe.row && m->day == m->ripe.day)
		done.small = m->ripe.small;
	close_window(m);
	return save_done(store, m, done);
}

/* A file that is damaged is nobody's to write to. */
static int leave_window(struct sqlite *store, struct raw_merge *m)
{
	char name[RAW_NAME_BYTES];

	raw_name(m->day, name);
	log_warn("%s/%s is damaged: small batches in it stay as they are",
	    store->directory, name);
	m->looked = m->end;
	return finish_window(store, m);
}

int raw_merge_step(struct sqlite *store, int64_t now_ns)
{
	struct raw_merge *m = store->merge;
	int err = m->is_known ? 0 : load_done(store, m);

	if (!err && !m->file)
		return next_window(store, m, now_ns);
	if (!err)
		err = !m->is_looked_through ? look(m)
		      : m->at < m->n        ? merge_some(m)
					    : shrink(m);
	if (err == -EUCLEAN)
		err = leave_window(store, m);
	else if (err == DONE)
		err = finish_window(store, m);
	if (err)
		close_window(m); /* it is looked through again */
	return err ? err : 1;
}
