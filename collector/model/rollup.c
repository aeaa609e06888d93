/* The counters are one table: adding up, encoding and decoding walk it. */
#include "model/rollup.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/count.h"
#include "base/varint.h"

#define ROLLUP_VERSION 1
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Counters in the order of the coding: append, never reorder. The statuses follow. */
static const struct {
	size_t offset;
	bool is_max; /* merges to the greater one, not to the sum */
} counters_table[] = {
    {offsetof(struct rollup, invocations), false},
    {offsetof(struct rollup, cold), false},
    {offsetof(struct rollup, prewarmed), false},
    {offsetof(struct rollup, pings), false},
    {offsetof(struct rollup, cold_pings), false},
    {offsetof(struct rollup, duration_ns), false},
    {offsetof(struct rollup, init_ns), false},
    {offsetof(struct rollup, cpu_ns), false},
    {offsetof(struct rollup, busy_ns), false},
    {offsetof(struct rollup, request_bytes), false},
    {offsetof(struct rollup, response_bytes), false},
    {offsetof(struct rollup, memory_max_bytes), true},
    {offsetof(struct rollup, concurrency_max), true},
    {offsetof(struct rollup, lost[LOST_RING_FULL]), false},
    {offsetof(struct rollup, lost[LOST_MAP_FULL]), false},
    {offsetof(struct rollup, lost[LOST_UNNAMED]), false},
    {offsetof(struct rollup, lost[LOST_SPOOL_FULL]), false},
    {offsetof(struct rollup, lost[LOST_READ_FAULT]), false},
    {offsetof(struct rollup, lost[LOST_AGENT_GONE]), false},
    {offsetof(struct rollup, lost[LOST_REFUSED]), false},
    {offsetof(struct rollup, lost[LOST_SHED]), false},
};

/* Histograms in the order of the coding: append, never reorder. */
static const size_t histograms_table[] = {
    offsetof(struct rollup, warm),
    offsetof(struct rollup, cold_duration),
    offsetof(struct rollup, init),
    offsetof(struct rollup, memory),
};

static uint64_t *counter(struct rollup *r, size_t i)
{
	return (uint64_t *)((char *)r + counters_table[i].offset);
}

static uint64_t counter_value(const struct rollup *r, size_t i)
{
	return *(const uint64_t *)((const char *)r + counters_table[i].offset);
}

static struct histogram *histogram(struct rollup *r, size_t i)
{
	return (struct histogram *)((char *)r + histograms_table[i]);
}

static const struct histogram *histogram_const(const struct rollup *r, size_t i)
{
	return (const struct histogram *)((const char *)r + histograms_table[i]);
}

static void raise_to(uint64_t *max, uint64_t n)
{
	if (n > *max)
		*max = n;
}

void rollup_done(struct rollup *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < COUNT_OF(histograms_table); i++)
		histogram_done(histogram(r, i));
	*r = (struct rollup){0};
}

void rollup_clear(struct rollup *r)
{
	struct rollup empty = {0};

	for (size_t i = 0; i < COUNT_OF(histograms_table); i++) {
		histogram_clear(histogram(r, i));
		*histogram(&empty, i) = *histogram(r, i);
	}
	*r = empty;
}

static void add_ping(
    struct rollup *r, const struct invocation *inv, const struct usage *usage)
{
	r->pings++;
	r->cold_pings += inv->start_type == START_COLD;
	usage_add(&r->ping_usage, usage);
}

