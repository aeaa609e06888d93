/* All sums are exact: pico-dollars x MiB x ns, which 128 bits hold for a year of a
 * thousand slots of 10 GB. */
#include "alerts/advice/concurrency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "alerts/message.h"
#include "base/cleanup.h"

#define GB_S ((__int128)1024 * 1000000000) /* MiB x ns in one GB-s */
#define MONTH_S (730ULL * 3600)
#define SECOND_NS 1000000000LL
#define MS_NS 1000000LL

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct sweep {
	struct advice *advice;
	int64_t at_ns;
	uint32_t level; /* invocations running now */
	int64_t level_ns[ADVICE_MAX_SLOTS + 1];
};

static void move_to(struct sweep *sweep, int64_t at_ns)
{
	uint32_t level =
	    sweep->level > ADVICE_MAX_SLOTS ? ADVICE_MAX_SLOTS : sweep->level;

	if (at_ns > sweep->at_ns) {
		sweep->level_ns[level] += at_ns - sweep->at_ns;
		sweep->at_ns = at_ns;
	}
}

static void begin(struct sweep *sweep, const struct advice_interval *interval)
{
	struct advice_slot *slot;

	if (sweep->level < ADVICE_MAX_SLOTS) {
		slot = &sweep->advice->slots[sweep->level];
		slot->starts++;
		slot->cold += interval->cold;
	}
	sweep->level++;
	if (sweep->level > sweep->advice->slots_n && sweep->level <= ADVICE_MAX_SLOTS)
		sweep->advice->slots_n = sweep->level;
}

static int64_t clip(int64_t t, const struct advice_terms *terms)
{
	return t < terms->since_ns   ? terms->since_ns
	       : t > terms->until_ns ? terms->until_ns
				     : t;
}

/* Walks starts and ends in order of time; an end before a start of the same moment. */
static int measure(const struct advice_interval *intervals, size_t n,
    const struct advice_terms *terms, struct sweep *sweep)
{
	AUTO(free) int64_t *ends = calloc(n ? n : 1, sizeof(*ends));
	size_t ended = 0;

	if (!ends)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ends[i] = clip(intervals[i].end_ns, terms);
	qsort(ends, n, sizeof(*ends), compare_times);
	sweep->at_ns = terms->since_ns;
	for (size_t i = 0; i < n; i++) {
		int64_t start = clip(intervals[i].start_ns, terms);

		/* one that ends as it begins was counted below already: level > 0 */
		while (ended < n && ends[ended] <= start && sweep->level > 0) {
			move_to(sweep, ends[ended++]);
			sweep->level--;
		}
		move_to(sweep, start);
		begin(sweep, &intervals[i]);
	}
	for (; ended < n; ended++) {
		move_to(sweep, ends[ended]);
		sweep->level--;
	}
	for (uint32_t k = sweep->advice->slots_n; k > 0; k--)
		sweep->advice->slots[k - 1].busy_ns =
		    sweep->level_ns[k] +
		    (k < ADVICE_MAX_SLOTS ? sweep->advice->slots[k].busy_ns : 0);
	return 0;
}

/* price per GB-s x MiB x ns, as money. */
static struct money price_of(struct money gb_s, uint32_t memory_mb, __int128 ns)
{
	return (struct money){(gb_s.pico * memory_mb * ns + GB_S / 2) / GB_S};
}

static struct money init_price(const struct advice *advice, uint64_t init_ms,
    const struct advice_terms *terms, uint64_t cold)
{
	if (!advice->cold)
		return (struct money){0};
	return price_of(terms->rates.gb_s, terms->memory_mb,
	    (__int128)init_ms * MS_NS * cold / advice->cold);
}

static void choose(
    struct advice *advice, const struct advice_terms *terms, uint64_t init_ms)
{
	struct money cold = terms->cold_start;

	if (advice->cold) {
		struct money init = init_price(advice, init_ms, terms, advice->cold);

		cold = money_add(cold, money_scale(init, 1, advice->cold));
	}
	advice->provisioned = advice_level(advice->slots, advice->slots_n, terms, cold);
}

static void settle(
    struct advice *advice, const struct advice_terms *terms, uint64_t init_ms)
{
	const struct lambda_rates *rates = &terms->rates;
	uint32_t mb = terms->memory_mb;
	struct money requests = money_scale(rates->request, advice->invocations, 1);
	__int128 inside_ns = 0;
	__int128 outside_ns = 0;

