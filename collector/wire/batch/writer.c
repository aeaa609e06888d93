/* Records are coded as they arrive, each value at the end of its column; sealing puts the
 * columns behind each other and compresses them. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/varint.h"
#include "wire/batch.h"
#include "wire/batch/body.h"
#include "wire/batch/dictionary.h"
#include "wire/batch/entry.h"
#include "wire/batch/frame.h"
#include "wire/batch/head.h"
#include "wire/batch/numbers.h"
#include "wire/batch/planes.h"
#include "wire/batch/row.h"

/* An uncompressed body that is always taken: what zstd makes of one that does not
 * compress, and the head, still fit BATCH_MAX_BYTES. */
#define BODY_MAX_BYTES 64512
/* Of a wide one: what zstd makes of it may be too large, but decoders have room for it.
 */
#define BODY_WIDE_BYTES ((size_t)BATCH_MAX_INFLATED_BYTES / 2)
_Static_assert(
    COLUMN_END_OF_IDS + 16 <= BATCH_FRAME_BLOCKS &&
	BATCH_FRAME_BOUND(BODY_MAX_BYTES, BATCH_FRAME_BLOCKS) + BATCH_HEAD_MAX_BYTES <=
	    BATCH_MAX_BYTES,
    "a full body fits the wire");

/* What the counts and the columns take beside their values, of which bits end with a
 * byte.
 */
#define FRAME_MAX_BYTES                                                                  \
	((size_t)2 * VARINT_MAX_BYTES +                                                  \
	    ((size_t)COLUMN_END_OF_IDS + 2) * (BATCH_NUMBERS_MAX_BYTES + 1))
#define LOSS_MAX_BYTES ((size_t)3 * VARINT_MAX_BYTES)

/* What records leave free: losses that are told when a batch is full are few. */
#define LOSSES_ROOM ((size_t)512)

struct batch_writer {
	struct batch_dictionary functions;
	struct batch_dictionary sandboxes;
	struct batch_numbers numbers[COLUMN_END_OF_IDS];
	struct buffer request_ids;
	struct buffer trace_ids;
	struct buffer coldstarts;
	struct buffer losses;
	struct batch_previous previous;
	size_t n;
	size_t body_max;
	size_t used; /* bytes in columns of bytes and dictionaries */
	struct batch_numbers_size numbers_size;
	uint64_t numbers_has; /* of the last record; its columns of numbers: */
	uint8_t numbers_ids[COLUMN_END_OF_IDS];
	size_t numbers_n;
	struct batch_keep *keep; /* NULL: nobody wants the batch itself */
};

int batch_writer_new(struct batch_writer **out)
{
	struct batch_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->functions.limit = BATCH_MAX_FUNCTIONS;
	w->sandboxes.limit = BATCH_MAX_RECORDS;
	w->body_max = BODY_MAX_BYTES;
	*out = w;
	return 0;
}

int batch_writer_new_wide(struct batch_writer **out)
{
	int err = batch_writer_new(out);

	if (!err)
		(*out)->body_max = BODY_WIDE_BYTES;
	return err;
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
		batch_numbers_done(&w->numbers[i]);
	buffer_done(&w->request_ids);
	buffer_done(&w->trace_ids);
	buffer_done(&w->coldstarts);
	buffer_done(&w->losses);
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
	w->previous.functions = 0;
	memset(w->previous.sandbox, 0, w->sandboxes.n * sizeof(w->previous.sandbox[0]));
	batch_dictionary_clear(&w->functions);
	batch_dictionary_clear(&w->sandboxes);
	for (size_t i = 0; i < COLUMN_END_OF_IDS; i++)
		batch_numbers_clear(&w->numbers[i]);
	buffer_clear(&w->request_ids);
	buffer_clear(&w->trace_ids);
	buffer_clear(&w->coldstarts);
	buffer_clear(&w->losses);
	w->n = 0;
	w->used = 0;
	w->numbers_size = (struct batch_numbers_size){0};
}

