/* Rows of a query's answer, {"tables":[{"columns":[{"name":...}],"rows":[[...]]}]}, as
 * objects.
 * https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format */
#ifndef COLDMETER_WIRE_IMPORT_TABLE_ROW_H
#define COLDMETER_WIRE_IMPORT_TABLE_ROW_H

#include <stddef.h>
#include <sys/types.h>

/* Writes {"name":value,...} into out, of room bytes. head is what stood before the rows.
 * Returns bytes; -EBADMSG when there are no columns or as many values; -EMSGSIZE. */
ssize_t table_row_object(
    const char *head, size_t head_n, const char *row, size_t n, char *out, size_t room);

#endif
