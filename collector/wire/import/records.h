/* Splits what logs are exported as into lines of text and JSON objects, in bounded
 * memory.
 *
 * JSON may be objects one behind the other, on a line each or on many; an array of them;
 * or an envelope, an object that has them in a member "logEvents", "events" or "records";
 * or the answer to a query: its first table has arrays in "rows", or they are in
 * "results".
 * Whatever does not start as JSON is a line of text. What is malformed ends with its
 * line; what is longer than the limit is dropped alone. Either is told. */
#ifndef COLDMETER_WIRE_IMPORT_RECORDS_H
#define COLDMETER_WIRE_IMPORT_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_USUAL_BYTES                                                              \
	((size_t)1 << 20) /* CloudWatch's events are at most 1 MiB                       \
			   */
#define RECORDS_HEAD_BYTES 16384

/* Lives during the call that it is handed to. */
struct record {
	const char *text; /* a line without its end, or an object */
	size_t n;
	bool is_object;
	bool is_row; /* an array, of the rows of a table */
	const char
	    *head; /* of one in an envelope or table: what stood before the array */
	size_t head_n;
	uint64_t line; /* where it starts, from 1 */
};

/* take returns 0, or a negative errno, which ends the reading. */
struct records_sink {
	int (*take)(void *context, const struct record *record);
	void (*complain)(void *context, uint64_t line, const char *why);
	void *context;
	/* What starts as JSON may be text: only what records came of is complained of. */
	bool may_be_text;
};

struct records;

/* limit is the most bytes of a line or object, about what it takes of memory. 0 or
 * -ENOMEM. */
int records_new(const struct records_sink *sink, size_t limit, struct records **out);
void records_free(struct records *r);

/* The next bytes. 0 or what take returned, after which nothing more may be pushed. */
int records_push(struct records *r, const void *bytes, size_t n);

/* There are no more. The same. */
int records_end(struct records *r);

static inline void cleanup_records(struct records *const *r)
{
	records_free(*r);
}

#endif
