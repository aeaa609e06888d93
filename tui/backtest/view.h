/* What a back-test found, for people and as JSON. */
#ifndef COLDMETER_TUI_BACKTEST_VIEW_H
#define COLDMETER_TUI_BACKTEST_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "alerts/backtest/keepwarm.h"
#include "alerts/backtest/slots.h"

struct backtest_place {
	const char *region;
	const char *arch;
};

/* Each 0 or -ENOMEM. */
int backtest_view_keepwarm(
    const struct backtest_keepwarm *found, double cold_minutes, bool colour, FILE *out);
int backtest_json_keepwarm(
    const struct backtest_keepwarm *found, double cold_minutes, FILE *out);
int backtest_view_slots(const struct backtest_slots *found,
    const struct backtest_slots_terms *terms, bool colour, FILE *out);
int backtest_json_slots(const struct backtest_slots *found,
    const struct backtest_slots_terms *terms, const struct backtest_place *place,
    FILE *out);

#endif
