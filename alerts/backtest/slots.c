#include "alerts/backtest/slots.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/advice/level.h"
#include "base/cleanup.h"

#define MINUTE_NS 60000000000LL
#define PEAK_PCT 110
#define TARGET_PCT 70    /* busy share that target tracking and Knative aim at */
#define TARGET_LOW 0.63  /* below it for long: scale in */
#define OUT_AFTER 3      /* minutes above the target, then scale out */
#define IN_AFTER 15      /* minutes below, then scale in */
#define BLOCK 5          /* minutes: reserving is billed in such steps */
#define MEMORY_HALF 10.0 /* minutes after which what was seen weighs half */
#define WEIGHT_MAX 1e100 /* then all are scaled down */

/* One app under one policy. */
struct run {
	const struct backtest_slots_terms *terms;
	uint32_t minutes;
	uint32_t peak;
	const uint32_t *used;      /* by minute */
	uint32_t *levels;          /* reserved, by minute: what the policy fills in */
	struct advice_slot *slots; /* room for the peak */
	double *busy;              /* the same */
};

const char *backtest_sight_name(enum backtest_sight sight)
{
	switch (sight) {
	case BACKTEST_ONLINE:
		return "online";
	case BACKTEST_HINDSIGHT:
		return "hindsight";
	case BACKTEST_ORACLE:
		return "oracle";
	}
	return "unknown";
}

static void fill(const struct run *run, uint32_t level)
{
	for (uint32_t i = 0; i < run->minutes; i++)
		run->levels[i] = level;
}

static void plan_nothing(const struct run *run)
{
	fill(run, 0);
}

static void plan_peak(const struct run *run)
{
	fill(run, (uint32_t)(((uint64_t)run->peak * PEAK_PCT + 99) / 100));
}

/* How many are busy to the target when so many are used: whole numbers, so that 21 ask
 * for 30 and not for one more. */
static uint32_t at_target(uint32_t used)
{
	return (uint32_t)(((uint64_t)used * 100 + TARGET_PCT - 1) / TARGET_PCT);
}

/* AWS Application Auto Scaling: out after three minutes above the target, in after
 * fifteen below nine tenths of it; never below one. */
static void plan_target(const struct run *run)
{
	uint32_t level = 1;
	uint32_t above = 0;
	uint32_t below = 0;

	for (uint32_t i = 0; i < run->minutes; i++) {
		double share = (double)run->used[i] / level;
		uint32_t next = at_target(run->used[i]);

		run->levels[i] = level;
		above = next > level ? above + 1 : 0;
		below = share < TARGET_LOW ? below + 1 : 0;
		if (above < OUT_AFTER && below < IN_AFTER)
			continue;
		level = next ? next : 1;
		above = below = 0;
	}
}

/* Knative's autoscaler at the resolution of the trace: what the last minute asked for. */
static void plan_last_minute(const struct run *run)
{
	run->levels[0] = 0;
	for (uint32_t i = 1; i < run->minutes; i++)
		run->levels[i] = at_target(run->used[i - 1]);
}

/* The level for some of the minutes, all of them known. */
static uint32_t level_of(const struct run *run, uint32_t from, uint32_t minutes)
{
	const struct advice_terms terms = {.until_ns = minutes * MINUTE_NS,
	    .memory_mb = run->terms->memory_mb,
	    .rates = run->terms->rates};
	uint32_t peak = 0;

	for (uint32_t i = from; i < from + minutes; i++)
		if (run->used[i] > peak)
			peak = run->used[i];
	memset(run->slots, 0, peak * sizeof(*run->slots));
	for (uint32_t i = from; i < from + minutes; i++)
		if (run->used[i])
			run->slots[run->used[i] - 1].busy_ns += MINUTE_NS;
	for (uint32_t k = peak; k > 1; k--)
		run->slots[k - 2].busy_ns += run->slots[k - 1].busy_ns;
	return advice_level(run->slots, peak, &terms, (struct money){0});
}

static void plan_constant(const struct run *run)
{
	fill(run, level_of(run, 0, run->minutes));
}

static void plan_blocks(const struct run *run)
{
	for (uint32_t i = 0; i < run->minutes; i += BLOCK) {
		uint32_t left = run->minutes - i;
		uint32_t n = left < BLOCK ? left : BLOCK;
		uint32_t level = level_of(run, i, n);

		for (uint32_t j = i; j < i + n; j++)
			run->levels[j] = level;
	}
}

static void plan_perfect(const struct run *run)
{
	memcpy(run->levels, run->used, run->minutes * sizeof(*run->levels));
}

/* The level by how busy each of the slots in use so far was lately, sum being the weight
 * of all that was. */
static uint32_t level_lately(const struct run *run, double sum, uint32_t slots)
{
	const struct advice_terms terms = {.until_ns = 60 * MINUTE_NS,
	    .memory_mb = run->terms->memory_mb,
	    .rates = run->terms->rates};

	for (uint32_t k = 0; k < slots; k++)
		run->slots[k] = (struct advice_slot){
		    .busy_ns = llround(run->busy[k] / sum * (double)terms.until_ns)};
	return advice_level(run->slots, slots, &terms, (struct money){0});
}

/* Our own: the rule of `advise concurrency` at each block, on how busy each slot was,
 * minutes fading by age. What is past is not faded: what is new weighs more. */
