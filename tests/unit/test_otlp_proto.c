/* The walk over protobuf: what it reads, steps over, and refuses with which words. */
#include "tests/unit/otlp_taken.h"

#include <stdlib.h>

#include "tests/unit/guard_page.h"
#include "tests/unit/otlp_bytes.h"
#include "tests/unit/random.h"

#define START INT64_C(1544712660000000000)

static struct taken taken;
static const uint8_t trace_id[16] = {0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2,
    0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c};
static const uint8_t span_id[8] = {0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74};

static void put_span_basics(struct bytes *span)
{
	put_bytes(span, 1, trace_id, sizeof(trace_id));
	put_bytes(span, 2, span_id, sizeof(span_id));
	put_varint(span, 6, 2);
	put_fixed(span, 7, (uint64_t)START, 8);
	put_fixed(span, 8, (uint64_t)START + 123456789, 8);
}

/* Fields that this reader does not know, of each form, and known ones in another form. */
static void put_strangers(struct bytes *b)
{
	put_varint(b, 200, UINT64_MAX);
	put_fixed(b, 201, 1, 8);
	put_fixed(b, 202, 1, 4);
	put_bytes(b, 203, "\xff\xff\xff", 3);
	put_varint(b, 1, 7);
	put_fixed(b, 2, 7, 4);
}

/* One span in one resource; of each what is given, emptied afterwards. */
static struct bytes wrap(struct bytes *resource, struct bytes *span, bool resource_last)
{
	struct bytes spans = {0};
	struct bytes both = {0};
	struct bytes request = {0};

	put_strangers(&spans);
	put_message(&spans, 2, span);
	if (!resource_last)
		put_message(&both, 1, resource);
	put_strangers(&both);
	put_message(&both, 2, &spans);
	if (resource_last)
		put_message(&both, 1, resource);
	put_strangers(&request);
	put_message(&request, 1, &both);
	free(spans.at);
	free(both.at);
	return request;
}

static struct bytes sample(bool resource_last)
{
	struct bytes resource = {0};
	struct bytes span = {0};
	struct bytes status = {0};
	struct bytes link = {0};
	struct bytes request;

	put_text(&resource, 1, "faas.name", "f");
	put_text(&resource, 1, "host.name", "h1");
	put_strangers(&span);
	put_span_basics(&span);
	put_bytes(&span, 4, span_id, sizeof(span_id));
	put_text(&span, 9, "faas.invocation_id", "af9d5aa4");
	put_text(&span, 9, "db.statement", "\xc3 is not UTF-8, and not looked at");
	put_count(&span, 9, "faas.coldstart", OTLP_ANY_BOOL, 1);
	put_count(&span, 9, "http.response.status_code", OTLP_ANY_INT, 200);
	put_bytes(&link, 1, trace_id, sizeof(trace_id));
	put_message(&span, 13, &link);
	put_bytes(&status, 2, "it broke", 8);
	put_varint(&status, 3, 2);
	put_message(&span, 15, &status);
	put_fixed(&span, 16, 0x301, 4);
	request = wrap(&resource, &span, resource_last);
	free(resource.at);
	free(span.at);
	free(status.at);
	free(link.at);
	return request;
}

static void expect_sample(void)
{
	const struct invocation *inv = &taken.inv[0];

	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.tally.spans, 1);
	assert_string_equal(inv->function->name, "f");
	assert_string_equal(taken.host[0], "h1");
	assert_string_equal(inv->request_id, "af9d5aa4");
	assert_string_equal(inv->trace_id, OTLP_TRACE);
	assert_int_equal(inv->start_ns, START);
	assert_int_equal(inv->duration_ns, 123456789);
	assert_int_equal(inv->start_type, START_COLD);
	assert_int_equal(inv->http_status, 200);
	assert_int_equal(inv->status, STATUS_ERROR);
}

static void test_otlp_proto_reads_a_span_among_strangers(void **state)
{
	(void)state;
	for (int last = 0; last < 2; last++) {
		struct bytes request = sample(last);

		assert_int_equal(taken_proto(&taken, request.at, request.n), 0);
		expect_sample();
		free(request.at);
	}
}

