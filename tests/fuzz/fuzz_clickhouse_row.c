/* Rows of minutes and of their sums, as a server sends them; what is read is written to
 * bytes that are read as the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/minute_row.h"

#define TODAY 20600

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void write_row(struct row_out *out, const struct minute_key *key,
    const struct rollup *rollup, const struct minute_sum *sum)
{
	if (minute_row_put(out, TODAY, key, rollup) < 0)
		abort();
	minute_row_put_sum(out, sum);
	if (out->failed)
		abort();
}

static void check_again(const struct minute_key *key, const struct rollup *rollup,
    const struct minute_sum *sum)
{
	struct row_out first = {0};
	struct row_out second = {0};
	struct rollup again = {0};
	struct minute_key same;
	struct minute_sum sums;
	struct row_in at;

	write_row(&first, key, rollup, sum);
	at = (struct row_in){.at = first.bytes, .end = first.bytes + first.n};
	if (minute_row_get(&at, &same, &again) < 0 ||
	    minute_row_get_sum(&at, &sums) < 0 || at.at != at.end)
		abort();
	write_row(&second, &same, &again, &sums);
	if (first.n != second.n || memcmp(first.bytes, second.bytes, first.n) != 0)
		abort();
	row_out_done(&first);
	row_out_done(&second);
	rollup_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct row_in at = {.at = in, .end = in + size};
	struct rollup rollup = {0};
	struct minute_key key;
	struct minute_sum sum;

	while (at.at < at.end && minute_row_get(&at, &key, &rollup) == 0 &&
	       minute_row_get_sum(&at, &sum) == 0)
		check_again(&key, &rollup, &sum);
	rollup_done(&rollup);
	return 0;
}
