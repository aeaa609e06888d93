/* What decodes has that one coding. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	uint8_t out[VARINT_MAX_BYTES];
	uint64_t value;
	uint64_t fast;
	ssize_t n = varint_decode(in, size, &value);

	if (varint_decode_fast(in, size, &fast) != n)
		abort();
	if (n < 0)
		return 0;
	if (fast != value || varint_encode(value, out, sizeof(out)) != n ||
	    memcmp(in, out, (size_t)n) != 0)
		abort();
	return 0;
}
