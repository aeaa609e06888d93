#include "serve/figures/figures.h"

#include "base/clock.h"
#include "base/count.h"
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

void figures_put_counts(struct json_out *out, const struct rollup *r)
{
	json_out_count(out, "invocations", r->invocations);
	json_out_count(out, "cold", r->cold);
	json_out_count(out, "prewarmed", r->prewarmed);
	json_out_count(out, "errors", rollup_errors(r));
	json_out_number(out, "cold_pct",
	    r->invocations ? 100.0 * (double)r->cold / (double)r->invocations : 0);
	json_out_open(out, "by_status");
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (r->by_status[i])
			json_out_count(out,
			    invocation_status_name((enum invocation_status)i),
			    r->by_status[i]);
	}
	json_out_close(out);
}

static void put_memory(struct json_out *out, const struct rollup *r, uint32_t limit_mb)
{
	if (r->memory.count == 0 && limit_mb == 0)
		return;
	json_out_open(out, "memory_mb");
	if (r->memory.count > 0) {
		json_out_number(out, "p95", histogram_quantile(&r->memory, 0.95) / MIB);
		json_out_number(out, "max", (double)r->memory_max_bytes / MIB);
	}
	if (limit_mb)
		json_out_count(out, "limit", limit_mb);
	json_out_close(out);
}

void figures_put_resources(
    struct json_out *out, const struct rollup *r, uint32_t limit_mb, uint64_t span_ns)
{
	put_memory(out, r, limit_mb);
	if (r->invocations && r->cpu_ns)
		json_out_ms(
		    out, "cpu_ms_mean", (double)r->cpu_ns / (double)r->invocations);
	json_out_open(out, "concurrency");
	json_out_number(out, "mean", (double)r->duration_ns / (double)span_ns);
	json_out_count(out, "max", r->concurrency_max);
	json_out_close(out);
}

void figures_put_ledger(
    struct json_out *out, const char *key, const struct batch_ledger *ledger)
{
	uint64_t lost = 0;

	for (int i = 0; i < LOST_REASONS; i++)
		count_add(&lost, ledger->lost[i]);
	json_out_open(out, key);
	json_out_count(out, "seen", ledger->seen);
	json_out_count(out, "delivered", ledger->delivered);
	json_out_count(out, "lost", lost);
	json_out_open(out, "lost_by_reason");
	for (int i = 0; i < LOST_REASONS; i++)
		json_out_count(
		    out, lost_reason_name((enum lost_reason)i), ledger->lost[i]);
	json_out_close(out);
	json_out_close(out);
}

void figures_put_usage(struct json_out *out, const struct usage *usage)
{
	json_out_open(out, "usage");
	for (int i = 0; i < USAGE_ITEMS; i++)
		json_out_count(out, usage_item_name((enum usage_item)i), usage->item[i]);
	json_out_close(out);
}

static void put_quantiles(
    struct json_out *out, const char *key, const struct histogram *h)
{
	if (h->count == 0)
		return;
	json_out_open(out, key);
	json_out_ms(out, "p50", histogram_quantile_ns(h, 0.5));
	json_out_ms(out, "p95", histogram_quantile_ns(h, 0.95));
	json_out_ms(out, "p99", histogram_quantile_ns(h, 0.99));
	json_out_ms(out, "max", histogram_ticks_to_ns((double)h->max));
	json_out_close(out);
}

int figures_put_durations(struct json_out *out, const struct rollup *r)
{
	struct histogram all = {0};
	int err = histogram_merge(&all, &r->warm);

	if (!err)
		err = histogram_merge(&all, &r->cold_duration);
	if (!err) {
		put_quantiles(out, "duration_ms", &all);
		put_quantiles(out, "warm_duration_ms", &r->warm);
		put_quantiles(out, "cold_duration_ms", &r->cold_duration);
		put_quantiles(out, "init_ms", &r->init);
	}
	histogram_done(&all);
	return err;
}
