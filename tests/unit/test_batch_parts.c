/* Columns of numbers in two parts: made by hand after the layout, and by the writer. */
#include "tests/unit/craft_batch.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/random.h"
#include "tests/unit/sample_batch.h"
#include "wire/batch/parts.h"
#include "wire/batch/row.h"

/* --- numbers ----------------------------------------------------------------------- */

static void test_every_number_comes_back(void **state)
{
	static uint64_t numbers[4000];
	static uint8_t bytes[4000];
	static uint8_t room[4000 * 8 + BATCH_PARTS_MARGIN];
	struct batch_bits bits = {.at = room};
	struct batch_bits_read back = {.bytes = room};
	uint64_t random = 3;
	size_t bits_n = 0;

	(void)state;
	for (size_t i = 0; i < 4000; i++) {
		uint64_t power = UINT64_C(1) << (i / 3 % 64);

		numbers[i] = i < 192 ? power + i % 3 - 1 : random_width(&random);
		bytes[i] = batch_parts_put(&bits, numbers[i]);
		bits_n += batch_parts_bits(numbers[i]);
	}
	batch_bits_end(&bits);
	assert_int_equal(bits.at - room, (bits_n + 7) / 8);
	back.end = 8 * (size_t)(bits.at - room);
	for (size_t i = 0; i < 4000; i++) {
		uint64_t n = bytes[i];

		if (bytes[i] >= BATCH_PARTS_WHOLE)
			assert_true(batch_parts_take(&back, bytes[i], &n));
		assert_true(n == numbers[i]);
	}
	assert_int_equal(back.at, bits_n);
}

/* --- by hand ----------------------------------------------------------------------- */

/* A body whose durations have that encoding, of these bytes and bits. */
static void put_encoded(uint64_t records, uint64_t encoding, const uint8_t *parts,
    size_t parts_n, const uint8_t *bits, size_t bits_n)
{
	begin_body(records);
	put_same(1, 0);
	put_same(2, 2 | 1 << 7);
	put_same(3, HAS_DURATION);
	put_same(4, 0);
	put_same(5, 0);
	put_column(6, encoding, parts, parts_n);
	put_same(16, 1);
	put_same(17, 0);
	put_same(18, 0);
	put_column(19, 0, BYTES("\0"));
	if (bits)
		put_column(COLUMN_BITS, 0, bits, bits_n);
}

static void put_durations(uint64_t records, const uint8_t *parts, size_t parts_n,
    const uint8_t *bits, size_t bits_n)
{
	put_encoded(records, 2, parts, parts_n, bits, bits_n);
}

static int decode(struct batch **batch)
{
	const char *why = NULL;
	int err;

	finish_body();
	err = batch_decode(whole.bytes, whole.n, batch, &why);
	assert_int_equal(err < 0, !!why);
	return err;
}

static void test_numbers_in_parts_are_read(void **state)
{
	struct batch *batch;

	(void)state;
	/* 127; 128 + 2: 128 + 64 * 0 and the bits 2; 192 + 65 = 257: 256 and 7 bits, 1 */
	put_durations(3, BYTES("\xe8\x07\x00\x02\x7f\x80\x82"), BYTES("\x42\x00"));
	assert_int_equal(decode(&batch), 0);
	assert_int_equal(batch->invocations[0].duration_ns, 127000);
	assert_int_equal(batch->invocations[1].duration_ns, 130000);
	assert_int_equal(batch->invocations[2].duration_ns, 257000);
	batch_free(batch);
	/* 2^64 - 1 in ones: all bits of the longest */
	put_durations(
	    1, BYTES("\x01\x00\x08\xf1"), BYTES("\xff\xff\xff\xff\xff\xff\xff\x3f"));
	assert_int_equal(decode(&batch), 0);
	assert_true(batch->invocations[0].duration_ns == UINT64_MAX);
	batch_free(batch);
}

