/* Tables as text and CSV. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tui/table.h"

static const struct table_column columns[] = {
    {"NAME", TABLE_LEFT}, {"COUNT", TABLE_RIGHT}, {"LAST", TABLE_LEFT}};

static char *print(const struct table *table, bool csv, bool colour)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	if (csv)
		table_print_csv(table, out);
	else
		table_print(table, colour, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct table *filled(const char *const *cells, size_t n)
{
	struct table *table = table_new(columns, 3);

	assert_non_null(table);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(table_add(table, cells[i]), 0);
	return table;
}

static void check(const char *const *cells, size_t n, bool csv, const char *expected)
{
	struct table *table = filled(cells, n);
	char *text = print(table, csv, false);

	assert_string_equal(text, expected);
	free(text);
	table_free(table);
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const cells[] = {"hello", "7", "x", "a", "12345678", ""};

	(void)state;
	check(cells, 6, false,
	    "NAME      COUNT  LAST\nhello         7  x\na      12345678  \n");
}

static void test_wide_characters_count_two_columns(void **state)
{
	static const char *const cells[] = {"\u65e5\u672c", "1", "x", "abcde", "2", "y"};

	(void)state;
	check(cells, 6, false,
	    "NAME   COUNT  LAST\n\u65e5\u672c       1  x\nabcde      2  y\n");
}

static void test_control_characters_never_reach_the_terminal(void **state)
{
	static const char *const cells[] = {"a\033[31mb\n", "\x9b", "\t"};

	(void)state;
	check(cells, 3, false, "NAME      COUNT  LAST\na?[31mb?      ?  ?\n");
}

static void test_csv_quotes_what_needs_it(void **state)
{
	static const char *const cells[] = {"a,b", "say \"hi\"", NULL};

	(void)state;
	check(cells, 3, true, "NAME,COUNT,LAST\n\"a,b\",\"say \"\"hi\"\"\",\n");
}

/* https://owasp.org/www-community/attacks/CSV_Injection */
static void test_csv_has_no_formula(void **state)
{
	static const char *const names[] = {"=1+1", "@SUM(A1)", "+1-cmd|' /C calc'!A0"};
	static const char *const figures[] = {"-1.5", "-", "a-b"};

	(void)state;
	check(names, 3, true, "NAME,COUNT,LAST\n'=1+1,'@SUM(A1),'+1-cmd|' /C calc'!A0\n");
	check(figures, 3, true, "NAME,COUNT,LAST\n-1.5,-,a-b\n");
}

static void test_only_complete_rows_are_printed(void **state)
{
	static const char *const cells[] = {"a", "1", "x", "b"};
	struct table *table = filled(cells, 4);

	(void)state;
	assert_int_equal(table_rows(table), 1);
	table_free(table);
}

static void test_colour_is_in_the_head_alone(void **state)
{
	static const char *const cells[] = {"a", "1", "x"};
	struct table *table = filled(cells, 3);
	char *text = print(table, false, true);

	(void)state;
	assert_string_equal(text, "\033[1mNAME  COUNT  LAST\033[0m\na         1  x\n");
	free(text);
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
	    cmocka_unit_test(test_wide_characters_count_two_columns),
	    cmocka_unit_test(test_control_characters_never_reach_the_terminal),
	    cmocka_unit_test(test_csv_quotes_what_needs_it),
	    cmocka_unit_test(test_csv_has_no_formula),
	    cmocka_unit_test(test_only_complete_rows_are_printed),
	    cmocka_unit_test(test_colour_is_in_the_head_alone),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
