#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "alerts/delivery.h"
#include "alerts/url.h"

#define S 1000000000LL
#define HOUR_NS (3600 * S)

static enum delivery_verdict judge(long status, int attempts)
{
	struct delivery_answer answer = {.http_status = status};

	return delivery_judge(&answer, attempts);
}

static void test_only_what_may_pass_is_tried_again(void **state)
{
	static const long retried[] = {0, 408, 429, 500, 502, 503, 504, 599};
	static const long final[] = {
	    100, 301, 302, 307, 400, 401, 403, 404, 410, 413, 600};

	(void)state;
	assert_int_equal(judge(200, 1), DELIVERY_DONE);
	assert_int_equal(judge(204, 60), DELIVERY_DONE);
	for (size_t i = 0; i < sizeof(retried) / sizeof(retried[0]); i++)
		assert_int_equal(judge(retried[i], 1), DELIVERY_RETRY);
	for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
		assert_int_equal(judge(final[i], 1), DELIVERY_GIVE_UP);
}

static void test_tries_are_bounded(void **state)
{
	struct delivery_answer hopeless = {.error = "bad address", .hopeless = true};

	(void)state;
	assert_int_equal(judge(503, DELIVERY_MAX_ATTEMPTS - 1), DELIVERY_RETRY);
	assert_int_equal(judge(503, DELIVERY_MAX_ATTEMPTS), DELIVERY_GIVE_UP);
	assert_int_equal(judge(0, DELIVERY_MAX_ATTEMPTS), DELIVERY_GIVE_UP);
	assert_int_equal(delivery_judge(&hopeless, 1), DELIVERY_GIVE_UP);
}

static void test_waits_double_to_a_quarter_of_an_hour_with_jitter(void **state)
{
	int64_t total = 0;

	(void)state;
	assert_int_equal(delivery_wait_ns(1, 0, 0), 3 * S / 4);
	assert_in_range(delivery_wait_ns(1, 0, UINT32_MAX), 124 * S / 100, 125 * S / 100);
	assert_in_range(delivery_wait_ns(2, 0, 1U << 31), 199 * S / 100, 201 * S / 100);
	assert_in_range(delivery_wait_ns(10, 0, 1U << 31), 511 * S, 513 * S);
	assert_in_range(delivery_wait_ns(11, 0, 1U << 31), 899 * S, 901 * S);
	for (int i = 1; i < DELIVERY_MAX_ATTEMPTS; i++) {
		int64_t wait = delivery_wait_ns(i, 0, 1U << 31);

		assert_true(wait > 0);
		total += wait;
	}
	assert_in_range(total, 12 * HOUR_NS, 13 * HOUR_NS);
	assert_in_range(delivery_wait_ns(1 << 30, 0, 0), 600 * S, 900 * S);
}

static void test_retry_after_is_honoured_within_an_hour(void **state)
{
	(void)state;
	assert_in_range(delivery_wait_ns(1, 30, 0), 30 * S, 31 * S);
	assert_in_range(delivery_wait_ns(1, 30, UINT32_MAX), 30 * S, 31 * S);
	assert_in_range(delivery_wait_ns(1, 86400, 0), 3600 * S, 3601 * S);
	/* asking for less than the back-off does not shorten it */
	assert_in_range(delivery_wait_ns(10, 1, 1U << 31), 511 * S, 513 * S);
	assert_in_range(delivery_wait_ns(1, -5, 0), 0, S);
}

static void test_explanations_keep_the_secret(void **state)
{
	static const char url[] = "https://hooks.example/services/T0/B0/secret";
	struct delivery_answer answer = {.http_status = 404, .response = "no_team"};
	char out[DELIVERY_ERROR_BYTES];

	(void)state;
	delivery_explain(&answer, url, out);
	assert_string_equal(out, "HTTP 404: no_team");
	answer.response = "POST /services/T0/B0/secret is unknown";
	delivery_explain(&answer, url, out);
	assert_string_equal(out, "HTTP 404");
	answer = (struct delivery_answer){.http_status = 302};
	delivery_explain(&answer, url, out);
	assert_non_null(strstr(out, "redirects are not followed"));
	answer = (struct delivery_answer){.error = "Timeout was reached"};
	delivery_explain(&answer, url, out);
	assert_string_equal(out, "Timeout was reached");
	answer = (struct delivery_answer){.http_status = 500, .response = "a\x1b[2J\n"};
	delivery_explain(&answer, url, out);
	assert_string_equal(out, "HTTP 500: a?[2J?");
}

static void test_addresses_are_masked_after_the_host(void **state)
{
	char out[64];

	(void)state;
	url_mask("https://hooks.slack.com/services/T/B/secret", out, sizeof(out));
	assert_string_equal(out, "https://hooks.slack.com/...");
	url_mask("http://user:password@host:8080?token=1", out, sizeof(out));
	assert_string_equal(out, "http://host:8080/...");
	url_mask("HTTPS://a/b@c", out, sizeof(out));
	assert_string_equal(out, "https://a/...");
	url_show("http://u:p@host:1/run/x?code=9#f", out, sizeof(out));
	assert_string_equal(out, "http://host:1/run/x?...");
	url_show("http://host", out, sizeof(out));
	assert_string_equal(out, "http://host");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_only_what_may_pass_is_tried_again),
	    cmocka_unit_test(test_tries_are_bounded),
	    cmocka_unit_test(test_waits_double_to_a_quarter_of_an_hour_with_jitter),
	    cmocka_unit_test(test_retry_after_is_honoured_within_an_hour),
	    cmocka_unit_test(test_explanations_keep_the_secret),
	    cmocka_unit_test(test_addresses_are_masked_after_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
