/* A window of rows is looked through, a part of it at a time, then its small ones are
 * merged agent by agent; last of all a day that is over gives back what that freed. A
 * process that dies begins the window again, of which some rows are large by then. */
#include "store/sqlite/raw/merge.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/room.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/raw/inside.h"
#include "store/sqlite/raw/ripe.h"
#include "store/sqlite/raw/rows.h"

/* So much of an agent's time becomes one row at most: who asks for a minute reads what
 * is around it, too. */
#define SPAN_NS (600 * CLOCK_NS_PER_S)
#define WINDOW_ROWS 65536 /* 2 MB while they are merged */
#define LOOK_ROWS 1024    /* of a step at most */
#define STEP_NS (5 * CLOCK_NS_PER_MS)
#define STEP_PAGES 128       /* that are given back to the disk */
#define INVOCATIONS_LEAST 16 /* that go together, however many agents there are */
/* A row leaves a third of a page of 8 KB free, on average: the fewer rows, the less is
 * left free (out/bench/bench_raw, tests/bench/disk.sh). */
#define INVOCATIONS_MOST BATCH_MAX_RECORDS

#define DONE 1 /* with the window */

struct candidate {
	int64_t id;
	uint64_t agent; /* a hash of it and the host */
	int64_t last_ns;
	uint32_t n;
};

struct raw_merge {
	struct raw_ripe ripe;
	struct connection *file; /* of the window; NULL: there is none */
	struct raw_window window;
	int64_t looked; /* up to that row */
	bool is_looked_through;
	struct candidate *rows;
	size_t n;
	size_t room;
	size_t at;   /* all before it are merged */
	size_t most; /* invocations that go together */
	struct batch_writer *writer;
};

int raw_merge_new(struct raw_merge **out)
{
	struct raw_merge *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	raw_ripe_init(&m->ripe);
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

/* --- what there is in a window -------------------------------------------------------
 */

static int open_window(struct sqlite *store, struct raw_merge *m)
{
	char path[PATH_MAX];
	int err;

	raw_path(store->raw, m->window.day, "", path);
	if (access(path, F_OK) < 0) /* somebody removed it: opening would make it */
		return DONE;
	err = batch_writer_new_wide(&m->writer);
	if (!err)
		err = connection_open(path, CONNECTION_WRITE_SHRINKING, &m->file);
	if (err)
		return err;
	connection_checkpoint_aside(m->file, RAW_CHECKPOINT_PAGES);
	m->is_looked_through = m->window.has_none;
	m->looked = m->window.has_none ? m->window.end : m->window.after;
	return 0;
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
 * open: what goes together depends on how many agents there are. Half of that, because
 * an agent's next row begins before the last one ends. */
static void begin_merging(struct raw_merge *m)
{
	size_t agents = 0;

	if (m->n > 0)
		qsort(m->rows, m->n, sizeof(*m->rows), by_agent);
	for (size_t i = 0; i < m->n; i++)
		agents += i == 0 || m->rows[i].agent != m->rows[i - 1].agent;
	m->most = RAW_OPEN_INVOCATIONS / 2 / (agents ? agents : 1);
	m->most = m->most < INVOCATIONS_LEAST ? INVOCATIONS_LEAST : m->most;
	m->most = m->most > INVOCATIONS_MOST ? INVOCATIONS_MOST : m->most;
	m->is_looked_through = true;
}

static int look(struct raw_merge *m)
{
	static const char sql[] =
	    "SELECT id, agent, host, n, last_ns FROM raw WHERE id > :after"
	    " AND id <= :end ORDER BY id LIMIT :most";
	uint64_t until_ns = clock_boot_ns() + STEP_NS;
	AUTO(statement) sqlite3_stmt *s = NULL;
	int looked_at = 0;
	int more = statement_get(m->file, sql, &s);

	if (more)
		return more;
	statement_bind(s, ":after", m->looked);
	statement_bind(s, ":end", m->window.end);
	statement_bind(s, ":most", LOOK_ROWS);
	more = 1; /* until the statement says that it is at its end */
	while (clock_boot_ns() < until_ns && (more = statement_step(s)) == 1) {
		if (consider(m, s) < 0)
			return -ENOMEM;
		looked_at++;
	}
	if (more < 0)
		return more;
	if (more == 0 && looked_at < LOOK_ROWS)
		m->looked = m->window.end;
	if (m->looked == m->window.end || m->n >= WINDOW_ROWS)
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
	size_t begin = m->at;
	int err = connection_begin(m->file);

	while (!err && m->at < m->n && clock_boot_ns() < until_ns)
		err = merge_group(m);
	if (!err)
		err = connection_commit(m->file);
	if (!err)
		return 0;
	connection_rollback(m->file);
	m->at = begin;
	return err;
}

/* A day to which nothing is added gives back what was freed in it. */
static int shrink(struct raw_merge *m)
{
	int more = 0;

	if (m->window.is_over && m->looked == m->window.end)
		more = connection_shrink(m->file, STEP_PAGES);
	return more < 0 ? more : more ? 0 : DONE;
}

/* A file that is damaged is nobody's to write to. */
static int leave_damaged(struct sqlite *store, struct raw_merge *m)
{
	char name[RAW_NAME_BYTES];

	raw_name(m->window.day, name);
	log_warn("%s/%s is damaged: small batches in it stay as they are",
	    store->directory, name);
	m->looked = m->window.end;
	return DONE;
}

static int finish_window(struct sqlite *store, struct raw_merge *m)
{
	int err = raw_ripe_done(store, &m->ripe, &m->window, m->looked);

	if (!err)
		close_window(m);
	return err;
}

static int begin_window(struct sqlite *store, struct raw_merge *m)
{
	int err = raw_ripe_next(store, &m->ripe, &m->window);

	if (err != 1)
		return err;
	m->looked = m->window.end;
	err = open_window(store, m);
	if (err == -EUCLEAN)
		err = leave_damaged(store, m);
	if (err == DONE)
		err = finish_window(store, m);
	if (err)
		close_window(m);
	return err ? err : 1;
}

/* After an error the window waits: others may make room. */
int raw_merge_step(struct sqlite *store, int64_t now_ns)
{
	struct raw_merge *m = store->merge;
	int err;

	raw_ripe_see(&m->ripe, now_ns);
	if (!m->file)
		return begin_window(store, m);
	err = !m->is_looked_through ? look(m) : m->at < m->n ? merge_some(m) : shrink(m);
	if (err == -EUCLEAN || err == -EIO)
		err = leave_damaged(store, m);
	if (err == DONE)
		err = finish_window(store, m);
	return err ? err : 1;
}
