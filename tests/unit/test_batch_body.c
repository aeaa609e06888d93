/* Batches made by hand after the layout at the head of batch.c: as it says, by careless
 * writers, and by enemies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "tests/unit/craft_batch.h"
#include "wire/batch.h"
#include "wire/batch/row.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void assert_refused(const char *expected)
{
	struct batch *batch = NULL;
	const char *why = "";

	finish_body();
	assert_int_equal(batch_decode(whole.bytes, whole.n, &batch, &why), -EBADMSG);
	assert_null(batch);
	assert_string_equal(why, expected);
}

static void test_a_batch_made_after_the_layout_is_read(void **state)
{
	struct batch *batch;

	(void)state;
	begin_body(2);
	put_columns(0);
	batch = decode_good();
	assert_string_equal(batch->head.host, "host");
	assert_int_equal(batch->head.id.sequence, 5);
	assert_int_equal(batch->head.sent_ns, 5);
	assert_int_equal(batch->head.ledger.seen, 3);
	assert_int_equal(batch->invocations_n, 2);
	assert_string_equal(batch->functions[0].name, "f");
	assert_int_equal(batch->functions[0].memory_limit_mb, 128);
	assert_int_equal(batch->invocations[0].kind, KIND_HTTP);
	assert_int_equal(batch->invocations[0].start_type, START_WARM);
	assert_int_equal(batch->invocations[0].start_ns, 1000);
	assert_int_equal(batch->invocations[1].start_ns, 2000);
	assert_int_equal(batch->invocations[1].concurrency, 1);
	assert_string_equal(batch->invocations[1].sandbox, "");
	assert_false(batch->is_newer);
	batch_free(batch);
}

static void test_columns_twice_or_out_of_order_are_refused(void **state)
{
	(void)state;
	begin_body(1);
	put_columns(0);
	put_column(19, 0, BYTES("\0"));
	assert_refused("a column comes twice or out of order");
	begin_body(1);
	put_columns(0);
	put_column(40, 0, BYTES("a"));
	put_column(40, 0, BYTES("a"));
	assert_refused("a column comes twice or out of order");
	begin_body(1);
	put_same(2, 0);
	put_same(1, 0);
	assert_refused("a column comes twice or out of order");
	begin_body(1);
	put_same(0, 0);
	assert_refused("a column comes twice or out of order");
}

static void test_every_column_that_all_records_have_is_needed(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= 18; id++) {
		if (id >= 6 && id <= 15)
			continue;
		begin_body(1);
		put_columns(id);
		assert_refused("a column has too few values, or too large ones");
	}
	begin_body(1);
	put_columns(19);
	assert_refused("a sandbox is malformed or too long");
}

static void test_a_value_too_many_is_refused(void **state)
{
	(void)state;
	begin_body(1);
	put_column(1, 0, BYTES("\0\0"));
	put_columns(1);
	assert_refused("a column has more values than records have of it");
	begin_body(1); /* of a figure that no record has */
	put_columns(0);
	put_column(20, 0, BYTES("\0\0"));
	assert_refused("a column has more values than records have of it");
	begin_body(1);
	put_column(1, 1, BYTES("\0\0"));
	put_columns(1);
	assert_refused("a column has more values than records have of it");
}

static void test_a_value_too_few_is_refused(void **state)
{
	(void)state;
	begin_body(3);
	put_column(1, 0, BYTES("\0\0"));
	put_columns(1);
	assert_refused("a column has too few values, or too large ones");
	begin_body(2);
	put_columns(0);
	put_column(20, 0, BYTES("\0"));
	assert_refused("a request id or trace id is malformed or too long");
}

static void test_classes_that_do_not_exist_are_refused(void **state)
{
	static const uint64_t classes[] = {
	    KIND_COUNT, STATUS_COUNT << 3, CAUSE_COUNT << 9, 1 << 14, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(classes); i++) {
		begin_body(1);
		put_same(1, 0);
		put_same(2, classes[i]);
		for (uint64_t id = 3; id <= 18; id++)
			if (id < 6 || id > 15)
				put_same(id, 0);
		put_column(19, 0, BYTES("\0"));
		assert_refused(
		    "a record has a kind, status or cause that does not exist");
	}
}

static void test_indices_beyond_the_end_are_refused(void **state)
{
	(void)state;
	begin_body(1);
	put_same(1, 1);
	for (uint64_t id = 2; id <= 18; id++)
		if (id < 6 || id > 15)
			put_same(id, 0);
	put_column(19, 0, BYTES("\0"));
	assert_refused("a record names a function that is not there");
	begin_body(1);
	for (uint64_t id = 1; id <= 18; id++)
		if (id < 6 || id > 15)
			put_same(id, id == 18);
	put_column(19, 0, BYTES("\0\0"));
	assert_refused("a record names a sandbox that is not there");
}

