/* Sums of a spool's minutes by hour and by day, for whoever sends them.
 *
 * An hour of a function is summed up once it is over and its minutes are settled, and
 * again whenever one of them is sent again; then its day likewise. The sums are made of
 * all that the spool has of that time, so they are right however often and in whatever
 * order. */
#ifndef COLDMETER_STORE_SQLITE_SPOOL_SUMS_H
#define COLDMETER_STORE_SQLITE_SPOOL_SUMS_H

#include "store/sqlite/spool.h"

#define SPOOL_SUM_PARTS_MAX 60

struct spool_sum {
	int64_t minute; /* where the hour or the day starts, since the epoch */
	int64_t version;
	int64_t first_minute; /* the first and the last with a row */
	int64_t last_minute;
	size_t parts_n;
	uint64_t parts[SPOOL_SUM_PARTS_MAX]; /* invocations of its minutes or hours */
	struct function function;
	struct rollup rollup;
};

/* Makes the next sums, some hundreds of functions' at most, and visits each. Zero-
 * initialised is valid; release with spool_sums_done(). */
enum spool_sums_level { SPOOL_SUMS_HOURS, SPOOL_SUMS_DAYS };
struct spool_sums {
	enum spool_sums_level level;
	struct spool_sums_row *rows; /* visited and not settled */
	size_t n;
	size_t room;
};
typedef int (*spool_sum_visit)(void *context, const struct spool_sum *sum);

/* Those that end before that hour of the epoch. Days come right when no hour is left. A
 * non-zero return of visit ends it and is returned. The sums that were visited; 0: none
 * is left; or an error. */
int spool_sums_make(struct sqlite_spool *spool, struct spool_sums *sums,
    int64_t before_hour, spool_sum_visit visit, void *context);

/* They have arrived. */
int spool_sums_settle(struct sqlite_spool *spool, struct spool_sums *sums);
void spool_sums_done(struct spool_sums *sums);

/* The newest minute of the epoch that it has, 0: none. 0 or an error. Any thread. */
int spool_sums_newest_minute(struct sqlite_spool *spool, int64_t *minute);

/* Whether any is to be made: 1, 0 or an error. Any thread. */
int spool_sums_are_due(struct sqlite_spool *spool, int64_t before_hour);

#endif
