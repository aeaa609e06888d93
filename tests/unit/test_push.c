/* What is pushed, to a receiver that answers as told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "serve/exports/exposition_otlp.h"
#include "serve/exports/exposition_remote.h"
#include "serve/exports/push.h"
#include "tests/unit/proto_bytes.h"
#include "tests/unit/receiver.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct receiver receiver;
static char url[64];
static const struct push_target target = {
    .name = "test", .url = url, .headers = {"Content-Type: application/x-protobuf"}};

static struct push *start(const char *const *answers, size_t n)
{
	struct push *push;

	receiver_start(&receiver, answers, n);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/in", receiver.port);
	assert_int_equal(push_start(&target, &push), 0);
	return push;
}

static void add(struct push *push, const char *text)
{
	struct buffer b = {0};

	buffer_put_text(&b, text);
	push_add(push, &b, 10);
	assert_null(b.at);
}

/* Waits until that many were sent or given up. */
static struct push_counts settled(struct push *push, uint64_t items)
{
	struct push_counts counts = push_counts(push);

	for (int i = 0; i < 500 && counts.sent + counts.dropped < items; i++) {
		(void)nanosleep(&(struct timespec){0, 10000000}, NULL);
		counts = push_counts(push);
	}
	return counts;
}

static const char *body_of(int i)
{
	return strstr(receiver.requests[i], "\r\n\r\n") + 4;
}

static void test_push_sends_in_order_and_again_after_a_failure(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("503 Unavailable", ""), RECEIVER_OK};
	struct push *push = start(answers, COUNT_OF(answers));
	struct push_counts counts;

	(void)state;
	add(push, "one");
	add(push, "two");
	counts = settled(push, 20);
	push_stop(push);
	receiver_stop(&receiver);
	assert_int_equal(counts.sent, 20);
	assert_int_equal(counts.dropped, 0);
	assert_int_equal(counts.failures, 1);
	assert_int_equal(receiver.n, 3);
	assert_string_equal(body_of(0), "one");
	assert_string_equal(body_of(1), "one");
	assert_string_equal(body_of(2), "two");
	assert_non_null(strstr(receiver.requests[0], "POST /in HTTP/1.1\r\n"));
	assert_non_null(strstr(receiver.requests[0], "application/x-protobuf"));
}

static void test_push_gives_up_what_is_refused(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("400 Bad Request", ""), RECEIVER_OK};
	struct push *push = start(answers, COUNT_OF(answers));
	struct push_counts counts;

	(void)state;
	add(push, "bad");
	add(push, "good");
	counts = settled(push, 20);
	push_stop(push);
	receiver_stop(&receiver);
	assert_int_equal(counts.sent, 10);
	assert_int_equal(counts.dropped, 10);
	assert_int_equal(receiver.n, 2);
}

/* Nothing listens: the oldest go, and the end does not wait for anybody. */
static void test_push_keeps_within_its_limit_and_ends(void **state)
{
	struct push *push;
	struct push_counts counts;
	time_t before = time(NULL);

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:1/");
	assert_int_equal(push_start(&target, &push), 0);
	for (int i = 0; i < PUSH_BODIES_MAX + 6; i++)
		add(push, "x");
	counts = push_counts(push);
	assert_true(counts.waiting <= PUSH_BODIES_MAX);
	/* one may be under way */
	assert_in_range(counts.dropped, 50, 60);
	push_stop(push);
	assert_true(time(NULL) - before < 5);
}

static void test_push_waits_longer_each_time(void **state)
{
	static const int wanted[] = {1, 1, 2, 4, 8, 16, 32, 60, 60};

	(void)state;
	for (unsigned int i = 0; i < COUNT_OF(wanted); i++)
		assert_int_equal(push_delay_s(i, 0), wanted[i]);
	assert_int_equal(push_delay_s(1, 7), 7);
	assert_int_equal(push_delay_s(1, 100000), 300);
}

/* --- what is pushed ----------------------------------------------------------------- */

static const struct exposition_family family = {.name = "x_seconds",
    .type = EXPOSITION_HISTOGRAM,
    .unit = "seconds",
    .help = "Help.",
    .otel = "x",
    .otel_unit = "s"};
