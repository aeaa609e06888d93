/* The reader of OTLP/JSON: forms that it takes, and what it refuses with which words. */
#include "tests/unit/otlp_taken.h"

#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"

static struct taken taken;

static void accept(const char *text, size_t n)
{
	if (taken_json(&taken, text) < 0)
		fail_msg("%s at %zu: %s", taken.tally.why, taken.tally.offset, text);
	assert_int_equal(taken.n, n);
}

/* Up to where mark stands; the mark is taken out. */
static void refuse(const char *marked, const char *why)
{
	char text[1024];
	const char *mark = strchr(marked, '^');
	size_t at = (size_t)(mark - marked);

	assert_non_null(mark);
	(void)snprintf(text, sizeof(text), "%.*s%s", (int)at, marked, mark + 1);
	assert_int_equal(taken_json(&taken, text), -EBADMSG);
	assert_string_equal(taken.tally.why, why);
	if (taken.tally.offset != at)
		fail_msg("at %zu, not %zu: %s", taken.tally.offset, at, marked);
}

#define MORE(more) OTLP_REQUEST(OTLP_NAME, OTLP_SPAN("", more))
#define WITH(attributes) OTLP_REQUEST(OTLP_NAME, OTLP_SPAN(attributes, ""))

static void test_otlp_json_reads_the_forms_of_the_mapping(void **state)
{
	(void)state;
	accept("{}", 0);
	accept(" { \"resourceSpans\" : [ ] } \n", 0);
	accept("{\"resourceSpans\":null,\"later\":[1,{\"a\":null}]}", 0);
	accept("{\"resourceSpans\":[{}]}", 0);
	accept(
	    MORE(",\"status\":null,\"parentSpanId\":null,\"links\":[{}],\"flags\":1"), 1);
	accept(MORE(",\"endTimeUnixNano\":1544712661000000000"), 1);
	assert_int_equal(taken.inv[0].duration_ns, 1000000000);
	accept(MORE(",\"endTimeUnixNano\":\"1.544712661e18\""), 1);
	assert_int_equal(taken.inv[0].duration_ns, 1000000000);
	accept(WITH("{\"value\":{\"stringValue\":\"id-\\u00e4\\n\"},"
		    "\"key\":\"faas.invocation\\u005fid\"}"),
	    1);
	assert_string_equal(taken.inv[0].request_id, "id-\xc3\xa4\n");
	accept(
	    WITH("{\"key\":\"faas.version\",\"value\":{\"arrayValue\":{\"values\":[]}}},"
		 "{\"key\":\"host.name\",\"value\":null},{\"key\":\"faas.trigger\"},"
		 "{},{\"key\":\"x\",\"value\":{\"doubleValue\":1.5}}"),
	    1);
	assert_string_equal(taken.function[0].version, "");
}

static void test_otlp_json_a_resource_may_stand_behind_its_spans(void **state)
{
	(void)state;
	accept("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[" OTLP_SPAN("",
		   "") "]}],"
		       "\"resource\":{\"attributes\":[" OTLP_NAME "]}},"
		       "{\"resource\":{\"attributes\":[" OTLP_NAME "]},\"scopeSpans\":"
		       "[{\"spans\":[" OTLP_SPAN("", "") "]}]}]}",
	    2);
}

static void test_otlp_json_names_what_is_malformed(void **state)
{
	(void)state;
	refuse("^", "this is not an object");
	refuse("^[]", "this is not an object");
	refuse("{}^x", "something follows the object");
	refuse("{\"resourceSpans\":^7}", "this is not a list");
	refuse("{\"resourceSpans\":[^7]}", "this is not an object");
	refuse("{\"resourceSpans\":[{}^", "a comma or the closing bracket is missing");
	refuse("{\"a\":1 ^\"b\"}", "a comma or the closing brace is missing");
	refuse("{\"a\":\"\\q^\"}", "a value is malformed, or nested too deep");
	refuse("{\"a\"^1}", "a key is not a string, or lacks its colon");
	refuse("{\"resourceSpans\":[{\"resource\":{},\"resource\":^{}}]}",
	    "resource comes twice");
	refuse("{\"resourceSpans\":[{\"scopeSpans\":[],\"scopeSpans\":^[]}]}",
	    "scopeSpans comes twice");
	refuse(MORE(",\"kind\":\"SPAN_KIND_SERVER\"^"), "kind must be a whole number");
	refuse(MORE(",\"kind\":2.5^"), "kind must be a whole number");
	refuse(MORE(",\"startTimeUnixNano\":\"-1\"^"),
	    "startTimeUnixNano must be a whole number");
	refuse(MORE(",\"endTimeUnixNano\":\"18446744073709551616\"^"),
	    "endTimeUnixNano must be a whole number");
	refuse(MORE(",\"endTimeUnixNano\":\"12 \"^"),
	    "endTimeUnixNano must be a whole number");
	refuse(MORE(",\"traceId\":^7"), "an id is not a string");
	refuse(MORE(",\"status\":{\"code\":^true}"), "code must be a whole number");
	refuse(WITH("{\"key\":\"faas.version\",\"value\":{\"stringValue\":^7}}"),
	    "stringValue must be a string of UTF-8 without NUL");
	refuse(WITH("{\"key\":\"faas.coldstart\",\"value\":{\"boolValue\":^0}}"),
	    "boolValue must be true or false");
	refuse(WITH("{\"key\":\"faas.max_memory\",\"value\":{\"intValue\":\"x\"^}}"),
	    "intValue must be a whole number");
	refuse(WITH("{\"key\":^7}"), "an attribute's key is not a string");
}

