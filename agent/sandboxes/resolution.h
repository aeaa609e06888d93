/* The resolution of the times that the agent tells: whole microseconds.
 *
 * Moments of the boot clock are rounded to the nearest, and a time is what lies between
 * its two rounded moments, as if that clock ticked once a microsecond. So intervals that
 * met still meet, none becomes longer than one that it lies in, the busy times of a
 * sandbox still add up to the union of its invocations, and start + duration is the end.
 * What a time loses or gains is less than a microsecond and 0 on average, also when it is
 * always the same, as where its end falls between two ticks is chance; rounding each time
 * to its nearest would make every 5.4 us 5. */
#ifndef COLDMETER_AGENT_SANDBOXES_RESOLUTION_H
#define COLDMETER_AGENT_SANDBOXES_RESOLUTION_H

#include <stdint.h>

#define RESOLUTION_NS 1000ULL

/* The nearest whole microsecond, in ns. */
static inline uint64_t resolution_moment(uint64_t ns)
{
	return (ns + RESOLUTION_NS / 2) / RESOLUTION_NS * RESOLUTION_NS;
}

/* A time of ns that ended at end_ns: resolution_moment(end_ns) -
 * resolution_moment(end_ns - ns). CPU time and other sums are taken as if they had passed
 * at once, before the end. */
static inline uint64_t resolution_span(uint64_t end_ns, uint64_t ns)
{
	uint64_t since_tick =
	    (end_ns % RESOLUTION_NS + RESOLUTION_NS / 2) % RESOLUTION_NS;
	uint64_t part = ns % RESOLUTION_NS;
	uint64_t whole = ns - part;

	if (part > since_tick && whole <= UINT64_MAX - RESOLUTION_NS)
		whole += RESOLUTION_NS;
	return whole;
}

#endif
