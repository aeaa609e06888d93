/* What the price calculator is given: a file of descriptions, or of invocations. */
#ifndef COLDMETER_TUI_PRICE_USAGE_INPUT_H
#define COLDMETER_TUI_PRICE_USAGE_INPUT_H

#include <stdio.h>

#include "price/estimate.h"

/* Adds all of in to the estimate. An input whose first line is an invocation object is
 * NDJSON of such; any other is a JSON object or array of descriptions, at most 16 MiB. 0,
 * or a negative errno with a sentence in why that names the line or the member. */
int usage_input_read(FILE *in, struct estimate *estimate, char *why, size_t why_size);

#endif
