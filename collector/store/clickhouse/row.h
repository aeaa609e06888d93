/* Rows in ClickHouse's RowBinary: columns one after the other, little-endian, lengths of
 * strings and arrays as varints. */
#ifndef COLDMETER_STORE_CLICKHOUSE_ROW_H
#define COLDMETER_STORE_CLICKHOUSE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Rows being written. Zero-initialised is empty; once memory was short it stays failed.
 */
struct row_out {
	uint8_t *bytes;
	size_t n;
	size_t room;
	bool failed;
};

void row_out_done(struct row_out *out);

/* Room for that many more bytes: where they go, or NULL. */
uint8_t *row_reserve_more(struct row_out *out, size_t bytes); /* there is none yet */
static inline uint8_t *row_reserve(struct row_out *out, size_t bytes)
{
	if (out->failed || bytes > out->room - out->n)
		return row_reserve_more(out, bytes);
	out->n += bytes;
	return out->bytes + out->n - bytes;
}

void row_put_size(struct row_out *out, uint64_t n); /* of an array, ahead of it */
void row_put_bytes(struct row_out *out, const void *bytes, size_t n); /* String */
void row_put_text(struct row_out *out, const char *text);             /* String */

static inline void row_put_fixed(struct row_out *out, const void *bytes, size_t n)
{
	uint8_t *at = row_reserve(out, n);

	if (at)
		memcpy(at, bytes, n);
}

/* The machines this runs on are little-endian, as the format is. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "RowBinary by memcpy");

static inline void row_put_u8(struct row_out *out, uint8_t v)
{
	row_put_fixed(out, &v, sizeof(v));
}

static inline void row_put_u16(struct row_out *out, uint16_t v)
{
	row_put_fixed(out, &v, sizeof(v));
}

static inline void row_put_u32(struct row_out *out, uint32_t v)
{
	row_put_fixed(out, &v, sizeof(v));
}

static inline void row_put_u64(struct row_out *out, uint64_t v)
{
	row_put_fixed(out, &v, sizeof(v));
}

static inline void row_put_i64(struct row_out *out, int64_t v)
{
	row_put_fixed(out, &v, sizeof(v));
}

/* Rows being read; once something is wrong it stays failed and reads zeros. */
struct row_in {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline void row_get_fixed(struct row_in *in, void *to, size_t n)
{
	if (in->failed || n > (size_t)(in->end - in->at)) {
		in->failed = true;
		memset(to, 0, n);
		return;
	}
	memcpy(to, in->at, n);
	in->at += n;
}

static inline uint8_t row_get_u8(struct row_in *in)
{
	uint8_t v;

	row_get_fixed(in, &v, sizeof(v));
	return v;
}

static inline uint16_t row_get_u16(struct row_in *in)
{
	uint16_t v;

	row_get_fixed(in, &v, sizeof(v));
	return v;
}

static inline uint32_t row_get_u32(struct row_in *in)
{
	uint32_t v;

	row_get_fixed(in, &v, sizeof(v));
	return v;
}

static inline uint64_t row_get_u64(struct row_in *in)
{
	uint64_t v;

	row_get_fixed(in, &v, sizeof(v));
	return v;
}

static inline int64_t row_get_i64(struct row_in *in)
{
	int64_t v;

	row_get_fixed(in, &v, sizeof(v));
	return v;
}

/* The elements of an array, each of that many bytes, that must fit what is left. */
size_t row_get_size(struct row_in *in, size_t element_bytes);

/* A String: *bytes leads into what is read. Returns its length. */
size_t row_get_bytes(struct row_in *in, const uint8_t **bytes);

/* A String as text of at most size - 1 bytes, made printable. */
void row_get_text(struct row_in *in, char *to, size_t size);

#endif