static void test_numbers_in_parts_that_cannot_be_are_refused(void **state)
{
	static const struct {
		const char *parts;
		size_t parts_n;
		const char *bits;
		size_t bits_n;
	} bad[] = {
	    {"\x00\x00\x00\x05", 4, NULL, 0},             /* no unit */
	    {"\x01\x01\x00\x05", 4, NULL, 0},             /* signs */
	    {"\x01\x00", 2, NULL, 0},                     /* cut off */
	    {"\x01\x00\x00", 3, NULL, 0},                 /* a byte too few */
	    {"\x01\x00\x00\x05\x05", 5, NULL, 0},         /* one too many */
	    {"\x01\x00\x01\x80", 4, NULL, 0},             /* no bits at all */
	    {"\x01\x00\x00\x80", 4, "\x00", 1},           /* not its own */
	    {"\x01\x00\x01\x81", 4, "\x00\x00", 2},       /* nobody's */
	    {"\x01\x00\x01\x86", 4, "\x00", 1},           /* one too few */
	    {"\x01\x00\x02\x80", 4, "\x00\x00", 2},       /* a byte too many */
	    {"\x01\x00\x08\xf2", 4, "12345678", 8},       /* no such byte */
	    {"\x01\x00\x09\xff", 4, "123456789", 9},      /* the last one */
	    {"\x02\x00\x08\xf0", 4, "\0\0\0\0\0\0\0", 8}, /* 2 * 2^63 */
	};
	struct batch *batch;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_durations(1, (const uint8_t *)bad[i].parts, bad[i].parts_n,
		    (const uint8_t *)bad[i].bits, bad[i].bits_n);
		if (decode(&batch) != -EBADMSG)
			fail_msg("row %zu was taken", i);
	}
	put_durations(1, BYTES("\x01\x00\x01\x80"), BYTES("\x00"));
	assert_int_equal(decode(&batch), 0); /* what the rows are made of */
	batch_free(batch);
}

/* Ends in parts: 2 records of these signs and bytes. */
static int decode_ends(const char *parts, size_t n, struct batch **batch)
{
	begin_body(2);
	for (uint64_t id = 1; id <= 4; id++)
		put_same(id, id == 2 ? 2 : 0);
	put_column(5, 2, (const uint8_t *)parts, n);
	for (uint64_t id = 16; id <= 18; id++)
		put_same(id, 0);
	put_column(19, 0, BYTES("\0"));
	put_column(COLUMN_BITS, 0, BYTES("\0\0\0\0\0\0\0\0"));
	return decode(batch);
}

static void test_signs_are_told_for_all_or_for_each(void **state)
{
	static const char *const beyond[] = {
	    "\x01\x00\x08\xf0\x05", /* + 2^63 */
	    "\x0a\x01\x08\xf0\x05", /* - 10 * 2^63 */
	    "\x0a\x02\x08\xee\x05", /* + 10 * 2^61 */
	    "\x01\x03\x08\xf0\x05", /* no such signs */
	};
	struct batch *batch;

	(void)state;
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		assert_int_equal(decode_ends(beyond[i], 5, &batch), -EBADMSG);
	assert_int_equal(decode_ends("\x01\x01\x08\xf0\x05", 5, &batch), 0);
	assert_true(batch->invocations[0].start_ns == INT64_MIN);
	assert_true(batch->invocations[1].start_ns == INT64_MAX - 4); /* it wraps */
	batch_free(batch);
	assert_int_equal(decode_ends("\x0a\x02\x08\xe6\x05", 5, &batch), 0);
	assert_true(batch->invocations[0].start_ns == INT64_C(10) << 57);
	assert_true(batch->invocations[1].start_ns == (INT64_C(10) << 57) - 30);
	batch_free(batch);
}

static void test_few_numbers_are_places_in_a_list(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
	    {"\x02\x05\x06\0\1\2", 6},   /* no third one */
	    {"\x02\x05\x06\0\1", 5},     /* a place too few */
	    {"\x02\x05\x06\0\1\0\1", 7}, /* one too many */
	    {"\x00\0\0\0", 4},           /* nothing is listed */
	    {"\x02\x05\xff", 3},         /* cut off */
	    {"", 0},
	};
	uint8_t many[1 + 65 + 3] = {65};
	struct batch *batch;

	(void)state;
	put_encoded(3, 3, BYTES("\x02\xac\x02\x07\0\1\0"), NULL, 0);
	assert_int_equal(decode(&batch), 0);
	assert_int_equal(batch->invocations[0].duration_ns, 300);
	assert_int_equal(batch->invocations[1].duration_ns, 7);
	assert_int_equal(batch->invocations[2].duration_ns, 300);
	batch_free(batch);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_encoded(3, 3, (const uint8_t *)bad[i].bytes, bad[i].n, NULL, 0);
		if (decode(&batch) != -EBADMSG)
			fail_msg("row %zu was taken", i);
	}
	put_encoded(3, 3, many, sizeof(many), NULL, 0);
	assert_int_equal(decode(&batch), -EBADMSG);
	many[0] = 64; /* the most */
	put_encoded(3, 3, many, sizeof(many) - 1, NULL, 0);
	assert_int_equal(decode(&batch), 0);
	batch_free(batch);
}

