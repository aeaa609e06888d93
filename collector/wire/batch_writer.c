/* Records are coded as they arrive, each value at the end of its column; sealing puts the
 * columns behind each other and compresses them. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"
#include "base/varint.h"
#include "wire/batch.h"
#include "wire/batch_body.h"
#include "wire/batch_coldstart.h"
#include "wire/batch_dictionary.h"
#include "wire/batch_head.h"
#include "wire/batch_row.h"
#include "wire/batch_text.h"

#define LEVEL 1 /* level 3 gives nothing on these columns */

/* An uncompressed body that is always taken: what zstd makes of one that does not
 * compress, and the head, still fit BATCH_MAX_BYTES. */
#define BODY_MAX_BYTES 64640
_Static_assert(
    ZSTD_COMPRESSBOUND(BODY_MAX_BYTES) + 4 + BATCH_HEAD_MAX_BYTES <= BATCH_MAX_BYTES,
    "a full body fits the wire, with its checksum");

/* What the numbers of one record take at most, and the counts and the columns' ids,
 * encodings and lengths of a body (each length is below 2^21). */
#define NUMBERS_MAX_BYTES ((size_t)COLUMN_END_OF_IDS * VARINT_MAX_BYTES)
#define FRAME_MAX_BYTES                                                                  \
	((size_t)2 * VARINT_MAX_BYTES + ((size_t)COLUMN_END_OF_IDS + 1) * 6)
#define LOSS_MAX_BYTES ((size_t)3 * VARINT_MAX_BYTES)

#define COLUMN_FIRST_BYTES 2048 /* the room that a column begins with */

#define ID_MAX_BYTES BATCH_TEXT_MAX(INVOCATION_ID_BYTES)
#define FUNCTION_MAX_BYTES                                                               \
	(4 * VARINT_MAX_BYTES + BATCH_TEXT_MAX(FUNCTION_NAME_BYTES) +                    \
	    BATCH_TEXT_MAX(FUNCTION_VERSION_BYTES) +                                     \
	    BATCH_TEXT_MAX(FUNCTION_REGION_BYTES))

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
	size_t used; /* bytes in columns and dictionaries */
	ZSTD_CCtx *zstd;
};

/* One record, coded but for its numbers. */
struct entry {
	uint8_t function[FUNCTION_MAX_BYTES];
	size_t function_bytes;
	uint8_t sandbox[ID_MAX_BYTES];
	size_t sandbox_bytes;
	uint8_t request_id[ID_MAX_BYTES];
	size_t request_id_bytes;
	uint8_t trace_id[ID_MAX_BYTES];
	size_t trace_id_bytes;
	uint8_t coldstart[BATCH_COLDSTART_MAX];
	size_t coldstart_bytes;
};

int batch_writer_new(struct batch_writer **out)
{
	struct batch_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->functions.limit = BATCH_MAX_FUNCTIONS;
	w->sandboxes.limit = BATCH_MAX_RECORDS;
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd) {
		free(w);
		return -ENOMEM;
	}
	(void)ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	*out = w;
	return 0;
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
	ZSTD_freeCCtx(w->zstd);
	free(w);
}

size_t batch_writer_count(const struct batch_writer *w)
{
	return w->n;
}

static void writer_clear(struct batch_writer *w)
{
	batch_dictionary_clear(&w->functions);
	batch_dictionary_clear(&w->sandboxes);
	for (size_t i = 0; i < COLUMN_END_OF_IDS; i++) {
		struct column *column = &w->columns[i];

		*column = (struct column){.bytes = column->bytes, .room = column->room};
	}
	w->losses = (struct column){.bytes = w->losses.bytes, .room = w->losses.room};
	memset(&w->previous, 0, sizeof(w->previous));
	w->n = 0;
	w->used = 0;
}

static uint8_t *put(uint8_t *at, uint64_t value)
{
	return at + varint_encode(value, at, VARINT_MAX_BYTES);
}

/* A function as it stands in the batch: the bytes that follow, and its fields. */
static size_t encode_function(const struct function *function, uint8_t *out)
{
	uint8_t fields[FUNCTION_MAX_BYTES];
	uint8_t *at = fields;
	size_t n;

	at = put(at, function->platform);
	at = put(at, function->arch);
	at = put(at, function->memory_limit_mb);
	at += batch_text_encode(function->name, sizeof(function->name), at);
	at += batch_text_encode(function->version, sizeof(function->version), at);
	at += batch_text_encode(function->region, sizeof(function->region), at);
	n = (size_t)(at - fields);
	at = put(out, n);
	memcpy(at, fields, n);
	return (size_t)(at - out) + n;
}