static const struct exposition_labels labels = {2, {{"faas.name", "f"}, {"a.b", "c"}}};

/* 1 ms twice, 2 ms and 1 s. */
static struct exposition_histogram make(struct histogram *h)
{
	static const double bounds[] = {0.001953125, 1};
	static const uint64_t below[] = {2, 4};

	assert_int_equal(histogram_add_ns(h, 1000000), 0);
	assert_int_equal(histogram_add_ns(h, 1000000), 0);
	assert_int_equal(histogram_add_ns(h, 2000000), 0);
	assert_int_equal(histogram_add_ns(h, 1000000000), 0);
	return (struct exposition_histogram){.count = 4,
	    .sum = 1.004,
	    .n = 2,
	    .bounds = bounds,
	    .below = below,
	    .native = h,
	    .offset = HISTOGRAM_SECONDS_INDEX_OFFSET};
}

static void test_otlp_metrics_copy_each_bucket(void **state)
{
	struct histogram h = {0};
	struct exposition_histogram made = make(&h);
	struct exposition_otlp otlp;
	struct buffer b = {0};
	struct proto_field f;
	struct proto_span at;
	struct proto_span counts;
	int32_t offset;

	(void)state;
	exposition_otlp_begin(&otlp, &b, 5, 7, "here");
	otlp.to.family(&otlp.to, &family);
	otlp.to.histogram(&otlp.to, &labels, &made);
	exposition_otlp_end(&otlp);
	at = (struct proto_span){b.at, b.n};
	assert_true(proto_find(at, 1, 0, &f) && proto_find(proto_in(&f), 2, 0, &f));
	assert_true(proto_find(proto_in(&f), 2, 0, &f));
	at = proto_in(&f);
	assert_true(proto_find(at, 1, 0, &f) && proto_is_text(&f, "x"));
	assert_true(proto_find(at, 3, 0, &f) && proto_is_text(&f, "s"));
	assert_true(proto_find(at, 10, 0, &f));
	at = proto_in(&f);
	assert_true(proto_find(at, 2, 0, &f) && f.value == 2); /* cumulative */
	assert_true(proto_find(at, 1, 0, &f));
	at = proto_in(&f);
	assert_true(proto_find(at, 2, 0, &f) && f.value == 5);
	assert_true(proto_find(at, 3, 0, &f) && f.value == 7);
	assert_true(proto_find(at, 4, 0, &f) && f.value == 4);
	assert_true(proto_find(at, 5, 0, &f) && proto_double(&f) == 1.004);
	assert_true(proto_find(at, 6, 0, &f) && proto_signed(f.value) == 5);
	assert_true(proto_find(at, 8, 0, &f));
	at = proto_in(&f);
	assert_true(proto_find(at, 1, 0, &f));
	offset = (int32_t)proto_signed(f.value);
	/* log2(0.001) * 32 = -318.9: index -319; 1 s is the upper bound of index -1 */
	assert_int_equal(offset, -319);
	assert_true(proto_find(at, 2, 0, &f));
	counts = proto_in(&f);
	for (int32_t i = offset; counts.n > 0; i++) {
		uint64_t n = proto_varint(&counts);

		assert_int_equal(n, i == -319 ? 2 : i == -287 || i == -1 ? 1 : 0);
		offset = i;
	}
	assert_int_equal(offset, -1);
	histogram_done(&h);
	buffer_done(&b);
}

static struct buffer written(enum remote_histograms histograms)
{
	struct histogram h = {0};
	struct exposition_histogram made = make(&h);
	struct exposition_remote remote;
	struct buffer b = {0};

	exposition_remote_begin(&remote, &b, histograms, 1234, "here");
	remote.to.family(&remote.to, &family);
	remote.to.histogram(&remote.to, &labels, &made);
	histogram_done(&h);
	assert_false(b.failed);
	return b;
}

