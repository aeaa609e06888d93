/* A file of counts, and the same as weights: what is refused, a sentence says why; what
 * is read is in order and within its limits, and policies can be replayed on it. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/backtest/keepwarm.h"
#include "alerts/backtest/slots.h"
#include "base/cleanup.h"
#include "tests/fuzz/checks.h"
#include "tui/backtest/input.h"

#define VALUE_MAX 1000
#define WORK_MAX 100000 /* minutes of functions that are replayed */

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_why(const char *why)
{
	if (!*why || strnlen(why, CSV_WHY_BYTES) == CSV_WHY_BYTES)
		abort();
}

static void check_series(
    const struct backtest_trace *trace, const struct backtest_series *series)
{
	if (!*series->name || strlen(series->name) > BACKTEST_NAME_MAX)
		abort();
	for (size_t i = 0; i < series->n; i++) {
		const struct backtest_point *p = &series->points[i];

		if (i && p[-1].minute >= p->minute)
			abort();
		if (!p->value || p->minute < trace->first_minute ||
		    p->minute > trace->last_minute)
			abort();
	}
}

static void check_replay(const struct backtest_trace *trace)
{
	uint64_t minutes = trace->last_minute - trace->first_minute + 1;
	struct backtest_keepwarm found = {0};
	int err;

	if (minutes * trace->n > WORK_MAX)
		return;
	err = backtest_keepwarm(trace, 10, NULL, &found);
	if (err == -ENODATA)
		return;
	for (size_t i = 0; i < BACKTEST_KEEPWARM_POLICIES; i++) {
		const struct backtest_kept *p = &found.policies[i];

		if (!(p->cold_pct > 0 && p->cold_pct < 100.001) || !(p->ratio > 0) ||
		    !(p->idle >= 0 && p->idle < 1440.001))
			abort();
	}
	if (err)
		abort();
}

static void check_slots(const struct backtest_trace *trace)
{
	static const struct backtest_slots_terms terms = {.memory_mb = 512};
	uint64_t minutes = trace->last_minute - trace->first_minute + 1;
	struct backtest_slots found;
	int err;

	if (minutes * trace->n > WORK_MAX)
		return;
	err = backtest_slots(trace, &terms, NULL, &found);
	if (err && err != -ENODATA)
		abort();
	for (size_t i = 0; i < BACKTEST_SLOTS_POLICIES && !err; i++) {
		const struct backtest_reserved *p = &found.policies[i];

		if (p->inside + p->outside != found.used)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	AUTO(backtest_trace) struct backtest_trace trace = {0};
	char why[CSV_WHY_BYTES] = "";
	char path[32];

	(void)check_file(in, size, path);
	if (backtest_input_read(path, VALUE_MAX, &trace, why) < 0) {
		check_why(why);
		return 0;
	}
	if (!trace.points || !trace.first_minute ||
	    trace.last_minute > BACKTEST_MINUTE_MAX)
		abort();
	for (size_t i = 0; i < trace.n; i++)
		check_series(&trace, &trace.series[i]);
	check_replay(&trace);
	check_slots(&trace);
	if (backtest_input_weigh(path, &trace, why) < 0)
		check_why(why);
	return 0;
}