static void test_texts_with_nul_or_beyond_their_field_are_refused(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t n;
	} texts[] = {
	    {BYTES("\x0a"
		   "a\0")}, /* NUL */
	    {BYTES("\x0a"
		   "a")}, /* cut off */
	    {BYTES("\x05"
		   "a")}, /* no such tag */
	    {BYTES("\x50"
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		   "aaaaaaaaaaaa")}, /* 72 bytes */
	    {BYTES("\x04\x24"
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")}, /* 72 digits */
	    {BYTES("\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
	    {BYTES("\x01"
		   "aaaaaaaaaaaaaaa")}, /* 15 bytes of a UUID */
	    {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
	    {BYTES("")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		begin_body(1);
		put_columns(0);
		put_column(20, 0, texts[i].bytes, texts[i].n);
		assert_refused("a request id or trace id is malformed or too long");
	}
}

static void test_the_limits_of_a_body_hold(void **state)
{
	static const char why[] =
	    "the number of records or functions is missing or above the limit";

	(void)state;
	begin_body(BATCH_MAX_RECORDS + 1);
	put_columns(0);
	assert_refused(why);
	body.n = 0;
	put(&body, 1);
	put(&body, BATCH_MAX_FUNCTIONS + 1);
	assert_refused(why);
	body.n = 0;
	put(&body, 1);
	assert_refused(why);
	put(&body, BATCH_MAX_FUNCTIONS);
	assert_refused("a function takes no bytes");
	begin_body(BATCH_MAX_RECORDS);
	put_columns(0);
	batch_free(decode_good());
}

static void test_functions_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t n;
	} functions[] = {
	    {BYTES("\x40\x01\x00\x09"
		   "f\0\0")}, /* platform 64 */
	    {BYTES("\x01\x40\x00\x09"
		   "f\0\0")}, /* arch 64 */
	    {BYTES("\x01\x01\x80\x80\x80\x80\x10\x09"
		   "f\0\0")}, /* 2^32 MiB */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(functions); i++) {
		body.n = 0;
		put(&body, 1);
		put(&body, 1);
		put(&body, functions[i].n);
		put_bytes(&body, functions[i].bytes, functions[i].n);
		put_columns(0);
		assert_refused(
		    "a function has a platform, arch or memory size that cannot be");
	}
}

static int decode_frame(const void *frame, size_t n, const char **why)
{
	static struct made fields;
	struct batch *batch;

	fields.n = 0;
	put_head_fields(&fields);
	put(&fields, 0);
	finish(&fields, frame, n);
	return batch_decode(whole.bytes, whole.n, &batch, why);
}

static void test_what_would_inflate_beyond_the_limit_is_not_inflated(void **state)
{
	uint8_t *zeros = calloc(1, BATCH_MAX_INFLATED_BYTES + 1);
	uint8_t frame[4096];
	const char *why;
	size_t n;

	(void)state;
	assert_non_null(zeros);
	n = ZSTD_compress(frame, sizeof(frame), zeros, BATCH_MAX_INFLATED_BYTES + 1, 1);
	assert_false(ZSTD_isError(n));
	assert_int_equal(decode_frame(frame, n, &why), -EBADMSG);
	assert_string_equal(why, "the records would inflate beyond the limit");
	n = ZSTD_compress(frame, sizeof(frame), zeros, BATCH_MAX_INFLATED_BYTES, 1);
	assert_int_equal(decode_frame(frame, n, &why), -EBADMSG);
	assert_string_not_equal(why, "the records would inflate beyond the limit");
	free(zeros);
}

static void test_only_one_frame_that_tells_its_size_is_taken(void **state)
{
	static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9};
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	uint8_t frame[1024];
	const char *why;
	size_t n;

	(void)state;
	assert_non_null(zstd);
	begin_body(1);
	put_columns(0);
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
	n = ZSTD_compress2(zstd, frame, sizeof(frame), body.bytes, body.n);
	assert_int_equal(decode_frame(frame, n, &why), -EBADMSG);
	assert_int_equal(decode_frame(skippable, sizeof(skippable), &why), -EBADMSG);
	assert_int_equal(decode_frame("", 0, &why), -EBADMSG);
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 1);
	n = ZSTD_compress2(zstd, frame, sizeof(frame), body.bytes, body.n);
	memcpy(frame + n, skippable, sizeof(skippable));
	assert_int_equal(decode_frame(frame, n + sizeof(skippable), &why), -EBADMSG);
	ZSTD_freeCCtx(zstd);
}

/* Every prefix of the inflated body, and every byte of it changed to every value. */
static void test_no_change_of_a_body_does_harm(void **state)
{
	struct batch *batch;
	size_t n;

	(void)state;
	begin_body(2);
	put_columns(0);
	put_column(20, 0,
	    BYTES("\x0a"
		  "ab\x04\x02\x12\x34"));
	n = body.n;
	for (size_t cut = 0; cut < n; cut++) {
		body.n = cut;
		finish_body();
		if (batch_decode(whole.bytes, whole.n, &batch, NULL) == 0)
			batch_free(batch); /* between columns that can be left out */
	}
	body.n = n;
	for (size_t at = 0; at < n; at++) {
		for (unsigned int flip = 1; flip < 256; flip++) {
			body.bytes[at] ^= (uint8_t)flip;
			finish_body();
			if (batch_decode(whole.bytes, whole.n, &batch, NULL) == 0)
				batch_free(batch);
			body.bytes[at] ^= (uint8_t)flip;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_batch_made_after_the_layout_is_read),
	    cmocka_unit_test(test_columns_twice_or_out_of_order_are_refused),
	    cmocka_unit_test(test_every_column_that_all_records_have_is_needed),
	    cmocka_unit_test(test_a_value_too_many_is_refused),
	    cmocka_unit_test(test_a_value_too_few_is_refused),
	    cmocka_unit_test(test_classes_that_do_not_exist_are_refused),
	    cmocka_unit_test(test_indices_beyond_the_end_are_refused),
	    cmocka_unit_test(test_texts_with_nul_or_beyond_their_field_are_refused),
	    cmocka_unit_test(test_the_limits_of_a_body_hold),
	    cmocka_unit_test(test_functions_that_cannot_be_are_refused),
	    cmocka_unit_test(test_what_would_inflate_beyond_the_limit_is_not_inflated),
	    cmocka_unit_test(test_only_one_frame_that_tells_its_size_is_taken),
	    cmocka_unit_test(test_no_change_of_a_body_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
