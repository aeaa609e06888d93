/* An invoice that the collector answered, as tables for people. */
#ifndef COLDMETER_TUI_INVOICE_TABLE_H
#define COLDMETER_TUI_INVOICE_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The comparison of plans or the parts where there are some, the invoices line by line
 * (brief: their totals only), the forecast, what is lost, and the sources. 0, -EBADMSG
 * when root is no such answer, or -ENOMEM. */
int invoice_table_print(const json_t *root, bool brief, bool colour, FILE *out);

#endif
