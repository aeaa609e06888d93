#include "store/clickhouse/row.h"

#include <stdlib.h>

#include "base/text.h"
#include "base/varint.h"

void row_out_done(struct row_out *out)
{
	free(out->bytes);
	*out = (struct row_out){0};
}

uint8_t *row_reserve_more(struct row_out *out, size_t bytes)
{
	size_t room = out->room ? out->room : 4096;
	uint8_t *more;

	if (out->failed)
		return NULL;
	while (bytes > room - out->n)
		room *= 2;
	more = realloc(out->bytes, room);
	if (!more) {
		out->failed = true;
		return NULL;
	}
	out->bytes = more;
	out->room = room;
	return row_reserve(out, bytes);
}

void row_put_size(struct row_out *out, uint64_t n)
{
	uint8_t varint[VARINT_MAX_BYTES];
	ssize_t bytes = varint_encode(n, varint, sizeof(varint));

	row_put_fixed(out, varint, (size_t)bytes);
}

void row_put_bytes(struct row_out *out, const void *bytes, size_t n)
{
	row_put_size(out, n);
	if (n > 0)
		row_put_fixed(out, bytes, n);
}

void row_put_text(struct row_out *out, const char *text)
{
	row_put_bytes(out, text, strlen(text));
}

size_t row_get_size(struct row_in *in, size_t element_bytes)
{
	size_t left = (size_t)(in->end - in->at);
	uint64_t n = 0;
	ssize_t took = in->failed ? -1 : varint_decode_fast(in->at, left, &n);

	if (took < 0 || n > (left - (size_t)took) / element_bytes) {
		in->failed = true;
		return 0;
	}
	in->at += took;
	return (size_t)n;
}

size_t row_get_bytes(struct row_in *in, const uint8_t **bytes)
{
	size_t n = row_get_size(in, 1);

	*bytes = in->at;
	in->at += n;
	return n;
}

void row_get_text(struct row_in *in, char *to, size_t size)
{
	const uint8_t *bytes;
	size_t n = row_get_bytes(in, &bytes);

	(void)text_copy_bytes(to, size, (const char *)bytes, n);
	text_make_printable(to);
}
