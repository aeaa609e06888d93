/* The usage of every function since some moment, in spans that grow with age, read from
 * the ledger's minutes: so that a budget is added up again without reading a month. */
#ifndef COLDMETER_ALERTS_SPEND_H
#define COLDMETER_ALERTS_SPEND_H

#include "alerts/budget.h"
#include "price/book.h"
#include "store/store.h"

/* Minutes that changed since they were last read. Filled by the thread that observes
 * commits. Zero-initialised is empty. */
#define SPEND_MARKS 64
struct spend_marks {
	int64_t minutes[SPEND_MARKS];
	size_t n;
	bool overflow;     /* too many: everything is read again */
	int64_t marked_ns; /* 0, or the end of the minute that was marked last */
};
#define SPEND_MINUTE_NS 60000000000LL
void spend_mark_another(struct spend_marks *marks, int64_t wall_ns);

static inline void spend_mark(struct spend_marks *marks, int64_t wall_ns)
{
	if (wall_ns >= marks->marked_ns || wall_ns < marks->marked_ns - SPEND_MINUTE_NS)
		spend_mark_another(marks, wall_ns);
}

struct spend;

int spend_new(struct spend **out);
void spend_free(struct spend *spend);

/* Makes what is held equal to the ledger from since on: reads the marked minutes again
 * (or the whole hour or day they were folded into), everything when since moved back or
 * marks overflowed. 0 or the store's error; then call again with the same marks. */
int spend_refresh(struct spend *spend, struct store *store,
    const struct spend_marks *marks, int64_t since_ns, int64_t now_ns);

/* The two halves of a refresh, for tests: usage (pings included) of one function and
 * minute comes in; what lies in [since, until) goes out. */
int spend_add(struct spend *spend, const struct function *function, int64_t minute,
    const struct usage *usage);

/* Merges minutes older than two hours into hours, and hours of past days into days. */
void spend_fold(struct spend *spend, int64_t now_ns);

/* The span, in minutes since the epoch, that holds a minute: one minute, an hour or a
 * day.
 */
void spend_span(
    const struct spend *spend, int64_t minute, int64_t *start, int64_t *length);
void spend_forget(struct spend *spend, int64_t start_minute, int64_t end_minute);

/* Adds up what a budget covers, at the prices of the book: the period of now, the burn
 * rates and forecasts. */
void spend_status(const struct spend *spend, const struct book *book,
    const struct budget *budget, int64_t now_ns, struct budget_status *out);

#endif
