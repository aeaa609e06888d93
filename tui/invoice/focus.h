/* An invoice as rows of the FinOps Open Cost and Usage Specification, version 1.0. */
#ifndef COLDMETER_TUI_INVOICE_FOCUS_H
#define COLDMETER_TUI_INVOICE_FOCUS_H

#include <jansson.h>
#include <stdio.h>

/* All 43 columns of https://focus.finops.org/focus-specification/v1-0/ as CSV, a row for
 * each line of each part of an answer by function or by day; what is not known is empty.
 * 0, -EBADMSG when root is no such answer, or -ENOMEM. */
int invoice_focus_print(const json_t *root, FILE *out);

#endif
