/* Records are coded as they arrive, each value at the end of its column; sealing puts the
 * columns behind each other and compresses them. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/varint.h"
#include "wire/batch.h"
#include "wire/batch_body.h"
#include "wire/batch_dictionary.h"
#include "wire/batch_entry.h"
#include "wire/batch_frame.h"
#include "wire/batch_head.h"
#include "wire/batch_row.h"

/* An uncompressed body that is always taken: what zstd makes of one that does not
 * compress, and the head, still fit BATCH_MAX_BYTES. */
#define BODY_MAX_BYTES 64512
_Static_assert(
    BATCH_FRAME_BOUND(BODY_MAX_BYTES) + BATCH_HEAD_MAX_BYTES <= BATCH_MAX_BYTES,
    "a full body fits the wire");

/* What the numbers of one record take at most, and the counts and the columns' ids,
 * encodings and lengths of a body (each length is below 2^21). */
#define NUMBERS_MAX_BYTES ((size_t)COLUMN_END_OF_IDS * VARINT_MAX_BYTES)
#define FRAME_MAX_BYTES                                                                  \
	((size_t)2 * VARINT_MAX_BYTES + ((size_t)COLUMN_END_OF_IDS + 1) * 6)
#define LOSS_MAX_BYTES ((size_t)3 * VARINT_MAX_BYTES)

#define COLUMN_FIRST_BYTES 2048 /* the room that a column begins with */

struct column {
	uint8_t *bytes;
	size_t used;
	size_t room;
	uint64_t first;  /* of the numbers in it */
	bool is_varied;  /* not all are the first */
	bool is_written; /* a text in it is not empty */
};

struct batch_writer {
	struct batch_dictionary functions;
	struct batch_dictionary sandboxes;
	struct column columns[COLUMN_END_OF_IDS];
	struct column losses;
	struct batch_previous previous;
	size_t n;
	size_t used;          /* bytes in columns and dictionaries */
	uint64_t numbers_has; /* of the last record; its columns of numbers: */
	uint8_t numbers[COLUMN_END_OF_IDS];
	size_t numbers_n;
	size_t spare;            /* records that each column surely has room for */
	struct batch_keep *keep; /* NULL: nobody wants the batch itself */
};

int batch_writer_new(struct batch_writer **out)
{
	struct batch_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->functions.limit = BATCH_MAX_FUNCTIONS;
	w->sandboxes.limit = BATCH_MAX_RECORDS;
	*out = w;
	return 0;
}

int batch_writer_new_keeping(struct batch_writer **out)
{
	struct batch_keep *keep = calloc(1, sizeof(*keep));
	int err = keep ? batch_writer_new(out) : -ENOMEM;

	if (err)
		free(keep);
	else
		(*out)->keep = keep;
	return err;
}

void batch_writer_free(struct batch_writer *w)
{
	if (!w)
		return;
	batch_dictionary_done(&w->functions);
	batch_dictionary_done(&w->sandboxes);
	for (size_t i = 0; i < COLUMN_END_OF_IDS; i++)
		free(w->columns[i].bytes);
	free(w->losses.bytes);
	if (w->keep)
		batch_keep_done(w->keep);
	free(w->keep);
	free(w);
}

size_t batch_writer_count(const struct batch_writer *w)
{
	return w->n;
}

static void writer_clear(struct batch_writer *w)
{
	w->previous.end = 0;
	memset(w->previous.sandbox, 0, w->sandboxes.n * sizeof(w->previous.sandbox[0]));
	batch_dictionary_clear(&w->functions);
	batch_dictionary_clear(&w->sandboxes);
	for (size_t i = 0; i < COLUMN_END_OF_IDS; i++) {
		struct column *column = &w->columns[i];

		*column = (struct column){.bytes = column->bytes, .room = column->room};
	}
	w->losses = (struct column){.bytes = w->losses.bytes, .room = w->losses.room};
	w->n = 0;
	w->used = 0;
	w->spare = 0;
}

