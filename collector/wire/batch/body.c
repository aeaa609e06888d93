/* Every column has a cursor; records are put together a block at a time. */
#include "wire/batch/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/batch/block.h"
#include "wire/batch/coldstart.h"
#include "wire/batch/planes.h"
#include "wire/batch/text.h"

struct body {
	size_t records_n;
	struct batch_values columns[COLUMN_END_OF_IDS];
	struct batch_values losses;
	struct batch_values bits; /* of the columns in parts, one after the other */
	struct batch_block block; /* of the records that are being read */
	struct batch_previous previous;
	bool is_newer; /* something was skipped */
	uint32_t sandboxes_n;
	uint32_t sandbox_record[BATCH_MAX_RECORDS]; /* the first record of each sandbox */
};

static const char *read_function(
    struct cursor *in, struct function *function, bool *is_newer)
{
	struct cursor fields;
	uint64_t bytes;
	uint64_t platform;
	uint64_t arch;
	uint64_t memory;

	/* a newer writer may put more behind the fields that are known here */
	if (!cursor_varint(in, &bytes) || !cursor_split(in, bytes, &fields) ||
	    !cursor_varint(&fields, &platform) || !cursor_varint(&fields, &arch) ||
	    !cursor_varint(&fields, &memory) ||
	    !batch_text_decode(&fields, function->name, sizeof(function->name)) ||
	    !batch_text_decode(&fields, function->version, sizeof(function->version)) ||
	    !batch_text_decode(&fields, function->region, sizeof(function->region)))
		return "a function is malformed";
	if (platform >= PLATFORM_COUNT || arch >= ARCH_COUNT || memory > UINT32_MAX)
		return "a function has a platform, arch or memory size that cannot be";
	function->platform = (enum platform)platform;
	function->arch = (enum arch)arch;
	function->memory_limit_mb = (uint32_t)memory;
	*is_newer |= cursor_left(&fields) > 0;
	return NULL;
}

static bool read_scale(unsigned int id, struct batch_values *column)
{
	return cursor_varint(&column->bytes, &column->unit) && column->unit > 0 &&
	       cursor_varint(&column->bytes, &column->signs) &&
	       column->signs <= (batch_column_is_signed(id) ? SIGNS_EACH : SIGNS_NONE) &&
	       cursor_varint(&column->bytes, &column->bits_bytes);
}

static bool is_known(unsigned int id, uint64_t encoding)
{
	if (batch_column_is_number(id))
		return encoding <= ENCODING_FEW;
	return encoding == ENCODING_EACH ||
	       (encoding == ENCODING_PLANES &&
		   (id == COLUMN_REQUEST_ID || id == COLUMN_TRACE_ID));
}

static bool read_planes(struct batch_values *column, size_t n)
{
	struct cursor *bytes = &column->bytes;

	if (cursor_left(bytes) != 1 + BATCH_TEXT_DIGITS * n ||
	    !batch_text_has_digits(bytes->at[0]))
		return false;
	column->planes_tag = bytes->at[0];
	column->planes = bytes->at + 1;
	bytes->at = bytes->end;
	return true;
}

static bool read_list(struct batch_values *column)
{
	uint64_t n;

	if (!cursor_varint(&column->bytes, &n) || n > BATCH_FEW_MAX)
		return false;
	for (column->few_n = 0; column->few_n < n; column->few_n++)
		if (!cursor_varint(&column->bytes, &column->few[column->few_n]))
			return false;
	return true;
}

static const char *read_column(struct cursor *in, uint64_t *last_id, struct body *body)
{
	struct batch_values column = {.is_there = true};
	uint64_t id;
	uint64_t encoding;
	uint64_t bytes;

	if (!cursor_varint(in, &id) || !cursor_varint(in, &encoding) ||
	    !cursor_varint(in, &bytes) || !cursor_split(in, bytes, &column.bytes))
		return "a column is cut off";
	if (id <= *last_id)
		return "a column comes twice or out of order";
	*last_id = id;
	if ((id == COLUMN_LOSSES || id == COLUMN_BITS) && encoding != ENCODING_EACH)
		return "a column has an encoding that is not known here";
	if (id == COLUMN_LOSSES)
		body->losses = column;
	if (id == COLUMN_BITS)
		body->bits = column;
	if (id >= COLUMN_END_OF_IDS) {
		body->is_newer |= id != COLUMN_LOSSES && id != COLUMN_BITS;
		return NULL;
	}
	if (!is_known((unsigned int)id, encoding))
		return "a column has an encoding that is not known here";
	if (encoding == ENCODING_PLANES && !read_planes(&column, body->records_n))
		return "ids in planes are malformed or not as many as records";
	column.is_same = encoding == ENCODING_SAME;
	if (column.is_same && !cursor_varint(&column.bytes, &column.same))
		return "a column of one value has none";
	column.is_parts = encoding == ENCODING_PARTS;
	if (column.is_parts && !read_scale((unsigned int)id, &column))
		return "a column in parts has no unit, or signs that cannot be";
	column.is_few = encoding == ENCODING_FEW;
	if (column.is_few && !read_list(&column))
		return "the list of a column is malformed or too long";
	body->columns[id] = column;
	return NULL;
}

