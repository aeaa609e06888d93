/* Two byte strings, the first one's length ahead of them in two bytes; what decodes is
 * encoded to what decodes to the same, in either coding. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/rollup_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

struct bytes {
	uint8_t *counters;
	size_t counters_n;
	uint8_t *histograms;
	size_t histograms_n;
};

static struct bytes encode(const struct rollup *r)
{
	struct bytes b;

	if (rollup_encode_counters(r, &b.counters, &b.counters_n) < 0 ||
	    rollup_encode_histograms(r, &b.histograms, &b.histograms_n) < 0)
		abort();
	return b;
}

static void free_bytes(struct bytes *b)
{
	free(b->counters);
	free(b->histograms);
}

static void check_coding(const struct rollup *r)
{
	struct rollup again = {0};
	struct bytes first = encode(r);
	struct bytes second;

	if (rollup_decode(first.counters, first.counters_n, first.histograms,
		first.histograms_n, &again) < 0)
		abort();
	second = encode(&again);
	if (first.counters_n != second.counters_n ||
	    first.histograms_n != second.histograms_n ||
	    memcmp(first.counters, second.counters, first.counters_n) != 0 ||
	    memcmp(first.histograms, second.histograms, first.histograms_n) != 0)
		abort();
	free_bytes(&first);
	free_bytes(&second);
	rollup_done(&again);
}

/* Packed it is the same. */
static void check_packing(const struct rollup *r)
{
	struct rollup again = {0};
	struct bytes b;
	struct bytes first = encode(r);
	struct bytes second;

	if (rollup_pack_counters(r, &b.counters, &b.counters_n) < 0 ||
	    rollup_pack_histograms(r, &b.histograms, &b.histograms_n) < 0 ||
	    rollup_decode(
		b.counters, b.counters_n, b.histograms, b.histograms_n, &again) < 0)
		abort();
	second = encode(&again);
	if (first.counters_n != second.counters_n ||
	    first.histograms_n != second.histograms_n ||
	    memcmp(first.counters, second.counters, first.counters_n) != 0 ||
	    memcmp(first.histograms, second.histograms, first.histograms_n) != 0)
		abort();
	free_bytes(&b);
	free_bytes(&first);
	free_bytes(&second);
	rollup_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct rollup r = {0};
	struct rollup sum = {0};
	size_t counters;

	if (size < 2)
		return 0;
	counters = in[0] | (size_t)in[1] << 8;
	in += 2;
	size -= 2;
	if (counters > size)
		counters = size;
	if (rollup_decode(in, counters, in + counters, size - counters, &r) == 0) {
		check_coding(&r);
		check_packing(&r);
		(void)rollup_errors(&r);
		(void)rollup_duration_quantile_ns(&r, 0.95);
		if (rollup_merge(&sum, &r) < 0)
			abort();
		check_coding(&sum);
	} else if (r.invocations != 0 || r.warm.count != 0) {
		abort();
	}
	rollup_done(&r);
	rollup_done(&sum);
	return 0;
}
