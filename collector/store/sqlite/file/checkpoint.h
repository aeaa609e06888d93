/* Copies what was committed out of a file's write-ahead log into the file, by a thread of
 * its own, so that nobody who waits for a commit waits for the disk, too. */
#ifndef COLDMETER_STORE_SQLITE_FILE_CHECKPOINT_H
#define COLDMETER_STORE_SQLITE_FILE_CHECKPOINT_H

#include <sqlite3.h>

struct checkpoint;

/* From so many pages in the log on. The writer, a file's only one, must outlive it, and
 * checkpoints nothing by itself from then on. 0, -ENOMEM, -EAGAIN or store_errno(). */
int checkpoint_start(sqlite3 *writer, int pages, struct checkpoint **out);

/* Waits for what is under way. NULL: nothing. */
void checkpoint_stop(struct checkpoint *checkpoint);

/* After each commit, by whoever uses the writer. Nothing that fails here is lost: it
 * stays in the log. */
void checkpoint_committed(struct checkpoint *checkpoint);

#endif
