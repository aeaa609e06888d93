/* The counters of a rollup as both packings write them: each is guessed from those before
 * it. For the modules that pack. */
#ifndef COLDMETER_MODEL_ROLLUP_FIELDS_H
#define COLDMETER_MODEL_ROLLUP_FIELDS_H

#include <stddef.h>

#include "model/rollup_parts.h"

/* How a counter is guessed and written. */
enum rollup_guess {
	GUESS_PLAIN,      /* 0 */
	GUESS_ONE,        /* 1 beside invocations */
	GUESS_SAME,       /* as many as invocations */
	GUESS_OTHERS,     /* the invocations that the other statuses leave */
	GUESS_BUSY,       /* as long as all took */
	GUESS_BILLED,     /* duration and init, each half a millisecond more */
	GUESS_RUN_BILLED, /* the same in steps of 100 ms */
	/* written in units of something: */
	GUESS_PAGES,
	GUESS_AZURE,     /* durations at the smallest size */
	GUESS_TIMES_AWS, /* a whole multiple of the milliseconds of AWS */
	GUESS_TIMES_RUN, /* of those of Cloud Run, with the size of AWS */
	GUESS_TIMES_CPU, /* the same, a thousand times most often */
	/* by the size of AWS, that most plans bill: */
	GUESS_FLEX,     /* an instance's size, a second for each */
	GUESS_GCF,      /* the size of a step, for as long as Cloud Run bills */
	GUESS_GCF_CPU,  /* the CPU that comes with the step */
	GUESS_HOST_CPU, /* CPU time, half a microsecond less for each */
	GUESS_HOST_MB,  /* the highest peak for all of the time */
	GUESS_INIT,     /* all inits */
	GUESS_RESTORE,  /* all that were cold */
	/* beside the histograms (rollup_hour.c): */
	GUESS_FIRST,        /* comes before all */
	GUESS_DURATIONS,    /* what these add up to */
	GUESS_INITS,        /* the same */
	GUESS_PEAK,         /* the highest */
	GUESS_AZURE_EACH,   /* of each duration what is billed at least */
	GUESS_RUN_EACH,     /* of each the steps that it begins */
	GUESS_FLEX_EACH,    /* the same, a second at least */
	GUESS_GCF_EACH,     /* the steps of Cloud Run without those of inits */
	GUESS_HOST_MB_EACH, /* the mean peak for all of the time */
};

#define ROLLUP_FIELDS (ROLLUP_COUNTERS + STATUS_COUNT + 2 * USAGE_ITEMS)
#define ROLLUP_RUN_STEP_MS 100

/* In the order of the coding of rows, those that are seldom right or 0 first: append,
 * never reorder. What a guess rests on comes before it. */
struct rollup_field {
	size_t offset;
	enum rollup_guess guess;  /* in a row */
	enum rollup_guess beside; /* in an hour, where the histograms come first */
};
extern const struct rollup_field rollup_fields[ROLLUP_FIELDS];

static inline uint64_t *rollup_field(struct rollup *r, size_t i)
{
	return (uint64_t *)((char *)r + rollup_fields[i].offset);
}

static inline uint64_t rollup_field_value(const struct rollup *r, size_t i)
{
	return *(const uint64_t *)((const char *)r + rollup_fields[i].offset);
}

/* Of a counter from those before it, but not from the histograms: 0 for that. Sums may
 * wrap: a guess all the same. */
uint64_t rollup_guess_of(const struct rollup *r, enum rollup_guess guess);

/* The unit that the difference from the guess is counted in; 1: none. */
uint64_t rollup_unit_of(const struct rollup *r, enum rollup_guess guess);

/* The size that Azure's Flex Consumption bills, in MiB, and that of Google's functions.
 */
uint64_t rollup_flex_size(const struct rollup *r);
uint64_t rollup_gcf_size(const struct rollup *r, uint64_t *mhz);

#endif