/* What a record becomes. */
struct coming {
	struct batch_entry entry;
	struct batch_row row;
	struct batch_numbers_size numbers_size; /* of all, with it */
};

/* Makes sure that nothing can fail any more. */
static int reserve_all(struct batch_writer *w, const struct coming *coming)
{
	const struct batch_entry *entry = &coming->entry;
	int err = 0;

	for (size_t i = 0; !err && i < w->numbers_n; i++)
		err = batch_numbers_reserve(
		    &w->numbers[w->numbers_ids[i]], coming->row.value[w->numbers_ids[i]]);
	if (err || batch_dictionary_reserve(&w->functions, entry->function_bytes) < 0 ||
	    batch_dictionary_reserve(&w->sandboxes, entry->sandbox_bytes) < 0 ||
	    buffer_reserve(&w->request_ids, BATCH_ID_MAX) < 0 ||
	    buffer_reserve(&w->trace_ids, BATCH_ID_MAX) < 0 ||
	    buffer_reserve(&w->coldstarts, entry->coldstart_bytes) < 0 ||
	    (w->keep && batch_keep_reserve(w->keep) < 0))
		return -ENOMEM;
	return 0;
}

static void add_text(
    struct batch_writer *w, struct buffer *column, const uint8_t *text, size_t n)
{
	buffer_put(column, text, n);
	w->used += n;
}

/* Adds a string to a dictionary if it has the index of a new one. */
static void intern(struct batch_writer *w, struct batch_dictionary *d, size_t index,
    const uint8_t *s, size_t n)
{
	if (index < d->n)
		return;
	batch_dictionary_add(d, s, n);
	w->used += n;
}

/* Whether n more bytes fit the body, beside numbers of that size. */
static bool has_room(
    const struct batch_writer *w, size_t n, const struct batch_numbers_size *numbers)
{
	uint64_t bits = numbers->has_odd ? numbers->bits : numbers->bits_of_multiples;

	return w->used + bits / 8 + FRAME_MAX_BYTES + n <= w->body_max;
}

/* Which columns those are that a record of these HAS_* bits has. */
static void find_numbers(struct batch_writer *w, uint64_t has)
{
	w->numbers_has = has;
	w->numbers_n = 0;
	for (unsigned int id = COLUMN_FUNCTION + 1; id < COLUMN_END_OF_IDS; id++) {
		if (id != COLUMN_BUSY && batch_column_is_number(id) &&
		    batch_row_has(id, has))
			w->numbers_ids[w->numbers_n++] = (uint8_t)id;
	}
}

static void measure_numbers(struct batch_writer *w, struct coming *coming)
{
	const uint64_t *value = coming->row.value;
	struct batch_numbers_size size = w->numbers_size;

	if (w->numbers_n == 0 || w->numbers_has != value[COLUMN_HAS])
		find_numbers(w, value[COLUMN_HAS]);
	for (size_t i = 0; i < w->numbers_n; i++) {
		enum batch_column id = w->numbers_ids[i];

		batch_numbers_measure(&w->numbers[id], id, value[id], &size);
	}
	coming->numbers_size = size;
}

/* Codes a record, and leaves the writer as it is. False when the batch is full. */
static bool meet(
    struct batch_writer *w, const struct invocation *inv, struct coming *coming)
{
	struct batch_entry *entry = &coming->entry;
	size_t function;
	size_t sandbox;