	for (uint32_t k = 0; k < advice->slots_n; k++) {
		const struct advice_slot *slot = &advice->slots[k];

		if (k < advice->provisioned) {
			inside_ns += slot->busy_ns;
			advice->cold_avoided += slot->cold;
		} else {
			outside_ns += slot->busy_ns;
		}
	}
	advice->now = money_add(
	    requests, money_add(price_of(rates->gb_s, mb, inside_ns + outside_ns),
			  init_price(advice, init_ms, terms, advice->cold)));
	advice->then = money_add(requests, price_of(rates->gb_s, mb, outside_ns));
	advice->then =
	    money_add(advice->then, price_of(rates->pc_duration_gb_s, mb, inside_ns));
	advice->then = money_add(
	    advice->then, price_of(rates->pc_idle_gb_s, mb,
			      (__int128)advice->provisioned * advice->window_ns));
	advice->then = money_add(advice->then,
	    init_price(advice, init_ms, terms, advice->cold - advice->cold_avoided));
}

struct money advice_month(struct money window, int64_t window_ns)
{
	uint64_t window_s = (uint64_t)(window_ns / SECOND_NS);

	return money_scale(window, MONTH_S, window_s ? window_s : 1);
}

static double busy_pct(const struct advice *advice, uint32_t k)
{
	return k < advice->slots_n
		   ? 100.0 * (double)advice->slots[k].busy_ns / (double)advice->window_ns
		   : 0;
}

static void explain_level(struct advice *advice, double even)
{
	struct money saved = money_subtract(advice->now, advice->then);
	char month[MESSAGE_MONEY_BYTES];
	bool falls = saved.pico >= 0;

	if (!falls)
		saved.pico = -saved.pico;
	message_money(advice_month(saved, advice->window_ns), month);
	(void)snprintf(advice->why, sizeof(advice->why),
	    "Reserve %u: slot %u is busy %.1f %% of the time, the next one %.1f %%, and "
	    "a "
	    "slot pays from %.0f %% by the bill alone; the bill %s by %s a month and "
	    "%.0f "
	    "%% of the cold starts are spared.",
	    advice->provisioned, advice->provisioned,
	    busy_pct(advice, advice->provisioned - 1),
	    busy_pct(advice, advice->provisioned), even, falls ? "falls" : "rises", month,
	    advice->cold ? 100.0 * (double)advice->cold_avoided / (double)advice->cold
			 : 0.0);
}

static void explain_too_little(struct advice *advice)
{
	double minutes = (double)advice->window_ns / 60e9;
	bool few = minutes < 100; /* said in minutes */

	(void)snprintf(advice->why, sizeof(advice->why),
	    "Too little was seen for advice: %llu invocations in %.*f %s, where %d in 1 "
	    "hour is the least.",
	    (unsigned long long)advice->invocations, minutes < 10 || !few ? 1 : 0,
	    few ? minutes : minutes / 60, few ? "minutes" : "hours",
	    ADVICE_ENOUGH_INVOCATIONS);
}

static void explain(struct advice *advice, const struct advice_terms *terms)
{
	double even = advice_break_even_pct(&terms->rates);

	if (!advice->enough_data)
		explain_too_little(advice);
	else if (!terms->rates.has_pc)
		(void)snprintf(advice->why, sizeof(advice->why),
		    "The price book has no price for provisioned concurrency in this "
		    "region.");
	else if (!advice->provisioned)
		(void)snprintf(advice->why, sizeof(advice->why),
		    "Reserve nothing: the first slot is busy %.1f %% of the time, and a "
		    "reserved slot pays from %.0f %%.",
		    busy_pct(advice, 0), even);
	else
		explain_level(advice, even);
}

int advice_concurrency(const struct advice_interval *intervals, size_t n,
    const struct advice_terms *terms, struct advice *out)
{
	AUTO(free) struct sweep *sweep = calloc(1, sizeof(*sweep));
	uint64_t init_ms = 0;

	if (!sweep)
		return -ENOMEM;
	*out = (struct advice){
	    .invocations = n, .window_ns = terms->until_ns - terms->since_ns};
	sweep->advice = out;
	if (measure(intervals, n, terms, sweep))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		out->cold += intervals[i].cold;
		init_ms += intervals[i].init_ms;
	}
	out->enough_data =
	    out->window_ns >= ADVICE_ENOUGH_NS && n >= ADVICE_ENOUGH_INVOCATIONS;
	choose(out, terms, init_ms);
	settle(out, terms, init_ms);
	explain(out, terms);
	return 0;
}