static void encode_entry(const struct invocation *inv, struct entry *entry)
{
	entry->function_bytes = encode_function(inv->function, entry->function);
	entry->sandbox_bytes =
	    batch_text_encode(inv->sandbox, sizeof(inv->sandbox), entry->sandbox);
	entry->request_id_bytes = batch_text_encode(
	    inv->request_id, sizeof(inv->request_id), entry->request_id);
	entry->trace_id_bytes =
	    batch_text_encode(inv->trace_id, sizeof(inv->trace_id), entry->trace_id);
	entry->coldstart_bytes =
	    inv->coldstart ? batch_coldstart_encode(inv->coldstart, entry->coldstart) : 0;
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

/* Makes sure that nothing can fail any more. */
static int reserve_all(struct batch_writer *w, const struct entry *entry)
{
	_Static_assert(
	    ID_MAX_BYTES < COLUMN_FIRST_BYTES && BATCH_COLDSTART_MAX < COLUMN_FIRST_BYTES,
	    "a column grows by more than one value");
	if (batch_dictionary_reserve(&w->functions, entry->function_bytes) < 0 ||
	    batch_dictionary_reserve(&w->sandboxes, entry->sandbox_bytes) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < COLUMN_END_OF_IDS; i++) {
		if (reserve(&w->columns[i], i == COLUMN_COLDSTART ? entry->coldstart_bytes
								  : ID_MAX_BYTES) < 0)
			return -ENOMEM;
	}
	return 0;
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

static bool has_room(const struct batch_writer *w, const struct entry *entry)
{
	size_t most = w->used + FRAME_MAX_BYTES + NUMBERS_MAX_BYTES +
		      entry->function_bytes + entry->sandbox_bytes +
		      entry->request_id_bytes + entry->trace_id_bytes +
		      entry->coldstart_bytes;

	if (w->n == BATCH_MAX_RECORDS || most > BODY_MAX_BYTES)
		return false;
	return w->functions.n < BATCH_MAX_FUNCTIONS ||
	       batch_dictionary_find(&w->functions, entry->function,
		   entry->function_bytes) < w->functions.n;
}

int batch_writer_add(struct batch_writer *w, const struct invocation *inv)
{
	struct entry entry;
	struct batch_row row;

	encode_entry(inv, &entry);
	if (!has_room(w, &entry))
		return -ENOSPC;
	if (reserve_all(w, &entry) < 0)
		return -ENOMEM;
	row.value[COLUMN_FUNCTION] =
	    intern(w, &w->functions, entry.function, entry.function_bytes);
	row.value[COLUMN_SANDBOX] =
	    intern(w, &w->sandboxes, entry.sandbox, entry.sandbox_bytes);
	batch_row_from(&row, inv, &w->previous);
	for (unsigned int id = COLUMN_NONE + 1; id < COLUMN_END_OF_IDS; id++) {
		if (batch_column_is_number(id) &&
		    batch_row_has(id, row.value[COLUMN_HAS]))
			add_number(w, id, row.value[id]);
	}
	add_text(w, COLUMN_REQUEST_ID, entry.request_id, entry.request_id_bytes);
	add_text(w, COLUMN_TRACE_ID, entry.trace_id, entry.trace_id_bytes);
	if (entry.coldstart_bytes)
		add_text(w, COLUMN_COLDSTART, entry.coldstart, entry.coldstart_bytes);
	w->n++;
	return 0;
}

int batch_writer_lose(struct batch_writer *w, const struct function *function,
    enum lost_reason reason, uint64_t n)
{
	uint8_t bytes[FUNCTION_MAX_BYTES];
	size_t bytes_n = encode_function(function, bytes);
	uint8_t *at;

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

/* The uncompressed body; out holds BODY_MAX_BYTES. */
static size_t write_body(const struct batch_writer *w, uint8_t *out)
{
	const struct batch_dictionary *sandboxes = &w->sandboxes;
	uint8_t *at = put(out, w->n);

	at = put(at, w->functions.n);
	if (w->functions.n == 0)
		return (size_t)(at - out);
	memcpy(at, w->functions.bytes, w->functions.used);
	at += w->functions.used;
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
	}
	if (w->losses.used)
		at = put_column(
		    at, COLUMN_LOSSES, ENCODING_EACH, w->losses.bytes, w->losses.used);
	return (size_t)(at - out);
}

int batch_writer_seal(struct batch_writer *w, const struct batch_head *head,
    uint8_t **out, size_t *out_bytes)
{
	AUTO(free) uint8_t *body = malloc(BODY_MAX_BYTES);
	AUTO(free) uint8_t *sealed = NULL;
	size_t body_bytes;
	size_t head_bytes;
	size_t packed;
	uint8_t *fitted;

	if (!body)
		return -ENOMEM;
	body_bytes = write_body(w, body);
	assert(body_bytes <= BODY_MAX_BYTES);
	sealed = malloc(BATCH_MAX_BYTES);
	if (!sealed)
		return -ENOMEM;
	head_bytes = batch_head_encode(head, sealed);
	packed = ZSTD_compress2(
	    w->zstd, sealed + head_bytes, BATCH_MAX_BYTES - head_bytes, body, body_bytes);
	if (ZSTD_isError(packed))
		return ZSTD_getErrorCode(packed) == ZSTD_error_memory_allocation
			   ? -ENOMEM
			   : -EMSGSIZE;
	writer_clear(w);
	fitted = realloc(sealed, head_bytes + packed);
	*out_bytes = head_bytes + packed;
	*out = fitted ? fitted : sealed;
	sealed = NULL;
	return 0;
}
