/* What the parts of the packing of hours share. */
#ifndef COLDMETER_MODEL_ROLLUP_HOUR_PARTS_H
#define COLDMETER_MODEL_ROLLUP_HOUR_PARTS_H

#include "model/column.h"
#include "model/rollup_fields.h"
#include "model/rollup_hour.h"
#include "model/rollup_hour_counts.h"

enum { HOUR_COLD, HOUR_WARM, HOUR_INIT, HOUR_MEMORY };

/* One histogram of one minute, as its columns tell it. */
struct hour_part {
	uint64_t count;
	uint64_t zeros;
	uint64_t values; /* that are not 0 */
	uint64_t last;   /* bucket, from HISTOGRAM_INDEX_MIN */
	uint64_t span;   /* to it from the first */
	uint64_t min;    /* in steps of the grid */
	uint64_t max;
	uint64_t sum; /* less what is guessed */
	uint64_t sum_off;
};

/* The same of all minutes, figure by figure, as columns are read; 0 where a minute has
 * none. Of the sets of minutes bit i is the i-th. */
struct hour_parts {
	uint64_t count[ROLLUP_HOUR_MINUTES];
	uint64_t zeros[ROLLUP_HOUR_MINUTES];
	uint64_t last[ROLLUP_HOUR_MINUTES];
	uint64_t span[ROLLUP_HOUR_MINUTES];
	uint64_t min[ROLLUP_HOUR_MINUTES];
	uint64_t max[ROLLUP_HOUR_MINUTES];
	uint64_t sum[ROLLUP_HOUR_MINUTES];
	uint64_t sum_off[ROLLUP_HOUR_MINUTES];
	uint64_t some;      /* have a value that is not 0 */
	uint64_t several;   /* have two, or more */
	uint64_t with_min;  /* have several, and none that is 0 */
	uint64_t known_sum; /* have one or two, and none that is 0 */
};

/* How one counter's numbers are written: less the guess or as they are, in units of it or
 * in ones. */
struct hour_way {
	bool guessed;
	bool in_units;
	bool some; /* not all of them are 0 */
};

struct hour_tables {
	struct hour_row rows[HISTOGRAM_BUCKETS_MAX];
	uint64_t last_ns[HISTOGRAM_BUCKETS_MAX + 1]; /* of the bucket before, first */
	struct hour_counts counts;
};

/* An hour on its way to bytes or from them. */
struct hour {
	const struct hour_tables *tables;
	size_t n;
	bool writes;
	bool failed; /* nothing that was read counts */
	struct bits_out out;
	struct bits_in in;
	uint64_t
	    bodies_at[ROLLUP_HOUR_MINUTES + 1]; /* in bits: of each minute; the end */
	struct bits_out bodies;                 /* written, or */
	const uint8_t *body;                    /* read */
	size_t body_size;
	bool on_grid[ROLLUP_HISTOGRAMS];
	struct hour_parts parts[ROLLUP_HISTOGRAMS];
	uint64_t invocations[ROLLUP_HOUR_MINUTES];
	uint64_t cold[ROLLUP_HOUR_MINUTES];
	uint64_t fields[ROLLUP_FIELDS][ROLLUP_HOUR_MINUTES]; /* of what is read */
	struct hour_way ways[ROLLUP_FIELDS];
	uint8_t active[ROLLUP_FIELDS]; /* those that are not always 0 */
	size_t active_n;
	/* of what is written: */
	const struct rollup *const *minutes;
	struct hour_weights weights[ROLLUP_HISTOGRAMS][ROLLUP_HOUR_MINUTES];
};

/* A minute whose histograms are known, as far as guesses need them. */
struct hour_minute {
	const struct rollup *r;
	const struct hour_weights *warm;
	const struct hour_weights *cold;
};

/* The numbers of each minute, or of a set of them; on reading those are set, the others
 * are 0. */
void hour_column(struct hour *hour, uint64_t *numbers);
void hour_column_of(struct hour *hour, uint64_t minutes, uint64_t *numbers);

/* A number below limit in as many bits as that needs. */
void hour_below(struct hour *hour, uint64_t *number, uint64_t limit);

/* The columns of the four histograms, of the parts of the hour; written, their bodies
 * too. Invocations and cold ones are known. */
void hour_histograms(struct hour *hour);

/* Those of a minute, the histograms' after each other. 0 or -EBADMSG. */
int hour_open_bodies(const struct hour *hour, size_t i, struct bits_in *bodies);

/* Adds one that was read to h; *head gets its figures without buckets. 0, -ENOMEM,
 * -EBADMSG or -EOVERFLOW. */
struct hour_reading {
	const struct hour *hour;
	size_t minute;
	struct bits_in bodies;
	struct hour_weights weights[ROLLUP_HISTOGRAMS];
};
int hour_add_histogram(struct hour_reading *reading, size_t which, struct histogram *h,
    struct histogram *head);

/* What is expected of a sum. */
uint64_t hour_guess_sum(const struct hour_tables *tables, const struct histogram *head,
    const struct hour_part *part, const struct hour_weights *weights);

/* Of a counter. */
uint64_t hour_guess_of(const struct hour_minute *minute, enum rollup_guess guess);

/* The histogram of a rollup by its number here. */
struct histogram *hour_histogram(struct rollup *r, size_t which);
const struct histogram *hour_histogram_const(const struct rollup *r, size_t which);

#endif
