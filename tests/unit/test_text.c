/* Text from strangers stays within bounds and safe to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/text.h"

static void check_printable(const char *in, const char *expected)
{
	char s[64];

	assert_true(text_copy(s, sizeof(s), in));
	text_make_printable(s);
	assert_string_equal(s, expected);
}

static void test_control_characters_become_question_marks(void **state)
{
	(void)state;
	check_printable("a\x1b[31mb\r\n\t\x7f", "a?[31mb????");
}

static void test_valid_utf8_is_kept(void **state)
{
	(void)state;
	check_printable("f\xc3\xbcr \xe2\x82\xac \xf0\x9f\x8c\xa1",
	    "f\xc3\xbcr \xe2\x82\xac \xf0\x9f\x8c\xa1");
}

static void test_c1_controls_overlong_forms_and_stray_bytes_are_replaced(void **state)
{
	(void)state;
	check_printable("\xc2\x9b", "??");
	check_printable("\xc0\xaf", "??");
	check_printable("\xed\xa0\x80", "???");
	check_printable("\xff\x80z", "??z");
	check_printable("\xe2\x82", "??"); /* ends inside a sequence */
}

/* Whether bytes hold exactly the character c. */
static void check_character(const char *bytes, size_t n, uint32_t c)
{
	uint32_t got = 0;

	assert_int_equal(text_utf8_bytes(bytes, n, &got), n);
	assert_int_equal(got, c);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(text_utf8_bytes(bytes, cut, &got), 0);
}

static void test_characters_are_read_at_the_edges_of_each_length(void **state)
{
	uint32_t c;

	(void)state;
	check_character("\0", 1, 0);
	check_character("\x7f", 1, 0x7f);
	check_character("\xc2\x80", 2, 0x80);
	check_character("\xdf\xbf", 2, 0x7ff);
	check_character("\xe0\xa0\x80", 3, 0x800);
	check_character("\xef\xbf\xbf", 3, 0xffff);
	check_character("\xf0\x90\x80\x80", 4, 0x10000);
	check_character("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
	assert_int_equal(text_utf8_bytes("\xc1\xbf", 2, &c), 0);
	assert_int_equal(text_utf8_bytes("\xe0\x9f\xbf", 3, &c), 0);
	assert_int_equal(text_utf8_bytes("\xed\xa0\x80", 3, &c), 0);
	assert_int_equal(text_utf8_bytes("\xf0\x8f\xbf\xbf", 4, &c), 0);
	assert_int_equal(text_utf8_bytes("\xf4\x90\x80\x80", 4, &c), 0);
	assert_int_equal(text_utf8_bytes("\xf5\x80\x80\x80", 4, &c), 0);
	assert_int_equal(text_utf8_bytes("\x80", 1, &c), 0);
}

static void test_text_direction_overrides_are_replaced(void **state)
{
	(void)state;
	check_printable("\xe2\x80\xae", "???");
}

static void test_a_copy_never_splits_a_sequence(void **state)
{
	char s[4];

	(void)state;
	assert_false(text_copy(s, sizeof(s), "ab\xe2\x82\xac"));
	assert_string_equal(s, "ab");
	assert_true(text_copy(s, sizeof(s), "abc"));
	assert_string_equal(s, "abc");
}

static void test_bytes_stop_at_the_first_nul(void **state)
{
	char s[8];

	(void)state;
	assert_true(text_copy_bytes(s, sizeof(s), "ab\0cd", 5));
	assert_string_equal(s, "ab");
	assert_true(text_copy_bytes(s, sizeof(s), "abcd", 2));
	assert_string_equal(s, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_control_characters_become_question_marks),
	    cmocka_unit_test(test_valid_utf8_is_kept),
	    cmocka_unit_test(
		test_c1_controls_overlong_forms_and_stray_bytes_are_replaced),
	    cmocka_unit_test(test_characters_are_read_at_the_edges_of_each_length),
	    cmocka_unit_test(test_text_direction_overrides_are_replaced),
	    cmocka_unit_test(test_a_copy_never_splits_a_sequence),
	    cmocka_unit_test(test_bytes_stop_at_the_first_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
