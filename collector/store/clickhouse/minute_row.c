#include "store/clickhouse/minute_row.h"

#include <errno.h>

#include "base/cleanup.h"

#define DAY_MINUTES 1440
#define OLD_DAYS 40
#define HISTOGRAMS 4
#define HEAD_FIGURES 4

/* In the order of the columns. */
static void list(const struct rollup *r, const struct histogram *out[HISTOGRAMS])
{
	out[0] = &r->warm;
	out[1] = &r->cold_duration;
	out[2] = &r->init;
	out[3] = &r->memory;
}

static void put_buckets(struct row_out *out, const struct histogram *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->buckets_used; i++)
		n += h->buckets[i] != 0;
	row_put_size(out, n);
	for (uint32_t i = 0; i < h->buckets_used; i++) {
		if (h->buckets[i])
			row_put_u16(out, (uint16_t)(h->first + (int32_t)i));
	}
	row_put_size(out, n);
	for (uint32_t i = 0; i < h->buckets_used; i++) {
		if (h->buckets[i])
			row_put_u64(out, h->buckets[i]);
	}
}

static uint32_t partition(int64_t minute, int64_t today)
{
	int64_t day = minute / DAY_MINUTES;

	return day > today - OLD_DAYS && day <= today + 1 ? (uint32_t)day : 0;
}

int minute_row_put(struct row_out *out, int64_t today, const struct minute_key *key,
    const struct rollup *rollup)
{
	const struct histogram *histograms[HISTOGRAMS];
	AUTO(free) uint8_t *counters = NULL;
	size_t counters_n = 0;
	int err = rollup_encode_counters(rollup, &counters, &counters_n);

	if (err)
		return err;
	list(rollup, histograms);
	row_put_u32(out, partition(key->minute, today));
	row_put_i64(out, key->minute);
	row_put_u64(out, key->fn);
	row_put_u64(out, key->source);
	row_put_u64(out, key->version);
	row_put_u64(out, rollup->invocations);
	row_put_u64(out, rollup->cold);
	row_put_u64(out, rollup_errors(rollup));
	row_put_u64(out, rollup->duration_ns);
	row_put_bytes(out, counters, counters_n);
	row_put_size(out, (size_t)HISTOGRAMS * HEAD_FIGURES);
	for (size_t i = 0; i < HISTOGRAMS; i++) {
		row_put_u64(out, histograms[i]->zero_count);
		row_put_u64(out, histograms[i]->sum);
		row_put_u64(out, histograms[i]->min);
		row_put_u64(out, histograms[i]->max);
	}
	for (size_t i = 0; i < HISTOGRAMS; i++)
		put_buckets(out, histograms[i]);
	return out->failed ? -ENOMEM : 0;
}

/* The element of an array that lies unaligned in what is read. */
static int16_t index_at(const uint8_t *indices, size_t i)
{
	int16_t v;

	memcpy(&v, indices + i * sizeof(v), sizeof(v));
	return v;
}

static uint64_t figure_at(const uint8_t *figures, size_t i)
{
	uint64_t v;

	memcpy(&v, figures + i * sizeof(v), sizeof(v));
	return v;
}

static const uint8_t *get_array(struct row_in *in, size_t element_bytes, size_t *n)
{
	const uint8_t *at;

	*n = row_get_size(in, element_bytes);
	at = in->at;
	in->at += *n * element_bytes;
	return at;
}

/* What the encoder cannot have written is a damaged row. */
static int get_histogram(struct row_in *in, const uint8_t *head, struct histogram *h)
{
	size_t n;
	size_t counts_n;
	const uint8_t *indices = get_array(in, sizeof(int16_t), &n);
	const uint8_t *counts = get_array(in, sizeof(uint64_t), &counts_n);
	int err;

	histogram_clear(h);
	if (in->failed || n != counts_n)
		return -EUCLEAN;
	for (size_t i = 0; i < n; i++) {
		int16_t index = index_at(indices, i);

		if (index < HISTOGRAM_INDEX_MIN || index > HISTOGRAM_INDEX_MAX ||
		    (i > 0 && index <= index_at(indices, i - 1)))
			return -EUCLEAN;
	}
	h->zero_count = h->count = figure_at(head, 0);
	h->sum = figure_at(head, 1);
	h->min = figure_at(head, 2);
	h->max = figure_at(head, 3);
	if (n == 0)
		return 0;
	err = histogram_cover(h, index_at(indices, 0), index_at(indices, n - 1));
	for (size_t i = 0; !err && i < n; i++) {
		h->buckets[index_at(indices, i) - h->first] = figure_at(counts, i);
		if (__builtin_add_overflow(h->count, figure_at(counts, i), &h->count))
			err = -EUCLEAN;
	}
	return err;
}

int minute_row_get(struct row_in *in, struct minute_key *key, struct rollup *rollup)
{
	static const uint8_t no_histograms[] = {1, 0};
	struct histogram *const histograms[HISTOGRAMS] = {
	    &rollup->warm, &rollup->cold_duration, &rollup->init, &rollup->memory};
	const uint8_t *counters;
	const uint8_t *heads;
	size_t n;
	int err;

	(void)row_get_u32(in); /* day */
	key->minute = row_get_i64(in);
	key->fn = row_get_u64(in);
	key->source = row_get_u64(in);
	key->version = row_get_u64(in);
	for (int i = 0; i < 4; i++) /* those that counters has too */
		(void)row_get_u64(in);
	n = row_get_bytes(in, &counters);
	if (in->failed)
		return -EUCLEAN;
	err = rollup_decode(counters, n, no_histograms, sizeof(no_histograms), rollup);
	heads = get_array(in, sizeof(uint64_t), &n);
	if (!err && (in->failed || n != (size_t)HISTOGRAMS * HEAD_FIGURES))
		err = -EUCLEAN;
	for (size_t i = 0; !err && i < HISTOGRAMS; i++)
		err = get_histogram(
		    in, heads + i * HEAD_FIGURES * sizeof(uint64_t), histograms[i]);
	return err == -EBADMSG ? -EUCLEAN : err;
}

void minute_row_put_sum(struct row_out *out, const struct minute_sum *sum)
{
	row_put_i64(out, sum->first_minute);
	row_put_i64(out, sum->last_minute);
	row_put_size(out, sum->parts_n);
	for (size_t i = 0; i < sum->parts_n; i++)
		row_put_u64(out, sum->parts[i]);
}

int minute_row_get_sum(struct row_in *in, struct minute_sum *sum)
{
	const uint8_t *parts;

	sum->first_minute = row_get_i64(in);
	sum->last_minute = row_get_i64(in);
	parts = get_array(in, sizeof(uint64_t), &sum->parts_n);
	if (in->failed || sum->parts_n > MINUTE_ROW_PARTS_MAX)
		return -EUCLEAN;
	memcpy(sum->parts, parts, sum->parts_n * sizeof(uint64_t));
	return 0;
}
