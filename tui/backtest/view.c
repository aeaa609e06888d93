#include "tui/backtest/view.h"

#include <errno.h>
#include <string.h>

#include "alerts/advice/level.h"
#include "base/cleanup.h"
#include "tui/format.h"
#include "tui/table.h"

static const struct table_column keepwarm_columns[] = {
    {"POLICY", TABLE_LEFT},
    {"COLD", TABLE_RIGHT},
    {"P50", TABLE_RIGHT},
    {"P75", TABLE_RIGHT},
    {"IDLE MIN/DAY", TABLE_RIGHT},
    {"LOADS AHEAD/DAY", TABLE_RIGHT},
    {"COST", TABLE_RIGHT},
    {"OF ORACLE", TABLE_RIGHT},
};

static const struct table_column slots_columns[] = {
    {"POLICY", TABLE_LEFT},
    {"KNOWS", TABLE_LEFT},
    {"RESERVED", TABLE_RIGHT},
    {"IN USE", TABLE_RIGHT},
    {"SPILLED", TABLE_RIGHT},
    {"COST/MONTH", TABLE_RIGHT},
    {"OF ON DEMAND", TABLE_RIGHT},
};

static int add(struct table *table, double value, int decimals, const char *unit)
{
	char text[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text), "%.*f%s", decimals, value, unit);
	return table_add(table, text);
}

static int add_kept(struct table *table, const struct backtest_kept *p)
{
	int err = table_add(table, p->policy);

	err |= add(table, p->cold_pct, 2, "%");
	err |= add(table, p->cold_pct_p50, 1, "%");
	err |= add(table, p->cold_pct_p75, 1, "%");
	err |= add(table, p->idle, 0, "");
	err |= add(table, p->prewarms, 1, "");
	err |= add(table, p->cost, 0, "");
	return err | add(table, p->ratio, 3, "");
}

static const struct backtest_kept *best_of(const struct backtest_keepwarm *found)
{
	const struct backtest_kept *best = &found->policies[0];

	for (size_t i = 1; i < BACKTEST_KEEPWARM_POLICIES; i++)
		if (found->policies[i].ratio < best->ratio)
			best = &found->policies[i];
	return best;
}

/* What the best one changes, against the window that many platforms come with. */
static void compare_kept(
    const struct backtest_keepwarm *found, double cold_minutes, FILE *out)
{
	const struct backtest_kept *best = best_of(found);
	const struct backtest_kept *usual = &found->policies[1];
	double per_day = found->calls / found->days / 100;

	(void)fprintf(out,
	    "\n%zu function%s over %.2f days; a cold start counts as %g idle minutes.\n"
	    "Least cost: %s. ",
	    found->functions, found->functions == 1 ? "" : "s", found->days, cold_minutes,
	    best->policy);
	if (best != usual && per_day > 0)
		(void)fprintf(out,
		    "Against %s: %+.0f idle minutes per function and day, cold starts "
		    "%.2f %% "
		    "in place\nof %.2f %%, %.0f %% less cost. ",
		    usual->policy, best->idle - usual->idle, best->cold_pct,
		    usual->cold_pct, 100 * (1 - best->cost / usual->cost));
	(void)fprintf(out,
	    "One window for all is at its best with %u minutes: %.3f.\n"
	    "COLD is the share of arrivals, P50 and P75 of functions; COST is idle "
	    "minutes "
	    "and "
	    "cold starts per\nfunction and day. The oracle knows when each gap ends, yet "
	    "does "
	    "not load ahead of an arrival: below\n1.000 is what loading ahead gains.\n",
	    found->best_fixed, found->best_fixed_ratio);
}

int backtest_view_keepwarm(
    const struct backtest_keepwarm *found, double cold_minutes, bool colour, FILE *out)
{
	AUTO(table)
	struct table *table = table_new(
	    keepwarm_columns, sizeof(keepwarm_columns) / sizeof(keepwarm_columns[0]));
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < BACKTEST_KEEPWARM_POLICIES && !err; i++)
		err = add_kept(table, &found->policies[i]);
	if (err)
		return -ENOMEM;
	table_print(table, colour, out);
	compare_kept(found, cold_minutes, out);
	return 0;
}

static struct money a_month(struct money of_trace, double days)
{
	uint64_t minutes = (uint64_t)(days * 1440 + 0.5);

	return money_scale(of_trace, 730ULL * 60, minutes);
}

static int add_reserved(struct table *table, const struct backtest_reserved *p,
    const struct backtest_slots *found)
{
	char text[FORMAT_BYTES];
	double all = (double)found->used;
	int err = table_add(table, p->policy);

	err |= table_add(table, backtest_sight_name(p->sight));
	err |= add(table, 100 * (double)p->reserved / all, 1, "%");
	err |= p->reserved
		   ? add(table, 100 * (double)p->inside / (double)p->reserved, 0, "%")
		   : table_add(table, "-");
	err |= add(table, p->spilled_pct, 1, "%");
	err |= table_add(table, format_money(a_month(p->cost, found->days), text));
	return err | add(table, p->ratio, 3, "");
}

/* Which of those that need no future is cheapest, and what it saves. */
static void compare_reserved(const struct backtest_slots *found,
    const struct backtest_slots_terms *terms, FILE *out)
{
	const struct backtest_reserved *none = &found->policies[0];
	const struct backtest_reserved *best = none;
	char text[FORMAT_BYTES];

	for (size_t i = 1; i < BACKTEST_SLOTS_POLICIES; i++)
		if (found->policies[i].sight == BACKTEST_ONLINE &&
		    found->policies[i].ratio < best->ratio)
			best = &found->policies[i];
	(void)fprintf(out,
	    "\n%zu app%s over %.2f days, %u MB a container; a reserved one pays from "
	    "%.0f "
	    "%% "
	    "in use.\n",
	    found->apps, found->apps == 1 ? "" : "s", found->days, terms->memory_mb,
	    advice_break_even_pct(&terms->rates));
	if (best == none)
		(void)fprintf(
		    out, "Least cost without knowing what comes: all on demand.\n");
	else
		(void)fprintf(out,
		    "Least cost without knowing what comes: %s, which saves %s a "
		    "month.\n",
		    best->policy,
		    format_money(
			a_month(money_subtract(none->cost, best->cost), found->days),
			text));
	(void)fprintf(out,
	    "RESERVED and SPILLED (run on demand) are of the container-minutes "
	    "in use. Requests are left out.\n");
}

int backtest_view_slots(const struct backtest_slots *found,
    const struct backtest_slots_terms *terms, bool colour, FILE *out)
{
	AUTO(table)
	struct table *table =
	    table_new(slots_columns, sizeof(slots_columns) / sizeof(slots_columns[0]));
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; i < BACKTEST_SLOTS_POLICIES && !err; i++)
		err = add_reserved(table, &found->policies[i], found);
	if (err)
		return -ENOMEM;
	table_print(table, colour, out);
	compare_reserved(found, terms, out);
	return 0;
}