static void test_otlp_proto_an_empty_request_is_well(void **state)
{
	(void)state;
	assert_int_equal(taken_proto(&taken, NULL, 0), 0);
	assert_int_equal(taken.tally.spans, 0);
	assert_int_equal(taken_proto(&taken, (const uint8_t *)"\x0a\x00", 2), 0);
	assert_int_equal(taken_proto(&taken, (const uint8_t *)"\x0a\x02\x12\x00", 4), 0);
	assert_int_equal(taken.tally.spans, 0);
}

/* A message may come in parts, its fields in any order, numbers with needless groups. */
static void test_otlp_proto_reads_what_parsers_must(void **state)
{
	struct bytes resource = {0};
	struct bytes span = {0};
	struct bytes request;
	struct bytes text = {0};
	struct bytes pair = {0};

	(void)state;
	put_bytes(&text, 1, "f", 1);
	put_message(&pair, 2, &text); /* the value before its key */
	put_bytes(&pair, 1, "faas.name", 9);
	put_message(&resource, 1, &pair);
	put_span_basics(&span);
	put_raw(&span, "\x30\x85\x80\x80\x00", 5); /* kind: 5 */
	request = wrap(&resource, &span, true);
	assert_int_equal(taken_proto(&taken, request.at, request.n), 0);
	assert_int_equal(taken.n, 1);
	assert_string_equal(taken.function[0].name, "f");
	free(request.at);
	free(resource.at);
	free(span.at);
	free(text.at);
	free(pair.at);
}

/* Nothing of a span or a resource is left over for the next one. */
static void test_otlp_proto_spans_and_resources_are_apart(void **state)
{
	struct bytes resource = {0};
	struct bytes span = {0};
	struct bytes any = {0};
	struct bytes request;
	struct bytes second;

	(void)state;
	put_text(&resource, 1, "faas.name", "f");
	put_span_basics(&span);
	put_count(&span, 9, "faas.coldstart", OTLP_ANY_BOOL, 1);
	request = wrap(&resource, &span, false);
	put_text(&resource, 1, "faas.version", "2");
	put_span_basics(&span);
	put_fixed(&any, 4, 0, 8); /* doubleValue */
	put_attribute(&span, 9, "faas.coldstart", &any);
	put_text(&span, 9, "faas.name", "g");
	second = wrap(&resource, &span, false);
	put_raw(&request, second.at, second.n);
	free(second.at);
	put_span_basics(&span); /* of no function */
	second = wrap(&resource, &span, false);
	put_raw(&request, second.at, second.n);
	free(second.at);
	put_text(&resource, 1, "faas.trigger", "http"); /* of one without a name */
	put_span_basics(&span);
	second = wrap(&resource, &span, false);
	put_raw(&request, second.at, second.n);
	assert_int_equal(taken_proto(&taken, request.at, request.n), 0);
	assert_int_equal(taken.n, 2);
	assert_int_equal(taken.tally.ignored, 1);
	assert_int_equal(taken.tally.rejected, 1);
	assert_int_equal(taken.inv[0].start_type, START_COLD);
	assert_int_equal(taken.inv[1].start_type, START_UNKNOWN);
	assert_string_equal(taken.function[0].version, "");
	assert_string_equal(taken.function[1].name, "g");
	free(request.at);
	free(second.at);
	free(resource.at);
	free(span.at);
	free(any.at);
}

static void reject_id(uint64_t field, size_t n)
{
	static const uint8_t id[4096] = {1};
	struct bytes resource = {0};
	struct bytes span = {0};
	struct bytes good = sample(false);
	struct bytes request;

	put_text(&resource, 1, "faas.name", "f");
	put_span_basics(&span);
	put_bytes(&span, field, id, n);
	request = wrap(&resource, &span, true);
	put_raw(&request, good.at, good.n);
	assert_int_equal(taken_proto(&taken, request.at, request.n), 0);
	assert_int_equal(taken.tally.rejected, 1);
	taken.tally.spans--;
	expect_sample();
	free(resource.at);
	free(span.at);
	free(good.at);
	free(request.at);
}

/* Ids of any length: the span is rejected, and the next one is as it should be. */
static void test_otlp_proto_ids_of_another_length(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 4096; n = 2 * n + 1) {
		reject_id(1, n);
		reject_id(2, n);
	}
}

