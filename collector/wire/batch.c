/* clang-format off: tables stay as they are */
/* Layout of a batch, version 3. Version 2 is the same without column 35, version 1 also
 * without encodings PARTS, FEW and PLANES and columns 34 and 1001; both are read as well.
 *
 * varint: base/varint.h. text: below. A signed number is a zigzag varint. A reader skips
 * what a newer writer puts at the end of the head, of a function or of a cold start,
 * further reasons, and columns with an id that it does not know; what cannot be skipped
 * is a new version.
 *
 * head, plain, so that a batch is known without inflating it:
 *    4  magic c0 'm' 't' 'r'
 *    1  version, 3
 *       varint  bytes of the fields:
 *   16    agent
 *   16    boot
 *         varint  sequence
 *         signed  sent_ns
 *         text    host
 *         varint  seen
 *         varint  delivered
 *         varint  number of reasons, at most 64, and a varint for each: lost
 *         varint  figures of the host: a bit by enum host_figure, and a varint for each
 *                 bit; may be left out
 *    4  check of everything before it: FNV-1a of 32 bits, little-endian
 *
 * body: one zstd frame with its content size and checksum, up to the end. Inflated:
 *       varint  records, at most BATCH_MAX_RECORDS
 *       varint  functions, at most BATCH_MAX_FUNCTIONS; each:
 *         varint  bytes of the fields:
 *           varint  platform
 *           varint  arch
 *           varint  memory_limit_mb
 *           text    name
 *           text    version
 *           text    region
 *       columns, ids ascending, up to the end; each:
 *         varint  id, enum batch_column
 *         varint  encoding, enum batch_encoding
 *         varint  bytes of the values
 *         values  EACH: one per record that has one; SAME: one for all of them. PARTS, of
 *                 numbers:
 *           varint  unit, above 0: the numbers are multiples of it, and stand divided
 *           varint  signs, in a column of signed numbers: 0, none is below 0; 1, none is
 *                   above, and the signs are left out; 2, they are zigzagged
 *           varint  bytes that the column takes of column 1001
 *           bytes   one per record that has one: the number below 128; else, where 2^k
 *                   is its highest power of two, 128 + 2 * (k - 7) + the bit of 2^(k-1)
 *                 FEW, of numbers:
 *           varint  n, at most 64, and n varints: different numbers
 *           bytes   one per record that has one: its place among them, from 0
 *                 PLANES, of columns 20 and 21, when all their texts have one of the tags
 *                 of 16 bytes:
 *           varint  the tag
 *           bytes   the first bytes of all texts behind their tags, then the second, ...
 *
 *    id  values      of records     meaning
 *     1  varint      all            index into functions; column 34 may stand for it
 *     2  varint      all            kind | status << 3 | start type << 7 | cause << 9 |
 *                                   ping << 13
 *     3  varint      all            HAS_* bits: which of the columns below it has
 *     4  varint      all            QUALITY_* bits
 *     5  signed      all            start_ns + duration_ns, less that of the one before
 *                                   (records come in order of their end)
 *     6  varint      HAS_DURATION   duration_ns; elsewhere it counts as 0
 *     7  signed      HAS_RESPONSE   response_ns - duration_ns
 *     8  varint      HAS_INIT       init_ns
 *     9  varint      HAS_WAIT       wait_ns
 *    10  varint      HAS_CPU        cpu_ns
 *    11  signed      HAS_MEMORY     peak_memory_bytes, less the last of the same sandbox
 *    12  signed      HAS_BUSY       busy_ns - duration_ns; column 35 may stand for it
 *    13  varint      HAS_HTTP_STATUS
 *    14  varint      HAS_BYTES      request_bytes
 *    15  varint      HAS_BYTES      response_bytes
 *    16  varint      all            concurrency
 *    17  signed      all            pid, less the last of the same sandbox
 *    18  varint      all            sandbox: index into column 19
 *    19  text        -              sandboxes in the order of their first record
 *    20  text        all            request_id; the column is left out when all are empty
 *    21  text        all            trace_id; likewise
 *    22  varint      HAS_RUN_QUEUE  run_queue_ns
 *    23  varint      HAS_INIT_STORY init.first_exec_ns
 *    24  varint      HAS_INIT_STORY init.last_exec_ns
 *    25  varint      HAS_INIT_STORY init.cpu_ns
 *    26  varint      HAS_INIT_STORY init.run_queue_ns
 *    27  varint      HAS_INIT_STORY init.read_bytes
 *    28  varint      HAS_INIT_STORY init.disk_bytes
 *    29  varint      HAS_INIT_STORY init.major_faults
 *    30  varint      HAS_INIT_STORY init.execs
 *    31  varint      HAS_CERTAINTY  certainty
 *    32  coldstart   HAS_COLDSTART  coldstart: varint bytes of the fields:
 *          varint  phases, at most 12; each:
 *            text    name
 *            signed  start_ns
 *            varint  wall_ns
 *            varint  1: counters follow; 0: none
 *            varint  cpu_ns
 *            varint  run_queue_ns
 *            varint  disk_bytes
 *            varint  major_faults
 *          varint  peers, at most 4; each:
 *            text    peer
 *            varint  wait_ns
 *            varint  waits
 *          varint  others_wait_ns
 *          varint  others
 *          varint  helpers
 *    33  varint      HAS_THROTTLED  throttled_ns
 *    34  signed      all            index into functions, less the last of the same
 *                                   sandbox; of its first record less 1 more than the
 *                                   highest so far, which is 0 when there is none
 *    35  signed      HAS_BUSY       busy_ns, less duration_ns if concurrency is < 2
 *  1000  3 varints   -              losses: index into functions, enum
 *                                 lost_reason, number
 *  1001  bits        -              of numbers in parts: the k - 1 bits below that of
 *                                   2^(k-1) of each. They fill bytes from the lowest
 *                                   bit on; a column begins with a byte, ids ascending
 *
 * Sums and differences wrap at 64 bits; what differences start from is 0. A column that
 * would hold no value is left out.
 *
 * text: varint tag, then
 *     0  nothing: ""
 *     1  16 bytes: the digits of a UUID, lower case, 8-4-4-4-12
 *     2  16 bytes: 32 hexadecimal digits, lower case
 *     3  16 bytes: the digits of 1-8-24, as AWS writes a trace's root
 *     4  varint n, n bytes: 2n hexadecimal digits, lower case
 *   >=8  tag - 8 bytes, none of them NUL: UTF-8 without control characters; a reader puts
 *        '?' for each byte of what is not
 * Each must fit its field in memory with a NUL. */
