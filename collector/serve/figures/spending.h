/* What functions used: by day in a window, and when in the weeks up to its end. */
#ifndef COLDMETER_SERVE_FIGURES_SPENDING_H
#define COLDMETER_SERVE_FIGURES_SPENDING_H

#include "base/by_id.h"
#include "model/function.h"
#include "model/usage.h"
#include "serve/answers/answer.h"

#define SPENDING_WEEKS 5   /* longer than any month: all of its hours are known */
#define SPENDING_HOURS 840 /* of those weeks */

struct spending_day {
	int64_t day;          /* since the epoch */
	uint64_t invocations; /* pings too: they are billed */
	uint64_t measured;    /* those without pings, */
	uint64_t duration_ns; /* sums of these, without inits, */
	uint64_t init_ns;     /* and of the inits */
	struct usage usage;
};

struct spending_row {
	struct function function;
	int64_t first_seen_ns; /* its first and last invocation ever */
	int64_t last_seen_ns;
	struct spending_day *days; /* of all that was read, in any order */
	size_t days_n;
	size_t days_room;
	uint32_t *hours; /* invocations by hour from first_hour on; NULL: not asked for */
};

struct spending {
	struct window window;
	int64_t since_ns; /* of what is read: the window, and the weeks before its end */
	int64_t first_hour; /* since the epoch */
	bool with_hours;
	struct batch_ledger ledger; /* of the window */
	struct spending_row **rows; /* by name once read */
	size_t n;
	size_t room;
	struct by_id by_id; /* the same, by 1 + the store's number less first_id */
	uint32_t first_id;
};

/* Reads the window, which begins with a day; with_hours, also the whole days of
 * SPENDING_WEEKS before its end. function NULL: all. 0 or -errno; release with
 * spending_done() in either case. */
int spending_read(struct spending *spending, struct store *store,
    const struct window *window, bool with_hours, const char *function);
void spending_done(struct spending *spending);

/* The same of functions with numbers from first_id on, before end_id, without hours and
 * without when they were seen: see store_range_end(). */
int spending_read_range(struct spending *spending, struct store *store,
    const struct window *window, uint32_t first_id, uint32_t end_id);

/* How long the function was there from a moment on, until the window ends: from its first
 * to its last invocation, in ms. */
uint64_t spending_active_ms(
    const struct spending *spending, const struct spending_row *row, int64_t since_ns);

/* How much was used in each hour of the window, read with_hours: of each function by its
 * share of the calls, in MiB-ms as AWS Lambda counts them. Returns the hours, the last of
 * which may be a part of one, at most SPENDING_HOURS + 1; 0: some are forgotten, or there
 * are more. */
size_t spending_by_hour(
    const struct spending *spending, uint64_t weights[SPENDING_HOURS + 1]);

/* Whether a day lies in the window, or only in the weeks before. */
bool spending_is_asked(const struct spending *spending, const struct spending_day *day);

#endif
