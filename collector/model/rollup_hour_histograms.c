/* The columns of a histogram. Values lie on a grid most often, that of whole nanoseconds
 * or of pages: a bit says so for the hour, and of min, max and sum the steps of the grid
 * are written. Then
 *
 *     count   less the guess
 *     zeros   the values that are 0; the rest is of minutes that have others
 *     place   of durations: columns of the index of the last bucket, and of how many lie
 *             before it to the first; then for each minute where in their buckets max and
 *             min lie. Of memory, columns of max and min, and of that distance only where
 *             there are zeros
 *     sum     less that of one or two values; less what the buckets tell. On a grid of
 *             nanoseconds also how many ticks it is off
 *
 * and behind all four a column of the bits that each minute's bodies take together: the
 * counts of the buckets, where the rest does not tell them. */
#include <errno.h>

#include "model/rollup_hour_parts.h"

#define PAGE_BYTES 4096

static const size_t offsets[ROLLUP_HISTOGRAMS] = {
    [HOUR_COLD] = offsetof(struct rollup, cold_duration),
    [HOUR_WARM] = offsetof(struct rollup, warm),
    [HOUR_INIT] = offsetof(struct rollup, init),
    [HOUR_MEMORY] = offsetof(struct rollup, memory),
};

struct histogram *hour_histogram(struct rollup *r, size_t which)
{
	return (struct histogram *)((char *)r + offsets[which]);
}

const struct histogram *hour_histogram_const(const struct rollup *r, size_t which)
{
	return (const struct histogram *)((const char *)r + offsets[which]);
}

/* --- the grid --------------------------------------------------------------------------
 */

enum grid { GRID_NONE, GRID_NS, GRID_PAGES };

static enum grid grid_of(const struct hour *hour, size_t which)
{
	if (!hour->on_grid[which])
		return GRID_NONE;
	return which == HOUR_MEMORY ? GRID_PAGES : GRID_NS;
}

static uint64_t to_grid(enum grid grid, uint64_t value)
{
	if (grid == GRID_NONE)
		return value;
	return grid == GRID_NS ? histogram_nearest_ns(value) : value / PAGE_BYTES;
}

static uint64_t from_grid(enum grid grid, uint64_t steps)
{
	if (grid == GRID_NONE)
		return steps;
	return grid == GRID_NS ? histogram_ticks(steps) : steps * PAGE_BYTES;
}

static bool is_on(enum grid grid, uint64_t value)
{
	return from_grid(grid, to_grid(grid, value)) == value;
}

static bool are_on_grid(const struct hour *hour, size_t which)
{
	enum grid grid = which == HOUR_MEMORY ? GRID_PAGES : GRID_NS;

	for (size_t i = 0; i < hour->n; i++) {
		const struct histogram *h = hour_histogram_const(hour->minutes[i], which);

		if (!is_on(grid, h->min) || !is_on(grid, h->max) ||
		    (grid == GRID_PAGES && !is_on(grid, h->sum)))
			return false;
	}
	return true;
}

/* --- which parts have what -------------------------------------------------------------
 */

static bool has_body(const struct hour_part *part)
{
	return part->values > 2 && part->span > 0;
}

static bool has_known_sum(const struct hour_part *part)
{
	return part->values > 0 && part->values <= 2 && part->zeros == 0;
}

/* What the columns tell of a minute. */
static struct hour_part part_of(const struct hour_parts *parts, size_t i)
{
	return (struct hour_part){.count = parts->count[i],
	    .zeros = parts->zeros[i],
	    .values = parts->count[i] - parts->zeros[i],
	    .last = parts->last[i],
	    .span = parts->span[i],
	    .min = parts->min[i],
	    .max = parts->max[i],
	    .sum = parts->sum[i],
	    .sum_off = parts->sum_off[i]};
}

static void find_sets(const struct hour *hour, struct hour_parts *parts)
{
	parts->some = parts->several = parts->with_min = parts->known_sum = 0;
	for (size_t i = 0; i < hour->n; i++) {
		uint64_t values = parts->count[i] - parts->zeros[i];
		bool none_is_0 = parts->zeros[i] == 0;

		parts->some |= (uint64_t)(values > 0) << i;
		parts->several |= (uint64_t)(values > 1) << i;
		parts->with_min |= (uint64_t)(values > 1 && none_is_0) << i;
		parts->known_sum |= (uint64_t)(values - 1 < 2 && none_is_0) << i;
	}
}

