/* Bytes of a block: version, the rest. Of version 2: 8 bytes, little-endian, with a bit
 * for each minute, the first one lowest; then rollup_hour.h. Version 1 is written no
 * more: varint size of the rest unpacked, the rest in one zstd frame. The rest: varint n,
 * then n times varint minute, counters' bytes, histograms' bytes; all counters; all
 * histograms, as in rows. */
#include "store/sqlite/sums/block.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/varint.h"

#define BLOCK_VERSION_1 1
#define BLOCK_VERSION 2
#define BLOCK_MAX_BYTES (16U << 20) /* of version 1, unpacked */
#define HEAD_BYTES (1 + sizeof(uint64_t))

struct buffer {
	uint8_t *bytes;
	size_t room;
};

struct block_coder {
	ZSTD_DCtx *unpacker; /* of version 1 */
	struct rollup_hour *hour;
	struct buffer bytes; /* unpacked ones of version 1, or a block that is written */
	struct rollup minutes[BLOCK_MINUTES]; /* that are written */
};

int block_coder_new(const struct hour_tables *tables, struct block_coder **out)
{
	struct block_coder *coder = calloc(1, sizeof(*coder));

	if (!coder)
		return -ENOMEM;
	if (rollup_hour_new(tables, &coder->hour) < 0) {
		free(coder);
		return -ENOMEM;
	}
	*out = coder;
	return 0;
}

void block_coder_free(struct block_coder *coder)
{
	if (!coder)
		return;
	(void)ZSTD_freeDCtx(coder->unpacker);
	rollup_hour_free(coder->hour);
	for (size_t i = 0; i < BLOCK_MINUTES; i++)
		rollup_done(&coder->minutes[i]);
	free(coder->bytes.bytes);
	free(coder);
}

int block_minute_add(const struct block_minute *minute, struct rollup *into)
{
	if (minute->hour)
		return rollup_hour_add(minute->hour, minute->at, into);
	return rollup_merge_encoded(into, minute->counters, minute->counters_bytes,
	    minute->histograms, minute->histograms_bytes);
}

int block_minute_count(const struct block_minute *minute, struct rollup *into)
{
	if (minute->hour)
		return rollup_hour_count(minute->hour, minute->at, into);
	return rollup_count_encoded(into, minute->counters, minute->counters_bytes);
}

int block_minute_invocations(const struct block_minute *minute, uint64_t *invocations)
{
	if (!minute->hour)
		return rollup_decode_invocations(
		    minute->counters, minute->counters_bytes, invocations);
	*invocations = rollup_hour_invocations(minute->hour, minute->at);
	return 0;
}

static int reserve(struct buffer *buffer, size_t size)
{
	uint8_t *more;

	if (size <= buffer->room)
		return 0;
	more = realloc(buffer->bytes, size);
	if (!more)
		return -ENOMEM;
	buffer->bytes = more;
	buffer->room = size;
	return 0;
}

int block_encode(struct block_coder *coder, const struct block_minute *minutes, size_t n,
    const uint8_t **out, size_t *out_bytes)
{
	const struct rollup *rollups[BLOCK_MINUTES];
	uint64_t which = 0;
	ssize_t packed;
	size_t size;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		rollup_clear(&coder->minutes[i]);
		rollups[i] = &coder->minutes[i];
		which |= UINT64_C(1) << minutes[i].minute;
		err = block_minute_add(&minutes[i], &coder->minutes[i]);
	}
	if (err)
		return err;
	size = rollup_hour_packed_max(rollups, n);
	err = reserve(&coder->bytes, HEAD_BYTES + size);
	if (err)
		return err;
	packed = rollup_hour_pack(
	    coder->hour, rollups, n, coder->bytes.bytes + HEAD_BYTES, size);
	if (packed < 0)
		return (int)packed;
	which = htole64(which);
	coder->bytes.bytes[0] = BLOCK_VERSION;
	memcpy(coder->bytes.bytes + 1, &which, sizeof(which));
	*out = coder->bytes.bytes;
	*out_bytes = HEAD_BYTES + (size_t)packed;
	return 0;
}

/* --- version 1 -------------------------------------------------------------------------
 */

static int unpack(
    struct block_coder *coder, const uint8_t *in, size_t in_bytes, size_t *plain_bytes)
{
	uint64_t plain = 0;
	size_t got;
	ssize_t n;
	int err;

