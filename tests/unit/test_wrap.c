/* Lines that fit the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <locale.h>

#include "tui/table.h"
#include "tui/wrap.h"

static char *wrapped(const char *text, size_t at, size_t indent, size_t columns)
{
	char *out = NULL;
	size_t bytes = 0;
	FILE *f = open_memstream(&out, &bytes);

	assert_non_null(f);
	wrap_put(f, text, at, indent, columns);
	assert_int_equal(fclose(f), 0);
	return out;
}

static void check(
    const char *text, size_t at, size_t indent, size_t columns, const char *expected)
{
	char *out = wrapped(text, at, indent, columns);

	assert_string_equal(out, expected);
	free(out);
}

static void test_words_go_on_the_next_line_below_the_text(void **state)
{
	(void)state;
	check("", 0, 2, 10, "");
	check("one two", 0, 2, 10, "one two");
	check("one  two three", 0, 2, 10, "one two\n  three");
	check("one two", 4, 4, 11, "one two");
	check("one two", 5, 4, 11, "one\n    two");
}

static void test_a_word_that_fits_no_line_is_broken(void **state)
{
	(void)state;
	check("abcdefghijkl m", 0, 2, 6, "abcdef\n  ghij\n  kl m");
	check("a bcdefghij", 0, 2, 6, "a\n  bcde\n  fghi\n  j");
}

static void test_no_line_is_wider_than_the_terminal(void **state)
{
	static const char *const words[] = {"a", "bcd", "\xc3\xa9\xc3\xa9\xc3\xa9",
	    "\xe6\xbc\xa2\xe5\xad\x97",
	    "arn:aws:lambda:eu-west-1:123456789012:function:shop-checkout", "\xff\xfe",
	    "12"};

	(void)state;
	for (unsigned int round = 0; round < 500; round++) {
		char text[1024] = "";
		char *out;
		size_t columns = 20 + round % 61;

		for (unsigned int i = 0; i < 12; i++) {
			size_t at = strlen(text);

			(void)snprintf(text + at, sizeof(text) - at, "%s%s",
			    words[(round * 31 + i * i + i * round) % 7],
			    i % 5 ? " " : "  ");
		}
		out = wrapped(text, 10, 10, columns);
		for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"))
			assert_true(table_width(line) <= columns);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words_go_on_the_next_line_below_the_text),
	    cmocka_unit_test(test_a_word_that_fits_no_line_is_broken),
	    cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
