/* Functions added up by host, version, ...: `functions --by` prints it. */
#ifndef COLDMETER_TUI_GROUPS_TABLE_H
#define COLDMETER_TUI_GROUPS_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* root: what GET /v1/functions?by=... answered. What the groups leave out is said below
 * the table. 0; -EBADMSG when it is no such answer; -ENOMEM. */
int groups_table_print(const json_t *root, bool colour, FILE *out);
int groups_table_csv(const json_t *root, FILE *out);

#endif
