/* The files that a back-test is given. */
#ifndef COLDMETER_TUI_BACKTEST_INPUT_H
#define COLDMETER_TUI_BACKTEST_INPUT_H

#include "alerts/backtest/trace.h"
#include "tui/csv_file.h"

/* Rows of name, minute, value under a header line whose second column is "minute"; the
 * first is the function or app. value_max: of one row. 0, or a negative errno with one
 * sentence in why (CSV_WHY_BYTES). *trace is finished; release it in any case. */
int backtest_input_read(
    const char *path, uint32_t value_max, struct backtest_trace *trace, char *why);

/* Weights of its functions: a header with the columns "func" (or what the counts call it:
 * "function", "app") and "weight", others are ignored. Each function of the trace needs
 * one. The same errors. */
int backtest_input_weigh(const char *path, struct backtest_trace *trace, char *why);

#endif