/* clang-format on */
#include "wire/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "wire/batch/body.h"
#include "wire/batch/head.h"
#include "wire/batch/parts.h"
#include "wire/cursor.h"
#include "wire/zstd_thread.h"

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->invocations_n; i++)
		free((void *)batch->invocations[i].coldstart);
	free(batch->functions);
	free(batch->invocations);
	free(batch->losses);
	free(batch);
}

static void cleanup_batch(struct batch **batch)
{
	batch_free(*batch);
}

/* The body's size, which the frame must announce; 0 with *why set when it cannot be. An
 * inflated body is never empty: it has its counts. */
static size_t inflated_bytes(const struct cursor *frame, const char **why)
{
	unsigned long long n = ZSTD_getFrameContentSize(frame->at, cursor_left(frame));
	size_t packed = ZSTD_findFrameCompressedSize(frame->at, cursor_left(frame));

	*why = "the records are not one whole zstd frame that tells its size";
	if (n == 0 || n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR ||
	    ZSTD_isError(packed))
		return 0;
	*why = "bytes follow the records";
	if (packed != cursor_left(frame))
		return 0;
	*why = "the records would inflate beyond the limit";
	return n > BATCH_MAX_INFLATED_BYTES ? 0 : (size_t)n;
}

static int decode_records(
    const struct cursor *frame, struct batch *batch, const char **why)
{
	AUTO(free) uint8_t *body = NULL;
	size_t n = inflated_bytes(frame, why);
	ZSTD_DCtx *context;
	size_t inflated;

	if (n == 0)
		return -EBADMSG;
	body = malloc(n + BATCH_PARTS_MARGIN);
	context = body ? zstd_thread_inflater() : NULL;
	if (!context)
		return -ENOMEM;
	inflated = ZSTD_decompressDCtx(context, body, n, frame->at, cursor_left(frame));
	*why = "the records are damaged";
	if (ZSTD_isError(inflated) || inflated != n)
		return -EBADMSG;
	return batch_body_decode(cursor_over(body, n), batch, why);
}

int batch_decode(const uint8_t *in, size_t in_bytes, struct batch **out, const char **why)
{
	AUTO(batch) struct batch *batch = NULL;
	struct cursor rest = cursor_over(in, in_bytes);
	const char *unused;
	int err;

	if (!why)
		why = &unused;
	*why = "it is larger than a batch may be";
	if (in_bytes > BATCH_MAX_BYTES)
		return -EBADMSG;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	err = batch_head_read(&rest, &batch->head, why);
	if (err == 0)
		err = decode_records(&rest, batch, why);
	if (err < 0)
		return err;
	*out = TAKE(batch);
	return 0;
}

int batch_decode_head(
    const uint8_t *in, size_t in_bytes, struct batch_head *head, const char **why)
{
	struct cursor rest = cursor_over(in, in_bytes);
	const char *unused;

	return batch_head_read(&rest, head, why ? why : &unused);
}
