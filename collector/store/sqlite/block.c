/* Bytes of a block: version, varint size of the rest unpacked, the rest in one zstd
 * frame. The rest: varint n, then n times varint minute, counters' bytes, histograms'
 * bytes; all counters; all histograms. Like lies with like, so that zstd finds it. */
#include "store/sqlite/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/varint.h"

#define BLOCK_VERSION 1
#define BLOCK_MAX_BYTES (16U << 20)
#define HEAD_MAX_BYTES (1 + VARINT_MAX_BYTES)
#define LEVEL 1

struct buffer {
	uint8_t *bytes;
	size_t room;
};

struct block_coder {
	ZSTD_CCtx *packer;
	ZSTD_DCtx *unpacker;
	struct buffer plain;
	struct buffer packed;
};

int block_coder_new(struct block_coder **out)
{
	struct block_coder *coder = calloc(1, sizeof(*coder));

	if (!coder)
		return -ENOMEM;
	*out = coder;
	return 0;
}

void block_coder_free(struct block_coder *coder)
{
	if (!coder)
		return;
	(void)ZSTD_freeCCtx(coder->packer);
	(void)ZSTD_freeDCtx(coder->unpacker);
	free(coder->plain.bytes);
	free(coder->packed.bytes);
	free(coder);
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

static void put(struct buffer *buffer, size_t *at, uint64_t value)
{
	ssize_t n = varint_encode(value, buffer->bytes + *at, buffer->room - *at);

	if (n > 0) /* reserved for the longest */
		*at += (size_t)n;
}

static void put_bytes(struct buffer *buffer, size_t *at, const uint8_t *bytes, size_t n)
{
	if (n > 0)
		memcpy(buffer->bytes + *at, bytes, n);
	*at += n;
}

/* Lays the minutes out in plain; their bytes or an error. */
static ssize_t lay_out(
    struct block_coder *coder, const struct block_minute *minutes, size_t n)
{
	size_t size = (size_t)VARINT_MAX_BYTES * (1 + 3 * n);
	size_t at = 0;
	int err;

	for (size_t i = 0; i < n; i++)
		size += minutes[i].counters_bytes + minutes[i].histograms_bytes;
	if (size > BLOCK_MAX_BYTES)
		return -E2BIG;
	err = reserve(&coder->plain, size);
	if (err)
		return err;
	put(&coder->plain, &at, n);
	for (size_t i = 0; i < n; i++) {
		put(&coder->plain, &at, minutes[i].minute);
		put(&coder->plain, &at, minutes[i].counters_bytes);
		put(&coder->plain, &at, minutes[i].histograms_bytes);
	}
	for (size_t i = 0; i < n; i++)
		put_bytes(
		    &coder->plain, &at, minutes[i].counters, minutes[i].counters_bytes);
	for (size_t i = 0; i < n; i++)
		put_bytes(&coder->plain, &at, minutes[i].histograms,
		    minutes[i].histograms_bytes);
	return (ssize_t)at;
}

int block_encode(struct block_coder *coder, const struct block_minute *minutes, size_t n,
    const uint8_t **out, size_t *out_bytes)
{
	ssize_t plain = lay_out(coder, minutes, n);
	size_t at = 1;
	size_t packed;
	int err = plain < 0 ? (int)plain : 0;

	if (!err && !coder->packer)
		coder->packer = ZSTD_createCCtx();
	if (!err && !coder->packer)
		err = -ENOMEM;
	if (!err)
		err = reserve(
		    &coder->packed, HEAD_MAX_BYTES + ZSTD_compressBound((size_t)plain));
	if (err)
		return err;
	coder->packed.bytes[0] = BLOCK_VERSION;
	put(&coder->packed, &at, (uint64_t)plain);
	packed = ZSTD_compressCCtx(coder->packer, coder->packed.bytes + at,
	    coder->packed.room - at, coder->plain.bytes, (size_t)plain, LEVEL);
	if (ZSTD_isError(packed))
		return -ENOMEM; /* the room is enough for anything */
	*out = coder->packed.bytes;
	*out_bytes = at + packed;
	return 0;
}

static int unpack(
    struct block_coder *coder, const uint8_t *in, size_t in_bytes, size_t *plain_bytes)
{
	uint64_t plain = 0;
	size_t got;
	ssize_t n;
	int err;

	if (in_bytes < 1 || in[0] != BLOCK_VERSION)
		return -EBADMSG;
	n = varint_decode(in + 1, in_bytes - 1, &plain);
	if (n < 0 || plain > BLOCK_MAX_BYTES)
		return -EBADMSG;
	if (!coder->unpacker)
		coder->unpacker = ZSTD_createDCtx();
	if (!coder->unpacker)
		return -ENOMEM;
	err = reserve(&coder->plain, (size_t)plain + 1);
	if (err)
		return err;
	got = ZSTD_decompressDCtx(coder->unpacker, coder->plain.bytes, (size_t)plain,
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

int block_decode(struct block_coder *coder, const uint8_t *in, size_t in_bytes,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n)
{
	size_t size = 0;
	size_t at = 0;
	int err = unpack(coder, in, in_bytes, &size);
	const uint8_t *plain = coder->plain.bytes;

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
