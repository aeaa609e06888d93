/* An invoice that the collector answered, as rows for other programs. */
#ifndef COLDMETER_TUI_INVOICE_CSV_H
#define COLDMETER_TUI_INVOICE_CSV_H

#include <jansson.h>
#include <stdio.h>

/* A row for each line: of each part when the answer has parts, else of each invoice.
 * Exact figures. 0, -EBADMSG when root is no such answer, or -ENOMEM. */
int invoice_csv_print(const json_t *root, FILE *out);

#endif
