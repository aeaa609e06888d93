/* Bounded integers: one coding per value, and nothing else is taken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/varint.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"

static void test_known_values_have_known_bytes(void **state)
{
	uint8_t out[VARINT_MAX_BYTES];

	(void)state;
	assert_int_equal(varint_encode(0, out, sizeof(out)), 1);
	assert_int_equal(out[0], 0);
	assert_int_equal(varint_encode(127, out, sizeof(out)), 1);
	assert_int_equal(out[0], 127);
	assert_int_equal(varint_encode(300, out, sizeof(out)), 2);
	assert_memory_equal(out, "\xac\x02", 2);
	assert_int_equal(varint_encode(UINT64_MAX, out, sizeof(out)), 10);
	assert_memory_equal(out, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
}

static void check_round_trip(uint64_t value, const struct guard_page *guard)
{
	uint8_t out[VARINT_MAX_BYTES];
	uint64_t read = ~value;
	ssize_t n = varint_encode(value, out, sizeof(out));

	assert_in_range(n, 1, VARINT_MAX_BYTES);
	assert_int_equal(
	    varint_decode(guard_page_copy(guard, out, (size_t)n), (size_t)n, &read), n);
	assert_true(read == value);
	for (size_t cut = 0; cut < (size_t)n; cut++) {
		uint8_t small[VARINT_MAX_BYTES] = {0};

		assert_int_equal(
		    varint_decode(guard_page_copy(guard, out, cut), cut, &read), -EAGAIN);
		assert_int_equal(varint_encode(value, small, cut), -ENOSPC);
		assert_int_equal(small[0], 0);
	}
}

static void test_every_width_round_trips_and_no_prefix_does(void **state)
{
	struct guard_page guard;
	uint64_t seed = 1;

	(void)state;
	guard_page_init(&guard, VARINT_MAX_BYTES);
	for (unsigned int bits = 0; bits < 64; bits++) {
		check_round_trip(UINT64_C(1) << bits, &guard);
		check_round_trip((UINT64_C(1) << bits) - 1, &guard);
	}
	check_round_trip(UINT64_MAX, &guard);
	for (int i = 0; i < 100000; i++)
		check_round_trip(random_width(&seed), &guard);
	guard_page_done(&guard);
}

static void test_overlong_codings_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
	    {"\x80\x00", 2}, /* a needless group */
	    {"\xff\x80\x00", 3},
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10}, /* 65 bits */
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81", 10}, /* goes on after 10 */
	    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11},
	};
	uint64_t value = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    varint_decode((const uint8_t *)bad[i].bytes, bad[i].n, &value),
		    -EBADMSG);
	assert_true(value == 42);
}

static void test_zigzag_keeps_small_numbers_small_and_every_number_whole(void **state)
{
	static const int64_t numbers[] = {0, -1, 1, -2, 2, INT64_MAX, INT64_MIN};
	static const uint64_t codes[] = {0, 1, 2, 3, 4, UINT64_MAX - 1, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_true(varint_zigzag(numbers[i]) == codes[i]);
		assert_true(varint_unzigzag(codes[i]) == numbers[i]);
	}
}

static void test_the_fast_way_reads_what_the_other_reads(void **state)
{
	uint64_t random = 8;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint8_t bytes[16] = {0};
		size_t size = random_below(&random, sizeof(bytes) + 1);
		uint64_t slow = 1;
		uint64_t fast = 1;

		for (size_t k = 0; k < size; k++)
			bytes[k] = (uint8_t)(random_next(&random) >> 9 |
					     (random_below(&random, 5) ? 0x80 : 0));
		if (size > 0 && i % 4 == 0) /* needless groups as well */
			bytes[random_below(&random, size)] = 0;
		assert_int_equal(varint_decode_fast(bytes, size, &fast),
		    varint_decode(bytes, size, &slow));
		assert_true(fast == slow);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_values_have_known_bytes),
	    cmocka_unit_test(test_every_width_round_trips_and_no_prefix_does),
	    cmocka_unit_test(test_overlong_codings_are_refused),
	    cmocka_unit_test(
		test_zigzag_keeps_small_numbers_small_and_every_number_whole),
	    cmocka_unit_test(test_the_fast_way_reads_what_the_other_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
