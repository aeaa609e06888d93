#include "serve/exports/exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/varint.h"
#include "wire/otlp/proto_put.h"

/* client_golang's default, the smallest that Prometheus's documentation names; a
 * threshold above 0 also says "native" of a histogram that is still empty. */
#define ZERO_THRESHOLD 0x1p-128

/* Go's 'g' at its shortest: an exponent below -4 or from 6 on. */
void exposition_number(double value, char *out)
{
	int digits = 1;
	int exponent;

	for (; digits < 17; digits++) {
		(void)snprintf(out, EXPOSITION_NUMBER_BYTES, "%.*e", digits - 1, value);
		if (strtod(out, NULL) == value)
			break;
	}
	(void)snprintf(out, EXPOSITION_NUMBER_BYTES, "%.*e", digits - 1, value);
	exponent = (int)strtol(strchr(out, 'e') + 1, NULL, 10);
	if (exponent < -4 || exponent >= 6)
		return;
	digits -= exponent + 1; /* behind the point */
	(void)snprintf(
	    out, EXPOSITION_NUMBER_BYTES, "%.*f", digits > 1 ? digits : 1, value);
}

const char *exposition_bound(struct exposition_bounds *known, size_t i, double value)
{
	if (known->value[i] != value) {
		exposition_number(value, known->text[i]);
		known->value[i] = value;
	}
	return known->text[i];
}

void exposition_clean(char *to, size_t size, const char *from)
{
	(void)text_copy(to, size, from);
	text_make_printable(to);
}

static void put_span(struct buffer *b, uint32_t field, int32_t offset, uint32_t length)
{
	size_t span = proto_put_open(b, field);

	proto_put_signed(b, 1, offset);
	proto_put_number(b, 2, length);
	proto_put_close(b, span);
}

/* Runs of used buckets; a gap of up to two empty ones is cheaper inside than a new span.
 */
static uint32_t run_length(const struct histogram *h, uint32_t from)
{
	uint32_t end = from;

	if (h->buckets[from] == 0)
		return 0;
	for (uint32_t i = from; i < h->buckets_used && i < end + 3; i++) {
		if (h->buckets[i])
			end = i + 1;
	}
	return end - from;
}

void exposition_put_native(struct buffer *b,
    const struct exposition_native_fields *fields,
    const struct exposition_histogram *histogram)
{
	const struct histogram *h = histogram->native;
	int32_t next = 0; /* the index that an offset of 0 means */
	int64_t last = 0;
	size_t deltas;

	proto_put_signed(b, fields->schema, HISTOGRAM_SCALE);
	proto_put_double(b, fields->zero_threshold, ZERO_THRESHOLD);
	proto_put_number(b, fields->zero_count, h->zero_count);
	for (uint32_t i = 0; i < h->buckets_used;) {
		uint32_t n = run_length(h, i);
		int32_t index = h->first + (int32_t)i - histogram->offset + 1;

		if (n > 0) {
			put_span(b, fields->spans, index - next, n);
			next = index + (int32_t)n;
		}
		i += n ? n : 1;
	}
	deltas = proto_put_open(b, fields->deltas);
	for (uint32_t i = 0; i < h->buckets_used;) {
		uint32_t n = run_length(h, i);

		for (uint32_t end = i + n; i < end; i++) {
			int64_t delta = (int64_t)h->buckets[i] - last;

			proto_put_varint(b, varint_zigzag(delta));
			last = (int64_t)h->buckets[i];
		}
		i += !n;
	}
	proto_put_close(b, deltas);
}
