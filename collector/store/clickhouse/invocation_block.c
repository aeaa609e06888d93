#include "store/clickhouse/invocation_block.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/varint.h"
#include "store/clickhouse/invocation_row.h"
#include "wire/batch/coldstart.h"

/* The table's key, and where the row lies in the columns. */
struct key {
	int64_t hour;
	uint64_t fn;
	int64_t start_ns;
	uint64_t batch;
	uint32_t at;
	uint16_t row;
};

struct column {
	struct row_out bytes; /* one value behind the other */
	struct row_out ends;  /* of a String: uint32_t, where each ends */
};

struct invocation_block {
	int64_t day;
	struct column columns[INVOCATION_COLUMNS];
	size_t filling; /* the column that the next value is for */
	struct key *keys;
	uint32_t *order; /* where in the columns each row lies, when it is sorted */
	size_t n;
	size_t room;
	size_t given; /* columns */
};

int invocation_block_new(int64_t day, struct invocation_block **out)
{
	struct invocation_block *block = calloc(1, sizeof(*block));

	if (!block)
		return -ENOMEM;
	block->day = day;
	*out = block;
	return 0;
}

void invocation_block_free(struct invocation_block *block)
{
	if (!block)
		return;
	for (size_t i = 0; i < INVOCATION_COLUMNS; i++) {
		row_out_done(&block->columns[i].bytes);
		row_out_done(&block->columns[i].ends);
	}
	free(block->keys);
	free(block->order);
	free(block);
}

/* --- gathering ------------------------------------------------------------------------
 */

static struct row_out *next(struct invocation_block *block)
{
	return &block->columns[block->filling++].bytes;
}

static void put_u8(struct invocation_block *block, unsigned int v)
{
	row_put_u8(next(block), (uint8_t)v);
}

static void put_u16(struct invocation_block *block, unsigned int v)
{
	row_put_u16(next(block), (uint16_t)v);
}

static void put_u32(struct invocation_block *block, uint32_t v)
{
	row_put_u32(next(block), v);
}

static void put_u64(struct invocation_block *block, uint64_t v)
{
	row_put_u64(next(block), v);
}

static void put_bytes(struct invocation_block *block, const void *bytes, size_t n)
{
	struct column *column = &block->columns[block->filling++];

	if (n > 0)
		row_put_fixed(&column->bytes, bytes, n);
	row_put_u32(&column->ends, (uint32_t)column->bytes.n);
}

static void put_text(struct invocation_block *block, const char *text)
{
	put_bytes(block, text, strlen(text));
}

/* FNV-1a over 64-bit words with a final mix: batches of an agent differ in their last
 * word alone. */
static uint64_t hash_id(const struct batch_id *id)
{
	uint64_t words[5];
	uint64_t hash = 0xcbf29ce484222325;

	memcpy(words, id->agent, sizeof(id->agent));
	memcpy(words + 2, id->boot, sizeof(id->boot));
	words[4] = id->sequence;
	for (size_t i = 0; i < 5; i++) {
		hash = (hash ^ words[i]) * 0x100000001b3;
		hash ^= hash >> 29;
		hash *= 0xbf58476d1ce4e5b9;
		hash ^= hash >> 32;
	}
	return hash;
}

static void put_story(struct invocation_block *block, const struct invocation *inv)
{
	const struct init_story *story = &inv->init;
	const uint64_t figures[INVOCATION_STORY_FIGURES] = {story->first_exec_ns,
	    story->last_exec_ns, story->cpu_ns, story->run_queue_ns, story->read_bytes,
	    story->disk_bytes, story->major_faults, story->execs};
	uint8_t bytes[INVOCATION_STORY_FIGURES * VARINT_MAX_BYTES];
	size_t n = 0;

	for (size_t i = 0; inv->has & HAS_INIT_STORY && i < INVOCATION_STORY_FIGURES; i++)
		n += (size_t)varint_encode(figures[i], bytes + n, sizeof(bytes) - n);
	put_bytes(block, bytes, n);
}

static void put_coldstart(struct invocation_block *block, const struct invocation *inv)
{
	uint8_t bytes[BATCH_COLDSTART_MAX];
	size_t n = 0;

	if (inv->has & HAS_COLDSTART && inv->coldstart)
		n = batch_coldstart_encode(inv->coldstart, bytes);
	put_bytes(block, bytes, n);
}

static void put_figures(struct invocation_block *block, const struct invocation *inv)
{
	put_u32(block, inv->has);
	put_u32(block, inv->quality);
	put_u64(block, inv->duration_ns);
	put_u64(block, inv->response_ns);
	put_u64(block, inv->init_ns);
	put_u64(block, inv->wait_ns);
	put_u64(block, inv->cpu_ns);
	put_u64(block, inv->run_queue_ns);
	put_u64(block, inv->throttled_ns);
	put_u64(block, inv->busy_ns);
	put_u64(block, inv->peak_memory_bytes);
	put_u64(block, inv->request_bytes);
	put_u64(block, inv->response_bytes);
	put_u32(block, inv->concurrency);
	put_u32(block, inv->pid);
	put_u16(block, inv->http_status);
}