/* Gives each column in parts its bits. */
static const char *split_bits(struct body *body)
{
	for (size_t id = 0; id < COLUMN_END_OF_IDS; id++) {
		struct batch_values *column = &body->columns[id];
		struct cursor bits;

		if (!column->is_parts)
			continue;
		if (!cursor_split(&body->bits.bytes, column->bits_bytes, &bits))
			return "the bits of a column in parts are not there";
		column->bits = (struct batch_bits_read){
		    .bytes = bits.at, .end = 8 * cursor_left(&bits)};
	}
	return NULL;
}

/* A sandbox's text stands in its column where its index comes for the first time. */
static const char *read_sandbox(
    struct body *body, uint64_t index, const struct batch *batch, size_t record)
{
	struct invocation *inv = &batch->invocations[record];

	if (index < body->sandboxes_n) {
		memcpy(inv->sandbox,
		    batch->invocations[body->sandbox_record[index]].sandbox,
		    sizeof(inv->sandbox));
		return NULL;
	}
	if (index > body->sandboxes_n)
		return "a record names a sandbox that is not there";
	if (!batch_text_decode(&body->columns[COLUMN_SANDBOX_TEXTS].bytes, inv->sandbox,
		sizeof(inv->sandbox)))
		return "a sandbox is malformed or too long";
	body->sandbox_record[body->sandboxes_n++] = (uint32_t)record;
	return NULL;
}

static const char no_memory[] = "out of memory";

/* Of a record that has one. */
static const char *read_coldstart(struct body *body, struct invocation *inv)
{
	struct batch_values *column = &body->columns[COLUMN_COLDSTART];
	AUTO(free) struct coldstart *coldstart = NULL;

	if (!(inv->has & HAS_COLDSTART))
		return NULL;
	coldstart = calloc(1, sizeof(*coldstart));
	if (!coldstart)
		return no_memory;
	if (!batch_coldstart_decode(&column->bytes, coldstart, &body->is_newer))
		return "a cold start is malformed";
	inv->coldstart = TAKE(coldstart);
	return NULL;
}

/* A column of ids is left out when all of them are empty. */
static bool read_id(
    struct batch_values *column, const struct batch *batch, size_t record, char *out)
{
	if (!column->is_there)
		return true;
	if (!column->planes)
		return batch_text_decode(&column->bytes, out, INVOCATION_ID_BYTES);
	batch_planes_get(
	    column->planes_tag, column->planes, batch->invocations_n, record, out);
	return true;
}

/* What a record has beside its numbers. */
static const char *read_texts(
    struct body *body, struct batch *batch, size_t record, size_t i)
{
	uint64_t function = body->block.value[COLUMN_FUNCTION][i];
	uint64_t sandbox = body->block.value[COLUMN_SANDBOX][i];
	struct invocation *inv = &batch->invocations[record];
	struct batch_values *request_ids = &body->columns[COLUMN_REQUEST_ID];
	struct batch_values *trace_ids = &body->columns[COLUMN_TRACE_ID];
	const char *why = read_coldstart(body, inv);

	if (why)
		return why;
	if (function >= batch->functions_n)
		return "a record names a function that is not there";
	inv->function = &batch->functions[function];
	inv->sandbox_hash =
	    invocation_sandbox(&batch->invocations[body->sandbox_record[sandbox]]);
	if (!read_id(request_ids, batch, record, inv->request_id) ||
	    !read_id(trace_ids, batch, record, inv->trace_id))
		return "a request id or trace id is malformed or too long";
	return NULL;
}

