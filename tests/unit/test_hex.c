/* Hexadecimal digits by words are what they are one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "tests/unit/random.h"

#define DIGITS ((size_t)2 * HEX_ID_BYTES)

static bool read_text(const char *digits, uint8_t *out)
{
	uint64_t words[DIGITS / sizeof(uint64_t)];

	memcpy(words, digits, DIGITS);
	return hex_read_id(words, out);
}

static void test_an_id_is_written_and_read_back(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 10000; round++) {
		uint8_t id[HEX_ID_BYTES];
		uint8_t back[HEX_ID_BYTES];
		char digits[DIGITS + 1] = "";
		char wanted[DIGITS + 1];

		for (size_t i = 0; i < sizeof(id); i++) {
			id[i] = (uint8_t)random_next(&seed);
			(void)snprintf(wanted + 2 * i, 3, "%02x", id[i]);
		}
		hex_write_id(id, digits);
		assert_string_equal(digits, wanted);
		assert_true(read_text(digits, back));
		assert_memory_equal(back, id, sizeof(id));
	}
}

/* Upper case is no digit here: what is packed must come back as it was. */
static void test_each_byte_in_each_place_is_a_digit_or_none(void **state)
{
	static const char known[] = "0123456789abcdef";

	(void)state;
	for (size_t at = 0; at < DIGITS; at++) {
		for (int c = 0; c < 256; c++) {
			char digits[DIGITS + 1] = "00112233445566778899aabbccddeeff";
			const char *digit = c ? strchr(known, c) : NULL;
			uint8_t out[HEX_ID_BYTES];

			digits[at] = (char)c;
			assert_int_equal(read_text(digits, out), digit != NULL);
			if (digit)
				assert_int_equal(
				    at % 2 ? out[at / 2] & 0xf : out[at / 2] >> 4,
				    digit - known);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_id_is_written_and_read_back),
	    cmocka_unit_test(test_each_byte_in_each_place_is_a_digit_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
