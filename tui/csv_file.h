/* A CSV file (RFC 4180, without line ends in quotes), gzip'd or not, row by row. */
#ifndef COLDMETER_TUI_CSV_FILE_H
#define COLDMETER_TUI_CSV_FILE_H

#include <stddef.h>
#include <stdint.h>

#define CSV_FIELDS_MAX 64
#define CSV_LINE_BYTES 8192
#define CSV_WHY_BYTES 512

struct csv_field {
	char *text; /* terminated; lives as long as the row */
	size_t n;
};

struct csv_row {
	uint64_t line; /* from 1 */
	struct csv_field fields[CSV_FIELDS_MAX];
	size_t n; /* at least 1 */
};

/* Takes one row: 0, or a negative errno to stop, with a reason in why (CSV_WHY_BYTES). */
typedef int csv_take(void *context, const struct csv_row *row, char *why);

/* Reads path ("-" is standard input) to its end; blank lines are passed over. 0, or a
 * negative errno with "FILE:LINE: reason" or "FILE: reason" in why (CSV_WHY_BYTES). */
int csv_file_read(const char *path, csv_take *take, void *context, char *why);

/* What that file is called in errors. */
const char *csv_file_name(const char *path);

#endif