static int add_figures(struct rollup *r, const struct invocation *inv)
{
	if (inv->has & HAS_DURATION) {
		bool cold = inv->start_type == START_COLD;

		if (histogram_add_ns(
			cold ? &r->cold_duration : &r->warm, inv->duration_ns) < 0)
			return -ENOMEM;
		count_add(&r->duration_ns, inv->duration_ns);
	}
	if (inv->has & HAS_INIT) {
		if (histogram_add_ns(&r->init, inv->init_ns) < 0)
			return -ENOMEM;
		count_add(&r->init_ns, inv->init_ns);
	}
	if (inv->has & HAS_MEMORY) {
		if (histogram_add(&r->memory, inv->peak_memory_bytes) < 0)
			return -ENOMEM;
		raise_to(&r->memory_max_bytes, inv->peak_memory_bytes);
	}
	if (inv->has & HAS_CPU)
		count_add(&r->cpu_ns, inv->cpu_ns);
	if (inv->has & HAS_BUSY)
		count_add(&r->busy_ns, inv->busy_ns);
	if (inv->has & HAS_BYTES) {
		count_add(&r->request_bytes, inv->request_bytes);
		count_add(&r->response_bytes, inv->response_bytes);
	}
	return 0;
}

int rollup_add(struct rollup *r, const struct invocation *inv, const struct usage *usage)
{
	if (inv->ping) {
		add_ping(r, inv, usage);
		return 0;
	}
	if (add_figures(r, inv) < 0)
		return -ENOMEM;
	r->invocations++;
	r->cold += inv->start_type == START_COLD;
	r->prewarmed += inv->start_type == START_PREWARMED;
	r->by_status[inv->status]++;
	raise_to(&r->concurrency_max, inv->concurrency);
	usage_add(&r->usage, usage);
	return 0;
}

/* Everything but the histograms. */
static void merge_counters(struct rollup *into, const struct rollup *from)
{
	for (size_t i = 0; i < COUNT_OF(counters_table); i++) {
		if (counters_table[i].is_max)
			raise_to(counter(into, i), counter_value(from, i));
		else
			count_add(counter(into, i), counter_value(from, i));
	}
	for (size_t i = 0; i < STATUS_COUNT; i++)
		count_add(&into->by_status[i], from->by_status[i]);
	usage_add(&into->usage, &from->usage);
	usage_add(&into->ping_usage, &from->ping_usage);
}

int rollup_merge(struct rollup *into, const struct rollup *from)
{
	merge_counters(into, from);
	for (size_t i = 0; i < COUNT_OF(histograms_table); i++) {
		int err = histogram_merge(histogram(into, i), histogram_const(from, i));

		if (err < 0)
			return err;
	}
	return 0;
}

uint64_t rollup_lost(const struct rollup *r)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < LOST_REASONS; i++)
		count_add(&lost, r->lost[i]);
	return lost;
}

uint64_t rollup_errors(const struct rollup *r)
{
	uint64_t ok = r->by_status[STATUS_OK];

	return r->invocations > ok ? r->invocations - ok : 0;
}

double rollup_duration_quantile_ns(const struct rollup *r, double q)
{
	const struct histogram *both[] = {&r->warm, &r->cold_duration};

	return histogram_ticks_to_ns(histogram_quantile_of(both, COUNT_OF(both), q));
}

/* --- coding ----------------------------------------------------------------------------
 * counters:   version, n, n counters, m, m counts by status, usage, usage of pings
 * histograms: version, n, then n times: bytes, a histogram in its own coding
 * All numbers are varints. What follows is a newer writer's and is skipped. */

/* A reader of varints; once something is wrong it stays failed. */
struct reader {
	const uint8_t *in;
	size_t size;
	size_t at;
	bool failed;
};

static uint64_t get(struct reader *reader)
{
	uint64_t value = 0;
	ssize_t n = -EBADMSG;

	if (!reader->failed)
		n = varint_decode_fast(
		    reader->in + reader->at, reader->size - reader->at, &value);
	if (n < 0)
		reader->failed = true;
	else
		reader->at += (size_t)n;
	return value;
}

static void put(uint64_t value, uint8_t *out, size_t size, size_t *at)
{
	ssize_t n = varint_encode(value, out + *at, size - *at);

	if (n > 0)
		*at += (size_t)n;
}