/* --- the columns -----------------------------------------------------------------------
 */

static uint64_t guess_count(const struct hour *hour, size_t which, size_t i)
{
	if (which == HOUR_MEMORY)
		return hour->invocations[i];
	return which == HOUR_WARM ? hour->invocations[i] - hour->cold[i] : hour->cold[i];
}

static void totals(struct hour *hour, size_t which)
{
	struct hour_parts *parts = &hour->parts[which];

	for (size_t i = 0; hour->writes && i < hour->n; i++)
		parts->count[i] -= guess_count(hour, which, i);
	hour_column(hour, parts->count);
	hour_column(hour, parts->zeros);
	for (size_t i = 0; i < hour->n && !hour->failed; i++) {
		parts->count[i] += guess_count(hour, which, i);
		if (parts->zeros[i] > parts->count[i])
			hour->failed = true;
	}
	if (!hour->failed)
		find_sets(hour, parts);
}

/* Where in the bucket a value of the grid lies. */
static void in_bucket(struct hour *hour, enum grid grid, uint64_t bucket, uint64_t *steps)
{
	int32_t index = (int32_t)bucket + HISTOGRAM_INDEX_MIN;
	bool ns = grid == GRID_NS;
	uint64_t first =
	    ns ? hour->tables->last_ns[bucket] : histogram_greatest(index - 1);
	uint64_t last =
	    ns ? hour->tables->last_ns[bucket + 1] : histogram_greatest(index);
	uint64_t at = *steps - first;

	hour_below(hour, &at, last - first + 1);
	*steps = first + at;
}

static uint64_t bucket_of(enum grid grid, uint64_t steps)
{
	uint64_t value = from_grid(grid, steps);

	return value ? (uint64_t)(histogram_index(value) - HISTOGRAM_INDEX_MIN) : 0;
}

/* Of memory: the buckets of what was read. */
static void find_buckets(struct hour *hour, struct hour_parts *parts, size_t i)
{
	enum grid grid = grid_of(hour, HOUR_MEMORY);
	uint64_t first;

	if (grid == GRID_PAGES && (parts->max[i] > UINT64_MAX / PAGE_BYTES ||
				      parts->min[i] > UINT64_MAX / PAGE_BYTES))
		hour->failed = true;
	parts->last[i] = bucket_of(grid, parts->max[i]);
	first = parts->with_min >> i & 1 ? bucket_of(grid, parts->min[i])
					 : parts->last[i] - parts->span[i];
	if (first > parts->last[i])
		hour->failed = true;
	parts->span[i] = parts->last[i] - first;
}

static void memory_places(struct hour *hour)
{
	struct hour_parts *parts = &hour->parts[HOUR_MEMORY];

	hour_column_of(hour, parts->some, parts->max);
	hour_column_of(hour, parts->with_min, parts->min);
	hour_column_of(hour, parts->several & ~parts->with_min, parts->span);
	if (hour->writes || hour->failed)
		return;
	for (uint64_t left = parts->some; left; left &= left - 1)
		find_buckets(hour, parts, (size_t)__builtin_ctzll(left));
}

static void places(struct hour *hour, size_t which)
{
	struct hour_parts *parts = &hour->parts[which];
	enum grid grid = grid_of(hour, which);

	hour_column_of(hour, parts->some, parts->last);
	hour_column_of(hour, parts->several, parts->span);
	if (!hour->writes) {
		memset(parts->max, 0, sizeof(parts->max));
		memset(parts->min, 0, sizeof(parts->min));
	}
	for (uint64_t left = parts->some; left && !hour->failed; left &= left - 1) {
		size_t i = (size_t)__builtin_ctzll(left);

		if (parts->last[i] >= HISTOGRAM_BUCKETS_MAX ||
		    parts->span[i] > parts->last[i]) {
			hour->failed = true;
			return;
		}
		in_bucket(hour, grid, parts->last[i], &parts->max[i]);
		if (parts->with_min >> i & 1)
			in_bucket(
			    hour, grid, parts->last[i] - parts->span[i], &parts->min[i]);
	}
}

