/* How much detail is left out, so that watching costs no more than it may. Pure. */
#ifndef COLDMETER_AGENT_COST_SHEDDING_H
#define COLDMETER_AGENT_COST_SHEDDING_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/record.h"

/* Two samples in a row above the limit shed one more step. Samples below half the limit
 * take one back, as many in a row as patience says: 5, twice that each time when a step
 * comes back within 10 minutes, up to 160. */
struct shedding {
	double max;             /* share of the host's CPU time, above 0 */
	enum record_shed least; /* shed whatever it costs */
	enum record_shed step;
	bool is_over;      /* the latest sample was above the limit */
	bool is_low;       /* or below half of it */
	unsigned int over; /* samples in a row */
	unsigned int low;
	unsigned int patience;
	uint64_t taken_back_ns; /* 0: never */
};

struct shedding shedding_start(double max, enum record_shed least);

/* Judges a sample. Returns 1: one more step is shed, -1: one was taken back, 0: as it
 * was. */
int shedding_judge(struct shedding *s, double share, uint64_t now_ns);

/* Whether the next sample decides something, and should come soon. */
bool shedding_is_undecided(const struct shedding *s);

/* What a step leaves out, as words for people; "nothing" for SHED_NOTHING. */
const char *shedding_name(enum record_shed step);

#endif