static uint8_t *put(uint8_t *at, uint64_t value)
{
	return varint_put(value, at);
}

static int reserve(struct column *column, size_t n)
{
	size_t room = column->room ? 2 * column->room : COLUMN_FIRST_BYTES;
	uint8_t *grown;

	if (column->room - column->used >= n)
		return 0;
	grown = realloc(column->bytes, room);
	if (!grown)
		return -ENOMEM;
	column->bytes = grown;
	column->room = room;
	return 0;
}

/* A record's value in each column; all columns at once, for many records. */
static int reserve_columns(struct batch_writer *w)
{
	if (w->spare > 0)
		return 0;
	w->spare = SIZE_MAX;
	for (size_t i = 0; i < COLUMN_END_OF_IDS; i++) {
		struct column *column = &w->columns[i];
		size_t spare;

		if (i == COLUMN_COLDSTART)
			continue;
		if (reserve(column, BATCH_ID_MAX) < 0) {
			w->spare = 0;
			return -ENOMEM;
		}
		spare = (column->room - column->used) / BATCH_ID_MAX;
		w->spare = spare < w->spare ? spare : w->spare;
	}
	return 0;
}

/* Makes sure that nothing can fail any more. */
static int reserve_all(struct batch_writer *w, const struct batch_entry *entry)
{
	_Static_assert(
	    BATCH_ID_MAX < COLUMN_FIRST_BYTES && BATCH_COLDSTART_MAX < COLUMN_FIRST_BYTES,
	    "a column grows by more than one value");
	if (batch_dictionary_reserve(&w->functions, entry->function_bytes) < 0 ||
	    batch_dictionary_reserve(&w->sandboxes, entry->sandbox_bytes) < 0 ||
	    reserve(&w->columns[COLUMN_COLDSTART], entry->coldstart_bytes) < 0 ||
	    (w->keep && batch_keep_reserve(w->keep) < 0))
		return -ENOMEM;
	return reserve_columns(w);
}

static void add_number(struct batch_writer *w, enum batch_column id, uint64_t value)
{
	struct column *column = &w->columns[id];
	uint8_t *at = column->bytes + column->used;
	size_t n = (size_t)(put(at, value) - at);

	if (column->used == 0)
		column->first = value;
	else if (value != column->first)
		column->is_varied = true;
	column->used += n;
	w->used += n;
}

static void add_text(
    struct batch_writer *w, enum batch_column id, const uint8_t *text, size_t n)
{
	struct column *column = &w->columns[id];

	memcpy(column->bytes + column->used, text, n);
	column->used += n;
	column->is_written |= text[0] != 0;
	w->used += n;
}

/* The index of a string of a dictionary, added if it is new. */
static size_t intern(
    struct batch_writer *w, struct batch_dictionary *d, const uint8_t *s, size_t n)
{
	size_t index = batch_dictionary_find(d, s, n);

	if (index == d->n) {
		batch_dictionary_add(d, s, n);
		w->used += n;
	}
	return index;
}

static bool has_room(const struct batch_writer *w, const struct batch_entry *entry)
{
	size_t most = w->used + FRAME_MAX_BYTES + NUMBERS_MAX_BYTES +
		      entry->function_bytes + entry->sandbox_bytes +
		      entry->request_id_bytes + entry->trace_id_bytes +
		      entry->coldstart_bytes;

	if (w->n == BATCH_MAX_RECORDS || most > BODY_MAX_BYTES)
		return false;
	return entry->function_index != BATCH_KEEP_NONE ||
	       w->functions.n < BATCH_MAX_FUNCTIONS ||
	       batch_dictionary_find(&w->functions, entry->function,
		   entry->function_bytes) < w->functions.n;
}

/* Which columns those are that a record of these HAS_* bits has. */
static void find_numbers(struct batch_writer *w, uint64_t has)
{
	w->numbers_has = has;
	w->numbers_n = 0;
	for (unsigned int id = COLUMN_NONE + 1; id < COLUMN_END_OF_IDS; id++) {
		if (batch_column_is_number(id) && batch_row_has(id, has))
			w->numbers[w->numbers_n++] = (uint8_t)id;
	}
}

