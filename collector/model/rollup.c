/* The counters are one table: adding up and codings walk it. */
#include "model/rollup.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/ahead.h"
#include "base/count.h"
#include "model/rollup_parts.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const struct rollup_counter rollup_counters[ROLLUP_COUNTERS] = {
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

const size_t rollup_histograms[ROLLUP_HISTOGRAMS] = {
    offsetof(struct rollup, warm),
    offsetof(struct rollup, cold_duration),
    offsetof(struct rollup, init),
    offsetof(struct rollup, memory),
};

static void raise_to(uint64_t *max, uint64_t n)
{
	if (n > *max)
		*max = n;
}

void rollup_done(struct rollup *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < COUNT_OF(rollup_histograms); i++)
		histogram_done(rollup_histogram(r, i));
	*r = (struct rollup){0};
}

void rollup_clear(struct rollup *r)
{
	struct rollup empty = {0};

	for (size_t i = 0; i < COUNT_OF(rollup_histograms); i++) {
		histogram_clear(rollup_histogram(r, i));
		*rollup_histogram(&empty, i) = *rollup_histogram(r, i);
	}
	*r = empty;
}

static int add_figures(
    struct rollup *r, const struct invocation *inv, const struct rollup_places *places)
{
	if (inv->has & HAS_DURATION) {
		bool cold = inv->start_type == START_COLD;

		if (histogram_add_at(
			cold ? &r->cold_duration : &r->warm, places->duration) < 0)
			return -ENOMEM;
		count_add(&r->duration_ns, inv->duration_ns);
	}
	if (inv->has & HAS_INIT) {
		if (histogram_add_ns(&r->init, inv->init_ns) < 0)
			return -ENOMEM;
		count_add(&r->init_ns, inv->init_ns);
	}
	if (inv->has & HAS_MEMORY) {
		if (histogram_add_at(&r->memory, places->memory) < 0)
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

void rollup_ahead(const struct rollup *r)
{
	ahead(r, offsetof(struct rollup, cold_duration));
}

void rollup_find_places(
    const struct rollup *r, const struct invocation *inv, struct rollup_places *places)
{
	if (inv->has & HAS_DURATION) {
		places->duration = histogram_place_ns(inv->duration_ns);
		histogram_ahead(&r->warm, places->duration); /* as most are */
	}
	if (inv->has & HAS_MEMORY) {
		places->memory = histogram_place(inv->peak_memory_bytes);
		histogram_ahead(&r->memory, places->memory);
	}
}

int rollup_add_at(
    struct rollup *r, const struct invocation *inv, const struct rollup_places *places)
{
	if (inv->ping) {
		r->pings++;
		r->cold_pings += inv->start_type == START_COLD;
		return 0;
	}
	if (add_figures(r, inv, places) < 0)
		return -ENOMEM;
	r->invocations++;
	r->cold += inv->start_type == START_COLD;
	r->prewarmed += inv->start_type == START_PREWARMED;
	r->by_status[inv->status]++;
	raise_to(&r->concurrency_max, inv->concurrency);
	return 0;
}

int rollup_add(struct rollup *r, const struct invocation *inv, const struct usage *usage)
{
	struct rollup_places places;

	usage_add(rollup_usage(r, inv), usage);
	rollup_find_places(r, inv, &places);
	return rollup_add_at(r, inv, &places);
}

void rollup_merge_counters(struct rollup *into, const struct rollup *from)
{
	for (size_t i = 0; i < COUNT_OF(rollup_counters); i++) {
		if (rollup_counters[i].is_max)
			raise_to(rollup_counter(into, i), rollup_counter_value(from, i));
		else
			count_add(rollup_counter(into, i), rollup_counter_value(from, i));
	}
	for (size_t i = 0; i < STATUS_COUNT; i++)
		count_add(&into->by_status[i], from->by_status[i]);
	usage_add(&into->usage, &from->usage);
	usage_add(&into->ping_usage, &from->ping_usage);
}

int rollup_merge(struct rollup *into, const struct rollup *from)
{
	rollup_merge_counters(into, from);
	for (size_t i = 0; i < COUNT_OF(rollup_histograms); i++) {
		int err = histogram_merge(
		    rollup_histogram(into, i), rollup_histogram_const(from, i));

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
