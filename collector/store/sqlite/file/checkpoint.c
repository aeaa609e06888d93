/* SQLite begins with its log anew when all of it has been copied at the begin of a
 * transaction, which does not happen by itself where one commit follows the other. So the
 * thread copies the bulk, then what came meanwhile, and the writer the little that is
 * left then, between two transactions; nothing where a pause was long enough.
 * https://www.sqlite.org/wal.html#ckpt */
#include "store/sqlite/file/checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/sqlite/file/connection.h"

/* Passes of the thread at most: each copies what came during the one before, until that
 * is little: in out/bench/bench_fleet a commit is some 30 pages. */
#define PASSES 6
#define LITTLE 32

struct checkpoint {
	sqlite3 *writer;
	int pages;
	int in_log;         /* pages, at the last commit */
	int due;            /* how many there must be for the next pass */
	uint32_t log;       /* how often it was begun anew */
	uint32_t asked_log; /* in which one the thread was asked */
	sqlite3 *db;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	enum { IDLE, ASKED, COPIED } state;
	bool stopping;
};

static int note_pages(void *context, sqlite3 *db, const char *name, int pages)
{
	struct checkpoint *c = context;

	(void)db;
	(void)name;
	if (pages < c->in_log) {
		c->log++;
		c->due = c->pages;
	}
	c->in_log = pages;
	return SQLITE_OK;
}

/* Returns the pages of the log that are copied by now. */
static int copy(sqlite3 *db)
{
	int copied = 0;

	(void)sqlite3_wal_checkpoint_v2(
	    db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
	return copied;
}

static void copy_most(sqlite3 *db)
{
	int copied = copy(db);

	for (int i = 1; i < PASSES; i++) {
		int before = copied;

		copied = copy(db);
		if (copied - before <= LITTLE)
			break;
	}
}

static void *run(void *context)
{
	struct checkpoint *c = context;

	(void)pthread_mutex_lock(&c->mutex);
	while (!c->stopping) {
		if (c->state != ASKED) {
			(void)pthread_cond_wait(&c->changed, &c->mutex);
			continue;
		}
		(void)pthread_mutex_unlock(&c->mutex);
		copy_most(c->db);
		(void)pthread_mutex_lock(&c->mutex);
		c->state = COPIED;
	}
	(void)pthread_mutex_unlock(&c->mutex);
	return NULL;
}

/* A connection that has not read anything has no log to copy. */
static int open_beside(struct checkpoint *c)
{
	const int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int code =
	    sqlite3_open_v2(sqlite3_db_filename(c->writer, "main"), &c->db, flags, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(c->db, "PRAGMA schema_version", NULL, NULL, NULL);
	return store_errno(c->db, code);
}

int checkpoint_start(sqlite3 *writer, int pages, struct checkpoint **out)
{
	struct checkpoint *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	*c = (struct checkpoint){.writer = writer, .pages = pages, .due = pages};
	err = open_beside(c);
	(void)pthread_mutex_init(&c->mutex, NULL);
	(void)pthread_cond_init(&c->changed, NULL);
	if (!err)
		err = -pthread_create(&c->thread, NULL, run, c);
	if (err) {
		(void)sqlite3_close(c->db);
		free(c);
		return err;
	}
	(void)sqlite3_wal_hook(writer, note_pages, c);
	*out = c;
	return 0;
}

void checkpoint_stop(struct checkpoint *c)
{
	if (!c)
		return;
	(void)sqlite3_wal_hook(c->writer, NULL, NULL);
	(void)pthread_mutex_lock(&c->mutex);
	c->stopping = true;
	(void)pthread_cond_signal(&c->changed);
	(void)pthread_mutex_unlock(&c->mutex);
	(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->changed);
	(void)pthread_mutex_destroy(&c->mutex);
	(void)sqlite3_close(c->db);
	free(c);
}

void checkpoint_committed(struct checkpoint *c)
{
	bool is_copied;

	if (c->in_log < c->due)
		return;
	(void)pthread_mutex_lock(&c->mutex);
	/* else the thread left nothing: this is the next log, of which it has no page */
	is_copied = c->state == COPIED && c->asked_log == c->log;
	if (is_copied) {
		c->state = IDLE;
	} else if (c->state != ASKED) {
		c->state = ASKED;
		c->asked_log = c->log;
		(void)pthread_cond_signal(&c->changed);
	}
	(void)pthread_mutex_unlock(&c->mutex);
	if (!is_copied)
		return;
	(void)copy(c->writer);
	c->due = c->in_log + c->pages; /* where a reader is in the way; else see above */
}
