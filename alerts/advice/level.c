/* All sums are exact: pico-dollars x MiB x ns, which 128 bits hold for a year of a
 * thousand slots of 10 GB. */
#include "alerts/advice/level.h"

#define GB_S ((__int128)1024 * 1000000000) /* MiB x ns in one GB-s */

/* What reserving the slot gains over the window, in pico-dollars x MiB x ns; negative: a
 * loss. cold is what one cold start costs. */
static __int128 gain(const struct advice_slot *slot, const struct advice_terms *terms,
    int64_t window_ns, struct money cold)
{
	const struct lambda_rates *rates = &terms->rates;
	__int128 saved = (rates->gb_s.pico - rates->pc_duration_gb_s.pico) *
			 terms->memory_mb * slot->busy_ns;
	__int128 paid = rates->pc_idle_gb_s.pico * terms->memory_mb * window_ns;

	return saved + cold.pico * (__int128)slot->cold * GB_S - paid;
}

uint32_t advice_level(const struct advice_slot *slots, uint32_t slots_n,
    const struct advice_terms *terms, struct money cold_start)
{
	int64_t window_ns = terms->until_ns - terms->since_ns;
	uint32_t level = 0;
	__int128 sum = 0;
	__int128 best = 0;

	if (!terms->rates.has_pc)
		return 0;
	for (uint32_t k = 0; k < slots_n; k++) {
		sum += gain(&slots[k], terms, window_ns, cold_start);
		if (sum >= best) {
			best = sum;
			level = k + 1;
		}
	}
	return level;
}

double advice_break_even_pct(const struct lambda_rates *rates)
{
	__int128 saved = rates->gb_s.pico - rates->pc_duration_gb_s.pico;

	return saved > 0 ? 100.0 * (double)rates->pc_idle_gb_s.pico / (double)saved : 0;
}