	if (w->n == BATCH_MAX_RECORDS)
		return false;
	batch_entry_encode(inv, w->keep, entry);
	function = entry->function_index;
	if (function == BATCH_KEEP_NONE)
		function = batch_dictionary_find(
		    &w->functions, entry->function, entry->function_bytes);
	sandbox = entry->sandbox_index;
	if (sandbox == BATCH_KEEP_NONE)
		sandbox = batch_dictionary_find(
		    &w->sandboxes, entry->sandbox, entry->sandbox_bytes);
	coming->row.value[COLUMN_FUNCTION] = function;
	coming->row.value[COLUMN_SANDBOX] = sandbox;
	batch_row_from(&coming->row, inv, &w->previous);
	measure_numbers(w, coming);
	return function < BATCH_MAX_FUNCTIONS &&
	       has_room(w,
		   LOSSES_ROOM + entry->function_bytes + entry->sandbox_bytes +
		       entry->request_id_bytes + entry->trace_id_bytes +
		       entry->coldstart_bytes,
		   &coming->numbers_size);
}

static void add(
    struct batch_writer *w, const struct invocation *inv, const struct coming *coming)
{
	const struct batch_entry *entry = &coming->entry;
	const uint64_t *value = coming->row.value;

	intern(w, &w->functions, value[COLUMN_FUNCTION], entry->function,
	    entry->function_bytes);
	intern(w, &w->sandboxes, value[COLUMN_SANDBOX], entry->sandbox,
	    entry->sandbox_bytes);
	for (size_t i = 0; i < w->numbers_n; i++) {
		enum batch_column id = w->numbers_ids[i];

		batch_numbers_add(&w->numbers[id], value[id]);
	}
	w->numbers_size = coming->numbers_size;
	add_text(w, &w->request_ids, entry->request_id, entry->request_id_bytes);
	add_text(w, &w->trace_ids, entry->trace_id, entry->trace_id_bytes);
	add_text(w, &w->coldstarts, entry->coldstart, entry->coldstart_bytes);
	batch_row_passes(&coming->row, inv, &w->previous);
	w->n++;
}

int batch_writer_add(struct batch_writer *w, const struct invocation *inv)
{
	struct coldstart *coldstart = NULL;
	struct coming coming;

	if (!meet(w, inv, &coming))
		return -ENOSPC;
	if (reserve_all(w, &coming) < 0 ||
	    (w->keep && batch_entry_coldstart(&coming.entry, &coldstart) < 0))
		return -ENOMEM;
	add(w, inv, &coming);
	/* a sandbox that was found is as it was kept, and digits are digits */
	if (w->keep)
		batch_keep_add(w->keep, inv, coming.row.value[COLUMN_FUNCTION],
		    coming.row.value[COLUMN_SANDBOX], coldstart,
		    coming.entry.sandbox_index != BATCH_KEEP_NONE &&
			batch_text_is_packed(coming.entry.request_id) &&
			batch_text_is_packed(coming.entry.trace_id));
	return 0;
}

int batch_writer_lose(struct batch_writer *w, const struct function *function,
    enum lost_reason reason, uint64_t n)
{
	uint8_t bytes[BATCH_FUNCTION_MAX];
	size_t bytes_n = batch_entry_function(function, bytes);
	size_t index = batch_dictionary_find(&w->functions, bytes, bytes_n);
	uint8_t *at;

	assert(!w->keep);
	if (!has_room(w, LOSS_MAX_BYTES + bytes_n, &w->numbers_size) ||
	    index == BATCH_MAX_FUNCTIONS)
		return -ENOSPC;
	if (buffer_reserve(&w->losses, LOSS_MAX_BYTES) < 0 ||
	    batch_dictionary_reserve(&w->functions, bytes_n) < 0)
		return -ENOMEM;
	at = w->losses.at + w->losses.n;
	intern(w, &w->functions, index, bytes, bytes_n);
	at = varint_put(index, at);
	at = varint_put(reason, at);
	at = varint_put(n, at);
	w->used += (size_t)(at - w->losses.at) - w->losses.n;
	w->losses.n = (size_t)(at - w->losses.at);
	return 0;
}

/* A column without bytes is left out. */
static uint8_t *put_column(uint8_t *at, unsigned int id, const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return at;
	at = varint_put(id, at);
	at = varint_put(ENCODING_EACH, at);
	at = varint_put(n, at);
	memcpy(at, bytes, n);
	return at + n;
}

