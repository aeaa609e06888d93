/* Rows of a raw file: written, and several made into one. */
#ifndef COLDMETER_STORE_SQLITE_RAW_ROWS_H
#define COLDMETER_STORE_SQLITE_RAW_ROWS_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/sqlite/file/connection.h"
#include "wire/batch.h"

/* All borrowed. */
struct raw_row {
	int64_t id;
	const struct batch_head *head; /* of the body */
	size_t n;                      /* invocations in it */
	int64_t first_ns;              /* earliest and latest start of them */
	int64_t last_ns;
	const uint8_t *body; /* a batch as it was sealed */
	size_t body_bytes;
};

/* unless_known: nothing happens when that batch is there; else it is -EEXIST. 0 or
 * store_errno(). */
int raw_row_insert(struct connection *file, const struct raw_row *row, bool unless_known);

#define RAW_ROWS_MAX 1024 /* that become one */

/* Makes as many as go together of the rows of these ids, rising, into one that has the
 * first one's id, within a transaction of the file. Returns how many of them were dealt
 * with, from the first on, at least one: those that cannot be read, that a newer writer
 * wrote or that would not get smaller are left as they are. Or store_errno(), -ENOMEM.
 * The writer is empty before and after. */
ssize_t raw_rows_merge(
    struct connection *file, struct batch_writer *writer, const int64_t *ids, size_t n);

#endif
