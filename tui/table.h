/* A table of text that is printed aligned for people, or as CSV for programs. */
#ifndef COLDMETER_TUI_TABLE_H
#define COLDMETER_TUI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title;
	enum table_align align;
};

struct table;

/* columns is borrowed and outlives the table. NULL when out of memory. */
struct table *table_new(const struct table_column *columns, size_t columns_n);
void table_free(struct table *table);

static inline void cleanup_table(struct table **table)
{
	table_free(*table);
}

/* The next cell, row by row. The text is copied, control characters replaced; NULL is an
 * empty cell. 0 or -ENOMEM. */
int table_add(struct table *table, const char *text);

/* Rows that are complete. */
size_t table_rows(const struct table *table);

/* Aligned columns, two spaces between; the header bold when colour is set. The last
 * column is not padded. */
void table_print(const struct table *table, bool colour, FILE *out);

/* RFC 4180 with titles as given, lines ending in LF. Text that a spreadsheet would take
 * for a formula ("=1+1", "@name") has a ' before it; numbers have none. */
void table_print_csv(const struct table *table, FILE *out);

/* Terminal columns that s takes; what has no width counts 0. */
size_t table_width(const char *s);

#endif
