/* Rollups of a window added up by function. */
#ifndef COLDMETER_SERVE_FIGURES_TALLY_H
#define COLDMETER_SERVE_FIGURES_TALLY_H

#include "base/by_id.h"
#include "model/rollup.h"
#include "serve/answers/answer.h"

#define TALLY_TREND 30

struct tally {
	struct function function;
	struct rollup rollup;
	int64_t first_s; /* start of the first minute with a row */
	uint64_t trend[TALLY_TREND];
	uint64_t shared[TALLY_TREND]; /* of a minute that this bar shares with the last */
};

struct tallies {
	struct tally **rows; /* sorted by name, version, platform once read */
	size_t n;
	size_t room;
	struct by_id by_id; /* the same, by 1 + the store's number less first_id */
	uint32_t first_id;
	struct window window;
	int64_t bars_ns[TALLY_TREND + 1]; /* where each begins; the end */
	int bar;                          /* of the part added last */
};

/* function NULL: all, each with some 5 KB. 0 or -errno; release with tallies_done() in
 * either case. */
int tallies_read(struct tallies *tallies, struct store *store,
    const struct window *window, const char *function);
void tallies_done(struct tallies *tallies);

/* Those of functions with numbers from first_id on, before end_id: see
 * store_range_end(). */
int tallies_read_range(struct tallies *tallies, struct store *store,
    const struct window *window, uint32_t first_id, uint32_t end_id);

/* The same of all, in one range after the other, so that memory does not grow with how
 * many functions there are. They are the visit's for its time only. A non-zero return
 * stops it and is returned. */
typedef int (*tallies_visit)(void *context, const struct tallies *some);
int tallies_each(struct store *store, const struct window *window, const char *function,
    tallies_visit visit, void *context);

/* Adds what was seen, delivered and lost of one function. */
void tally_ledger(const struct tally *tally, struct batch_ledger *sum);

#endif
