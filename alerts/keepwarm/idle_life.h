/* Learns how long a platform keeps an idle sandbox, from gaps that ended warm or cold.
 *
 * A gap that ended warm says "longer than this", one that ended cold "shorter than this".
 * Both are counted by gap in log-spaced bins; the share of cold ones, made to rise with
 * the gap (pooled adjacent violators), gives the bracket: warm_max, the longest gap that
 * is safe, and cold_min, the shortest that is not. Pure. */
#ifndef COLDMETER_ALERTS_KEEPWARM_IDLE_LIFE_H
#define COLDMETER_ALERTS_KEEPWARM_IDLE_LIFE_H

#include <stdbool.h>
#include <stdint.h>

/* Quarter octaves from 1 s: 52 bins reach 2.3 hours. */
#define IDLE_LIFE_BINS 52

/* Where pings may lie. Until anything is known they come every five minutes: platforms
 * have been measured to keep sandboxes from 5 to 60 minutes (M. Shilkov, "Cold Starts in
 * AWS Lambda", 2021: 5 to 7 minutes, earlier 10 and 25 to 60; Azure 20 to 30). */
#define IDLE_LIFE_PING_MIN_S 5.0
#define IDLE_LIFE_PING_MAX_S 3600.0
#define IDLE_LIFE_PING_FIRST_S 300.0

struct idle_life_bin {
	float warm; /* weights: observations, faded */
	float cold;
	float warm_max; /* longest gap of this bin that ended warm, s */
	float cold_min; /* shortest that ended cold; 0: none */
};

struct idle_life {
	struct idle_life_bin bins[IDLE_LIFE_BINS];
	uint64_t samples;
	double ping_s;     /* the gap at which pings are sent now */
	uint32_t warm_run; /* pings in a row that arrived warm at about ping_s */
};

struct idle_life_bracket {
	double warm_max_s; /* 0: none seen */
	double cold_min_s; /* 0: none seen */
	double life_s;     /* best guess: between the two, or the one that is known; 0 */
	bool known;        /* both, and no more than a factor of three apart */
};

void idle_life_init(struct idle_life *life);

/* One gap between the end of the last activity and the next start: cold or still warm.
 * by_ping: a ping ended it. Gaps under a second say nothing and are ignored. */
void idle_life_observe(struct idle_life *life, double gap_s, bool cold, bool by_ping);

void idle_life_bracket(const struct idle_life *life, struct idle_life_bracket *out);

/* The gap after which to ping, in [IDLE_LIFE_PING_MIN_S, IDLE_LIFE_PING_MAX_S]: at most
 * 0.8 of the shortest cold gap; from below it climbs slowly while pings arrive warm. */
double idle_life_ping_s(const struct idle_life *life);

/* Share of gaps of that length that end cold, by what was seen; -1: nothing seen there or
 * on both sides. */
double idle_life_cold_share(const struct idle_life *life, double gap_s);

#endif
