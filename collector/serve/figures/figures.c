#include "serve/figures/figures.h"

#include "base/clock.h"
#include "serve/answers/answer.h"

#define MIB (1024.0 * 1024)
#define MINUTE_NS (60 * CLOCK_NS_PER_S)

uint64_t figures_span_ns(int64_t first_s, const struct window *window)
{
	int64_t from = window->since_ns;
	int64_t span;

	if (first_s > from / CLOCK_NS_PER_S)
		from = first_s * CLOCK_NS_PER_S;
	span = window->until_ns - from;
	return (uint64_t)(span > MINUTE_NS ? span : MINUTE_NS);
}

void figures_set_counts(json_t *out, const struct rollup *r)
{
	json_t *by_status = json_object();

	(void)json_object_set_new(out, "invocations", answer_count(r->invocations));
	(void)json_object_set_new(out, "cold", answer_count(r->cold));
	(void)json_object_set_new(out, "prewarmed", answer_count(r->prewarmed));
	(void)json_object_set_new(out, "errors", answer_count(rollup_errors(r)));
	(void)json_object_set_new(out, "cold_pct",
	    answer_number(
		r->invocations ? 100.0 * (double)r->cold / (double)r->invocations : 0));
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (r->by_status[i])
			(void)json_object_set_new(by_status,
			    invocation_status_name((enum invocation_status)i),
			    answer_count(r->by_status[i]));
	}
	(void)json_object_set_new(out, "by_status", by_status);
}

static void set_memory(json_t *out, const struct rollup *r, uint32_t limit_mb)
{
	json_t *memory;

	if (r->memory.count == 0 && limit_mb == 0)
		return;
	memory = json_object();
	if (r->memory.count > 0) {
		(void)json_object_set_new(memory, "p95",
		    answer_number(histogram_quantile(&r->memory, 0.95) / MIB));
		(void)json_object_set_new(
		    memory, "max", answer_number((double)r->memory_max_bytes / MIB));
	}
	if (limit_mb)
		(void)json_object_set_new(memory, "limit", json_integer(limit_mb));
	(void)json_object_set_new(out, "memory_mb", memory);
}

void figures_set_resources(
    json_t *out, const struct rollup *r, uint32_t limit_mb, uint64_t span_ns)
{
	set_memory(out, r, limit_mb);
	if (r->invocations && r->cpu_ns)
		(void)json_object_set_new(out, "cpu_ms_mean",
		    answer_ms((double)r->cpu_ns / (double)r->invocations));
	(void)json_object_set_new(out, "concurrency",
	    json_pack("{s:o,s:o}", "mean",
		answer_number((double)r->duration_ns / (double)span_ns), "max",
		answer_count(r->concurrency_max)));
}

void figures_set_usage(json_t *out, const struct usage *usage)
{
	json_t *items = json_object();

	for (int i = 0; i < USAGE_ITEMS; i++)
		(void)json_object_set_new(items, usage_item_name((enum usage_item)i),
		    answer_count(usage->item[i]));
	(void)json_object_set_new(out, "usage", items);
}

int figures_set_durations(json_t *out, const struct rollup *r)
{
	struct histogram all = {0};
	int err = histogram_merge(&all, &r->warm);

	if (!err)
		err = histogram_merge(&all, &r->cold_duration);
	if (!err && all.count)
		(void)json_object_set_new(out, "duration_ms", answer_quantiles(&all));
	if (!err && r->warm.count)
		(void)json_object_set_new(
		    out, "warm_duration_ms", answer_quantiles(&r->warm));
	if (!err && r->cold_duration.count)
		(void)json_object_set_new(
		    out, "cold_duration_ms", answer_quantiles(&r->cold_duration));
	if (!err && r->init.count)
		(void)json_object_set_new(out, "init_ms", answer_quantiles(&r->init));
	histogram_done(&all);
	return err;
}
