/* Functions as a table of text or CSV; `functions` and `run` without a terminal print it.
 */
#ifndef COLDMETER_TUI_FUNCTIONS_TABLE_H
#define COLDMETER_TUI_FUNCTIONS_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "tui/order.h"
#include "tui/snapshot.h"

/* 0 or -ENOMEM. A ledger that lost records is said below the table. */
int functions_table_print(const struct snapshot *snapshot, enum order order, bool reverse,
    bool colour, FILE *out);
int functions_table_csv(
    const struct snapshot *snapshot, enum order order, bool reverse, FILE *out);

#endif
