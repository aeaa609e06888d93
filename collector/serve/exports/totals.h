/* Cumulative figures of each function for whoever exports them: they only grow, also
 * over the end of the process. */
#ifndef COLDMETER_SERVE_EXPORTS_TOTALS_H
#define COLDMETER_SERVE_EXPORTS_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/histogram.h"
#include "model/invocation.h"
#include "store/store.h"

/* Each function is about 150 lines of /metrics, 25 KB. */
#define TOTALS_FUNCTIONS_MAX 1000

/* A histogram, and the sum that does not saturate at 194 days as its own does. */
struct totals_measure {
	struct histogram histogram; /* of ticks; memory: of bytes */
	unsigned __int128 sum;      /* ns; memory: bytes */
};

/* Pings are left out. */
struct totals_function {
	int64_t last_ns; /* when it was last counted; wall clock */
	uint64_t invocations;
	uint64_t cold;
	uint64_t errors; /* any status but ok */
	uint64_t timeouts;
	struct totals_measure duration; /* cold ones without their init, as everywhere */
	struct totals_measure cpu;
	struct totals_measure memory;
	/* Up to here: what an invocation usually touches. */
	struct totals_measure init;
	struct function function;
	uint64_t hash;
	uint32_t id; /* the store's number, 0: not known */
};

/* Safe on any thread. At most functions_max functions are held. One more takes the place
 * of one that was silent for a day, or is counted in the overflow, under no name. */
struct totals;

/* start_ns: since when they count, until totals_load() knows better. 0 or -ENOMEM. */
int totals_new(size_t functions_max, int64_t start_ns, struct totals **out);
void totals_free(struct totals *totals);

/* A figure that finds no memory is left out of its histogram. */
void totals_count(struct totals *totals, const struct store_batch *batch, int64_t now_ns);

/* In the order of arrival, the overflow (its name is "") last and only when there is
 * one. Locked while it visits: visit must not call back. Non-zero stops and is returned.
 */
typedef int (*totals_visit)(void *context, const struct totals_function *function);
int totals_scan(struct totals *totals, totals_visit visit, void *context);

struct totals_state {
	int64_t start_ns;
	size_t functions;
	uint64_t left_out; /* invocations in the overflow, since start_ns */
};
struct totals_state totals_state(struct totals *totals);

/* All of them as bytes, and back; decode is for totals that are still empty. 0, -ENOMEM
 * (or out->failed), decode: -EBADMSG, empty then. changed: whether any were counted since
 * the last encoding. */
bool totals_encode(struct totals *totals, struct buffer *out, bool *changed);
int totals_decode(struct totals *totals, const uint8_t *in, size_t n);

/* The file DIRECTORY/totals. Saved after figures were read for somebody and before they
 * are shown, so that a collector that is killed goes on at or above what it had shown:
 * nobody takes a step back for a restart at 0. With finally it survives the machine's end
 * too; without, what another boot of this machine wrote is not used, and counting begins
 * at 0. load: 0, also when there is none to use; -EBADMSG: damaged; -errno. */
int totals_save(struct totals *totals, const char *directory, bool finally);
int totals_load(struct totals *totals, const char *directory);

#endif
