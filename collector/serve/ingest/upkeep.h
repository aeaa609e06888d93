/* What the writer does besides accepting: settles it, folds the ledger, forgets, keeps it
 * small, and rests. */
#ifndef COLDMETER_SERVE_INGEST_UPKEEP_H
#define COLDMETER_SERVE_INGEST_UPKEEP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/complaint.h"
#include "store/store.h"

struct upkeep {
	struct store *store;
	/* settings, which any thread may change */
	atomic_int_least64_t raw_ns; /* kept for so long */
	atomic_int_least64_t minutes_ns;
	atomic_int_least64_t hours_ns;
	atomic_int_least64_t days_ns;
	atomic_int_least64_t max_bytes; /* of the ledger on disk; 0: any size */
	int64_t settle_ns; /* when each is due, as upkeep_now_ns() tells it */
	int64_t expire_ns;
	int64_t fold_ns;
	int64_t shrink_ns;
	int64_t folded_ns;         /* when the last step ended */
	int64_t stored_ns;         /* what storing took since then */
	bool too_large;            /* was said */
	struct complaint settling; /* likewise */
	struct complaint folding;
	struct complaint forgetting;
};

/* Borrows the store; settings of the man page until others are told. */
void upkeep_init(struct upkeep *upkeep, struct store *store);

/* The clock that a condition can be waited for with. */
int64_t upkeep_now_ns(void);

/* When there is something to do next. */
int64_t upkeep_due_ns(const struct upkeep *upkeep);

/* The writer has accepted something, from that moment until now. */
void upkeep_accepted(struct upkeep *upkeep, int64_t began_ns);

/* Settles what was accepted, when that is due. 0 or the error, which is logged. */
int upkeep_settle(struct upkeep *upkeep);

/* Does what else is due, in steps of some ten milliseconds, which take at most a fifth of
 * the time, and a tenth of it where the writer has much to store. Errors are logged. */
void upkeep_run(struct upkeep *upkeep);

/* After a group of several who send at once: waits until more has come, until 5 ms after
 * the group began. Who sends alone, one request after the other, would only wait. */
void upkeep_rest(int64_t began_ns);

#endif
