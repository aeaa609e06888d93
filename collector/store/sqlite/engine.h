/* What the modules of the SQLite engine share: the store and its transactions. */
#ifndef COLDMETER_STORE_SQLITE_ENGINE_H
#define COLDMETER_STORE_SQLITE_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "model/rollup_hour.h"
#include "store/sqlite/dictionary.h"
#include "store/sqlite/file/connection.h"
#include "store/sqlite/file/pool.h"
#include "store/sqlite/gate.h"
#include "store/sqlite/raw.h"
#include "store/sqlite/raw/merge.h"
#include "store/sqlite/sqlite.h"
#include "store/sqlite/sums/fold.h"
#include "store/sqlite/sums/minutes.h"

struct sqlite {
	char *directory;
	int lock_fd;
	struct gate gate;
	struct connection *writer; /* held between sqlite_begin and its end */
	struct pool *readers;
	struct dictionary *functions;
	struct minutes *minutes;
	struct hour_tables *hour_tables;
	struct fold *fold;
	struct raw *raw;
	struct raw_merge *merge;
	/* Behind the gate; unsettled may be asked by any thread. See accept.h. */
	atomic_bool unsettled; /* batches were accepted since the last commit */
	bool open;             /* a transaction of the writer and memory hold them */
	/* Since when there are minutes, and hours, in hours of the epoch; any thread. */
	_Atomic int64_t minutes_hour;
	_Atomic int64_t hours_hour;
};

/* One transaction of the writing connection, one thread at a time, after what was
 * accepted is settled, if it can be. Each begin that succeeded ends with sqlite_end():
 * commits when err is 0, else rolls back. Returns err or the commit's. */
int sqlite_begin(struct sqlite *store);
int sqlite_end(struct sqlite *store, int err);

#endif