/* --- writing ---------------------------------------------------------------------------
 */

static void put_bodies(struct hour *hour)
{
	for (size_t i = 0; i < hour->n; i++) {
		for (size_t which = 0; which < ROLLUP_HISTOGRAMS; which++) {
			const struct histogram *h =
			    hour_histogram_const(hour->minutes[i], which);
			const struct hour_part part = part_of(&hour->parts[which], i);

			if (has_body(&part))
				hour_counts_put(&hour->tables->counts, &hour->bodies,
				    h->buckets, h->buckets_used, part.values);
		}
		hour->bodies_at[i + 1] = hour->bodies.at * 8 + hour->bodies.have;
	}
}

/* Where each minute's bodies lie, from how many bits they take. */
static void bodies(struct hour *hour)
{
	uint64_t bits[ROLLUP_HOUR_MINUTES];
	uint64_t end = hour->body_size * 8;

	if (hour->writes)
		put_bodies(hour);
	for (size_t i = 0; hour->writes && i < hour->n; i++)
		bits[i] = hour->bodies_at[i + 1] - hour->bodies_at[i];
	hour_column(hour, bits);
	for (size_t i = 0; i < hour->n && !hour->failed; i++) {
		if (!hour->writes && bits[i] > end - hour->bodies_at[i])
			hour->failed = true;
		hour->bodies_at[i + 1] = hour->bodies_at[i] + bits[i];
	}
}

static uint64_t guessed_sum(const struct hour *hour, const struct histogram *head,
    const struct hour_part *part, const struct hour_weights *weights)
{
	if (!part->values)
		return 0;
	if (has_known_sum(part))
		return part->values == 1 ? head->max : head->min + head->max;
	return hour_guess_sum(hour->tables, head, part, weights);
}

static void describe(struct hour *hour, size_t which, size_t i)
{
	const struct histogram *h = hour_histogram_const(hour->minutes[i], which);
	struct hour_weights *weights = &hour->weights[which][i];
	struct hour_parts *parts = &hour->parts[which];
	enum grid grid = grid_of(hour, which);
	struct hour_part part;
	uint64_t guess;

	parts->count[i] = h->count;
	parts->zeros[i] = h->zero_count;
	parts->min[i] = to_grid(grid, h->min);
	parts->max[i] = to_grid(grid, h->max);
	if (h->buckets_used) {
		const struct hour_row *rows =
		    hour->tables->rows + (h->first - HISTOGRAM_INDEX_MIN);

		parts->span[i] = h->buckets_used - 1;
		parts->last[i] =
		    (uint64_t)(h->first - HISTOGRAM_INDEX_MIN) + parts->span[i];
		for (uint32_t k = 0; k < h->buckets_used; k++)
			hour_weigh(weights, &rows[k], h->buckets[k]);
		weights->first = h->buckets[0];
		weights->last = h->buckets[h->buckets_used - 1];
	}
	part = part_of(parts, i);
	guess = guessed_sum(hour, h, &part, weights);
	parts->sum[i] = has_known_sum(&part)
			    ? h->sum - guess
			    : to_grid(grid, h->sum) - to_grid(grid, guess);
	parts->sum_off[i] = h->sum - from_grid(grid, to_grid(grid, h->sum));
}

/* Of values that are known the sum is, nearly. */
static void sums(struct hour *hour, size_t which)
{
	struct hour_parts *parts = &hour->parts[which];
	uint64_t others = parts->some & ~parts->known_sum;
	uint64_t known[ROLLUP_HOUR_MINUTES];

	memcpy(known, parts->sum, sizeof(known));
	hour_column_of(hour, parts->known_sum, known);
	hour_column_of(hour, others, parts->sum);
	for (uint64_t left = parts->known_sum; left; left &= left - 1)
		parts->sum[__builtin_ctzll(left)] = known[__builtin_ctzll(left)];
	if (grid_of(hour, which) == GRID_NS)
		hour_column_of(hour, others, parts->sum_off);
}