static void test_otlp_json_values_may_be_nested_but_not_for_ever(void **state)
{
	char text[1024];
	size_t at = 0;

	(void)state;
	memset(text, 0, sizeof(text));
	at = (size_t)snprintf(text, sizeof(text), "{\"x\":");
	memset(text + at, '[', 500);
	assert_int_equal(taken_json(&taken, text), -EBADMSG);
	assert_string_equal(taken.tally.why, "a value is malformed, or nested too deep");
}

static void test_otlp_json_texts_too_long_for_anything_reject_their_span(void **state)
{
	static char text[4096];
	char id[1001];

	(void)state;
	memset(id, 'a', sizeof(id));
	id[1000] = '\0';
	(void)snprintf(text, sizeof(text), WITH(OTLP_TEXT_OF("faas.instance", "%s")), id);
	accept(text, 0);
	assert_int_equal(taken.tally.rejected, 1);
	(void)snprintf(text, sizeof(text), WITH(OTLP_TEXT_OF("faas.name", "%s")), id);
	accept(text, 0);
	(void)snprintf(text, sizeof(text), WITH(OTLP_TEXT_OF("%s", "x")), id);
	accept(text, 1);
}

static const char whole[] =
    OTLP_REQUEST(OTLP_NAME "," OTLP_INT_OF("faas.max_memory", "\"7\""),
	OTLP_SPAN(OTLP_BOOL_OF("faas.coldstart", "true"), ",\"status\":{\"code\":2}"));

static void test_otlp_json_cut_anywhere(void **state)
{
	struct guard_page guard;

	(void)state;
	guard_page_init(&guard, sizeof(whole));
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		memset(&taken, 0, sizeof(taken));
		assert_int_equal(otlp_json_read(guard_page_copy(&guard, whole, n), n,
				     taken_take, &taken, &taken.tally),
		    -EBADMSG);
		assert_in_range(taken.tally.offset, 0, n);
	}
	guard_page_done(&guard);
}

static void test_otlp_json_any_byte_changed(void **state)
{
	struct guard_page guard;
	uint64_t seed = 1;

	(void)state;
	guard_page_init(&guard, sizeof(whole));
	for (int i = 0; i < 20000; i++) {
		size_t n = sizeof(whole) - 1;
		uint8_t *at = guard_page_copy(&guard, whole, n);
		int err;

		at[random_below(&seed, n)] =
		    (uint8_t) "{}[],:\"\\ue0x"[random_below(&seed, 12)];
		memset(&taken, 0, sizeof(taken));
		err = otlp_json_read(at, n, taken_take, &taken, &taken.tally);
		assert_true(err == 0 || (err == -EBADMSG && taken.tally.why));
		assert_int_equal(taken.tally.spans,
		    taken.tally.taken + taken.tally.ignored + taken.tally.rejected);
	}
	guard_page_done(&guard);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_otlp_json_reads_the_forms_of_the_mapping),
	    cmocka_unit_test(test_otlp_json_a_resource_may_stand_behind_its_spans),
	    cmocka_unit_test(test_otlp_json_names_what_is_malformed),
	    cmocka_unit_test(test_otlp_json_values_may_be_nested_but_not_for_ever),
	    cmocka_unit_test(
		test_otlp_json_texts_too_long_for_anything_reject_their_span),
	    cmocka_unit_test(test_otlp_json_cut_anywhere),
	    cmocka_unit_test(test_otlp_json_any_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
