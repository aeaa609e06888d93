/* What decodes has that one coding, quantiles within its values, and can be merged. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/histogram.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_quantiles(const struct histogram *h)
{
	double last = 0;

	for (int i = 0; i <= 16; i++) {
		double value = histogram_quantile(h, i / 16.0);

		if (value < last || value < (double)h->min || value > (double)h->max)
			abort();
		last = value;
	}
}

static void check_coding(const struct histogram *h, const uint8_t *in, size_t n)
{
	size_t max = histogram_encoded_max(h);
	uint8_t *out = malloc(max);

	if (!out || histogram_encode(h, out, max) != (ssize_t)n ||
	    memcmp(in, out, n) != 0)
		abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct histogram h = {0};
	struct histogram twice = {0};
	ssize_t n = histogram_decode(in, size, &h);

	if (n < 0) {
		if (h.count != 0 || h.buckets_used != 0)
			abort();
	} else {
		check_coding(&h, in, (size_t)n);
		check_quantiles(&h);
		if (histogram_merge(&twice, &h) < 0)
			abort();
		check_coding(&twice, in, (size_t)n);
		if (histogram_merge(&twice, &h) < 0 && h.count <= UINT64_MAX / 2)
			abort();
	}
	histogram_done(&h);
	histogram_done(&twice);
	return 0;
}
