/* Settings of the watch over anomalies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/watch.h"

static int parse(const char *body, struct watch *watch, char *why)
{
	return watch_parse(body, strlen(body), watch, why);
}

static void test_what_is_not_said_is_the_default(void **state)
{
	struct watch watch;
	char why[WATCH_WHY_BYTES];
	char *text;

	(void)state;
	assert_int_equal(parse("{}", &watch, why), 0);
	assert_true(watch.enabled);
	assert_int_equal(watch.notify_n, 0);
	text = watch_format(&watch, false);
	assert_string_equal(
	    text, "{\"enabled\":true,\"least_usd\":\"1.00\",\"notify\":[]}");
	free(text);
	watch_done(&watch);
}

static void test_what_is_said_comes_back_without_its_secret(void **state)
{
	static const char body[] =
	    "{\"enabled\":true,\"least_usd\":\"0.25\",\"notify\":[{\"type\":\"slack\","
	    "\"url\":\"https://hooks.slack.com/services/T/B/secret\"}]}";
	struct watch watch;
	struct watch again;
	char why[WATCH_WHY_BYTES];
	char *text;

	(void)state;
	assert_int_equal(parse(body, &watch, why), 0);
	assert_int_equal(watch.notify_n, 1);
	text = watch_format(&watch, true);
	assert_null(strstr(text, "secret"));
	assert_non_null(strstr(text, "\"least_usd\":\"0.25\""));
	free(text);
	text = watch_format(&watch, false);
	assert_int_equal(parse(text, &again, why), 0);
	assert_string_equal(again.notify[0].url, watch.notify[0].url);
	free(text);
	watch_done(&watch);
	watch_done(&again);
}

static void test_bad_settings_are_refused_in_one_sentence(void **state)
{
	static const char twice[] =
	    "{\"notify\":[{\"type\":\"webhook\",\"url\":\"https://a.b/"
	    "\"},{\"type\":\"webhook\",\"url\":\"https://a.b/\"}]}";
	static const char *const wrong[] = {"", "[]", "{\"least\":\"1\"}",
	    "{\"enabled\":\"yes\"}", "{\"least_usd\":1}", "{\"least_usd\":\"-1\"}",
	    "{\"least_usd\":\"lots\"}", "{\"notify\":{}}",
	    "{\"notify\":[{\"type\":\"pigeon\",\"url\":\"https://a.b/\"}]}",
	    "{\"notify\":[{\"type\":\"slack\",\"url\":\"ftp://a.b/\"}]}", twice};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct watch watch;
		char why[WATCH_WHY_BYTES] = "";

		if (parse(wrong[i], &watch, why) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		assert_true(why[0] && !strchr(why, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_not_said_is_the_default),
	    cmocka_unit_test(test_what_is_said_comes_back_without_its_secret),
	    cmocka_unit_test(test_bad_settings_are_refused_in_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
