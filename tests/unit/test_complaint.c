/* What is said of an error that comes again and again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>

#include "base/clock.h"
#include "base/complaint.h"

#define MINUTE_NS (60 * (uint64_t)CLOCK_NS_PER_S)

static void test_complaint_says_an_error_once_and_its_end(void **state)
{
	struct complaint c = {0};

	(void)state;
	assert_int_equal(complaint_look(&c, 0, 1), COMPLAINT_NOTHING);
	assert_int_equal(complaint_look(&c, -ENOSPC, 2), COMPLAINT_BEGINS);
	assert_int_equal(complaint_look(&c, -ENOSPC, 3), COMPLAINT_NOTHING);
	assert_int_equal(
	    complaint_look(&c, -ENOSPC, 3 + 2 * MINUTE_NS), COMPLAINT_NOTHING);
	assert_int_equal(complaint_look(&c, 0, 4 + 2 * MINUTE_NS), COMPLAINT_ENDS);
	assert_int_equal(complaint_look(&c, 0, 5 + 2 * MINUTE_NS), COMPLAINT_NOTHING);
	assert_int_equal(
	    complaint_look(&c, -ENOSPC, 6 + 2 * MINUTE_NS), COMPLAINT_BEGINS);
}

static void test_complaint_says_another_error(void **state)
{
	struct complaint c = {0};

	(void)state;
	assert_int_equal(complaint_look(&c, -ENOSPC, 1), COMPLAINT_BEGINS);
	assert_int_equal(complaint_look(&c, -EROFS, 2), COMPLAINT_BEGINS);
	assert_int_equal(complaint_look(&c, -EROFS, 3), COMPLAINT_NOTHING);
	assert_int_equal(complaint_look(&c, 0, 4), COMPLAINT_ENDS);
}

static void test_complaint_of_what_comes_and_goes_is_once_a_minute(void **state)
{
	struct complaint c = {0};
	unsigned int lines = 0;

	(void)state;
	for (uint64_t at = 1; at < 10 * MINUTE_NS; at += MINUTE_NS / 60) {
		lines += complaint_look(&c, -EDQUOT, at) != COMPLAINT_NOTHING;
		lines += complaint_look(&c, 0, at + 1) != COMPLAINT_NOTHING;
	}
	assert_in_range(lines, 18, 20); /* that it begins and that it ended, each */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_complaint_says_an_error_once_and_its_end),
	    cmocka_unit_test(test_complaint_says_another_error),
	    cmocka_unit_test(test_complaint_of_what_comes_and_goes_is_once_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
