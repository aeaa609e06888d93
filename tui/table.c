#include "tui/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "base/text.h"

struct table {
	const struct table_column *columns;
	size_t columns_n;
	char **cells;
	size_t cells_n;
	size_t cells_room;
};

struct table *table_new(const struct table_column *columns, size_t columns_n)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->columns_n = columns_n;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cells_n; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

int table_add(struct table *table, const char *text)
{
	AUTO(free) char *copy = strdup(text ? text : "");

	if (!copy)
		return -ENOMEM;
	if (ROOM_FOR_ONE(table->cells, table->cells_n, table->cells_room) < 0)
		return -ENOMEM;
	text_make_printable(copy);
	table->cells[table->cells_n++] = TAKE(copy);
	return 0;
}

size_t table_rows(const struct table *table)
{
	return table->columns_n ? table->cells_n / table->columns_n : 0;
}

size_t table_width(const char *s)
{
	mbstate_t state = {0};
	size_t width = 0;

	while (*s) {
		wchar_t c = 0;
		size_t n = mbrtowc(&c, s, MB_CUR_MAX, &state);
		int columns;

		if (n == (size_t)-1 || n == (size_t)-2) {
			state = (mbstate_t){0};
			n = 1;
			columns = 1;
		} else {
			columns = wcwidth(c);
		}
		width += columns > 0 ? (size_t)columns : 0;
		s += n;
	}
	return width;
}

static void print_padded(
    const char *text, size_t width, enum table_align align, bool last, FILE *out)
{
	size_t own = table_width(text);
	int pad = own < width ? (int)(width - own) : 0;

	if (align == TABLE_RIGHT)
		(void)fprintf(out, "%*s", pad, "");
	(void)fputs(text, out);
	if (align == TABLE_LEFT && !last)
		(void)fprintf(out, "%*s", pad, "");
	(void)fputs(last ? "" : "  ", out);
}

void table_print(const struct table *table, bool colour, FILE *out)
{
	AUTO(free) size_t *widths = calloc(table->columns_n, sizeof(*widths));
	size_t n = table->columns_n;

	if (!widths)
		return;
	for (size_t i = 0; i < n; i++)
		widths[i] = table_width(table->columns[i].title);
	for (size_t i = 0; i < table_rows(table) * n; i++) {
		size_t width = table_width(table->cells[i]);

		if (width > widths[i % n])
			widths[i % n] = width;
	}
	(void)fputs(colour ? "\033[1m" : "", out);
	for (size_t i = 0; i < n; i++)
		print_padded(table->columns[i].title, widths[i], table->columns[i].align,
		    i + 1 == n, out);
	(void)fputs(colour ? "\033[0m\n" : "\n", out);
	for (size_t i = 0; i < table_rows(table) * n; i++) {
		print_padded(table->cells[i], widths[i % n], table->columns[i % n].align,
		    i % n + 1 == n, out);
		if (i % n + 1 == n)
			(void)fputc('\n', out);
	}
}

/* Whether a spreadsheet would run it: names come from whoever is measured. */
static bool is_formula(const char *text)
{
	char *end;

	if (!*text || !strchr("=+-@", *text) || !text[1])
		return false;
	(void)strtod(text, &end);
	return *end != '\0';
}

static void print_quoted(const char *text, bool last, FILE *out)
{
	bool quote = strpbrk(text, ",\"\r\n") != NULL;

	if (quote)
		(void)fputc('"', out);
	if (is_formula(text))
		(void)fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputs(quote ? (last ? "\"\n" : "\",") : (last ? "\n" : ","), out);
}

void table_print_csv(const struct table *table, FILE *out)
{
	size_t n = table->columns_n;

	for (size_t i = 0; i < n; i++)
		print_quoted(table->columns[i].title, i + 1 == n, out);
	for (size_t i = 0; i < table_rows(table) * n; i++)
		print_quoted(table->cells[i], i % n + 1 == n, out);
}
