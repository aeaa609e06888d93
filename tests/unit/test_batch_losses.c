/* What a batch tells beside invocations, made by hand: losses of functions, and figures
 * of the host. */
#include "tests/unit/craft_batch.h"

#include <errno.h>

static void test_losses_of_functions_are_read(void **state)
{
	struct batch *batch;

	(void)state;
	begin_body(0);
	put_column(1000, 0, BYTES("\x00\x03\x85\x01\x00\x7f\x09\x00\x00\x02"));
	finish_body();
	assert_int_equal(batch_decode(whole.bytes, whole.n, &batch, NULL), 0);
	assert_int_equal(batch->losses_n, 2); /* reason 127 is a newer writer's */
	assert_true(batch->is_newer);
	assert_string_equal(batch->losses[0].function->name, "f");
	assert_int_equal(batch->losses[0].reason, LOST_SPOOL_FULL);
	assert_int_equal(batch->losses[0].n, 133);
	assert_int_equal(batch->losses[1].reason, LOST_RING_FULL);
	assert_int_equal(batch->losses[1].n, 2);
	batch_free(batch);
}

static void test_losses_that_cannot_be_are_refused(void **state)
{
	static const struct {
		uint64_t encoding;
		const char *bytes;
		size_t n;
	} bad[] = {{0, "\x01\x03\x05", 3}, {0, "\x00\x03", 2}, {0, "\x00", 1},
	    {0, "\x00\x03\x05\x00", 4}, {0, "\x00\x03\xff", 3}, {1, "\x00\x03\x05", 3}};
	struct batch *batch;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin_body(0);
		put_column(
		    1000, bad[i].encoding, (const uint8_t *)bad[i].bytes, bad[i].n);
		finish_body();
		why = NULL;
		assert_int_equal(
		    batch_decode(whole.bytes, whole.n, &batch, &why), -EBADMSG);
		assert_non_null(why);
	}
}

static void test_a_head_without_figures_of_its_host_is_read(void **state)
{
	static struct made fields;
	struct batch_head head;

	(void)state;
	fields.n = 0;
	put_head_fields(&fields);
	put(&fields, 1);
	put(&fields, 100); /* an older writer ends here */
	finish(&fields, "", 0);
	assert_int_equal(batch_decode_head(whole.bytes, whole.n, &head, NULL), 0);
	assert_int_equal(head.ledger.lost[0], 100);
	assert_true(head.figures.has == 0);
	put(&fields, 3); /* two figures, of which one is there */
	put(&fields, 9);
	finish(&fields, "", 0);
	assert_int_equal(batch_decode_head(whole.bytes, whole.n, &head, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_losses_of_functions_are_read),
	    cmocka_unit_test(test_losses_that_cannot_be_are_refused),
	    cmocka_unit_test(test_a_head_without_figures_of_its_host_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
