/* Batches made by hand, after the layout at the head of batch.c. */
#ifndef COLDMETER_TESTS_CRAFT_BATCH_H
#define COLDMETER_TESTS_CRAFT_BATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <zstd.h>

#include "base/varint.h"
#include "wire/batch.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* Bytes in the making. */
struct made {
	uint8_t bytes[BATCH_MAX_BYTES];
	size_t n;
};

static struct made body;
static struct made whole;

static inline void put_bytes(struct made *m, const uint8_t *bytes, size_t n)
{
	assert_in_range(n, 0, sizeof(m->bytes) - m->n);
	memcpy(m->bytes + m->n, bytes, n);
	m->n += n;
}

static inline void put(struct made *m, uint64_t value)
{
	ssize_t n = varint_encode(value, m->bytes + m->n, sizeof(m->bytes) - m->n);

	assert_in_range(n, 1, VARINT_MAX_BYTES);
	m->n += (size_t)n;
}

static inline void put_column(
    uint64_t id, uint64_t encoding, const uint8_t *values, size_t n)
{
	put(&body, id);
	put(&body, encoding);
	put(&body, n);
	put_bytes(&body, values, n);
}

static inline void put_same(uint64_t id, uint64_t value)
{
	uint8_t bytes[VARINT_MAX_BYTES];

	put_column(id, 1, bytes, (size_t)varint_encode(value, bytes, sizeof(bytes)));
}

/* Counts and the function "f": platform 1, arch 1, 128 MiB. */
static inline void begin_body(uint64_t records)
{
	body.n = 0;
	put(&body, records);
	put(&body, 1);
	put(&body, 8);
	put_bytes(&body, BYTES("\x01\x01\x80\x01\x09"
			       "f\0\0"));
}

/* The columns that every record has: kind http, warm, nothing known but the start. */
static inline void put_columns(uint64_t without)
{
	static const uint64_t values[] = {0, 0, 2 | 1 << 7, 0, 0, 2000};

	for (uint64_t id = 1; id <= 19; id++) {
		if (id == without || (id >= 6 && id <= 15))
			continue;
		if (id == 19)
			put_column(19, 0, BYTES("\0"));
		else
			put_same(id, id < sizeof(values) / sizeof(values[0]) ? values[id]
									     : id == 16);
	}
}

static inline void put_head_fields(struct made *m)
{
	for (int i = 0; i < 32; i++)
		put(m, 7);
	put(m, 5);  /* sequence */
	put(m, 10); /* sent_ns */
	put_bytes(m, BYTES("\x0chost"));
	put(m, 3); /* seen */
	put(m, 2); /* delivered */
}

/* Puts head and check around fields and frame. */
static inline void finish(
    const struct made *fields, const void *frame, size_t frame_bytes)
{
	uint32_t sum = 0x811c9dc5;

	whole.n = 0;
	put_bytes(&whole, BYTES("\xc0mtr\x01"));
	put(&whole, fields->n);
	put_bytes(&whole, fields->bytes, fields->n);
	for (size_t i = 0; i < whole.n; i++)
		sum = (sum ^ whole.bytes[i]) * 0x01000193;
	for (int i = 0; i < 4; i++)
		whole.bytes[whole.n++] = (uint8_t)(sum >> (8 * i));
	put_bytes(&whole, frame, frame_bytes);
}

static inline void finish_body(void)
{
	static uint8_t frame[BATCH_MAX_BYTES];
	static struct made fields;
	size_t n = ZSTD_compress(frame, sizeof(frame), body.bytes, body.n, 1);

	assert_false(ZSTD_isError(n));
	fields.n = 0;
	put_head_fields(&fields);
	put(&fields, 0); /* no reasons */
	finish(&fields, frame, n);
}

static inline struct batch *decode_good(void)
{
	struct batch *batch = NULL;
	const char *why = NULL;
	int err;

	finish_body();
	err = batch_decode(whole.bytes, whole.n, &batch, &why);
	if (err < 0)
		print_message("refused: %s\n", why);
	assert_int_equal(err, 0);
	return batch;
}

#endif