void hour_histograms(struct hour *hour)
{
	for (size_t which = 0; which < ROLLUP_HISTOGRAMS && !hour->failed; which++) {
		uint64_t on_grid = hour->writes && are_on_grid(hour, which);

		hour_below(hour, &on_grid, 2);
		hour->on_grid[which] = on_grid;
		for (size_t i = 0; hour->writes && i < hour->n; i++)
			describe(hour, which, i);
		totals(hour, which);
		if (hour->failed)
			return;
		if (which == HOUR_MEMORY)
			memory_places(hour);
		else
			places(hour, which);
		sums(hour, which);
	}
	if (!hour->failed)
		bodies(hour);
}

/* --- reading ---------------------------------------------------------------------------
 */

/* The figures that the columns tell; false when they cannot be. */
static bool read_head(
    const struct hour_part *part, enum grid grid, struct histogram *head)
{
	*head = (struct histogram){.count = part->count, .zero_count = part->zeros};
	if (!part->values)
		return true;
	head->max = from_grid(grid, part->max);
	if (!part->zeros)
		head->min = part->values == 1 ? head->max : from_grid(grid, part->min);
	return head->max > 0 && head->min <= head->max &&
	       (head->min == 0) == (part->zeros > 0) &&
	       bucket_of(GRID_NONE, head->max) == part->last &&
	       (part->values == 1 || part->zeros ||
		   bucket_of(GRID_NONE, head->min) == part->last - part->span);
}

static void add_plain(const struct hour_part *part, const struct hour_window *window,
    struct hour_weights *weights)
{
	size_t last = window->width - 1;

	weights->first = last ? 1 : part->values;
	weights->last = weights->first;
	window->buckets[0] += weights->first;
	hour_weigh(weights, &window->rows[0], weights->first);
	if (!last)
		return;
	window->buckets[last]++;
	hour_weigh(weights, &window->rows[last], 1);
}

int hour_open_bodies(const struct hour *hour, size_t i, struct bits_in *bodies)
{
	uint64_t skip;

	*bodies = (struct bits_in){.in = hour->body,
	    .size = hour->body_size,
	    .at = (size_t)(hour->bodies_at[i] / 8)};
	bits_fill(bodies);
	return bits_get(bodies, hour->bodies_at[i] % 8, &skip) ? 0 : -EBADMSG;
}

static int add_body(struct hour_reading *reading, size_t which,
    const struct hour_part *part, struct histogram *h)
{
	const struct hour_tables *tables = reading->hour->tables;
	struct hour_weights *weights = &reading->weights[which];
	int32_t last = (int32_t)part->last + HISTOGRAM_INDEX_MIN;
	int32_t first = last - (int32_t)part->span;
	struct hour_window window = {.rows = tables->rows + (part->last - part->span),
	    .width = (size_t)part->span + 1,
	    .values = part->values};

	if (histogram_cover(h, first, last) < 0)
		return -ENOMEM;
	window.buckets = h->buckets + (first - h->first);
	if (!has_body(part)) {
		add_plain(part, &window, weights);
		return 0;
	}
	return hour_counts_get(&tables->counts, &reading->bodies, &window, weights)
		   ? 0
		   : -EBADMSG;
}

int hour_add_histogram(struct hour_reading *reading, size_t which, struct histogram *h,
    struct histogram *head)
{
	const struct hour *hour = reading->hour;
	const struct hour_part part = part_of(&hour->parts[which], reading->minute);
	enum grid grid = grid_of(hour, which);
	uint64_t guess;
	int err = 0;

	if (!read_head(&part, grid, head))
		return -EBADMSG;
	if (head->count > UINT64_MAX - h->count)
		return -EOVERFLOW;
	if (part.values > 0)
		err = add_body(reading, which, &part, h);
	if (err)
		return err;
	guess = guessed_sum(hour, head, &part, &reading->weights[which]);
	head->sum = !part.values ? 0
		    : has_known_sum(&part)
			? guess + part.sum
			: from_grid(grid, to_grid(grid, guess) + part.sum) +
			      (grid == GRID_NS ? part.sum_off : 0);
	if (head->sum < head->max)
		return -EBADMSG;
	histogram_count_in(h, head);
	return 0;
}