	n = varint_decode(in + 1, in_bytes - 1, &plain);
	if (n < 0 || plain > BLOCK_MAX_BYTES)
		return -EBADMSG;
	if (!coder->unpacker)
		coder->unpacker = ZSTD_createDCtx();
	if (!coder->unpacker)
		return -ENOMEM;
	err = reserve(&coder->bytes, (size_t)plain + 1);
	if (err)
		return err;
	got = ZSTD_decompressDCtx(coder->unpacker, coder->bytes.bytes, (size_t)plain,
	    in + 1 + n, in_bytes - 1 - (size_t)n);
	if (ZSTD_isError(got) || got != plain)
		return -EBADMSG;
	*plain_bytes = (size_t)plain;
	return 0;
}

/* A varint at *at below limit. */
static int get(
    const uint8_t *in, size_t size, size_t *at, uint64_t limit, uint64_t *value)
{
	ssize_t n = varint_decode_fast(in + *at, size - *at, value);

	if (n < 0 || *value >= limit)
		return -EBADMSG;
	*at += (size_t)n;
	return 0;
}

static int read_sizes(const uint8_t *in, size_t size, size_t *at,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n)
{
	uint64_t count = 0;
	int err = get(in, size, at, BLOCK_MINUTES + 1, &count);

	for (size_t i = 0; !err && i < count; i++) {
		uint64_t minute = 0;
		uint64_t counters = 0;
		uint64_t histograms = 0;

		err = get(in, size, at, BLOCK_MINUTES, &minute);
		if (!err && i > 0 && minute <= minutes[i - 1].minute)
			err = -EBADMSG;
		if (!err)
			err = get(in, size, at, BLOCK_MAX_BYTES, &counters);
		if (!err)
			err = get(in, size, at, BLOCK_MAX_BYTES, &histograms);
		minutes[i] = (struct block_minute){.minute = (uint32_t)minute,
		    .counters_bytes = (size_t)counters,
		    .histograms_bytes = (size_t)histograms};
	}
	*n = (size_t)count;
	return err;
}

/* The next n bytes, or NULL when there are fewer. */
static const uint8_t *take(const uint8_t *in, size_t size, size_t *at, size_t n)
{
	const uint8_t *bytes = in + *at;

	if (n > size - *at)
		return NULL;
	*at += n;
	return bytes;
}

static int decode_1(struct block_coder *coder, const uint8_t *in, size_t in_bytes,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n)
{
	size_t size = 0;
	size_t at = 0;
	int err = unpack(coder, in, in_bytes, &size);
	const uint8_t *plain = coder->bytes.bytes;

	if (!err)
		err = read_sizes(plain, size, &at, minutes, n);
	for (size_t i = 0; !err && i < *n; i++) {
		minutes[i].counters = take(plain, size, &at, minutes[i].counters_bytes);
		err = minutes[i].counters ? 0 : -EBADMSG;
	}
	for (size_t i = 0; !err && i < *n; i++) {
		minutes[i].histograms =
		    take(plain, size, &at, minutes[i].histograms_bytes);
		err = minutes[i].histograms ? 0 : -EBADMSG;
	}
	return err || at == size ? err : -EBADMSG;
}

/* --- version 2 -------------------------------------------------------------------------
 */

static int decode_2(struct block_coder *coder, const uint8_t *in, size_t in_bytes,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n)
{
	uint64_t which;

	if (in_bytes < HEAD_BYTES)
		return -EBADMSG;
	memcpy(&which, in + 1, sizeof(which));
	which = le64toh(which);
	if (which == 0 || which >> BLOCK_MINUTES)
		return -EBADMSG;
	*n = 0;
	for (; which; which &= which - 1) {
		minutes[*n] =
		    (struct block_minute){.minute = (uint32_t)__builtin_ctzll(which),
			.hour = coder->hour,
			.at = *n};
		(*n)++;
	}
	return rollup_hour_open(coder->hour, in + HEAD_BYTES, in_bytes - HEAD_BYTES, *n);
}

int block_decode(struct block_coder *coder, const uint8_t *in, size_t in_bytes,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n)
{
	if (in_bytes < 1)
		return -EBADMSG;
	if (in[0] == BLOCK_VERSION_1)
		return decode_1(coder, in, in_bytes, minutes, n);
	return in[0] == BLOCK_VERSION ? decode_2(coder, in, in_bytes, minutes, n)
				      : -EBADMSG;
}
