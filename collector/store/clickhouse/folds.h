/* Up to which hour the minutes of each source have sums by hour and day on the server.
 *
 * Each collector makes the sums of its own minutes and then says how far it is; so it may
 * be away, or of a release that makes none, and its minutes are read as they are. It also
 * says ahead which minute is the latest that it sends, so that of one that is gone for
 * good nothing is looked for in vain. */
#ifndef COLDMETER_STORE_CLICKHOUSE_FOLDS_H
#define COLDMETER_STORE_CLICKHOUSE_FOLDS_H

#include <stddef.h>
#include <stdint.h>

#include "store/clickhouse/link.h"

struct fold {
	uint64_t source;
	int64_t hour;    /* hours of the epoch before it have sums */
	int64_t horizon; /* no minute behind it was sent */
};

struct folds {
	struct fold *items; /* of every source that there is */
	size_t n;
	int64_t hour; /* up to there sums are worth reading: most sources have them */
};

/* Zero-initialised is valid: no sums. 0 or an error of link.h. */
int folds_read(struct link *link, struct folds *folds);
void folds_done(struct folds *folds);

/* Conditions that begin with AND, malloc'd, NULL when memory is short: which rows of
 * hours (span_minutes 60) or days (1440) count, for minutes before until; and which
 * minutes of [from, until) such rows do not tell, "" when there are none. */
char *folds_sums(const struct folds *folds, int64_t span_minutes, int64_t until);
char *folds_rest(
    const struct folds *folds, int64_t span_minutes, int64_t from, int64_t until);

/* One source's row of the table. */
#define FOLDS_COLUMNS "source, version, hour, horizon"
void folds_put_row(struct row_out *out, const struct fold *fold, uint64_t version);

#endif
