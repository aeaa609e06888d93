/* Columns of ids of one shape: made by hand after the layout, and by the writer. */
#include "tests/unit/craft_batch.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/random.h"
#include "tests/unit/sample_batch.h"

static int decode(struct batch **batch)
{
	const char *why = NULL;
	int err;

	finish_body();
	err = batch_decode(whole.bytes, whole.n, batch, &why);
	assert_int_equal(err < 0, !!why);
	return err;
}

static void put_ids(uint64_t id, const uint8_t *planes, size_t n)
{
	begin_body(2);
	put_columns(0);
	put_column(id, 4, planes, n);
}

#define PLANES "0a1b2c3d4e5f6g7h8i9jakblcmdnen"

static void test_ids_in_planes_are_read(void **state)
{
	static const uint8_t tags[] = {0, 4, 5, 8};
	uint8_t planes[1 + 32 + 1] = "\x01" PLANES "fo";
	struct batch *batch;

	(void)state;
	put_ids(20, planes, 33);
	assert_int_equal(decode(&batch), 0);
	assert_string_equal(
	    batch->invocations[0].request_id, "30313233-3435-3637-3839-616263646566");
	assert_string_equal(
	    batch->invocations[1].request_id, "61626364-6566-6768-696a-6b6c6d6e6e6f");
	batch_free(batch);
	planes[0] = 3;
	put_ids(21, planes, 33);
	assert_int_equal(decode(&batch), 0);
	assert_string_equal(
	    batch->invocations[0].trace_id, "1-30313233-343536373839616263646566");
	batch_free(batch);
	put_ids(21, planes, 32);
	assert_int_equal(decode(&batch), -EBADMSG);
	put_ids(21, planes, 34);
	assert_int_equal(decode(&batch), -EBADMSG);
	put_ids(21, planes, 0);
	assert_int_equal(decode(&batch), -EBADMSG);
	for (size_t i = 0; i < sizeof(tags); i++) {
		planes[0] = tags[i];
		put_ids(21, planes, 33);
		assert_int_equal(decode(&batch), -EBADMSG);
	}
	begin_body(1); /* only ids stand in planes */
	put_columns(19);
	put_column(19, 4,
	    BYTES("\x01"
		  "0123456789abcdef"));
	assert_int_equal(decode(&batch), -EBADMSG);
}

/* Of 2000 records, the last of which has that request id. */
static size_t size_with_ids(const char *last)
{
	const struct function f = {.name = "f"};
	struct batch_writer *w;
	uint64_t seed = 9;
	uint8_t *bytes;
	size_t n;

	sample_head(&seed, &sent.head);
	assert_int_equal(batch_writer_new(&w), 0);
	for (sent.n = 0; sent.n < 2000; sent.n++) {
		struct invocation *inv = &sent.invocations[sent.n];
		uint64_t a = random_next(&seed);
		uint64_t b = random_next(&seed);

		*inv = (struct invocation){.function = &f};
		(void)snprintf(inv->request_id, sizeof(inv->request_id),
		    "%08x-%04x-4%03x-8%03x-%012llx", (unsigned int)(a >> 32),
		    (unsigned int)(a & 0xffff), (unsigned int)(a >> 16 & 0xfff),
		    (unsigned int)(b >> 48 & 0xfff),
		    (unsigned long long)(b & 0xffffffffffff));
		if (sent.n == 1999 && last)
			(void)text_copy(inv->request_id, sizeof(inv->request_id), last);
		assert_int_equal(batch_writer_add(w, inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	sample_decode_sent(bytes, n);
	free(bytes);
	batch_writer_free(w);
	return n;
}

static void test_ids_of_one_shape_stand_in_planes(void **state)
{
	(void)state;
	/* of 16 bytes 12 bits are always the same or nearly */
	assert_in_range(size_with_ids(NULL), 29000, 31200);
	assert_in_range(size_with_ids(""), 32000, 34500);
	assert_in_range(size_with_ids("0123456789abcdef0123456789abcdef"), 32000, 34500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ids_in_planes_are_read),
	    cmocka_unit_test(test_ids_of_one_shape_stand_in_planes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