/* "name=value;" of each label of a series, then the number of its first sample. */
static void describe(struct proto_span series, char *out, size_t size)
{
	struct proto_field f;
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; proto_find(series, 1, i, &f); i++) {
		struct proto_field name;
		struct proto_field value;

		assert_true(proto_find(proto_in(&f), 1, 0, &name));
		assert_true(proto_find(proto_in(&f), 2, 0, &value));
		at += (size_t)snprintf(out + at, size - at, "%.*s=%.*s;", (int)name.n,
		    (const char *)name.at, (int)value.n, (const char *)value.at);
	}
	if (!proto_find(series, 2, 0, &f))
		return;
	assert_true(proto_find(proto_in(&f), 1, 0, &f));
	(void)snprintf(out + at, size - at, "%g", proto_double(&f));
}

static void expect_series(
    enum remote_histograms histograms, const char *const *wanted, size_t n)
{
	struct buffer b = written(histograms);
	struct proto_span in = {b.at, b.n};
	struct proto_field series;
	char text[512];
	size_t i = 0;

	for (; proto_find(in, 1, i, &series); i++) {
		describe(proto_in(&series), text, sizeof(text));
		if (i < n)
			assert_string_equal(text, wanted[i]);
	}
	assert_int_equal(i, n);
	buffer_done(&b);
}

#define HEAD(suffix)                                                                     \
	"__name__=x_seconds" suffix ";a_b=c;faas_name=f;instance=here;job=coldmeter;"

static void test_remote_write_has_sorted_labels_and_each_kind_of_histogram(void **state)
{
	static const char *const classic[] = {HEAD("_bucket") "le=0.001953125;2",
	    HEAD("_bucket") "le=1.0;4", HEAD("_bucket") "le=+Inf;4", HEAD("_count") "4",
	    HEAD("_sum") "1.004"};
	/* of eight to an octave: 2^(-80/8) to 2^(-79/8) holds 1 ms, ... */
	static const char *const vmrange[] = {
	    HEAD("_bucket") "vmrange=9.766e-04...1.065e-03;2",
	    HEAD("_bucket") "vmrange=1.953e-03...2.130e-03;1",
	    HEAD("_bucket") "vmrange=9.170e-01...1.000e+00;1", HEAD("_count") "4",
	    HEAD("_sum") "1.004"};
	static const char *const native[] = {HEAD("")};

	(void)state;
	expect_series(REMOTE_CLASSIC, classic, COUNT_OF(classic));
	expect_series(REMOTE_VMRANGE, vmrange, COUNT_OF(vmrange));
	expect_series(REMOTE_NATIVE, native, COUNT_OF(native));
}

static void test_remote_write_native_has_prometheus_fields(void **state)
{
	struct buffer b = written(REMOTE_NATIVE);
	struct proto_field f;
	struct proto_span h;

	(void)state;
	assert_true(proto_find((struct proto_span){b.at, b.n}, 1, 0, &f));
	assert_true(proto_find(proto_in(&f), 4, 0, &f));
	h = proto_in(&f);
	assert_true(proto_find(h, 1, 0, &f) && f.value == 4);
	assert_true(proto_find(h, 3, 0, &f) && proto_double(&f) == 1.004);
	assert_true(proto_find(h, 4, 0, &f) && proto_signed(f.value) == 5);
	assert_true(proto_find(h, 15, 0, &f) && f.value == 1234);
	/* index -318: OTLP's plus one */
	assert_true(proto_find(h, 11, 0, &f) && proto_find(proto_in(&f), 1, 0, &f));
	assert_int_equal(proto_signed(f.value), -318);
	assert_true(proto_find(h, 12, 0, &f));
	h = proto_in(&f);
	assert_int_equal(proto_signed(proto_varint(&h)), 2);
	assert_int_equal(proto_signed(proto_varint(&h)), -1);
	assert_int_equal(proto_signed(proto_varint(&h)), 0);
	assert_int_equal(h.n, 0);
	buffer_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_push_sends_in_order_and_again_after_a_failure),
	    cmocka_unit_test(test_push_gives_up_what_is_refused),
	    cmocka_unit_test(test_push_keeps_within_its_limit_and_ends),
	    cmocka_unit_test(test_push_waits_longer_each_time),
	    cmocka_unit_test(test_otlp_metrics_copy_each_bucket),
	    cmocka_unit_test(
		test_remote_write_has_sorted_labels_and_each_kind_of_histogram),
	    cmocka_unit_test(test_remote_write_native_has_prometheus_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