static void add_numbers(struct batch_writer *w, const struct batch_row *row)
{
	if (w->numbers_n == 0 || w->numbers_has != row->value[COLUMN_HAS])
		find_numbers(w, row->value[COLUMN_HAS]);
	for (size_t i = 0; i < w->numbers_n; i++)
		add_number(w, w->numbers[i], row->value[w->numbers[i]]);
}

int batch_writer_add(struct batch_writer *w, const struct invocation *inv)
{
	struct coldstart *coldstart = NULL;
	struct batch_entry entry;
	struct batch_row row;
	bool is_plain;

	batch_entry_encode(inv, w->keep, &entry);
	if (!has_room(w, &entry))
		return -ENOSPC;
	if (reserve_all(w, &entry) < 0 ||
	    (w->keep && batch_entry_coldstart(&entry, &coldstart) < 0))
		return -ENOMEM;
	/* a sandbox that was found is as it was kept, and digits are digits */
	is_plain = entry.sandbox_index != BATCH_KEEP_NONE &&
		   batch_text_is_packed(entry.request_id) &&
		   batch_text_is_packed(entry.trace_id);
	if (entry.function_index == BATCH_KEEP_NONE)
		entry.function_index =
		    intern(w, &w->functions, entry.function, entry.function_bytes);
	if (entry.sandbox_index == BATCH_KEEP_NONE)
		entry.sandbox_index =
		    intern(w, &w->sandboxes, entry.sandbox, entry.sandbox_bytes);
	row.value[COLUMN_FUNCTION] = entry.function_index;
	row.value[COLUMN_SANDBOX] = entry.sandbox_index;
	batch_row_from(&row, inv, &w->previous);
	add_numbers(w, &row);
	add_text(w, COLUMN_REQUEST_ID, entry.request_id, entry.request_id_bytes);
	add_text(w, COLUMN_TRACE_ID, entry.trace_id, entry.trace_id_bytes);
	if (entry.coldstart_bytes)
		add_text(w, COLUMN_COLDSTART, entry.coldstart, entry.coldstart_bytes);
	if (w->keep)
		batch_keep_add(w->keep, inv, entry.function_index, entry.sandbox_index,
		    coldstart, is_plain);
	w->spare--;
	w->n++;
	return 0;
}

int batch_writer_lose(struct batch_writer *w, const struct function *function,
    enum lost_reason reason, uint64_t n)
{
	uint8_t bytes[BATCH_FUNCTION_MAX];
	size_t bytes_n = batch_entry_function(function, bytes);
	uint8_t *at;

	assert(!w->keep);
	if (w->used + FRAME_MAX_BYTES + LOSS_MAX_BYTES + bytes_n > BODY_MAX_BYTES ||
	    (w->functions.n == BATCH_MAX_FUNCTIONS &&
		batch_dictionary_find(&w->functions, bytes, bytes_n) == w->functions.n))
		return -ENOSPC;
	if (reserve(&w->losses, LOSS_MAX_BYTES) < 0 ||
	    batch_dictionary_reserve(&w->functions, bytes_n) < 0)
		return -ENOMEM;
	at = w->losses.bytes + w->losses.used;
	at = put(at, intern(w, &w->functions, bytes, bytes_n));
	at = put(at, reason);
	at = put(at, n);
	w->used += (size_t)(at - w->losses.bytes) - w->losses.used;
	w->losses.used = (size_t)(at - w->losses.bytes);
	return 0;
}

static uint8_t *put_column(uint8_t *at, unsigned int id, enum batch_encoding encoding,
    const uint8_t *bytes, size_t n)
{
	at = put(at, id);
	at = put(at, encoding);
	at = put(at, n);
	memcpy(at, bytes, n);
	return at + n;
}

