/* Names that differ in a few characters fall into different places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS 2048
#define NAMES 1000

/* So many balls in so many bins take 791 of them (2048 * (1 - exp(-1000 / 2048))); the
 * low bits and the high ones alike. */
static void test_numbered_names_spread_evenly(void **state)
{
	static const struct {
		const char *before;
		const char *behind;
	} forms[] = {{"", ""}, {"function-", ""}, {"fn-", "-production-blue"},
	    {"", "-sandbox"}, {"0123456", ""}, {"aaaaaaaaaaaaaaaa", ""}};

	(void)state;
	for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
		char low[SLOTS] = {0};
		char high[SLOTS] = {0};
		size_t low_n = 0;
		size_t high_n = 0;

		for (size_t i = 0; i < NAMES; i++) {
			char name[64];
			uint64_t hash;

			(void)snprintf(name, sizeof(name), "%s%zu%s", forms[form].before,
			    i, forms[form].behind);
			hash = hash_bytes(0, name, strlen(name));
			low_n += !low[hash % SLOTS];
			low[hash % SLOTS] = 1;
			high_n += !high[hash >> 53];
			high[hash >> 53] = 1;
		}
		assert_in_range(low_n, 740, NAMES);
		assert_in_range(high_n, 740, NAMES);
	}
}

static void test_every_byte_and_the_length_tell(void **state)
{
	char bytes[40] = "";

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		uint64_t hash = hash_bytes(7, bytes, n);

		assert_true(
		    n + 1 == sizeof(bytes) || hash_bytes(7, bytes, n + 1) != hash);
		for (size_t i = 0; i < n; i++) {
			bytes[i] = 1;
			assert_true(hash_bytes(7, bytes, n) != hash);
			bytes[i] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbered_names_spread_evenly),
	    cmocka_unit_test(test_every_byte_and_the_length_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
