/* Short runs of bytes are the same when each of them is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/same.h"

static void test_runs_are_the_same_where_each_byte_is(void **state)
{
	(void)state;
	for (size_t n = 4; n < 80; n++) {
		char a[80];
		char b[80];

		memset(a, 'x', sizeof(a));
		memset(b, 'y', sizeof(b));
		memset(b, 'x', n);
		assert_true(same_bytes(a, b, n));
		for (size_t i = 0; i < n; i++) {
			b[i] = 'z';
			assert_false(same_bytes(a, b, n));
			b[i] = 'x';
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_runs_are_the_same_where_each_byte_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