static void put_one(struct invocation_block *block, const struct invocation *inv)
{
	const struct function *f = inv->function;

	put_u8(block, inv->kind);
	put_u8(block, inv->status);
	put_u8(block, inv->start_type);
	put_u8(block, inv->cause);
	put_u8(block, inv->certainty);
	put_u8(block, inv->ping || invocation_trace_is_ping(inv->trace_id));
	put_figures(block, inv);
	put_u32(block, f->memory_limit_mb);
	put_u8(block, f->arch);
	put_text(block, f->region);
	put_text(block, inv->request_id);
	put_text(block, inv->sandbox);
	put_text(block, inv->trace_id);
	put_story(block, inv);
	put_coldstart(block, inv);
}

static int make_room(struct invocation_block *block, size_t more)
{
	size_t room = block->room ? block->room : 4096;
	struct key *keys;

	while (room < block->n + more)
		room *= 2;
	if (room == block->room)
		return 0;
	keys = reallocarray(block->keys, room, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	block->keys = keys;
	block->room = room;
	return 0;
}

int invocation_block_add(struct invocation_block *block, const struct batch *batch)
{
	uint64_t id = hash_id(&batch->head.id);
	const struct function *last = NULL;
	uint64_t fn = 0;
	int err = make_room(block, batch->invocations_n);

	for (size_t i = 0; !err && i < batch->invocations_n; i++) {
		const struct invocation *inv = &batch->invocations[i];
		int64_t hour = invocation_row_hour(inv->start_ns);

		if (i == 0 || inv->function != last) {
			last = inv->function;
			fn = function_hash(last);
		}
		block->keys[block->n] = (struct key){
		    hour, fn, inv->start_ns, id, (uint32_t)block->n, (uint16_t)i};
		block->n++;
		block->filling = 0;
		put_u32(block, (uint32_t)block->day);
		put_u64(block, (uint64_t)hour);
		put_u64(block, fn);
		put_u64(block, (uint64_t)inv->start_ns);
		put_u64(block, id);
		put_u16(block, (unsigned int)i);
		put_text(block, batch->head.host);
		put_one(block, inv);
	}
	for (size_t i = 0; i < INVOCATION_COLUMNS; i++) {
		if (block->columns[i].bytes.failed || block->columns[i].ends.failed)
			err = -ENOMEM;
	}
	return err;
}

/* --- handing out ----------------------------------------------------------------------
 */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int by_key(const void *a, const void *b)
{
	const struct key *left = a;
	const struct key *right = b;
	int order = COMPARE(left->hour, right->hour);

	if (!order)
		order = COMPARE(left->fn, right->fn);
	if (!order)
		order = COMPARE(left->start_ns, right->start_ns);
	if (!order)
		order = COMPARE(left->batch, right->batch);
	return order ? order : COMPARE(left->row, right->row);
}

/* All columns are read in that order: it lies closer together than the keys. */
static int sort(struct invocation_block *block)
{
	block->order = calloc(block->n, sizeof(*block->order));
	if (!block->order)
		return -ENOMEM;
	qsort(block->keys, block->n, sizeof(*block->keys), by_key);
	for (size_t i = 0; i < block->n; i++)
		block->order[i] = block->keys[i].at;
	return 0;
}

/* Values of so many bytes, which are few: the compiler knows how many. */
static inline __attribute__((always_inline)) void pick(
    uint8_t *to, const uint8_t *from, const uint32_t *order, size_t n, size_t bytes)
{
	for (size_t i = 0; i < n; i++)
		memcpy(to + i * bytes, from + order[i] * bytes, bytes);
}

static void give_fixed(
    const struct invocation_block *block, size_t bytes, struct row_out *out)
{
	const uint8_t *from = block->columns[block->given].bytes.bytes;
	uint8_t *to = row_reserve(out, bytes * block->n);

	if (!to)
		return;
	switch (bytes) {
	case 1:
		pick(to, from, block->order, block->n, 1);
		break;
	case 4:
		pick(to, from, block->order, block->n, 4);
		break;
	case 8:
		pick(to, from, block->order, block->n, 8);
		break;
	default:
		pick(to, from, block->order, block->n, bytes);
	}
}

static void give_strings(const struct invocation_block *block, struct row_out *out)
{
	const struct column *column = &block->columns[block->given];
	const uint32_t *ends = (const void *)column->ends.bytes; /* of malloc */

	for (size_t i = 0; i < block->n; i++) {
		uint32_t at = block->order[i];
		uint32_t begin = at ? ends[at - 1] : 0;

		/* bytes is NULL when all are empty */
		if (ends[at] == begin)
			row_put_u8(out, 0);
		else
			row_put_bytes(out, column->bytes.bytes + begin, ends[at] - begin);
	}
}

int invocation_block_give(void *context, struct row_out *out)
{
	struct invocation_block *block = context;
	const struct invocation_column *column = &invocation_columns[block->given];

	if (block->given == INVOCATION_COLUMNS || block->n == 0)
		return 0;
	if (block->given == 0) {
		if (sort(block) < 0)
			return -ENOMEM;
		row_put_size(out, INVOCATION_COLUMNS);
		row_put_size(out, block->n);
	}
	row_put_text(out, column->name);
	row_put_text(out, column->type);
	if (column->bytes)
		give_fixed(block, column->bytes, out);
	else
		give_strings(block, out);
	block->given++;
	return out->failed ? -ENOMEM : 1;
}
