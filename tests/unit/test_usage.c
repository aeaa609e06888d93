/* Usage adds up, and its coding survives a writer that knows fewer or more items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/varint.h"
#include "model/usage.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"

static void fill(struct usage *usage, uint64_t *seed)
{
	for (int i = 0; i < USAGE_ITEMS; i++)
		usage->item[i] = random_width(seed);
}

static void test_adding_then_subtracting_gives_the_same(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int n = 0; n < 1000; n++) {
		struct usage a, b, sum;

		fill(&a, &seed);
		fill(&b, &seed);
		for (int i = 0; i < USAGE_ITEMS; i++) {
			a.item[i] >>= 1;
			b.item[i] >>= 1;
		}
		sum = a;
		usage_add(&sum, &b);
		usage_subtract(&sum, &b);
		assert_memory_equal(&sum, &a, sizeof(a));
	}
}

static void test_sums_stop_at_the_largest_and_at_0(void **state)
{
	struct usage a = {.item = {UINT64_MAX - 1, 5}};
	const struct usage b = {.item = {2, 6}};

	(void)state;
	usage_add(&a, &b);
	assert_true(a.item[0] == UINT64_MAX);
	assert_int_equal(a.item[1], 11);
	a.item[1] = 5;
	usage_subtract(&a, &b);
	assert_true(a.item[0] == UINT64_MAX - 2);
	assert_int_equal(a.item[1], 0);
}

static void test_every_item_has_its_own_name(void **state)
{
	(void)state;
	for (int i = 0; i < USAGE_ITEMS; i++) {
		assert_non_null(usage_item_name((enum usage_item)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(usage_item_name((enum usage_item)i),
			    usage_item_name((enum usage_item)j));
	}
	assert_string_equal(usage_item_name(USAGE_AWS_REQUESTS), "aws_requests");
	assert_string_equal(usage_item_name(USAGE_AWS_MB_MS), "aws_mb_ms");
}

static void test_the_coding_gives_back_what_was_put_in(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int n = 0; n < 2000; n++) {
		uint8_t bytes[USAGE_ENCODED_MAX];
		struct usage in, out;

		fill(&in, &seed);
		ssize_t size = usage_encode(&in, bytes, sizeof(bytes));
		assert_true(size > 0);
		assert_int_equal(usage_decode(bytes, (size_t)size, &out), size);
		assert_memory_equal(&in, &out, sizeof(in));
	}
}

static void test_the_largest_values_fit_the_stated_room(void **state)
{
	uint8_t bytes[USAGE_ENCODED_MAX];
	struct usage in;

	(void)state;
	memset(&in, 0xff, sizeof(in));
	ssize_t size = usage_encode(&in, bytes, sizeof(bytes));
	assert_true(size > 0);
	for (size_t room = 0; room < (size_t)size; room++)
		assert_int_equal(usage_encode(&in, bytes, room), -ENOSPC);
}

static void test_every_prefix_is_refused(void **state)
{
	struct guard_page page;
	uint8_t bytes[USAGE_ENCODED_MAX];
	uint64_t seed = 3;
	struct usage in;
	struct usage out = {.item = {42}};

	(void)state;
	guard_page_init(&page, sizeof(bytes));
	assert_non_null(page.pages);
	if (!page.pages)
		return;
	fill(&in, &seed);
	ssize_t size = usage_encode(&in, bytes, sizeof(bytes));
	for (size_t n = 0; n < (size_t)size; n++)
		assert_int_equal(
		    usage_decode(guard_page_copy(&page, bytes, n), n, &out), -EBADMSG);
	assert_int_equal(out.item[0], 42);
	guard_page_done(&page);
}

static void test_fewer_items_leave_the_rest_at_0(void **state)
{
	const uint8_t two[] = {2, 7, 9};
	struct usage out = {.item = {1, 1, 1}};

	(void)state;
	assert_int_equal(usage_decode(two, sizeof(two), &out), 3);
	assert_int_equal(out.item[0], 7);
	assert_int_equal(out.item[1], 9);
	for (int i = 2; i < USAGE_ITEMS; i++)
		assert_int_equal(out.item[i], 0);
}

static void test_items_of_0_at_the_end_take_no_room(void **state)
{
	uint8_t bytes[USAGE_ENCODED_MAX];
	struct usage in = {.item = {[USAGE_AWS_BILLED_MS] = 7}};
	struct usage out = {.item = {[USAGE_ITEMS - 1] = 1}};

	(void)state;
	assert_int_equal(usage_encode(&in, bytes, sizeof(bytes)), 3); /* 2, 0, 7 */
	assert_int_equal(usage_decode(bytes, 3, &out), 3);
	assert_memory_equal(&in, &out, sizeof(in));
	in = (struct usage){0};
	assert_int_equal(usage_encode(&in, bytes, sizeof(bytes)), 1);
}

static void test_more_items_are_skipped(void **state)
{
	uint8_t more[USAGE_ITEMS + 3 + 1];
	struct usage out;

	(void)state;
	more[0] = USAGE_ITEMS + 3;
	for (size_t i = 1; i < sizeof(more); i++)
		more[i] = (uint8_t)i;
	assert_int_equal(usage_decode(more, sizeof(more), &out), sizeof(more));
	assert_int_equal(out.item[USAGE_ITEMS - 1], USAGE_ITEMS);
}

static void test_a_count_beyond_the_bytes_is_refused_at_once(void **state)
{
	uint8_t bytes[VARINT_MAX_BYTES + 1] = {0};
	struct usage out;

	(void)state;
	assert_true(varint_encode(UINT64_MAX, bytes, sizeof(bytes)) > 0);
	assert_int_equal(usage_decode(bytes, sizeof(bytes), &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_adding_then_subtracting_gives_the_same),
	    cmocka_unit_test(test_sums_stop_at_the_largest_and_at_0),
	    cmocka_unit_test(test_every_item_has_its_own_name),
	    cmocka_unit_test(test_the_coding_gives_back_what_was_put_in),
	    cmocka_unit_test(test_the_largest_values_fit_the_stated_room),
	    cmocka_unit_test(test_every_prefix_is_refused),
	    cmocka_unit_test(test_fewer_items_leave_the_rest_at_0),
	    cmocka_unit_test(test_items_of_0_at_the_end_take_no_room),
	    cmocka_unit_test(test_more_items_are_skipped),
	    cmocka_unit_test(test_a_count_beyond_the_bytes_is_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