static uint8_t *put_numbers(uint8_t *at, enum batch_column id, const struct column *c)
{
	uint8_t same[VARINT_MAX_BYTES];

	if (c->used == 0)
		return at;
	if (c->is_varied)
		return put_column(at, id, ENCODING_EACH, c->bytes, c->used);
	return put_column(
	    at, id, ENCODING_SAME, same, (size_t)(put(same, c->first) - same));
}

/* An uncompressed body, in parts whose values are alike. */
struct body {
	uint8_t *bytes; /* BODY_MAX_BYTES */
	size_t ends[BODY_MAX_BYTES / BATCH_FRAME_BLOCK_MIN + 1];
	size_t ends_n;
};

/* Ends a part there, if it is large enough. */
static void end_part(struct body *body, const uint8_t *at)
{
	size_t begin = body->ends_n ? body->ends[body->ends_n - 1] : 0;
	size_t end = (size_t)(at - body->bytes);

	if (end - begin >= BATCH_FRAME_BLOCK_MIN)
		body->ends[body->ends_n++] = end;
}

/* The last part, which may be small, and is never empty. */
static void end_body(struct body *body, const uint8_t *at)
{
	size_t end = (size_t)(at - body->bytes);

	if (body->ends_n == 0 || body->ends[body->ends_n - 1] < end)
		body->ends[body->ends_n++] = end;
	assert(end <= BODY_MAX_BYTES);
}

static void write_body(const struct batch_writer *w, struct body *body)
{
	const struct batch_dictionary *sandboxes = &w->sandboxes;
	uint8_t *at = put(body->bytes, w->n);

	at = put(at, w->functions.n);
	if (w->functions.n > 0)
		memcpy(at, w->functions.bytes, w->functions.used);
	at += w->functions.used;
	end_part(body, at);
	for (unsigned int id = COLUMN_NONE + 1; w->n && id < COLUMN_END_OF_IDS; id++) {
		const struct column *column = &w->columns[id];

		if (batch_column_is_number(id))
			at = put_numbers(at, id, column);
		else if (id == COLUMN_SANDBOX_TEXTS)
			at = put_column(
			    at, id, ENCODING_EACH, sandboxes->bytes, sandboxes->used);
		else if (column->is_written)
			at = put_column(
			    at, id, ENCODING_EACH, column->bytes, column->used);
		end_part(body, at);
	}
	if (w->losses.used)
		at = put_column(
		    at, COLUMN_LOSSES, ENCODING_EACH, w->losses.bytes, w->losses.used);
	end_body(body, at);
}

int batch_writer_seal(struct batch_writer *w, const struct batch_head *head,
    uint8_t **out, size_t *out_bytes)
{
	AUTO(free) uint8_t *bytes = malloc(BODY_MAX_BYTES);
	AUTO(free) uint8_t *sealed = NULL;
	struct body body = {.bytes = bytes};
	size_t head_bytes;
	ssize_t packed;
	uint8_t *fitted;

	if (!bytes)
		return -ENOMEM;
	write_body(w, &body);
	sealed = malloc(BATCH_MAX_BYTES);
	if (!sealed)
		return -ENOMEM;
	head_bytes = batch_head_encode(head, sealed);
	packed = batch_frame_write(sealed + head_bytes, BATCH_MAX_BYTES - head_bytes,
	    bytes, body.ends, body.ends_n);
	if (packed < 0)
		return (int)packed;
	writer_clear(w);
	fitted = realloc(sealed, head_bytes + (size_t)packed);
	*out_bytes = head_bytes + (size_t)packed;
	*out = fitted ? fitted : sealed;
	sealed = NULL;
	return 0;
}

int batch_writer_seal_kept(struct batch_writer *w, const struct batch_head *head,
    uint8_t **out, size_t *out_bytes, struct batch **batch)
{
	int err = batch_keep_reserve(w->keep); /* when nothing was added */

	if (!err)
		err = batch_writer_seal(w, head, out, out_bytes);
	if (!err)
		*batch = batch_keep_take(w->keep, head);
	return err;
}
