/* The codings of a rollup. The first:
 *
 *     counters:   version, n, n counters, m, m counts by status, usage, usage of pings
 *     histograms: version, n, then n times: bytes, a histogram in its own coding
 *
 * All numbers are varints. What follows is a newer writer's and is skipped. The second is
 * rollup_pack.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/varint_source.h"
#include "model/rollup_pack.h"
#include "model/rollup_parts.h"

#define ROLLUP_VERSION 1

static void put(uint64_t value, uint8_t *out, size_t size, size_t *at)
{
	ssize_t n = varint_encode(value, out + *at, size - *at);

	if (n > 0)
		*at += (size_t)n;
}

int rollup_encode_counters(const struct rollup *r, uint8_t **out, size_t *out_bytes)
{
	const size_t size =
	    (size_t)(1 + 1 + ROLLUP_COUNTERS + 1 + STATUS_COUNT) * VARINT_MAX_BYTES +
	    2 * (size_t)USAGE_ENCODED_MAX;
	AUTO(free) uint8_t *bytes = malloc(size);
	const struct usage *usages[] = {&r->usage, &r->ping_usage};
	size_t at = 0;

	if (!bytes)
		return -ENOMEM;
	put(ROLLUP_VERSION, bytes, size, &at);
	put(ROLLUP_COUNTERS, bytes, size, &at);
	for (size_t i = 0; i < ROLLUP_COUNTERS; i++)
		put(rollup_counter_value(r, i), bytes, size, &at);
	put(STATUS_COUNT, bytes, size, &at);
	for (size_t i = 0; i < STATUS_COUNT; i++)
		put(r->by_status[i], bytes, size, &at);
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		ssize_t n = usage_encode(usages[i], bytes + at, size - at);

		if (n < 0)
			return (int)n;
		at += (size_t)n;
	}
	*out = TAKE(bytes);
	*out_bytes = at;
	return 0;
}

int rollup_encode_histograms(const struct rollup *r, uint8_t **out, size_t *out_bytes)
{
	AUTO(free) uint8_t *bytes = NULL;
	AUTO(free) uint8_t *one = NULL;
	size_t largest = 0;
	size_t size = (size_t)2 * VARINT_MAX_BYTES;
	size_t at = 0;

	for (size_t i = 0; i < ROLLUP_HISTOGRAMS; i++) {
		size_t max = histogram_encoded_max(rollup_histogram_const(r, i));

		largest = max > largest ? max : largest;
		size += VARINT_MAX_BYTES + max;
	}
	bytes = malloc(size);
	one = malloc(largest);
	if (!bytes || !one)
		return -ENOMEM;
	put(ROLLUP_VERSION, bytes, size, &at);
	put(ROLLUP_HISTOGRAMS, bytes, size, &at);
	for (size_t i = 0; i < ROLLUP_HISTOGRAMS; i++) {
		ssize_t n = histogram_encode(rollup_histogram_const(r, i), one, largest);

		if (n < 0)
			return (int)n;
		put((uint64_t)n, bytes, size, &at);
		memcpy(bytes + at, one, (size_t)n);
		at += (size_t)n;
	}
	*out = TAKE(bytes);
	*out_bytes = at;
	return 0;
}

static int decode_counters(struct varint_source *reader, struct rollup *r)
{
	struct usage *usages[] = {&r->usage, &r->ping_usage};
	uint64_t n;

	if (varint_get(reader) != ROLLUP_VERSION)
		return -EBADMSG;
	n = varint_get(reader);
	for (uint64_t i = 0; i < n && !reader->failed; i++) {
		uint64_t value = varint_get(reader);

		if (i < ROLLUP_COUNTERS)
			*rollup_counter(r, i) = value;
	}
	n = varint_get(reader);
	for (uint64_t i = 0; i < n && !reader->failed; i++) {
		uint64_t value = varint_get(reader);

		if (i < STATUS_COUNT)
			r->by_status[i] = value;
	}
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]) && !reader->failed;
	     i++) {
		ssize_t took = usage_decode(
		    reader->in + reader->at, reader->size - reader->at, usages[i]);

		if (took < 0)
			return -EBADMSG;
		reader->at += (size_t)took;
	}
	return reader->failed ? -EBADMSG : 0;
}

int rollup_decode_invocations(
    const uint8_t *counters, size_t counters_bytes, uint64_t *invocations)
{
	struct varint_source reader = {.in = counters, .size = counters_bytes};
	bool known;
	uint64_t first;

	if (rollup_counters_are_packed(counters, counters_bytes))
		return rollup_unpack_invocations(counters, counters_bytes, invocations);
	known = varint_get(&reader) == ROLLUP_VERSION && varint_get(&reader) > 0;
	first = known ? varint_get(&reader) : 0; /* invocations lead the table */
	if (reader.failed || !known)
		return -EBADMSG;
	*invocations = first;
	return 0;
}

static int add_histograms(struct varint_source *reader, struct rollup *r)
{
	uint64_t n;

	if (varint_get(reader) != ROLLUP_VERSION)
		return -EBADMSG;
	n = varint_get(reader);
	for (uint64_t i = 0; i < n && i < ROLLUP_HISTOGRAMS; i++) {
		uint64_t bytes = varint_get(reader);
		ssize_t took;

		if (reader->failed || bytes > reader->size - reader->at)
			return -EBADMSG;
		took = histogram_merge_encoded(
		    rollup_histogram(r, i), reader->in + reader->at, (size_t)bytes);
		if (took < 0)
			return (int)took;
		if ((uint64_t)took != bytes)
			return -EBADMSG;
		reader->at += (size_t)bytes;
	}
	return reader->failed ? -EBADMSG : 0;
}

static int read_counters(
    const uint8_t *counters, size_t counters_bytes, struct rollup *from)
{
	struct varint_source reader = {.in = counters, .size = counters_bytes};

	if (rollup_counters_are_packed(counters, counters_bytes))
		return rollup_unpack_counters(counters, counters_bytes, from);
	return decode_counters(&reader, from);
}

int rollup_count_encoded(
    struct rollup *into, const uint8_t *counters, size_t counters_bytes)
{
	struct rollup from = {0};
	int err = read_counters(counters, counters_bytes, &from);

	if (!err)
		rollup_merge_counters(into, &from);
	return err;
}

int rollup_merge_encoded(struct rollup *into, const uint8_t *counters,
    size_t counters_bytes, const uint8_t *histograms, size_t histograms_bytes)
{
	struct varint_source histograms_reader = {
	    .in = histograms, .size = histograms_bytes};
	struct rollup from = {0};
	int err = read_counters(counters, counters_bytes, &from);

	if (err < 0)
		return err;
	rollup_merge_counters(into, &from);
	if (histograms_bytes > 0 && histograms[0] == ROLLUP_PACK_VERSION)
		return rollup_merge_packed_histograms(
		    into, &from, histograms, histograms_bytes);
	return add_histograms(&histograms_reader, into);
}

int rollup_decode(const uint8_t *counters, size_t counters_bytes,
    const uint8_t *histograms, size_t histograms_bytes, struct rollup *r)
{
	int err;

	rollup_clear(r);
	err = rollup_merge_encoded(
	    r, counters, counters_bytes, histograms, histograms_bytes);
	if (err < 0)
		rollup_clear(r);
	return err;
}
