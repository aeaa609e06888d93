/* A rollup's figures as members of a JSON object: what answers about functions, hosts,
 * versions and platforms have in common. */
#ifndef COLDMETER_SERVE_FIGURES_FIGURES_H
#define COLDMETER_SERVE_FIGURES_FIGURES_H

#include "model/rollup.h"
#include "wire/batch.h"
#include "wire/json/out.h"

struct window;

/* The part of the window from its first minute with a row on, in ns; at least a minute.
 */
uint64_t figures_span_ns(int64_t first_s, const struct window *window);

/* "invocations", "cold", "prewarmed", "errors", "cold_pct", "by_status". */
void figures_put_counts(struct json_out *out, const struct rollup *r);

/* "memory_mb" in MiB (limit_mb 0: none known), "cpu_ms_mean" over the invocations, and
 * "concurrency": mean is the sum of all durations over span_ns, max the most that were in
 * flight in one sandbox. What is not known is absent. */
void figures_put_resources(
    struct json_out *out, const struct rollup *r, uint32_t limit_mb, uint64_t span_ns);

/* {"seen","delivered","lost","lost_by_reason"}. */
void figures_put_ledger(
    struct json_out *out, const char *key, const struct batch_ledger *ledger);

/* "usage", each item. */
void figures_put_usage(struct json_out *out, const struct usage *usage);

/* "duration_ms" of warm and cold together, "warm_duration_ms", "cold_duration_ms" and
 * "init_ms", where there are any. 0, -ENOMEM or -EOVERFLOW. */
int figures_put_durations(struct json_out *out, const struct rollup *r);

#endif