static void refuse(const char *in, size_t n, size_t offset, const char *why)
{
	assert_int_equal(taken_proto(&taken, (const uint8_t *)in, n), -EBADMSG);
	assert_string_equal(taken.tally.why, why);
	assert_int_equal(taken.tally.offset, offset);
}

static void test_otlp_proto_names_what_is_malformed(void **state)
{
	(void)state;
	refuse("\x80", 1, 0, "a field's tag is cut off or longer than 10 bytes");
	refuse("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 0,
	    "a field's tag is cut off or longer than 10 bytes");
	refuse("\x00", 1, 0, "a field's number is 0 or too large");
	refuse("\x80\x80\x80\x80\x10", 5, 0, "a field's number is 0 or too large");
	refuse("\x0a\x00\x0b", 3, 2, "a field is of a form that OTLP does not use");
	refuse("\x0a\x00\x0c", 3, 2, "a field is of a form that OTLP does not use");
	refuse("\x0a\x00\x0e", 3, 2, "a field is of a form that OTLP does not use");
	refuse("\x10\xff", 2, 0, "a number is cut off or longer than 10 bytes");
	refuse("\x11\x01\x02\x03", 4, 0, "a number of 8 bytes is cut off");
	refuse("\x15\x01\x02\x03", 4, 0, "a number of 4 bytes is cut off");
	refuse("\x0a\x80", 2, 0, "a length is cut off or longer than 10 bytes");
	refuse("\x0a\x01", 2, 0, "a length leads beyond the end of its message");
	refuse("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 0,
	    "a length leads beyond the end of its message");
	/* deeper: a resource's attribute, a span, its status */
	refuse("\x0a\x04\x0a\x02\x0a\x05", 6, 4,
	    "a length leads beyond the end of its message");
	refuse("\x0a\x06\x12\x04\x12\x02\x0a\x10", 8, 6,
	    "a length leads beyond the end of its message");
	refuse("\x0a\x08\x12\x06\x12\x04\x7a\x02\x18\x80", 10, 8,
	    "a number is cut off or longer than 10 bytes");
}

/* Cut off, it is refused, but where a field ends; and nothing behind the end is read. */
static void test_otlp_proto_cut_anywhere(void **state)
{
	struct bytes request = sample(false);
	struct guard_page guard;
	size_t refused = 0;

	(void)state;
	guard_page_init(&guard, request.n);
	for (size_t n = 0; n < request.n; n++) {
		int err = taken_proto(&taken, guard_page_copy(&guard, request.at, n), n);

		assert_true(err == 0 || err == -EBADMSG);
		assert_true(taken.n == 0);
		refused += err == -EBADMSG;
		if (err)
			assert_in_range(taken.tally.offset, 0, n);
	}
	/* the ends of the strangers, which stand before all else, are 7 */
	assert_int_equal(refused, request.n - 7);
	guard_page_done(&guard);
	free(request.at);
}

/* Any byte may be another: no crash, and what is taken is whole. */
static void test_otlp_proto_any_byte_changed(void **state)
{
	struct bytes request = sample(true);
	struct guard_page guard;
	uint64_t seed = 1;

	(void)state;
	guard_page_init(&guard, request.n);
	for (int i = 0; i < 20000; i++) {
		uint8_t *at = guard_page_copy(&guard, request.at, request.n);
		int err;

		for (uint64_t k = random_below(&seed, 4) + 1; k > 0; k--)
			at[random_below(&seed, request.n)] = (uint8_t)random_next(&seed);
		err = taken_proto(&taken, at, request.n);
		assert_true(err == 0 || (err == -EBADMSG && taken.tally.why));
		assert_int_equal(taken.tally.spans,
		    taken.tally.taken + taken.tally.ignored + taken.tally.rejected);
		for (size_t k = 0; k < taken.n && k < TAKEN_MAX; k++)
			assert_in_range(strlen(taken.function[k].name), 1, 159);
	}
	guard_page_done(&guard);
	free(request.at);
}

static struct bytes with_name(const char *name, size_t n)
{
	struct bytes text = {0};
	struct bytes resource = {0};
	struct bytes span = {0};
	struct bytes request;