static void plan_own(const struct run *run)
{
	double weight = 1;
	double sum = 0;
	uint32_t seen = 0; /* most that were used so far */

	memset(run->busy, 0, run->peak * sizeof(*run->busy));
	for (uint32_t i = 0; i < run->minutes; i++) {
		run->levels[i] = i % BLOCK ? run->levels[i - 1]
				 : sum > 0 ? level_lately(run, sum, seen)
					   : 0;
		seen = run->used[i] > seen ? run->used[i] : seen;
		for (uint32_t k = 0; k < run->used[i]; k++)
			run->busy[k] += weight;
		sum += weight;
		weight *= exp2(1 / MEMORY_HALF);
		if (weight < WEIGHT_MAX)
			continue;
		for (uint32_t k = 0; k < run->peak; k++)
			run->busy[k] /= weight;
		sum /= weight;
		weight = 1;
	}
}

static const struct {
	const char *policy;
	enum backtest_sight sight;
	void (*plan)(const struct run *run);
} rules[BACKTEST_SLOTS_POLICIES] = {
    {"on-demand", BACKTEST_ONLINE, plan_nothing},
    {"peak-110", BACKTEST_HINDSIGHT, plan_peak},
    {"target-70", BACKTEST_ONLINE, plan_target},
    {"last-minute-70", BACKTEST_ONLINE, plan_last_minute},
    {"slot-rule-constant", BACKTEST_HINDSIGHT, plan_constant},
    {"oracle-5-minutes", BACKTEST_ORACLE, plan_blocks},
    {"oracle-1-minute", BACKTEST_ORACLE, plan_perfect},
    {"coldmeter", BACKTEST_ONLINE, plan_own},
};

static void tally(const struct run *run, struct backtest_reserved *sums)
{
	for (uint32_t i = 0; i < run->minutes; i++) {
		uint32_t used = run->used[i];
		uint32_t level = run->levels[i];

		sums->reserved += level;
		sums->inside += used < level ? used : level;
		sums->outside += used < level ? 0 : used - level;
	}
}

static uint32_t spread(const struct backtest_trace *trace,
    const struct backtest_series *series, uint32_t *used, uint32_t minutes)
{
	uint32_t peak = 0;

	memset(used, 0, minutes * sizeof(*used));
	for (size_t i = 0; i < series->n; i++) {
		used[series->points[i].minute - trace->first_minute] =
		    series->points[i].value;
		if (series->points[i].value > peak)
			peak = series->points[i].value;
	}
	return peak;
}

static struct money price_of(
    struct money gb_s, const struct backtest_slots_terms *terms, uint64_t minutes)
{
	return money_scale(money_scale(gb_s, minutes, 1), 60ULL * terms->memory_mb, 1024);
}

static void settle(struct backtest_slots *out, const struct backtest_slots_terms *terms)
{
	const struct lambda_rates *rates = &terms->rates;
	struct money all = price_of(rates->gb_s, terms, out->used);

	for (size_t i = 0; i < BACKTEST_SLOTS_POLICIES; i++) {
		struct backtest_reserved *p = &out->policies[i];

		p->policy = rules[i].policy;
		p->sight = rules[i].sight;
		p->cost = money_add(price_of(rates->gb_s, terms, p->outside),
		    money_add(price_of(rates->pc_duration_gb_s, terms, p->inside),
			price_of(rates->pc_idle_gb_s, terms, p->reserved)));
		p->ratio = all.pico ? (double)p->cost.pico / (double)all.pico : 0;
		p->spilled_pct = 100.0 * (double)p->outside / (double)out->used;
	}
}

static int run_app(struct run *run, struct backtest_slots *out)
{
	AUTO(free)
	struct advice_slot *slots = calloc((size_t)run->peak + 1, sizeof(*slots));
	AUTO(free) double *busy = calloc((size_t)run->peak + 1, sizeof(*busy));

	if (!slots || !busy)
		return -ENOMEM;
	run->slots = slots;
	run->busy = busy;
	out->apps++;
	for (uint32_t i = 0; i < run->minutes; i++)
		out->used += run->used[i];
	for (size_t i = 0; i < BACKTEST_SLOTS_POLICIES; i++) {
		rules[i].plan(run);
		tally(run, &out->policies[i]);
	}
	return 0;
}

int backtest_slots(const struct backtest_trace *trace,
    const struct backtest_slots_terms *terms, const struct backtest_progress *progress,
    struct backtest_slots *out)
{
	uint32_t minutes = trace->last_minute - trace->first_minute + 1;
	AUTO(free) uint32_t *used = calloc(minutes, sizeof(*used));
	AUTO(free) uint32_t *levels = calloc(minutes, sizeof(*levels));
	struct run run = {
	    .terms = terms, .minutes = minutes, .used = used, .levels = levels};
	int err = 0;

	*out = (struct backtest_slots){.days = minutes / 1440.0};
	if (!used || !levels)
		return -ENOMEM;
	for (size_t i = 0; i < trace->n && !err; i++) {
		run.peak = spread(trace, &trace->series[i], used, minutes);
		if (run.peak)
			err = run_app(&run, out);
		if (progress)
			progress->tell(
			    progress->context, (double)(i + 1) / (double)trace->n);
	}
	if (!err && !out->used)
		err = -ENODATA;
	if (!err)
		settle(out, terms);
	return err;
}
