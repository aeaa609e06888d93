/* What is guessed from the histograms. By integers only: a guess must be the same on
 * every machine. Sums may wrap: guesses all the same. */
#include <errno.h>
#include <stdlib.h>

#include "model/rollup_hour_parts.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US 1000
#define US_PER_MS 1000
#define STEP_NS (ROLLUP_RUN_STEP_MS * NS_PER_MS)
#define STEP_PARTS 256 /* of the steps of the weights */
#define LONG_STEPS 10  /* a second */
#define LONG_PARTS ((LONG_STEPS - 1) * STEP_PARTS)
#define MIB_BITS 20
#define AZURE_STEP_BYTES (UINT64_C(128) << MIB_BITS)

/* The 256ths of steps that a value between these begins, where each is as likely. */
static uint32_t expected_steps(uint64_t low_ns, uint64_t high_ns)
{
	uint64_t before = low_ns / STEP_NS;
	uint64_t last = high_ns ? (high_ns - 1) / STEP_NS : 0;
	uint64_t bound_ns = (before + 1) * STEP_NS;
	uint64_t parts = (before + 1) * STEP_PARTS;

	if (last == before + 1)
		parts += (high_ns - bound_ns) * STEP_PARTS / (high_ns - low_ns);
	else if (last > before)
		parts =
		    (low_ns / 2 + high_ns / 2) / (STEP_NS / STEP_PARTS) + STEP_PARTS / 2;
	return parts < UINT32_MAX ? (uint32_t)parts : UINT32_MAX;
}

int hour_tables_new(struct hour_tables **out)
{
	struct hour_tables *tables = calloc(1, sizeof(*tables));
	/* half a millisecond less: they are not rounded up */
	const uint64_t step = histogram_ticks(STEP_NS - NS_PER_MS / 2);
	uint64_t low = 0;

	if (!tables)
		return -ENOMEM;
	hour_counts_fill(&tables->counts);
	for (int32_t i = 0; i < HISTOGRAM_BUCKETS_MAX; i++) {
		uint64_t high = histogram_greatest(i + HISTOGRAM_INDEX_MIN);
		struct hour_row *row = &tables->rows[i];

		tables->last_ns[i + 1] = histogram_nearest_ns(high);
		row->mid = low + (high - low) / 2;
		row->below = row->mid < step ? step - row->mid : 0;
		row->steps = expected_steps(tables->last_ns[i], tables->last_ns[i + 1]) -
			     STEP_PARTS;
		row->long_steps =
		    row->steps > LONG_PARTS ? row->steps - (uint32_t)LONG_PARTS : 0;
		low = high;
	}
	*out = tables;
	return 0;
}

void hour_tables_free(struct hour_tables *tables)
{
	free(tables);
}

uint64_t hour_guess_sum(const struct hour_tables *tables, const struct histogram *head,
    const struct hour_part *part, const struct hour_weights *weights)
{
	uint64_t first = part->last - part->span;
	uint64_t low_mid = tables->rows[first].mid;
	uint64_t high_mid = tables->rows[part->last].mid;
	uint64_t low = histogram_greatest((int32_t)part->last + HISTOGRAM_INDEX_MIN - 1);
	uint64_t high = histogram_greatest((int32_t)first + HISTOGRAM_INDEX_MIN);
	uint64_t sum = weights->mids;

	if (part->span == 0 && part->zeros == 0)
		return head->min + head->max +
		       (part->values - 2) * (head->min / 2 + head->max / 2);
	/* what lies in the buckets of min and max is known better */
	if (part->zeros == 0)
		sum += head->min - low_mid +
		       (weights->first - 1) * (head->min / 2 + high / 2 - low_mid);
	return sum + head->max - high_mid +
	       (weights->last - 1) * (low / 2 + head->max / 2 - high_mid);
}

/* Each duration, and 100 ms for those that took less, at the size of the mean peak. */
static uint64_t guess_azure(const struct hour_minute *m)
{
	const struct rollup *r = m->r;
	uint64_t ticks =
	    r->warm.sum + r->cold_duration.sum + m->warm->below + m->cold->below;
	uint64_t ms = histogram_nearest_ns(ticks) / NS_PER_MS +
		      (r->warm.count + r->cold_duration.count) / 2;
	uint64_t mean = r->memory.count ? r->memory.sum / r->memory.count : 1;

	return ms * (mean / AZURE_STEP_BYTES + 1) * (AZURE_STEP_BYTES >> MIB_BITS);
}

/* The steps that values begin, of which so many parts are beyond the least. */
static uint64_t steps_of(uint64_t values, uint64_t least, uint64_t parts)
{
	return values * least + (parts + STEP_PARTS / 2) / STEP_PARTS;
}

/* Those of cold starts with their inits. */
static uint64_t cold_steps(const struct rollup *r)
{
	uint64_t ns = histogram_nearest_ns(r->cold_duration.sum) +
		      histogram_nearest_ns(r->init.sum);

	if (r->cold_duration.count == 1)
		return (ns + STEP_NS - 1) / STEP_NS;
	return ns / STEP_NS + r->cold_duration.count / 2;
}

static uint64_t guess_gcf(const struct hour_minute *m)
{
	uint64_t inits =
	    cold_steps(m->r) - steps_of(m->r->cold_duration.count, 1, m->cold->steps);
	uint64_t ms = m->r->usage.item[USAGE_RUN_BILLED_MS] - inits * ROLLUP_RUN_STEP_MS;
	uint64_t mhz;

	return ms * rollup_gcf_size(m->r, &mhz);
}

/* Each peak is rounded up to MiB, and each time down to ms. */
static uint64_t guess_host_mb(const struct rollup *r)
{
	uint64_t ns = (r->busy_ns ? r->busy_ns : r->duration_ns) + r->init_ns;
	uint64_t mean = r->memory.count ? r->memory.sum / r->memory.count : 0;
	unsigned __int128 bytes = mean + (1U << (MIB_BITS - 1));

	return (uint64_t)((bytes * (ns / NS_PER_US) >> MIB_BITS) / US_PER_MS) -
	       r->invocations / 2;
}

uint64_t hour_guess_of(const struct hour_minute *m, enum rollup_guess guess)
{
	const struct rollup *r = m->r;

	switch ((int)guess) { /* the others are those of rows */
	case GUESS_DURATIONS:
		return histogram_nearest_ns(r->cold_duration.sum) +
		       histogram_nearest_ns(r->warm.sum);
	case GUESS_INITS:
		return histogram_nearest_ns(r->init.sum);
	case GUESS_PEAK:
		return r->memory.max;
	case GUESS_AZURE_EACH:
		return guess_azure(m);
	case GUESS_RUN_EACH:
		return (steps_of(r->warm.count, 1, m->warm->steps) + cold_steps(r)) *
		       ROLLUP_RUN_STEP_MS;
	case GUESS_GCF_EACH:
		return guess_gcf(m);
	case GUESS_FLEX_EACH:
		return steps_of(r->warm.count + r->cold_duration.count, LONG_STEPS,
			   m->warm->long_steps + m->cold->long_steps) *
		       ROLLUP_RUN_STEP_MS * rollup_flex_size(r);
	case GUESS_HOST_MB_EACH:
		return guess_host_mb(r);
	default:
		return rollup_guess_of(r, guess);
	}
}
