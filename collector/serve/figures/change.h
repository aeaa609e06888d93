/* Whether a figure changed, or only looks so: what two windows' rollups allow to say.
 *
 * What was measured is exact, or within the histogram's error; what is asked is whether
 * the same would be seen again. So invocations are taken as draws from what the function
 * does at that time, one independent of the other, and a difference is told from noise at
 * 99 % for each figure by itself:
 *
 * - counts over time: given their sum, one is binomial (Przyborowski and Wilenski 1940,
 *   Biometrika 31:313-323); the normal approximation, with continuity correction.
 *   Arrivals in bursts differ more than such counts do, so this speaks up early.
 * - shares: the pooled test of two proportions, with continuity correction; too few where
 *   a cell is expected to hold less than 5.
 * - quantiles: the order statistics that hold the quantile with 99 % (NIST/SEMATECH
 *   e-Handbook 7.2.6.2,
 * https://www.itl.nist.gov/div898/handbook/prc/section2/prc262.htm), both ends widened by
 * the histogram's error of 1.083 %. A difference is one when the intervals do not meet,
 * which is rarer than 1 %. Too few where an end of one lies beyond the values.
 * - means: Welch's test, on the mean and the spread of the histogram's values. */
#ifndef COLDMETER_SERVE_FIGURES_CHANGE_H
#define COLDMETER_SERVE_FIGURES_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "model/histogram.h"

#define CHANGE_CONFIDENCE_PCT 99

enum change {
	CHANGE_NONE, /* no more than noise and the histogram's error */
	CHANGE_UP,
	CHANGE_DOWN,
	CHANGE_TOO_FEW /* to tell */
};

/* "same", "up", "down", "too_few". */
const char *change_name(enum change change);

/* now against before, over their lengths, > 0, in one unit. */
enum change change_of_counts(
    uint64_t now, uint64_t now_length, uint64_t before, uint64_t before_length);

/* k of n each; k <= n. */
struct change_share {
	uint64_t k;
	uint64_t n;
};
enum change change_of_shares(
    const struct change_share *now, const struct change_share *before);

/* Quantile q of n histograms taken together. */
enum change change_of_quantiles(const struct histogram *const *now,
    const struct histogram *const *before, size_t n, double q);

/* Means of n histograms taken together, of what is in proportion to their values; the
 * means themselves are exact and given. */
enum change change_of_means(double now_mean, const struct histogram *const *now,
    double before_mean, const struct histogram *const *before, size_t n);

#endif
