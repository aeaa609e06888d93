/* Rollups of a window added up by function. */
#ifndef COLDMETER_SERVE_TALLY_H
#define COLDMETER_SERVE_TALLY_H

#include "base/by_id.h"
#include "model/rollup.h"
#include "serve/answer.h"

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
	struct by_id by_id; /* the same, by 1 + the store's number */
	struct window window;
	int64_t bars_ns[TALLY_TREND + 1]; /* where each begins; the end */
	int bar;                          /* of the part added last */
};

/* function NULL: all. 0 or -errno; release with tallies_done() in either case. */
int tallies_read(struct tallies *tallies, struct store *store,
    const struct window *window, const char *function);
void tallies_done(struct tallies *tallies);

/* Adds what was seen, delivered and lost of one function. */
void tally_ledger(const struct tally *tally, struct batch_ledger *sum);

#endif
