/* Orders of functions: what a table of them can be sorted by. */
#ifndef COLDMETER_TUI_ORDER_H
#define COLDMETER_TUI_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/snapshot.h"

enum order {
	ORDER_NAME,
	ORDER_PLATFORM,
	ORDER_RATE,
	ORDER_INVOCATIONS,
	ORDER_COLD,
	ORDER_INIT,
	ORDER_P50,
	ORDER_P95,
	ORDER_P99,
	ORDER_MEMORY,
	ORDER_ERRORS,
	ORDER_COST,
	ORDER_COUNT
};

const char *order_name(enum order order); /* "name", "cost", ... */
enum order order_find(const char *name);  /* ORDER_COUNT: no such */
void order_list(char *out, size_t size);  /* "name, platform, ..." */

/* Sorts: text from A, figures from the largest; reverse turns it around. Unknown figures
 * come last either way, and the name decides between equals. */
void order_rows(
    const struct function_row **rows, size_t rows_n, enum order order, bool reverse);

#endif