static void test_a_function_is_that_of_its_sandbox_or_a_new_one(void **state)
{
	static const size_t functions[] = {0, 1, 0, 1, 0};
	struct batch *batch;

	(void)state;
	body.n = 0;
	put(&body, 5);
	put(&body, 2);
	for (int i = 0; i < 2; i++) {
		put(&body, 8);
		put_bytes(&body, BYTES("\x01\x01\x80\x01\x09"
				       "f\0\0"));
	}
	for (uint64_t id = 2; id <= 5; id++)
		put_same(id, id == 2 ? 2 : 0);
	put_same(16, 1);
	put_same(17, 0);
	put_column(18, 0, BYTES("\0\1\0\2\1"));
	put_column(19, 0,
	    BYTES("\x09"
		  "a\x09"
		  "b\x09"
		  "c"));
	/* new, new, as before, not new but one before, not as before but one before */
	put_column(COLUMN_FUNCTION_OF_SANDBOX, 0, BYTES("\0\0\0\1\1"));
	assert_int_equal(decode(&batch), 0);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(
		    batch->invocations[i].function - batch->functions, functions[i]);
	batch_free(batch);
}

/* The busy time of one that began alone counts from its duration, of others from nothing;
 * in the column that was there before, always from the duration. */
static void test_busy_time_is_told_by_either_column(void **state)
{
	struct batch *batch;

	(void)state;
	for (int older = 0; older < 2; older++) {
		begin_body(4);
		put_same(1, 0);
		put_same(2, 2);
		put_same(3, HAS_DURATION | HAS_BUSY);
		put_same(4, 0);
		put_same(5, 0);
		put_same(6, 100);
		if (older) /* 100, 100 - 1, 0, 100 + 50 */
			put_column(12, 0, BYTES("\0\1\xc7\1\x64"));
		put_column(16, 0, BYTES("\1\0\2\3"));
		put_same(17, 0);
		put_same(18, 0);
		put_column(19, 0, BYTES("\0"));
		if (!older) /* 100, 100 - 1, 0, 150 */
			put_column(COLUMN_BUSY_ALONE, 0, BYTES("\0\1\0\xac\2"));
		assert_int_equal(decode(&batch), 0);
		assert_int_equal(batch->invocations[0].busy_ns, 100);
		assert_int_equal(batch->invocations[1].busy_ns, 99);
		assert_int_equal(batch->invocations[2].busy_ns, 0);
		assert_int_equal(batch->invocations[3].busy_ns, 150);
		assert_false(batch->is_newer);
		batch_free(batch);
	}
}

/* --- the writer -------------------------------------------------------------------- */

/* A record whose times are multiples of unit_ns and whose memory is of unit_bytes. */
static void sample_whole(uint64_t *seed, struct invocation *inv, uint64_t unit_ns,
    uint64_t unit_bytes, const struct function *f)
{
	uint64_t ns = unit_ns * (50000 + random_below(seed, 50000));

	*inv = (struct invocation){.function = f,
	    .has = HAS_DURATION | HAS_BUSY | HAS_CPU | HAS_MEMORY,
	    .start_ns = (int64_t)(unit_ns * random_below(seed, UINT64_C(1) << 40)),
	    .duration_ns = ns,
	    .busy_ns = ns,
	    .cpu_ns = unit_ns * random_below(seed, 50000),
	    .peak_memory_bytes = unit_bytes * (1000 + random_below(seed, 4)),
	    .concurrency = 1};
}

