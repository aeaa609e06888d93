#include "model/column.h"

#include <stdlib.h>

#include "base/varint.h"

#define MODES 4
#define LOW_MAX 48
#define LOW_NONE 63
#define HEAD_BITS (1 + 2 + 1 + 6 + 7)

static unsigned int length_of(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

/* What is written of a number, but for the Rice code; last: the number before it. */
static uint64_t code_of(
    enum column_mode mode, uint64_t base, uint64_t last, uint64_t number)
{
	switch (mode) {
	case COLUMN_AROUND:
		return varint_zigzag((int64_t)(number - base));
	case COLUMN_ABOVE:
		return number - base;
	case COLUMN_BELOW:
		return base - number;
	case COLUMN_BEHIND:
		break;
	}
	return varint_zigzag((int64_t)(number - last));
}

static void codes_of(
    const struct column_plan *plan, const uint64_t *numbers, size_t n, uint64_t *codes)
{
	for (size_t i = 0; i < n; i++)
		codes[i] = code_of(
		    plan->mode, plan->base, i ? numbers[i - 1] : plan->base, numbers[i]);
}

/* The bits of Rice codes, those of 0 left out where less is 1. */
static uint64_t rice_bits(
    const uint64_t *codes, size_t n, unsigned int less, unsigned int low)
{
	uint64_t bits = less ? n : 0;

	for (size_t i = 0; i < n; i++)
		if (!less || codes[i])
			bits += bits_of_rice(codes[i] - less, low);
	return bits;
}

/* The bits of the best low ones for codes whose mean that is. */
static uint64_t plan_low(
    const uint64_t *codes, size_t n, unsigned int less, uint64_t mean, unsigned int *low)
{
	unsigned int length = length_of(mean);
	unsigned int from = length > 2 ? length - 2 : 0;
	uint64_t best = UINT64_MAX;

	from = from < LOW_MAX ? from : LOW_MAX;
	for (unsigned int k = from; k <= length && k <= LOW_MAX; k++) {
		uint64_t bits = rice_bits(codes, n, less, k);

		if (bits < best) {
			best = bits;
			*low = k;
		}
	}
	return best;
}

/* Finds low and sparse for the plan's mode and base. */
static void plan_codes(struct column_plan *plan, const uint64_t *codes, size_t n)
{
	uint64_t body = 0;
	size_t some = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		some += codes[i] != 0;
		sum += codes[i] < UINT64_MAX / COLUMN_MAX ? codes[i]
							  : UINT64_MAX / COLUMN_MAX;
	}
	plan->low = LOW_NONE;
	plan->sparse = false;
	if (some)
		body = plan_low(codes, n, 0, sum / n, &plan->low);
	if (some && some <= n - n / 4) {
		unsigned int low = 0;
		uint64_t bits = plan_low(codes, n, 1, sum / some, &low);

		if (bits < body) {
			body = bits;
			plan->low = low;
			plan->sparse = true;
		}
	}
	plan->bits = HEAD_BITS + length_of(varint_zigzag((int64_t)plan->base)) + body;
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

struct column_plan column_plan(const uint64_t *numbers, size_t n)
{
	struct column_plan best = {.bits = 1, .zero = true};
	uint64_t sorted[COLUMN_MAX];
	uint64_t codes[COLUMN_MAX];

	for (size_t i = 0; i < n; i++) {
		best.zero &= numbers[i] == 0;
		sorted[i] = numbers[i];
	}
	if (best.zero)
		return best;
	qsort(sorted, n, sizeof(sorted[0]), by_value);
	best.bits = UINT64_MAX;

	const struct column_plan tries[] = {
	    {.mode = COLUMN_AROUND},
	    {.mode = COLUMN_AROUND, .base = sorted[n / 2]},
	    {.mode = COLUMN_ABOVE, .base = sorted[0]},
	    {.mode = COLUMN_BELOW, .base = sorted[n - 1]},
	    {.mode = COLUMN_BEHIND, .base = numbers[0]},
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct column_plan plan = tries[i];

		codes_of(&plan, numbers, n, codes);
		plan_codes(&plan, codes, n);
		if (plan.bits < best.bits)
			best = plan;
	}
	return best;
}

void column_put(struct bits_out *out, const struct column_plan *plan,
    const uint64_t *numbers, size_t n)
{
	uint64_t base = varint_zigzag((int64_t)plan->base);
	uint64_t codes[COLUMN_MAX];

	bits_put(out, !plan->zero, 1);
	if (plan->zero)
		return;
	bits_put(out, plan->mode, 2);
	bits_put(out, plan->sparse, 1);
	bits_put(out, plan->low, 6);
	bits_put(out, length_of(base), 7);
	bits_put_long(out, base, length_of(base));
	codes_of(plan, numbers, n, codes);
	for (size_t i = 0; plan->low != LOW_NONE && i < n; i++) {
		if (plan->sparse)
			bits_put(out, codes[i] != 0, 1);
		if (!plan->sparse || codes[i])
			bits_put_rice(out, codes[i] - plan->sparse, plan->low);
	}
}

static bool get_head(struct bits_in *in, struct column_plan *plan)
{
	uint64_t mode;
	uint64_t sparse;
	uint64_t low;
	uint64_t length;
	uint64_t base;

	bits_fill(in);
	if (!bits_get(in, 2, &mode) || !bits_get(in, 1, &sparse) ||
	    !bits_get(in, 6, &low) || !bits_get(in, 7, &length) || length > 64 ||
	    (low > LOW_MAX && low != LOW_NONE) ||
	    !bits_get_long(in, (unsigned int)length, &base))
		return false;
	*plan = (struct column_plan){.base = (uint64_t)varint_unzigzag(base),
	    .mode = (enum column_mode)mode,
	    .sparse = sparse,
	    .low = (unsigned int)low};
	return true;
}

/* Most columns' codes: two at a time. */
static bool get_short_codes(
    struct bits_in *from, unsigned int low, uint64_t *codes, size_t n)
{
	struct bits_in in = *from; /* a copy that nothing points to stays in registers */
	size_t i = 0;

	for (; i + 1 < n; i += 2)
		if (!bits_get_rice_pair(&in, low, low, &codes[i], &codes[i + 1]))
			return false;
	if (i < n && !bits_get_rice(&in, low, &codes[i]))
		return false;
	*from = in;
	return true;
}

static bool get_long_codes(
    struct bits_in *from, unsigned int low, uint64_t *codes, size_t n)
{
	struct bits_in in = *from;

	for (size_t i = 0; i < n; i++)
		if (!bits_get_rice_long(&in, low, &codes[i]))
			return false;
	*from = in;
	return true;
}

static bool get_sparse_codes(
    struct bits_in *from, unsigned int low, uint64_t *codes, size_t n)
{
	struct bits_in in = *from;

	for (size_t i = 0; i < n; i++) {
		uint64_t is_some;

		bits_fill(&in);
		if (!bits_get(&in, 1, &is_some))
			return false;
		codes[i] = 0;
		if (is_some && !bits_get_rice_long(&in, low, &codes[i]))
			return false;
		codes[i] += is_some;
	}
	*from = in;
	return true;
}

static bool get_codes(
    struct bits_in *in, const struct column_plan *plan, uint64_t *codes, size_t n)
{
	if (plan->low == LOW_NONE) {
		memset(codes, 0, n * sizeof(codes[0]));
		return true;
	}
	if (plan->sparse)
		return get_sparse_codes(in, plan->low, codes, n);
	return plan->low <= BITS_RICE_MAX ? get_short_codes(in, plan->low, codes, n)
					  : get_long_codes(in, plan->low, codes, n);
}

/* Turns the codes into the numbers in place. */
static void numbers_of(const struct column_plan *plan, uint64_t *numbers, size_t n)
{
	uint64_t base = plan->base;

	switch (plan->mode) {
	case COLUMN_AROUND:
		for (size_t i = 0; i < n; i++)
			numbers[i] = base + (uint64_t)varint_unzigzag(numbers[i]);
		break;
	case COLUMN_ABOVE:
		for (size_t i = 0; i < n; i++)
			numbers[i] = base + numbers[i];
		break;
	case COLUMN_BELOW:
		for (size_t i = 0; i < n; i++)
			numbers[i] = base - numbers[i];
		break;
	case COLUMN_BEHIND:
		for (size_t i = 0; i < n; i++)
			numbers[i] = base += (uint64_t)varint_unzigzag(numbers[i]);
		break;
	}
}

bool column_is_zero(const struct bits_in *in)
{
	struct bits_in peek = *in;
	uint64_t is_some;

	bits_fill(&peek);
	return bits_get(&peek, 1, &is_some) && !is_some;
}

bool column_get(struct bits_in *in, uint64_t *numbers, size_t n)
{
	struct column_plan plan;
	uint64_t is_some;

	bits_fill(in);
	if (!bits_get(in, 1, &is_some))
		return false;
	if (!is_some) {
		memset(numbers, 0, n * sizeof(*numbers));
		return true;
	}
	if (!get_head(in, &plan) || !get_codes(in, &plan, numbers, n))
		return false;
	numbers_of(&plan, numbers, n);
	return true;
}
