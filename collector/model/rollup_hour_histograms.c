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

static bool has_some(const struct hour_part *part)
{
	return part->values > 0;
}

static bool has_span(const struct hour_part *part)
{
	return part->values > 1;
}

static bool has_min(const struct hour_part *part)
{
	return part->values > 1 && part->zeros == 0;
}

static bool has_open_span(const struct hour_part *part)
{
	return part->values > 1 && part->zeros > 0;
}

static bool has_body(const struct hour_part *part)
{
	return part->values > 2 && part->span > 0;
}

static bool has_known_sum(const struct hour_part *part)
{
	return part->values > 0 && part->values <= 2 && part->zeros == 0;
}

static bool has_sum(const struct hour_part *part)
{
	return part->values > 0 && !has_known_sum(part);
}

/* The column of a member of the parts that have it. */
static void column(
    struct hour *hour, size_t which, bool (*has)(const struct hour_part *), size_t offset)
{
	struct hour_numbers numbers = {.n = 0};

	for (size_t i = 0; i < hour->n; i++)
		if (has(&hour->parts[which][i]))
			numbers.at[numbers.n++] =
			    (uint64_t *)((char *)&hour->parts[which][i] + offset);
	hour_column(hour, &numbers);
}

static bool has_all(const struct hour_part *part)
{
	(void)part;
	return true;
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
	struct hour_part *parts = hour->parts[which];

	for (size_t i = 0; i < hour->n; i++)
		parts[i].count -= guess_count(hour, which, i); /* of 0 in what is read */
	column(hour, which, has_all, offsetof(struct hour_part, count));
	column(hour, which, has_all, offsetof(struct hour_part, zeros));
	for (size_t i = 0; i < hour->n; i++) {
		parts[i].count += guess_count(hour, which, i);
		if (parts[i].zeros > parts[i].count)
			hour->failed = true;
		parts[i].values = parts[i].count - parts[i].zeros;
	}
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
static void find_buckets(struct hour *hour, struct hour_part *part)
{
	enum grid grid = grid_of(hour, HOUR_MEMORY);
	uint64_t first;

	if (hour->writes || hour->failed || !part->values)
		return;
	if (grid == GRID_PAGES &&
	    (part->max > UINT64_MAX / PAGE_BYTES || part->min > UINT64_MAX / PAGE_BYTES))
		hour->failed = true;
	part->last = bucket_of(grid, part->max);
	first = has_min(part) ? bucket_of(grid, part->min) : part->last - part->span;
	if (first > part->last)
		hour->failed = true;
	part->span = part->last - first;
}

static void memory_places(struct hour *hour)
{
	column(hour, HOUR_MEMORY, has_some, offsetof(struct hour_part, max));
	column(hour, HOUR_MEMORY, has_min, offsetof(struct hour_part, min));
	column(hour, HOUR_MEMORY, has_open_span, offsetof(struct hour_part, span));
	for (size_t i = 0; i < hour->n; i++)
		find_buckets(hour, &hour->parts[HOUR_MEMORY][i]);
}

static void places(struct hour *hour, size_t which)
{
	enum grid grid = grid_of(hour, which);

	column(hour, which, has_some, offsetof(struct hour_part, last));
	column(hour, which, has_span, offsetof(struct hour_part, span));
	for (size_t i = 0; i < hour->n && !hour->failed; i++) {
		struct hour_part *part = &hour->parts[which][i];

		if (part->last >= HISTOGRAM_BUCKETS_MAX || part->span > part->last) {
			hour->failed = true;
			return;
		}
		if (has_some(part))
			in_bucket(hour, grid, part->last, &part->max);
		if (has_min(part))
			in_bucket(hour, grid, part->last - part->span, &part->min);
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
			const struct hour_part *part = &hour->parts[which][i];

			if (has_body(part))
				hour_counts_put(&hour->tables->counts, &hour->bodies,
				    h->buckets, h->buckets_used, part->values);
		}
		hour->bodies_at[i + 1] = hour->bodies.at * 8 + hour->bodies.have;
	}
}

/* Where each minute's bodies lie, from how many bits they take. */
static void bodies(struct hour *hour)
{
	struct hour_numbers numbers = {.n = hour->n};
	uint64_t bits[ROLLUP_HOUR_MINUTES] = {0};
	uint64_t end = hour->body_size * 8;

	if (hour->writes)
		put_bodies(hour);
	for (size_t i = 0; i < hour->n; i++) {
		numbers.at[i] = &bits[i];
		bits[i] = hour->bodies_at[i + 1] - hour->bodies_at[i];
	}
	hour_column(hour, &numbers);
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
	struct hour_part *part = &hour->parts[which][i];
	enum grid grid = grid_of(hour, which);
	uint64_t guess;

	*part = (struct hour_part){.count = h->count,
	    .zeros = h->zero_count,
	    .values = h->count - h->zero_count,
	    .min = to_grid(grid, h->min),
	    .max = to_grid(grid, h->max)};
	if (h->buckets_used) {
		const struct hour_row *rows =
		    hour->tables->rows + (h->first - HISTOGRAM_INDEX_MIN);

		part->span = h->buckets_used - 1;
		part->last = (uint64_t)(h->first - HISTOGRAM_INDEX_MIN) + part->span;
		for (uint32_t k = 0; k < h->buckets_used; k++)
			hour_weigh(weights, &rows[k], h->buckets[k]);
		weights->first = h->buckets[0];
		weights->last = h->buckets[part->span];
	}
	guess = guessed_sum(hour, h, part, weights);
	part->sum = has_known_sum(part) ? h->sum - guess
					: to_grid(grid, h->sum) - to_grid(grid, guess);
	part->sum_off = h->sum - from_grid(grid, to_grid(grid, h->sum));
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
		column(hour, which, has_known_sum, offsetof(struct hour_part, sum));
		column(hour, which, has_sum, offsetof(struct hour_part, sum));
		if (grid_of(hour, which) == GRID_NS)
			column(hour, which, has_sum, offsetof(struct hour_part, sum_off));
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

static int add_body(struct hour_reading *reading, size_t which, struct histogram *h)
{
	const struct hour_tables *tables = reading->hour->tables;
	const struct hour_part *part = &reading->hour->parts[which][reading->minute];
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
	const struct hour_part *part = &hour->parts[which][reading->minute];
	enum grid grid = grid_of(hour, which);
	uint64_t guess;
	int err = 0;

	if (!read_head(part, grid, head))
		return -EBADMSG;
	if (head->count > UINT64_MAX - h->count)
		return -EOVERFLOW;
	if (part->values > 0)
		err = add_body(reading, which, h);
	if (err)
		return err;
	guess = guessed_sum(hour, head, part, &reading->weights[which]);
	head->sum = !part->values ? 0
		    : has_known_sum(part)
			? guess + part->sum
			: from_grid(grid, to_grid(grid, guess) + part->sum) +
			      (grid == GRID_NS ? part->sum_off : 0);
	if (head->sum < head->max)
		return -EBADMSG;
	histogram_count_in(h, head);
	return 0;
}
