/* Parts of the OpenMetrics text. */
#ifndef COLDMETER_SERVE_METRICS_H
#define COLDMETER_SERVE_METRICS_H

#include <stddef.h>
#include <stdio.h>

#include "store/store.h"

/* As a label value: backslash and quote escaped, what is not printable replaced. */
void metrics_escape(char *to, size_t size, const char *from);

/* Families of hosts: their ledgers, what watching costs them, what is not seen there. 0
 * or -errno. */
int metrics_hosts(FILE *out, struct store *store);

#endif
