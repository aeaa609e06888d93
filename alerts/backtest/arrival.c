/* Nine opinions on the next minute, blended.
 *
 * The function's own is the empirical hazard at this age: of the times when it was idle
 * for so long, how often the next minute brought a call. The others are looked up in
 * tables that all functions share, by what was seen before: which of the last gaps ends
 * now, whether it was called 5, 10 .. 60 minutes or whole hours ago, the latest minutes
 * bit by bit. A cell that was never used repeats the function's own opinion.
 *
 * Opinions are log-odds, and so is their weighted sum; the weights are learned by how
 * much each would have helped (online logistic regression, as context mixing compressors
 * do: M. Mahoney, "Adaptive weighing of context models", 2005). They start as a plain
 * mean, so that little data gives a sober forecast. */
#include "alerts/backtest/arrival.h"

#include <math.h>
#include <stdlib.h>

#define FINE_AGES 32 /* minutes that have a bin each */
#define BINS_PER_OCTAVE 7
#define AGE_STAGES 34
#define P_MIN 1e-5F
#define P_MAX 0.9999F
#define RATE 0.001F      /* of the weights: on real days 0.0005 to 0.002 are as good */
#define CELL_MEMORY 400  /* calls and silences after which a cell forgets */
#define AGE_MEMORY 20000 /* the same of an age, over all functions */
#define OWN_MEMORY 60000 /* of an age of one function, which 16 bits hold */
#define PRIOR_MINUTES 1  /* that the ages of all weigh in a function's own */
#define FIRST_MINUTES 4  /* that the law of the unknown weighs in those */
#define HOURS_SEEN 24
#define DAY_MINUTES 1440
#define BLENDS 60

enum view {
	VIEW_GAPS,
	VIEW_PERIODS,
	VIEW_HOURS,
	VIEW_LATEST,
	VIEW_HAZARD,
	VIEW_PHASE,
	VIEW_FIVES,
	VIEW_DAY
};

static const uint32_t view_cells[ARRIVAL_VIEWS] = {
    [VIEW_GAPS] = 4 * 4 * 3 * 4 * AGE_STAGES,
    [VIEW_PERIODS] = 128 * 4 * 3 * 8,
    [VIEW_HOURS] = 64 * 4 * AGE_STAGES,
    [VIEW_LATEST] = 1 << 14,
    [VIEW_HAZARD] = 41 * 8 * 11,
    [VIEW_PHASE] = 25 * 25 * 2 * 3,
    [VIEW_FIVES] = 256 * 8 * 8,
    [VIEW_DAY] = 4 * AGE_STAGES,
};

struct cell {
	float p;
	float n; /* times used; 0: never */
};

struct arrivals {
	struct cell *cells[ARRIVAL_VIEWS];
	float weights[BLENDS][ARRIVAL_INPUTS];
	float minutes[ARRIVAL_AGES]; /* of all functions */
	float ends[ARRIVAL_AGES];
};

/* What several views look at. */
struct look {
	uint32_t age;    /* minutes since the last call, from 1 */
	uint32_t stage;  /* of the age, coarse */
	uint32_t near;   /* called a minute beside 1 (bit 0), 2 (bit 1) hours ago */
	uint32_t hour;   /* calls in the last 60 minutes */
	uint32_t phase;  /* this minute of the hours before, bit 0 the last one */
	uint32_t beside; /* bit i: called i + 1 hours ago, a minute off */
	float own;       /* hazard */
	float own_odds;
};

