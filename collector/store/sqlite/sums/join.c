#include "store/sqlite/sums/join.h"

#include <errno.h>
#include <stdlib.h>

#include "model/rollup_pack.h"

static void free_made(struct join *join)
{
	while (join->made_n > 0)
		free(join->made[--join->made_n]);
}

void join_done(struct join *join)
{
	free_made(join);
	rollup_done(&join->one);
	*join = (struct join){0};
}

static int add_up(struct join *join, const struct block_minute *a,
    const struct block_minute *b, struct block_minute *sum)
{
	uint8_t *counters = NULL;
	uint8_t *histograms = NULL;
	int err;

	rollup_clear(&join->one);
	err = block_minute_add(a, &join->one);
	if (!err)
		err = block_minute_add(b, &join->one);
	if (!err)
		err = rollup_pack_counters(&join->one, &counters, &sum->counters_bytes);
	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	join->made[join->made_n++] = counters;
	err = rollup_pack_histograms(&join->one, &histograms, &sum->histograms_bytes);
	if (err)
		return err;
	join->made[join->made_n++] = histograms;
	sum->minute = a->minute;
	sum->counters = counters;
	sum->histograms = histograms;
	sum->hour = NULL;
	return 0;
}

int join_make(struct join *join, const struct block_minute *block, size_t block_n,
    const struct slice_row *rows, size_t rows_n)
{
	size_t i = 0;
	size_t k = 0;
	int err = 0;

	free_made(join);
	join->n = 0;
	while (!err && (i < block_n || k < rows_n)) {
		uint32_t a = i < block_n ? block[i].minute : BLOCK_MINUTES;
		uint32_t b = k < rows_n ? rows[k].minute.minute : BLOCK_MINUTES;
		struct block_minute *to = &join->minutes[join->n++];

		if (a == b)
			err = add_up(join, &block[i], &rows[k].minute, to);
		else
			*to = a < b ? block[i] : rows[k].minute;
		i += a <= b;
		k += b <= a;
	}
	return err;
}
