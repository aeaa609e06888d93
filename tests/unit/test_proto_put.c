/* Protobuf as it is written, and snappy around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/proto_bytes.h"
#include "tests/unit/random.h"
#include "wire/otlp/proto_put.h"
#include "wire/snappy.h"

static void test_proto_put_numbers_as_the_encoding_has_them(void **state)
{
	/* protobuf.dev: 150 is 96 01, sint -2 is 3 */
	static const uint8_t want[] = {0x08, 0x96, 0x01, 0x10, 0x03, 0x1a, 0x02, 'h', 'i',
	    0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x29, 1, 0, 0, 0, 0, 0, 0, 0x80};
	struct buffer b = {0};

	(void)state;
	proto_put_number(&b, 1, 150);
	proto_put_signed(&b, 2, -2);
	proto_put_text(&b, 3, "hi");
	proto_put_double(&b, 4, 1);
	proto_put_fixed(&b, 5, UINT64_C(0x8000000000000001));
	assert_int_equal(b.n, sizeof(want));
	assert_memory_equal(b.at, want, sizeof(want));
	buffer_done(&b);
}

/* Lengths of one, two and three bytes, each around the next. */
static void test_proto_put_messages_nest_whatever_they_hold(void **state)
{
	static const size_t sizes[] = {0, 1, 125, 126, 127, 128, 16379, 16384, 70000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *content = calloc(1, sizes[i] + 1);
		struct buffer b = {0};
		struct proto_field field;
		struct proto_span in;
		size_t outer = proto_put_open(&b, 7);
		size_t inner;

		proto_put_number(&b, 1, 5);
		inner = proto_put_open(&b, 2);
		memset(content, 'x', sizes[i]);
		proto_put_bytes(&b, 3, content, sizes[i]);
		proto_put_close(&b, inner);
		proto_put_number(&b, 4, 6);
		proto_put_close(&b, outer);
		in = (struct proto_span){b.at, b.n};
		assert_true(proto_next(&in, &field));
		assert_int_equal(field.number, 7);
		assert_int_equal(in.n, 0);
		in = proto_in(&field);
		assert_true(proto_find(in, 4, 0, &field) && field.value == 6);
		assert_true(proto_find(in, 2, 0, &field));
		assert_true(proto_find(proto_in(&field), 3, 0, &field));
		assert_int_equal(field.n, sizes[i]);
		assert_memory_equal(field.at, content, sizes[i]);
		free(content);
		buffer_done(&b);
	}
}

static void test_buffer_counts_in_decimal(void **state)
{
	struct buffer b = {0};

	(void)state;
	buffer_put_count(&b, 0);
	buffer_put_text(&b, " ");
	buffer_put_count(&b, UINT64_MAX);
	buffer_put(&b, "", 1);
	assert_string_equal((char *)b.at, "0 18446744073709551615");
	buffer_done(&b);
}

/* By the format's description alone. */
static void expect_unpacked(const struct buffer *packed, const uint8_t *want, size_t n)
{
	struct proto_span in = {packed->at, packed->n};
	uint8_t *out = calloc(1, n + 1);
	size_t at = 0;

	assert_int_equal(proto_varint(&in), n);
	while (in.n > 0) {
		unsigned int tag = *in.at++;
		size_t length = (tag >> 2) + 1;
		size_t back = 0;
		size_t more = (tag & 3) == 2 ? 2 : 0;

		in.n--;
		if ((tag & 3) == 0 && tag >> 2 >= 60) {
			more = (tag >> 2) - 59;
			length = 0;
			for (size_t i = 0; i < more; i++)
				length |= (size_t)in.at[i] << (8 * i);
			length++;
		} else if ((tag & 3) == 2) {
			back = in.at[0] | (size_t)in.at[1] << 8;
		}
		assert_true((tag & 3) == 0 || (tag & 3) == 2);
		assert_true(more <= in.n && at + length <= n);
		in.at += more;
		in.n -= more;
		assert_true((tag & 3) == 2 ? back > 0 && back <= at : length <= in.n);
		for (size_t i = 0; i < length; i++, at++)
			out[at] = (tag & 3) == 2 ? out[at - back] : in.at[i];
		in.at += (tag & 3) == 2 ? 0 : length;
		in.n -= (tag & 3) == 2 ? 0 : length;
	}
	assert_int_equal(at, n);
	assert_memory_equal(out, want, n);
	free(out);
}

static void test_snappy_comes_back_as_it_went(void **state)
{
	static const size_t sizes[] = {
	    0, 1, 3, 4, 5, 59, 60, 61, 62, 65, 1000, 65535, 65536, 65537, 200000};
	uint64_t random = 3;

	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			uint8_t *in = malloc(sizes[i] + 1);
			struct buffer packed = {0};

			for (size_t b = 0; b < sizes[i]; b++) /* zeros, words, noise */
				in[b] = kind == 0   ? 0
					: kind == 1 ? (uint8_t) "faas_name="[b % 10]
					: kind == 2 ? (uint8_t)random_below(&random, 3)
						    : (uint8_t)random_next(&random);
			snappy_compress(in, sizes[i], &packed);
			expect_unpacked(&packed, in, sizes[i]);
			if (kind < 2 && sizes[i] >= 1000)
				assert_true(packed.n < sizes[i] / 10);
			free(in);
			buffer_done(&packed);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_proto_put_numbers_as_the_encoding_has_them),
	    cmocka_unit_test(test_proto_put_messages_nest_whatever_they_hold),
	    cmocka_unit_test(test_buffer_counts_in_decimal),
	    cmocka_unit_test(test_snappy_comes_back_as_it_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