/* The records from there on, as many as are left and fit a block. */
static const char *read_block(struct body *body, struct batch *batch, size_t from)
{
	size_t left = batch->invocations_n - from;
	struct batch_block *block = &body->block;
	const char *why = batch_block_read(
	    block, left < BATCH_BLOCK ? left : BATCH_BLOCK, body->columns);

	body->is_newer |= !why && batch_block_is_newer(block);
	for (size_t i = 0; !why && i < block->n; i++) /* first: they are indices */
		why =
		    read_sandbox(body, block->value[COLUMN_SANDBOX][i], batch, from + i);
	if (!why)
		batch_block_functions(block, &body->previous);
	if (!why)
		why = batch_block_into(block, &batch->invocations[from], &body->previous);
	for (size_t i = 0; !why && i < block->n; i++)
		why = read_texts(body, batch, from + i, i);
	return why;
}

/* Whether every value was asked for. */
static bool is_read_up(const struct body *body)
{
	for (size_t id = 0; id < COLUMN_END_OF_IDS; id++) {
		const struct batch_values *column = &body->columns[id];

		if (cursor_left(&column->bytes) > 0 ||
		    ((column->is_same || column->is_parts) && !column->is_used) ||
		    column->bits.end - column->bits.at >= 8)
			return false;
	}
	return cursor_left(&body->bits.bytes) == 0;
}

/* A reason of a newer writer is not known here, and left out. */
static const char *read_losses(struct body *body, struct batch *batch)
{
	struct cursor *in = &body->losses.bytes;

	while (in->at < in->end) {
		uint64_t function;
		uint64_t reason;
		uint64_t n;

		if (!cursor_varint(in, &function) || !cursor_varint(in, &reason) ||
		    !cursor_varint(in, &n) || function >= batch->functions_n)
			return "a loss is malformed or of a function that is not there";
		if (reason < LOST_REASONS)
			batch->losses[batch->losses_n++] = (struct batch_loss){
			    &batch->functions[function], (enum lost_reason)reason, n};
		else
			body->is_newer = true;
	}
	return NULL;
}

static int read_counts(struct cursor *in, struct batch *batch, const char **why)
{
	uint64_t records;
	uint64_t functions;

	*why = "the number of records or functions is missing or above the limit";
	if (!cursor_varint(in, &records) || !cursor_varint(in, &functions) ||
	    records > BATCH_MAX_RECORDS || functions > BATCH_MAX_FUNCTIONS)
		return -EBADMSG;
	*why = "a function takes no bytes";
	if (functions > cursor_left(in)) /* before anything is allocated for them */
		return -EBADMSG;
	batch->functions = calloc(functions ? functions : 1, sizeof(*batch->functions));
	batch->invocations = calloc(records ? records : 1, sizeof(*batch->invocations));
	if (!batch->functions || !batch->invocations)
		return -ENOMEM;
	batch->functions_n = (size_t)functions;
	batch->invocations_n = (size_t)records;
	return 0;
}

int batch_body_decode(struct cursor in, struct batch *batch, const char **why)
{
	AUTO(free) struct body *body = calloc(1, sizeof(*body));
	uint64_t last_id = COLUMN_NONE;
	int err;

	if (!body)
		return -ENOMEM;
	err = read_counts(&in, batch, why);
	if (err < 0)
		return err;
	*why = NULL;
	body->records_n = batch->invocations_n;
	body->bits.bytes = cursor_over(NULL, 0); /* until some come */
	for (size_t i = 0; i < batch->functions_n && !*why; i++)
		*why = read_function(&in, &batch->functions[i], &body->is_newer);
	while (!*why && in.at < in.end)
		*why = read_column(&in, &last_id, body);
	if (!*why)
		*why = split_bits(body);
	for (size_t i = 0; i < batch->invocations_n && !*why; i += BATCH_BLOCK)
		*why = read_block(body, batch, i);
	if (!*why && !is_read_up(body))
		*why = "a column has more values than records have of it";
	if (*why)
		return *why == no_memory ? -ENOMEM : -EBADMSG;
	/* each takes three bytes or more */
	batch->losses =
	    calloc(cursor_left(&body->losses.bytes) / 3 + 1, sizeof(*batch->losses));
	if (!batch->losses)
		return -ENOMEM;
	*why = read_losses(body, batch);
	batch->is_newer = body->is_newer;
	return *why ? -EBADMSG : 0;
}
