/* What the raw files are in memory, for their two files. */
#ifndef COLDMETER_STORE_SQLITE_RAW_INSIDE_H
#define COLDMETER_STORE_SQLITE_RAW_INSIDE_H

#include <pthread.h>

#include "base/clock.h"
#include "store/sqlite/raw.h"

#define RAW_DAY_NS (86400 * CLOCK_NS_PER_S)
#define RAW_CHECKPOINT_PAGES 1000 /* each is written once: little at a time */
#define RAW_SMALL 1024            /* a batch of fewer invocations: some 10 KB */

struct raw {
	const char *directory;
	struct connection *file; /* of today; NULL: none open */
	struct raw_day today;    /* with what the running transaction adds */
	struct raw_day before;   /* without it */
	bool running;            /* between raw_begin() and its end */
	bool unmarked;           /* main.db does not know of all that was committed */
	bool untidy;             /* rows beyond last_row could not be cut off */
	bool is_damaged;         /* the file of today */
	bool is_told;            /* that it is, and cannot be put aside */
	uint64_t small;          /* batches that were added */
	pthread_mutex_t mutex;   /* over days, which readers copy */
	struct raw_day *days;
	size_t days_n;
};

#define RAW_DAMAGED ".damaged" /* behind the name of one that was put aside */

/* Notes whether err, of the file of today, says that it is damaged; returns it. */
int raw_blame(struct raw *raw, int err);

/* Of the day's file, or one beside it; path: PATH_MAX bytes. */
void raw_path(const struct raw *raw, int64_t day, const char *suffix, char *path);

#endif