static float odds(float p)
{
	p = p < P_MIN ? P_MIN : p > P_MAX ? P_MAX : p;
	return logf(p / (1 - p));
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t octave(uint32_t n)
{
	return n < 2 ? 0 : 31 - (uint32_t)__builtin_clz(n);
}

static uint32_t age_bin(uint32_t age)
{
	if (age <= FINE_AGES)
		return age - 1;
	return least(ARRIVAL_AGES - 1,
	    FINE_AGES +
		(uint32_t)(BINS_PER_OCTAVE * log2f((float)age / (float)FINE_AGES)));
}

static uint32_t age_stage(uint32_t age)
{
	if (age <= 12)
		return age - 1;
	return least(AGE_STAGES - 1, (uint32_t)(4 * log2f((float)age)) - 2);
}

/* Calls in an hour, in classes 0 to 10. */
static uint32_t crowd(uint32_t calls)
{
	static const uint8_t from[] = {1, 2, 3, 4, 6, 9, 15, 25, 45, 60};
	uint32_t i = 0;

	while (i < sizeof(from) && calls >= from[i])
		i++;
	return i;
}

static bool ago(const struct arrival *a, uint32_t minutes) /* 1 to 64 */
{
	return a->recent >> (minutes - 1) & 1;
}

static void look_at(const struct arrivals *arrivals, const struct arrival *a,
    uint32_t minute, struct look *look)
{
	uint32_t bin = age_bin(minute - a->last);
	float prior = arrivals->ends[bin] / arrivals->minutes[bin];
	/* an hour ago, a minute later: not yet written over. A minute earlier: it was. */
	uint32_t later = a->hours[(minute + 1) % 60];
	uint32_t earlier = a->hours[(minute + 59) % 60] >> 1;

	look->age = minute - a->last;
	look->stage = age_stage(look->age);
	look->phase = a->hours[minute % 60];
	look->beside = later | earlier;
	look->near = look->beside & 3;
	look->hour = (uint32_t)__builtin_popcountll(a->recent & ((1ULL << 60) - 1));
	look->own = ((float)a->ends[bin] + PRIOR_MINUTES * prior) /
		    ((float)a->minutes[bin] + PRIOR_MINUTES);
	look->own_odds = odds(look->own);
}

/* Where the age stands to a gap: before it, at its end, a minute past, beyond. */
static uint32_t stand(uint32_t age, uint32_t gap)
{
	return age < gap ? 0 : least(age - gap + 1, 3);
}

static uint32_t see_gaps(const struct arrival *a, const struct look *look)
{
	uint32_t alike = 0;

	while (alike < 3 && a->gap[alike] == a->gap[alike + 1])
		alike++;
	return (((stand(look->age, a->gap[0]) * 4 + stand(look->age, a->gap[1])) * 3 +
		    least(stand(look->age, a->gap[2]), 2)) *
		       4 +
		   alike) *
		   AGE_STAGES +
	       look->stage;
}

static uint32_t see_periods(const struct arrival *a, const struct look *look)
{
	static const uint8_t from[] = {2, 4, 7, 12, 20, 30, 50};
	uint32_t bits = ago(a, 5) | ago(a, 10) << 1 | ago(a, 15) << 2 | ago(a, 20) << 3 |
			ago(a, 30) << 4 | ago(a, 60) << 5 | (look->phase >> 1 & 1) << 6;
	uint32_t crowded = 0;

	while (crowded < sizeof(from) && look->hour >= from[crowded])
		crowded++;
	return ((bits * 4 + look->near) * 3 + least(stand(look->age, a->gap[0]), 2)) * 8 +
	       crowded;
}

/* How often this minute of an hour was hit, of the hours seen. */
static uint32_t see_phase(
    const struct arrival *a, const struct look *look, uint32_t minute)
{
	uint32_t hours = least((minute - a->first) / 60, HOURS_SEEN);
	uint32_t hits = (uint32_t)__builtin_popcount(look->phase & ((1U << hours) - 1));

	return ((hits * 25 + hours) * 2 + (look->age == a->gap[0])) * 3 +
	       (look->near & 1) + (look->near >> 1);
}

static uint32_t see_fives(const struct arrival *a, const struct look *look)
{
	uint32_t bits = 0;

	for (uint32_t i = 1; i <= 8; i++)
		bits = bits << 1 | ago(a, 5 * i);
	return (bits * 8 + (ago(a, 1) | ago(a, 2) << 1 | (ago(a, 3) || ago(a, 4)) << 2)) *
		   8 +
	       least(octave(look->age), 7);
}

static uint32_t see_hazard(const struct arrival *a, const struct look *look)
{
	float level = look->own_odds * 2 + 24;
	uint32_t known = octave((uint32_t)a->minutes[age_bin(look->age)] + 1);

	return (least(level > 0 ? (uint32_t)level : 0, 40) * 8 + least(known, 7)) * 11 +
	       crowd(look->hour);
}

static void see(const struct arrival *a, const struct look *look, uint32_t minute,
    uint32_t cell[ARRIVAL_VIEWS])
{
	uint32_t yesterday = look->phase >> (HOURS_SEEN - 1) & 1;
	uint32_t about = look->beside >> (HOURS_SEEN - 1) & 1;

	cell[VIEW_GAPS] = see_gaps(a, look);
	cell[VIEW_PERIODS] = see_periods(a, look);
	cell[VIEW_HOURS] =
	    ((look->phase & 63) * 4 + look->near) * AGE_STAGES + look->stage;
	cell[VIEW_LATEST] = (uint32_t)(a->recent & ((1 << 14) - 1));
	cell[VIEW_HAZARD] = see_hazard(a, look);
	cell[VIEW_PHASE] = see_phase(a, look, minute);
	cell[VIEW_FIVES] = see_fives(a, look);
	cell[VIEW_DAY] = (yesterday | about << 1) * AGE_STAGES + look->stage;
}

struct arrivals *arrivals_new(void)
{
	struct arrivals *arrivals = calloc(1, sizeof(*arrivals));

	if (!arrivals)
		return NULL;
	for (size_t i = 0; i < ARRIVAL_VIEWS; i++) {
		arrivals->cells[i] = calloc(view_cells[i], sizeof(*arrivals->cells[i]));
		if (!arrivals->cells[i]) {
			arrivals_free(arrivals);
			return NULL;
		}
	}
	for (size_t i = 0; i < BLENDS; i++)
		for (size_t j = 0; j < ARRIVAL_INPUTS; j++)
			arrivals->weights[i][j] = 1.0F / ARRIVAL_INPUTS;
	/* Of what nothing is known the hazard is 1 / (age + 1), under which the rule is
	 * the one of breaking even: kept for as long as a cold start costs. */
	for (uint32_t age = 1, bin; age < 100000; age += 1 + age / 64) {
		bin = age_bin(age);
		if (arrivals->minutes[bin] > 0)
			continue;
		arrivals->minutes[bin] = FIRST_MINUTES;
		arrivals->ends[bin] = FIRST_MINUTES / (float)(age + 1);
	}
	return arrivals;
}

void arrivals_free(struct arrivals *arrivals)
{
	for (size_t i = 0; arrivals && i < ARRIVAL_VIEWS; i++)
		free(arrivals->cells[i]);
	free(arrivals);
}

static void advance(struct arrival *a, uint32_t minute, bool called)
{
	uint32_t *hours = &a->hours[minute % 60];

	a->recent = a->recent << 1 | called;
	*hours = *hours << 1 | called;
}

void arrival_begin(struct arrival *a, uint32_t minute)
{
	a->first = minute;
	a->last = minute;
	a->calls = 1;
	advance(a, minute, true);
}

/* Weights are by age, and by how much of the function was seen. */
static uint32_t blend_of(const struct arrival *a, const struct look *look)
{
	uint32_t known = a->calls < 4 ? 0 : a->calls < 16 ? 1 : a->calls < 64 ? 2 : 3;
	uint32_t age = look->stage < 8 ? look->stage : 8 + (look->stage - 8) / 4;

	return age * 4 + known;
}

void arrival_forecast(struct arrivals *arrivals, const struct arrival *a, uint32_t minute,
    struct arrival_forecast *out)
{
	bool has_day = minute - a->first >= DAY_MINUTES;
	const float *weights;
	struct look look;
	float sum = 0;

	look_at(arrivals, a, minute, &look);
	see(a, &look, minute, out->cell);
	out->age = age_bin(look.age);
	out->blend = blend_of(a, &look);
	weights = arrivals->weights[out->blend];
	for (size_t i = 0; i < ARRIVAL_VIEWS; i++) {
		struct cell *cell = &arrivals->cells[i][out->cell[i]];

		bool is_new = cell->n <= 0;

		if (is_new)
			cell->p = look.own;
		out->input[i] =
		    is_new || (i == VIEW_DAY && !has_day) ? look.own_odds : odds(cell->p);
		sum += weights[i] * out->input[i];
	}
	out->input[ARRIVAL_VIEWS] = look.own_odds;
	sum += weights[ARRIVAL_VIEWS] * out->input[ARRIVAL_VIEWS];
	out->p = 1 / (1 + expf(-sum));
}

static void count_age(
    struct arrivals *arrivals, struct arrival *a, uint32_t bin, bool called)
{
	arrivals->minutes[bin]++;
	arrivals->ends[bin] += called ? 1.0F : 0.0F;
	if (arrivals->minutes[bin] > AGE_MEMORY) {
		arrivals->minutes[bin] /= 2;
		arrivals->ends[bin] /= 2;
	}
	a->minutes[bin]++;
	a->ends[bin] = (uint16_t)(a->ends[bin] + called);
	if (a->minutes[bin] > OWN_MEMORY) {
		a->minutes[bin] /= 2;
		a->ends[bin] /= 2;
	}
}

void arrival_learn(struct arrivals *arrivals, struct arrival *a, uint32_t minute,
    const struct arrival_forecast *forecast, bool called)
{
	float *weights = arrivals->weights[forecast->blend];
	float happened = called ? 1.0F : 0.0F;
	float missed = happened - forecast->p;

	for (size_t i = 0; i < ARRIVAL_INPUTS; i++)
		weights[i] += RATE * missed * forecast->input[i];
	for (size_t i = 0; i < ARRIVAL_VIEWS; i++) {
		struct cell *cell = &arrivals->cells[i][forecast->cell[i]];

		if (i == VIEW_DAY && minute - a->first < DAY_MINUTES)
			continue;
		if (cell->n < CELL_MEMORY)
			cell->n++;
		cell->p += (happened - cell->p) / (cell->n + 1.5F);
	}
	count_age(arrivals, a, forecast->age, called);
	advance(a, minute, called);
	if (!called)
		return;
	for (size_t i = 3; i > 0; i--)
		a->gap[i] = a->gap[i - 1];
	a->gap[0] = minute - a->last;
	a->last = minute;
	a->calls++;
}
