/* Batches made by hand as newer writers will make them: what is not known here is
 * skipped, and it is said that something was. */
#include <errno.h>

#include "tests/unit/craft_batch.h"
#include "wire/batch/row.h"

static void test_columns_that_are_not_known_are_skipped(void **state)
{
	struct batch *batch;

	(void)state;
	begin_body(3);
	put_columns(0);
	put_column(COLUMN_END_OF_IDS, 9, BYTES("whatever"));
	put_column(UINT64_MAX, 0, BYTES(""));
	batch = decode_good();
	assert_int_equal(batch->invocations_n, 3);
	assert_true(batch->is_newer);
	batch_free(batch);
}

static void test_fields_and_reasons_that_are_not_known_are_skipped(void **state)
{
	static struct made fields;
	struct batch_head head;

	(void)state;
	fields.n = 0;
	put_head_fields(&fields);
	put(&fields, LOST_REASONS + 1);
	for (uint64_t i = 0; i <= LOST_REASONS; i++)
		put(&fields, 100 + i);
	put(&fields, 1ULL << 63 | 1ULL << HOST_FIGURES | 1 << FIGURE_SHED);
	put(&fields, 3);
	put(&fields, 4);
	put(&fields, 5);
	put_bytes(&fields, BYTES("newer"));
	finish(&fields, "", 0);
	assert_int_equal(batch_decode_head(whole.bytes, whole.n, &head, NULL), 0);
	assert_int_equal(head.ledger.lost[LOST_REASONS - 1], 100 + LOST_REASONS - 1);
	assert_true(head.figures.has == 1 << FIGURE_SHED);
	assert_int_equal(head.figures.value[FIGURE_SHED], 3);
	fields.n = 0;
	put_head_fields(&fields);
	put(&fields, 65);
	for (int i = 0; i < 65; i++)
		put(&fields, 0);
	finish(&fields, "", 0);
	assert_int_equal(batch_decode_head(whole.bytes, whole.n, &head, NULL), -EBADMSG);
}

/* One that has a duration and a stepped clock, and more of each. */
static struct batch *decode_marked(
    uint64_t more_has, uint64_t more_quality, uint64_t certainty)
{
	begin_body(1);
	put_same(1, 0);
	put_same(2, 2);
	put_same(3, more_has | HAS_DURATION);
	put_same(4, more_quality | QUALITY_CLOCK_STEPPED);
	put_same(5, 2000);
	put_same(6, 300);
	for (uint64_t id = 16; id <= 18; id++)
		put_same(id, 0);
	put_column(19, 0, BYTES("\0"));
	if (more_has & HAS_CERTAINTY)
		put_same(31, certainty);
	return decode_good();
}

static void test_figures_and_marks_that_are_not_known_are_dropped(void **state)
{
	static const struct {
		uint64_t has;
		uint64_t quality;
		uint64_t certainty;
		bool is_newer;
	} marks[] = {{0, 0, 0, false}, {UINT64_C(1) << 40, 0, 0, true},
	    {0, UINT64_C(1) << 50, 0, true}, {HAS_CERTAINTY, 0, CERTAINTY_CERTAIN, false},
	    {HAS_CERTAINTY, 0, CERTAINTY_COUNT, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct batch *batch =
		    decode_marked(marks[i].has, marks[i].quality, marks[i].certainty);
		const struct invocation *inv = &batch->invocations[0];

		assert_int_equal(inv->has, HAS_DURATION | (marks[i].has & HAS_CERTAINTY));
		assert_int_equal(inv->quality, QUALITY_CLOCK_STEPPED);
		assert_int_equal(inv->start_ns, 700);
		assert_int_equal(inv->certainty,
		    marks[i].is_newer ? CERTAINTY_UNKNOWN : marks[i].certainty);
		assert_int_equal(batch->is_newer, marks[i].is_newer);
		batch_free(batch);
	}
}

static void test_a_function_may_have_more_fields_than_are_known(void **state)
{
	struct batch *batch;

	(void)state;
	body.n = 0;
	put(&body, 1);
	put(&body, 1);
	put(&body, 11);
	put_bytes(&body, BYTES("\x01\x01\x80\x01\x09"
			       "f\0\0new"));
	put_columns(0);
	batch = decode_good();
	assert_string_equal(batch->invocations[0].function->name, "f");
	assert_true(batch->is_newer);
	batch_free(batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns_that_are_not_known_are_skipped),
	    cmocka_unit_test(test_fields_and_reasons_that_are_not_known_are_skipped),
	    cmocka_unit_test(test_figures_and_marks_that_are_not_known_are_dropped),
	    cmocka_unit_test(test_a_function_may_have_more_fields_than_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
