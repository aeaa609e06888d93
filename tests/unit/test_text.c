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
	    cmocka_unit_test(test_text_direction_overrides_are_replaced),
	    cmocka_unit_test(test_a_copy_never_splits_a_sequence),
	    cmocka_unit_test(test_bytes_stop_at_the_first_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
