#include "serve/figures/change.h"

#include <math.h>
#include <stdbool.h>

/* 99 % of a normal distribution lie within so many deviations of its mean. */
#define Z 2.5758293035489
/* Cochran's rule for taking counts as normal. */
#define CELL_MIN 5.0
/* Values on each side before a mean is taken as normal. */
#define MEANS_MIN 20
/* Of a quantile: (2^(1/32) - 1) / (2^(1/32) + 1), see histogram_quantile(). */
#define QUANTILE_ERROR 0.01083

const char *change_name(enum change change)
{
	switch (change) {
	case CHANGE_NONE:
		return "same";
	case CHANGE_UP:
		return "up";
	case CHANGE_DOWN:
		return "down";
	case CHANGE_TOO_FEW:
		break;
	}
	return "too_few";
}

static enum change of_z(double difference, double deviation)
{
	if (fabs(difference) <= Z * deviation)
		return CHANGE_NONE;
	return difference > 0 ? CHANGE_UP : CHANGE_DOWN;
}

/* The difference less what rounding to whole counts makes of it. */
static double corrected(double difference, double by)
{
	double left = fabs(difference) - by;

	return left <= 0 ? 0 : copysign(left, difference);
}

enum change change_of_counts(
    uint64_t now, uint64_t now_length, uint64_t before, uint64_t before_length)
{
	double share = (double)now_length / ((double)now_length + (double)before_length);
	double sum = (double)now + (double)before;

	if (sum * share < CELL_MIN || sum * (1 - share) < CELL_MIN)
		return CHANGE_TOO_FEW;
	return of_z(
	    corrected((double)now - sum * share, 0.5), sqrt(sum * share * (1 - share)));
}

enum change change_of_shares(
    const struct change_share *now, const struct change_share *before)
{
	double a = (double)now->n;
	double b = (double)before->n;
	double k = (double)now->k + (double)before->k;
	double pooled = a + b > 0 ? k / (a + b) : 0;
	double least = (a < b ? a : b) * (pooled < 0.5 ? pooled : 1 - pooled);
	double difference;

	/* None on either side is no difference; how many it takes to say so does not
	 * matter then. */
	if (now->n && before->n && (k == 0 || k == a + b))
		return CHANGE_NONE;
	if (!now->n || !before->n || least < CELL_MIN)
		return CHANGE_TOO_FEW;
	difference = (double)now->k / a - (double)before->k / b;
	return of_z(corrected(difference, 0.5 * (1 / a + 1 / b)),
	    sqrt(pooled * (1 - pooled) * (1 / a + 1 / b)));
}

struct interval {
	double low;
	double high;
	bool known;
};

static struct interval interval_of(
    const struct histogram *const *parts, size_t n, double q)
{
	struct interval interval = {0};
	double count = 0;
	double half;
	double low;
	double high;

	for (size_t i = 0; i < n; i++)
		count += (double)parts[i]->count;
	half = Z * sqrt(count * q * (1 - q));
	low = floor(count * q - half); /* ranks from 1 */
	high = ceil(count * q + half) + 1;
	if (low < 1 || high > count)
		return interval;
	/* half a rank less: nearest rank rounds up */
	interval.low = histogram_quantile_of(parts, n, (low - 0.5) / count);
	interval.high = histogram_quantile_of(parts, n, (high - 0.5) / count);
	interval.low *= 1 - QUANTILE_ERROR;
	interval.high *= 1 + QUANTILE_ERROR;
	interval.known = true;
	return interval;
}

enum change change_of_quantiles(const struct histogram *const *now,
    const struct histogram *const *before, size_t n, double q)
{
	struct interval a = interval_of(now, n, q);
	struct interval b = interval_of(before, n, q);

	if (!a.known || !b.known)
		return CHANGE_TOO_FEW;
	return a.low > b.high ? CHANGE_UP : a.high < b.low ? CHANGE_DOWN : CHANGE_NONE;
}

/* The square of the mean's standard error over that of the mean; negative: too few. */
static double relative_variance(const struct histogram *const *parts, size_t n)
{
	double count = 0;
	double sum = 0;
	double squares = 0;
	double mean;

	for (size_t i = 0; i < n; i++) {
		const struct histogram *h = parts[i];

		count += (double)h->count;
		for (uint32_t k = 0; k < h->buckets_used; k++) {
			int32_t index = h->first + (int32_t)k;
			double middle =
			    (histogram_upper(index - 1) + histogram_upper(index)) / 2;

			sum += (double)h->buckets[k] * middle;
			squares += (double)h->buckets[k] * middle * middle;
		}
	}
	if (count < MEANS_MIN || sum <= 0)
		return -1;
	mean = sum / count;
	return fmax(squares / count - mean * mean, 0) / (mean * mean) / (count - 1);
}

enum change change_of_means(double now_mean, const struct histogram *const *now,
    double before_mean, const struct histogram *const *before, size_t n)
{
	double a = relative_variance(now, n);
	double b = relative_variance(before, n);

	if (a < 0 || b < 0)
		return CHANGE_TOO_FEW;
	return of_z(now_mean - before_mean,
	    sqrt(a * now_mean * now_mean + b * before_mean * before_mean));
}
