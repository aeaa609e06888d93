/* What is not a batch, or is one no more, is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/guard_page.h"
#include "tests/unit/sample_batch.h"
#include "wire/batch.h"

/* --- hostile bytes ---------------------------------------------------------------------
 */

static uint8_t *small_batch(size_t *n)
{
	struct batch_writer *w;
	uint64_t seed = 77;
	uint8_t *bytes;

	assert_int_equal(batch_writer_new(&w), 0);
	sample_fill(w, &seed, 3, 12);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, n), 0);
	batch_writer_free(w);
	return bytes;
}

static void test_every_prefix_is_refused_without_reading_past_it(void **state)
{
	struct batch untouched;
	struct guard_page guard;
	size_t n;
	uint8_t *bytes = small_batch(&n);

	(void)state;
	guard_page_init(&guard, n);
	for (size_t cut = 0; cut < n; cut++) {
		struct batch *batch = &untouched;
		const char *why = NULL;
		const uint8_t *at = guard_page_copy(&guard, bytes, cut);

		assert_int_equal(batch_decode(at, cut, &batch, &why), -EBADMSG);
		assert_ptr_equal(batch, &untouched);
		assert_non_null(why);
	}
	sample_decode_sent(guard_page_copy(&guard, bytes, n), n);
	guard_page_done(&guard);
	free(bytes);
}

static void test_a_head_is_read_without_its_records_but_no_prefix_of_it_is(void **state)
{
	struct batch_head head;
	size_t n;
	size_t head_bytes = 0;
	uint8_t *bytes = small_batch(&n);

	(void)state;
	while (batch_decode_head(bytes, head_bytes, &head, NULL) < 0)
		head_bytes++;
	assert_in_range(head_bytes, 40, 256);
	sample_assert_head(&head, &sent.head);
	for (; head_bytes <= n; head_bytes++)
		assert_int_equal(batch_decode_head(bytes, head_bytes, &head, NULL), 0);
	free(bytes);
}

/* Head and records each carry a check, so that damage never changes what is stored. */
static void test_every_damaged_byte_is_noticed(void **state)
{
	size_t n;
	uint8_t *bytes = small_batch(&n);

	(void)state;
	for (size_t at = 0; at < n; at++) {
		for (unsigned int flip = 1; flip < 256; flip += at < 200 ? 1 : 17) {
			struct batch *batch = NULL;
			const char *why = NULL;
			int err;

			bytes[at] ^= (uint8_t)flip;
			err = batch_decode(bytes, n, &batch, &why);
			if (err == 0) /* a frame header's spare bits change nothing */
				sample_assert_sent(batch);
			else
				assert_true(
				    why && (err == -EBADMSG || err == -EPROTONOSUPPORT));
			batch_free(batch);
			bytes[at] ^= (uint8_t)flip;
		}
	}
	free(bytes);
}

static void test_bytes_behind_a_batch_are_refused(void **state)
{
	size_t n;
	uint8_t *bytes = small_batch(&n);
	uint8_t *longer = malloc(2 * n);
	struct batch *batch;
	const char *why;

	(void)state;
	assert_non_null(longer);
	memcpy(longer, bytes, n);
	longer[n] = 0;
	assert_int_equal(batch_decode(longer, n + 1, &batch, &why), -EBADMSG);
	assert_string_equal(why, "bytes follow the records");
	memcpy(longer + n, bytes, n);
	assert_int_equal(batch_decode(longer, 2 * n, &batch, &why), -EBADMSG);
	free(longer);
	free(bytes);
}

static void test_a_newer_version_is_said_to_be_one(void **state)
{
	struct batch *batch;
	struct batch_head head;
	const char *why;
	size_t n;
	uint8_t *bytes = small_batch(&n);

	(void)state;
	bytes[4] = 4;
	assert_int_equal(batch_decode(bytes, n, &batch, &why), -EPROTONOSUPPORT);
	assert_int_equal(batch_decode_head(bytes, n, &head, &why), -EPROTONOSUPPORT);
	assert_string_equal(why, "its version is not known here");
	free(bytes);
}

static void test_more_than_a_batch_may_be_is_refused_unread(void **state)
{
	uint8_t *bytes = calloc(1, BATCH_MAX_BYTES + 1);
	struct batch *batch;
	const char *why;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(
	    batch_decode(bytes, BATCH_MAX_BYTES + 1, &batch, &why), -EBADMSG);
	assert_string_equal(why, "it is larger than a batch may be");
	assert_int_equal(batch_decode(NULL, 0, &batch, &why), -EBADMSG);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_prefix_is_refused_without_reading_past_it),
	    cmocka_unit_test(
		test_a_head_is_read_without_its_records_but_no_prefix_of_it_is),
	    cmocka_unit_test(test_every_damaged_byte_is_noticed),
	    cmocka_unit_test(test_bytes_behind_a_batch_are_refused),
	    cmocka_unit_test(test_a_newer_version_is_said_to_be_one),
	    cmocka_unit_test(test_more_than_a_batch_may_be_is_refused_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