int rollup_encode_counters(const struct rollup *r, uint8_t **out, size_t *out_bytes)
{
	const size_t size =
	    (1 + 1 + COUNT_OF(counters_table) + 1 + STATUS_COUNT) * VARINT_MAX_BYTES +
	    2 * (size_t)USAGE_ENCODED_MAX;
	AUTO(free) uint8_t *bytes = malloc(size);
	const struct usage *usages[] = {&r->usage, &r->ping_usage};
	size_t at = 0;

	if (!bytes)
		return -ENOMEM;
	put(ROLLUP_VERSION, bytes, size, &at);
	put(COUNT_OF(counters_table), bytes, size, &at);
	for (size_t i = 0; i < COUNT_OF(counters_table); i++)
		put(counter_value(r, i), bytes, size, &at);
	put(STATUS_COUNT, bytes, size, &at);
	for (size_t i = 0; i < STATUS_COUNT; i++)
		put(r->by_status[i], bytes, size, &at);
	for (size_t i = 0; i < COUNT_OF(usages); i++) {
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

	for (size_t i = 0; i < COUNT_OF(histograms_table); i++) {
		size_t max = histogram_encoded_max(histogram_const(r, i));

		largest = max > largest ? max : largest;
		size += VARINT_MAX_BYTES + max;
	}
	bytes = malloc(size);
	one = malloc(largest);
	if (!bytes || !one)
		return -ENOMEM;
	put(ROLLUP_VERSION, bytes, size, &at);
	put(COUNT_OF(histograms_table), bytes, size, &at);
	for (size_t i = 0; i < COUNT_OF(histograms_table); i++) {
		ssize_t n = histogram_encode(histogram_const(r, i), one, largest);

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

static int decode_counters(struct reader *reader, struct rollup *r)
{
	struct usage *usages[] = {&r->usage, &r->ping_usage};
	uint64_t n;

	if (get(reader) != ROLLUP_VERSION)
		return -EBADMSG;
	n = get(reader);
	for (uint64_t i = 0; i < n && !reader->failed; i++) {
		uint64_t value = get(reader);

		if (i < COUNT_OF(counters_table))
			*counter(r, i) = value;
	}
	n = get(reader);
	for (uint64_t i = 0; i < n && !reader->failed; i++) {
		uint64_t value = get(reader);

		if (i < STATUS_COUNT)
			r->by_status[i] = value;
	}
	for (size_t i = 0; i < COUNT_OF(usages) && !reader->failed; i++) {
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
	struct reader reader = {.in = counters, .size = counters_bytes};
	bool known = get(&reader) == ROLLUP_VERSION && get(&reader) > 0;
	uint64_t first = known ? get(&reader) : 0; /* invocations lead the table */

	if (reader.failed || !known)
		return -EBADMSG;
	*invocations = first;
	return 0;
}

static int add_histograms(struct reader *reader, struct rollup *r)
{
	uint64_t n;

	if (get(reader) != ROLLUP_VERSION)
		return -EBADMSG;
	n = get(reader);
	for (uint64_t i = 0; i < n && i < COUNT_OF(histograms_table); i++) {
		uint64_t bytes = get(reader);
		ssize_t took;

		if (reader->failed || bytes > reader->size - reader->at)
			return -EBADMSG;
		took = histogram_merge_encoded(
		    histogram(r, i), reader->in + reader->at, (size_t)bytes);
		if (took < 0)
			return (int)took;
		if ((uint64_t)took != bytes)
			return -EBADMSG;
		reader->at += (size_t)bytes;
	}
	return reader->failed ? -EBADMSG : 0;
}

int rollup_merge_encoded(struct rollup *into, const uint8_t *counters,
    size_t counters_bytes, const uint8_t *histograms, size_t histograms_bytes)
{
	struct reader counters_reader = {.in = counters, .size = counters_bytes};
	struct reader histograms_reader = {.in = histograms, .size = histograms_bytes};
	struct rollup from = {0};
	int err = decode_counters(&counters_reader, &from);

	if (err < 0)
		return err;
	merge_counters(into, &from);
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
