/* How a scan walks through time: in steps that hold about as many rows as one answer
 * should, so that neither side holds more than that at once. */
#ifndef COLDMETER_STORE_CLICKHOUSE_WINDOW_H
#define COLDMETER_STORE_CLICKHOUSE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "store/clickhouse/link.h"

#define WINDOW_ROWS 16384 /* of an answer: 5 to 15 MB */

struct window {
	int64_t from; /* [from, until): the step */
	int64_t until;
	int64_t first; /* what is left, both included */
	int64_t last;
	uint64_t step;
	bool back;
};

/* Asks where the rows are: "SELECT min(x), max(x), toUInt64(count()) FROM ...", x Int64,
 * and takes the first step. 1; 0 when there are none; or an error of link.h. */
int window_start(struct window *w, struct link *link, const char *sql, bool back);

/* Takes the next step, rows being what the last one held. False at the end. */
bool window_next(struct window *w, uint64_t rows);

/* "AND fn IN (...)" of n hashes, malloc'd; NULL when memory is short. */
char *window_filter(const uint64_t *ids, size_t n);

#endif