/* What n records of these units take. */
static size_t size_of(size_t n, uint64_t unit_ns, uint64_t unit_bytes)
{
	const struct function f = {.name = "f"};
	struct batch_writer *w;
	uint64_t seed = 5;
	uint8_t *bytes;
	size_t bytes_n;

	sample_head(&seed, &sent.head);
	assert_int_equal(batch_writer_new(&w), 0);
	for (sent.n = 0; sent.n < n; sent.n++) {
		struct invocation *inv = &sent.invocations[sent.n];

		sample_whole(&seed, inv, unit_ns, unit_bytes, &f);
		assert_int_equal(batch_writer_add(w, inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &bytes_n), 0);
	sample_decode_sent(bytes, bytes_n);
	free(bytes);
	batch_writer_free(w);
	return bytes_n;
}

static void test_what_all_numbers_are_multiples_of_costs_nothing(void **state)
{
	size_t ones = size_of(1000, 1, 1);

	(void)state;
	assert_in_range(ones, 9000, 12500);
	assert_in_range(size_of(1000, 1000, 4096), ones - 100, ones + 100);
	assert_in_range(size_of(1000, 1000000, 1048576), ones - 100, ones + 100);
	assert_in_range(size_of(1000, 7, 3), ones - 100, ones + 100);
}

static void test_numbers_of_which_few_differ_are_listed(void **state)
{
	static const uint64_t sizes[] = {1532, 70001, 812, 20480};
	const struct function f = {.name = "f"};
	struct batch_writer *w;
	uint64_t seed = 8;
	uint8_t *bytes;
	size_t n;

	(void)state;
	sample_head(&seed, &sent.head);
	assert_int_equal(batch_writer_new(&w), 0);
	for (sent.n = 0; sent.n < 2000; sent.n++) {
		struct invocation *inv = &sent.invocations[sent.n];

		*inv = (struct invocation){.function = &f, .has = HAS_BYTES};
		inv->request_bytes = sizes[random_below(&seed, 4)];
		inv->response_bytes = (1 + random_below(&seed, 64)) * 1000003 % 999983;
		assert_int_equal(batch_writer_add(w, inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	/* 2 bits of chance, and 6 */
	assert_in_range(n, 2000, 2600);
	sample_decode_sent(bytes, n);
	free(bytes);
	batch_writer_free(w);
}

/* One record that is no multiple makes the columns of all those before it longer: they
 * must fit all the same, or it is not taken. */
static void test_a_batch_that_is_nearly_full_takes_no_odd_record_too_many(void **state)
{
	const struct function f = {.name = "f"};
	struct batch_writer *w;
	uint64_t seed = 6;
	bool one_was_refused = false;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t n = 3000; n < BATCH_MAX_RECORDS; n += 50) {
		uint8_t *bytes;
		size_t bytes_n;

		sample_head(&seed, &sent.head);
		for (sent.n = 0; sent.n < n; sent.n++) {
			struct invocation *inv = &sent.invocations[sent.n];

			sample_whole(&seed, inv, 1000, 4096, &f);
			if (batch_writer_add(w, inv) < 0)
				break;
		}
		sample_whole(&seed, &sent.invocations[sent.n], 999, 4095, &f);
		if (batch_writer_add(w, &sent.invocations[sent.n]) == 0)
			sent.n++;
		else
			one_was_refused = true;
		assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &bytes_n), 0);
		sample_decode_sent(bytes, bytes_n);
		free(bytes);
	}
	assert_true(one_was_refused);
	batch_writer_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_number_comes_back),
	    cmocka_unit_test(test_numbers_in_parts_are_read),
	    cmocka_unit_test(test_numbers_in_parts_that_cannot_be_are_refused),
	    cmocka_unit_test(test_signs_are_told_for_all_or_for_each),
	    cmocka_unit_test(test_few_numbers_are_places_in_a_list),
	    cmocka_unit_test(test_a_function_is_that_of_its_sandbox_or_a_new_one),
	    cmocka_unit_test(test_busy_time_is_told_by_either_column),
	    cmocka_unit_test(test_what_all_numbers_are_multiples_of_costs_nothing),
	    cmocka_unit_test(test_numbers_of_which_few_differ_are_listed),
	    cmocka_unit_test(
		test_a_batch_that_is_nearly_full_takes_no_odd_record_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