/* An uncompressed body. */
struct body {
	uint8_t *bytes; /* the writer's body_max, and a column's margin */
	uint8_t *bits;  /* body_max, and their margin */
	struct batch_bits end_of_bits;
	struct batch_frame_blocks blocks;
};

static uint8_t *put_texts(
    uint8_t *at, unsigned int id, const struct buffer *c, size_t n, struct body *body)
{
	if (c->n == n) /* each an empty one, which is a byte */
		return at;
	if (!batch_planes_fit(c->at, c->n, n))
		return put_column(at, id, c->at, c->n);
	at = varint_put(id, at);
	at = varint_put(ENCODING_PLANES, at);
	at = varint_put(1 + BATCH_TEXT_DIGITS * n, at);
	return body->bytes + batch_planes_put(c->at, n, body->bytes,
				 (size_t)(at - body->bytes), &body->blocks);
}

/* The column of that id, if it has a value. */
static uint8_t *put_of_id(
    const struct batch_writer *w, unsigned int id, uint8_t *at, struct body *body)
{
	if (batch_column_is_number(id))
		return batch_numbers_put(
		    &w->numbers[id], id, w->numbers_size.has_odd, at, &body->end_of_bits);
	if (id == COLUMN_SANDBOX_TEXTS)
		return put_column(at, id, w->sandboxes.bytes, w->sandboxes.used);
	if (id == COLUMN_COLDSTART)
		return put_column(at, id, w->coldstarts.at, w->coldstarts.n);
	return put_texts(at, id,
	    id == COLUMN_REQUEST_ID ? &w->request_ids : &w->trace_ids, w->n, body);
}

static void write_body(const struct batch_writer *w, struct body *body)
{
	uint8_t *at = varint_put(w->n, body->bytes);

	at = varint_put(w->functions.n, at);
	if (w->functions.n > 0)
		memcpy(at, w->functions.bytes, w->functions.used);
	at += w->functions.used;
	batch_frame_end_block(&body->blocks, (size_t)(at - body->bytes));
	for (unsigned int id = COLUMN_NONE + 1; w->n && id < COLUMN_END_OF_IDS; id++) {
		at = put_of_id(w, id, at, body);
		batch_frame_end_block(&body->blocks, (size_t)(at - body->bytes));
	}
	at = put_column(at, COLUMN_LOSSES, w->losses.at, w->losses.n);
	batch_frame_end_block(&body->blocks, (size_t)(at - body->bytes));
	at = put_column(
	    at, COLUMN_BITS, body->bits, (size_t)(body->end_of_bits.at - body->bits));
	assert((size_t)(at - body->bytes) <= w->body_max);
	batch_frame_end_last(&body->blocks, (size_t)(at - body->bytes));
}

int batch_writer_seal(struct batch_writer *w, const struct batch_head *head,
    uint8_t **out, size_t *out_bytes)
{
	AUTO(free) uint8_t *bytes = malloc(w->body_max + BATCH_NUMBERS_MAX_BYTES);
	AUTO(free) uint8_t *bits = malloc(w->body_max + BATCH_PARTS_MARGIN);
	AUTO(free) uint8_t *sealed = NULL;
	struct body body = {.bytes = bytes, .bits = bits, .end_of_bits = {.at = bits}};
	size_t head_bytes;
	ssize_t packed;
	uint8_t *fitted;

	if (!bytes || !bits)
		return -ENOMEM;
	write_body(w, &body);
	sealed = malloc(BATCH_MAX_BYTES);
	if (!sealed)
		return -ENOMEM;
	head_bytes = batch_head_encode(head, sealed);
	packed = batch_frame_write(
	    sealed + head_bytes, BATCH_MAX_BYTES - head_bytes, bytes, &body.blocks);
	if (packed != -ENOMEM)
		writer_clear(w);
	if (packed < 0)
		return (int)packed;
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
