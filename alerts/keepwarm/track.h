/* What a function's invocations say about its sandboxes: when it was last active, which
 * gaps ended warm or cold, what pings cost and spared. Pure. */
#ifndef COLDMETER_ALERTS_KEEPWARM_TRACK_H
#define COLDMETER_ALERTS_KEEPWARM_TRACK_H

#include "alerts/keepwarm/idle_life.h"
#include "model/invocation.h"
#include "model/usage.h"

#define TRACK_SANDBOXES 8 /* the latest ones used; an older one gives no evidence */

struct track_sandbox {
	uint64_t hash;
	int64_t end_ns; /* of its last activity */
};

/* Since pings were switched on (or, for a function without pings, since it was seen). */
struct track_counts {
	uint64_t invocations; /* real ones */
	uint64_t cold;
	uint64_t pings_seen;
	uint64_t pings_cold;
	uint64_t cold_avoided; /* real ones that came warm after a gap that ends cold */
	struct usage ping_usage;
};

struct track {
	int64_t end_ns;      /* end of the last activity, pings included; 0: none */
	int64_t real_end_ns; /* of the last real one */
	bool pinged;         /* a ping came after the last real one */
	struct track_sandbox sandboxes[TRACK_SANDBOXES];
	struct track_counts counts;
	uint64_t init_ns; /* sum over init_n cold starts, real or not */
	uint64_t init_n;
	/* Up to here: what an invocation usually touches. */
	struct idle_life life;
	struct function function; /* the latest set-up of that name */
};

void track_init(struct track *track, const struct function *function);

/* The function as it is set up now. */
void track_set_up(struct track *track, const struct function *function);

/* Takes in one invocation of the function, in about the order in which they end. */
void track_observe(struct track *track, const struct invocation *invocation);

/* The wall clock went back: nothing was active later than now. */
void track_rewind(struct track *track, int64_t now_ns);

/* Mean init of the cold starts seen; 0: none. */
uint64_t track_init_mean_ns(const struct track *track);

#endif