	put_bytes(&text, 1, name, n);
	put_attribute(&resource, 1, "faas.name", &text);
	put_span_basics(&span);
	request = wrap(&resource, &span, false);
	free(text.at);
	free(resource.at);
	free(span.at);
	return request;
}

static void test_otlp_proto_names_are_text(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		bool good;
	} rows[] = {{"f", 1, true}, {"\xc3\xa4", 2, true}, {"\xc3", 1, false},
	    {"a\0b", 3, false}, {"\xed\xa0\x80", 3, false}, {"\x80", 1, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes request = with_name(rows[i].name, rows[i].n);

		assert_int_equal(taken_proto(&taken, request.at, request.n), 0);
		assert_int_equal(taken.n, rows[i].good);
		assert_int_equal(taken.tally.rejected, !rows[i].good);
		free(request.at);
	}
}

/* Of a resource whose sandbox is no text only spans with one of their own are taken. */
static void test_otlp_proto_a_sandbox_is_text(void **state)
{
	(void)state;
	for (int has_own = 0; has_own < 2; has_own++) {
		struct bytes resource = {0};
		struct bytes span = {0};
		struct bytes request;

		put_text(&resource, 1, "faas.name", "f");
		put_text(&resource, 1, "faas.instance", "\xc3");
		put_span_basics(&span);
		if (has_own)
			put_text(&span, 9, "faas.instance", "its own");
		request = wrap(&resource, &span, true);
		assert_int_equal(taken_proto(&taken, request.at, request.n), 0);
		assert_int_equal(taken.n, has_own);
		if (has_own)
			assert_string_equal(taken.inv[0].sandbox, "its own");
		else
			assert_string_equal(taken.tally.reasons[0].why,
			    "faas.instance is far too long, or not UTF-8");
		free(resource.at);
		free(span.at);
		free(request.at);
	}
}

static int refuse_all(void *context, const struct otlp_record *record, const char **why)
{
	(void)record;
	*why = context;
	return 0;
}

static int stop(void *context, const struct otlp_record *record, const char **why)
{
	(void)context;
	(void)record;
	(void)why;
	return -ENOMEM;
}

static void test_otlp_the_taker_may_reject_or_stop(void **state)
{
	struct bytes request = sample(false);
	struct otlp_tally tally;
	char why[] = "no";

	(void)state;
	assert_int_equal(
	    otlp_proto_read(request.at, request.n, refuse_all, why, &tally), 0);
	assert_int_equal(tally.taken, 0);
	assert_int_equal(tally.rejected, 1);
	assert_string_equal(tally.reasons[0].why, "no");
	assert_int_equal(
	    otlp_proto_read(request.at, request.n, stop, NULL, &tally), -ENOMEM);
	free(request.at);
}

static void test_otlp_has_a_limit_of_invocations(void **state)
{
	struct bytes one = sample(false);
	struct bytes many = {0};

	(void)state;
	for (size_t i = 0; i < OTLP_TAKEN_MAX; i++)
		put_raw(&many, one.at, one.n);
	assert_int_equal(taken_proto(&taken, many.at, many.n), 0);
	assert_int_equal(taken.n, OTLP_TAKEN_MAX);
	put_raw(&many, one.at, one.n);
	assert_int_equal(taken_proto(&taken, many.at, many.n), -EFBIG);
	free(one.at);
	free(many.at);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_otlp_proto_reads_a_span_among_strangers),
	    cmocka_unit_test(test_otlp_proto_an_empty_request_is_well),
	    cmocka_unit_test(test_otlp_proto_reads_what_parsers_must),
	    cmocka_unit_test(test_otlp_proto_spans_and_resources_are_apart),
	    cmocka_unit_test(test_otlp_proto_ids_of_another_length),
	    cmocka_unit_test(test_otlp_proto_names_what_is_malformed),
	    cmocka_unit_test(test_otlp_proto_cut_anywhere),
	    cmocka_unit_test(test_otlp_proto_any_byte_changed),
	    cmocka_unit_test(test_otlp_proto_names_are_text),
	    cmocka_unit_test(test_otlp_proto_a_sandbox_is_text),
	    cmocka_unit_test(test_otlp_the_taker_may_reject_or_stop),
	    cmocka_unit_test(test_otlp_has_a_limit_of_invocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
