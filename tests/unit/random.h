/* Numbers that look random and are the same in every run (SplitMix64). */
#ifndef COLDMETER_TESTS_RANDOM_H
#define COLDMETER_TESTS_RANDOM_H

#include <math.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

/* Every length in bits is as likely as any other. */
static inline uint64_t random_width(uint64_t *state)
{
	return random_next(state) >> random_below(state, 64);
}

/* in (0, 1) */
static inline double random_unit(uint64_t *state)
{
	return ((double)(random_next(state) >> 12) + 0.5) / 0x1p52;
}

/* Log-normal of that median (Box-Muller). */
static inline double random_log_normal(uint64_t *state, double median, double sigma)
{
	double radius = sqrt(-2 * log(random_unit(state)));

	return median * exp(sigma * radius * cos(2 * M_PI * random_unit(state)));
}

#endif
