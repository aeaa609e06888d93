/* By google/snappy's format_description.txt: the length, then literals and copies. Each
 * 64 KiB is compressed by itself, greedily, with one table of where four bytes were last;
 * so every copy reaches back at most 64 KiB and a two-byte offset does. */
#include "wire/snappy.h"

#include <string.h>

#include "base/varint.h"

#define BLOCK_BYTES 65536
#define TABLE_BITS 13
#define COPY_MAX 64
#define COPY_MIN 4

enum { TAG_LITERAL, TAG_COPY_1, TAG_COPY_2 };

static uint32_t load(const uint8_t *at)
{
	uint32_t four;

	memcpy(&four, at, sizeof(four));
	return four;
}

static void put_literal(struct buffer *out, const uint8_t *at, size_t n)
{
	uint8_t head[3];
	size_t head_n = 1;

	if (n == 0)
		return;
	if (n <= 60) {
		head[0] = (uint8_t)((n - 1) << 2 | TAG_LITERAL);
	} else { /* 61: its length follows in two bytes */
		head[0] = 61 << 2 | TAG_LITERAL;
		head[1] = (uint8_t)(n - 1);
		head[2] = (uint8_t)((n - 1) >> 8);
		head_n = 3;
	}
	buffer_put(out, head, head_n);
	buffer_put(out, at, n);
}

static void put_copy(struct buffer *out, size_t back, size_t n)
{
	while (n > 0) {
		size_t part = n < COPY_MAX ? n : COPY_MAX;
		uint8_t copy[3] = {(uint8_t)((part - 1) << 2 | TAG_COPY_2), (uint8_t)back,
		    (uint8_t)(back >> 8)};

		buffer_put(out, copy, sizeof(copy));
		n -= part;
	}
}

static void put_block(const uint8_t *in, size_t n, struct buffer *out)
{
	uint16_t last[1 << TABLE_BITS] = {
	    0}; /* where those four bytes were; 0 to begin */
	size_t told = 0;
	size_t at = 1;

	while (at + COPY_MIN <= n) {
		uint32_t four = load(in + at);
		uint16_t *slot = &last[four * UINT32_C(0x1e35a7bd) >> (32 - TABLE_BITS)];
		size_t before = *slot;
		size_t length = COPY_MIN;

		*slot = (uint16_t)at;
		if (load(in + before) != four) {
			at += 1 + ((at - told) >> 5); /* quicker where nothing repeats */
			continue;
		}
		while (at + length < n && in[before + length] == in[at + length])
			length++;
		put_literal(out, in + told, at - told);
		put_copy(out, at - before, length);
		at += length;
		told = at;
	}
	put_literal(out, in + told, n - told);
}

void snappy_compress(const uint8_t *in, size_t n, struct buffer *out)
{
	uint8_t length[VARINT_MAX_BYTES];

	buffer_put(out, length, (size_t)varint_encode(n, length, sizeof(length)));
	for (size_t done = 0; done < n; done += BLOCK_BYTES)
		put_block(
		    in + done, n - done < BLOCK_BYTES ? n - done : BLOCK_BYTES, out);
}
