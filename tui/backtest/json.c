#include <errno.h>
#include <jansson.h>

#include "alerts/advice/level.h"
#include "tui/backtest/view.h"

#define DIGITS 15 /* of a figure: counts and what was asked for stay whole */

/* Takes policies over. */
static int print(json_t *head, json_t *policies, FILE *out)
{
	int err = 0;

	if (!head || json_object_set_new(head, "policies", policies) < 0 ||
	    json_dumpf(head, out, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) < 0)
		err = -ENOMEM;
	if (!head)
		json_decref(policies);
	json_decref(head);
	if (!err)
		(void)fputc('\n', out);
	return err;
}

int backtest_json_keepwarm(
    const struct backtest_keepwarm *found, double cold_minutes, FILE *out)
{
	json_t *policies = json_array();
	json_t *head =
	    json_pack("{s:f, s:I, s:f, s:f, s:f, s:{s:i, s:f}}", "cold_minutes",
		cold_minutes, "functions", (json_int_t)found->functions, "calls",
		found->calls, "days", found->days, "oracle_cost_minutes_per_function_day",
		found->oracle_cost, "best_fixed", "minutes", (int)found->best_fixed,
		"cost_ratio_oracle", found->best_fixed_ratio);

	for (size_t i = 0; i < BACKTEST_KEEPWARM_POLICIES; i++) {
		const struct backtest_kept *p = &found->policies[i];

		if (json_array_append_new(
			policies, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}",
				      "policy", p->policy, "cold_pct", p->cold_pct,
				      "cold_pct_p50", p->cold_pct_p50, "cold_pct_p75",
				      p->cold_pct_p75, "idle_minutes_per_function_day",
				      p->idle, "prewarms_per_function_day", p->prewarms,
				      "cost_minutes_per_function_day", p->cost,
				      "cost_ratio_oracle", p->ratio)) < 0) {
			json_decref(policies);
			json_decref(head);
			return -ENOMEM;
		}
	}
	return print(head, policies, out);
}

static json_t *money_text(struct money amount)
{
	char text[MONEY_TEXT_BYTES];

	money_format(amount, text);
	return json_string(text);
}

int backtest_json_slots(const struct backtest_slots *found,
    const struct backtest_slots_terms *terms, const struct backtest_place *place,
    FILE *out)
{
	const struct lambda_rates *rates = &terms->rates;
	json_t *policies = json_array();
	json_t *head = json_pack("{s:i, s:s, s:s, s:I, s:f, s:I, s:{s:o, s:o, s:o}, s:f}",
	    "memory_mb", (int)terms->memory_mb, "region", place->region, "arch",
	    place->arch, "apps", (json_int_t)found->apps, "days", found->days,
	    "container_minutes", (json_int_t)found->used, "usd_per_gb_s", "on_demand",
	    money_text(rates->gb_s), "reserved", money_text(rates->pc_idle_gb_s),
	    "reserved_in_use", money_text(rates->pc_duration_gb_s), "break_even_pct",
	    advice_break_even_pct(rates));

	for (size_t i = 0; i < BACKTEST_SLOTS_POLICIES; i++) {
		const struct backtest_reserved *p = &found->policies[i];

		if (json_array_append_new(policies,
			json_pack("{s:s, s:s, s:f, s:f, s:I, s:I, s:o}", "policy",
			    p->policy, "knows", backtest_sight_name(p->sight),
			    "cost_ratio_on_demand", p->ratio, "spilled_pct",
			    p->spilled_pct, "reserved_container_minutes",
			    (json_int_t)p->reserved, "reserved_in_use_container_minutes",
			    (json_int_t)p->inside, "cost_usd", money_text(p->cost))) <
		    0) {
			json_decref(policies);
			json_decref(head);
			return -ENOMEM;
		}
	}
	return print(head, policies, out);
}
