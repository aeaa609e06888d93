/* The two blocks of the settings that tell companions and tags. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/figures/cost_rules.h"

static int load(const char *text, struct cost_rules **rules)
{
	char path[] = "/tmp/test_cost_rules.XXXXXX";
	int fd = mkstemp(path);
	int err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	err = cost_rules_load(path, rules);
	(void)unlink(path);
	return err;
}

static void test_rules_of_a_pattern_go_before_those_of_all(void **state)
{
	struct cost_rules *rules = NULL;
	struct companions each;

	(void)state;
	assert_int_equal(load("listen: 127.0.0.1:1\n"
			      "companions:\n"
			      "  check*: {s3-puts: 0.1, dynamodb-reads: 0}\n"
			      "  api: rest-api\n"
			      "  firestore-reads: 2\n",
			     &rules),
	    0);
	assert_true(cost_rules_have_companions(rules));
	cost_rules_companions(rules, "checkout", &each);
	assert_int_equal(each.micro[COMPANION_REST_API], 1000000);
	assert_int_equal(each.micro[COMPANION_OBJECT_PUTS], 100000);
	assert_int_equal(each.micro[COMPANION_DOCUMENT_READS], 0);
	cost_rules_companions(rules, "other", &each);
	assert_int_equal(each.micro[COMPANION_OBJECT_PUTS], 0);
	assert_int_equal(each.micro[COMPANION_DOCUMENT_READS], 2000000);
	cost_rules_free(rules);
}

/* As with tags, the first pattern holds; an API stands instead of another. */
static void test_rules_of_the_first_pattern_hold(void **state)
{
	struct cost_rules *rules = NULL;
	struct companions each;

	(void)state;
	assert_int_equal(load("companions:\n"
			      "  api: http-api\n"
			      "  checkout-big: {s3-puts: 5, api: rest-api}\n"
			      "  checkout-*: {s3-puts: 1, sqs-requests: 2}\n",
			     &rules),
	    0);
	cost_rules_companions(rules, "checkout-big", &each);
	assert_int_equal(each.micro[COMPANION_OBJECT_PUTS], 5000000);
	assert_int_equal(each.micro[COMPANION_QUEUE_REQUESTS], 2000000);
	assert_int_equal(each.micro[COMPANION_REST_API], 1000000);
	assert_int_equal(each.micro[COMPANION_HTTP_API], 0);
	cost_rules_companions(rules, "checkout-small", &each);
	assert_int_equal(each.micro[COMPANION_OBJECT_PUTS], 1000000);
	assert_int_equal(each.micro[COMPANION_HTTP_API], 1000000);
	cost_rules_free(rules);
}

static void test_rules_give_the_first_tag_that_matches(void **state)
{
	struct cost_rules *rules = NULL;
	json_t *tags;

	(void)state;
	assert_int_equal(load("tags:\n"
			      "  checkout: {team: shop}\n"
			      "  \"*\": {team: platform, env: prod}\n",
			     &rules),
	    0);
	assert_string_equal(cost_rules_tag(rules, "checkout", "team"), "shop");
	assert_string_equal(cost_rules_tag(rules, "checkout", "env"), "prod");
	assert_string_equal(cost_rules_tag(rules, "resize", "team"), "platform");
	assert_null(cost_rules_tag(rules, "resize", "owner"));
	tags = cost_rules_tags(rules, "checkout");
	assert_int_equal(json_object_size(tags), 2);
	json_decref(tags);
	cost_rules_free(rules);
	assert_null(cost_rules_tag(NULL, "f", "team"));
	assert_null(cost_rules_tags(NULL, "f"));
}

static void test_rules_without_a_file_are_none(void **state)
{
	struct cost_rules *rules = NULL;
	struct companions each;

	(void)state;
	assert_int_equal(cost_rules_load("", &rules), 0);
	assert_false(cost_rules_have_companions(rules));
	cost_rules_companions(rules, "f", &each);
	assert_true(companions_are_none(&each));
	cost_rules_free(rules);
	assert_int_equal(load("listen: 127.0.0.1:1\n", &rules), 0);
	assert_null(cost_rules_tag(rules, "f", "team"));
	cost_rules_free(rules);
}

static void test_rules_refuse_what_they_do_not_know(void **state)
{
	static const char *const wrong[] = {"companions: 1\n", "companions: [api]\n",
	    "companions: {api: soap}\n", "companions: {api: s3-puts}\n",
	    "companions: {dynamo: 1}\n", "companions: {s3-puts: 1001}\n",
	    "companions: {s3-puts: -1}\n", "companions: {s3-puts: [1]}\n",
	    "companions: {s3-puts: 1, blob-writes: 2}\n",
	    "companions: {f: {s3-puts: x}}\n", "companions: {f: {g: {s3-puts: 1}}}\n",
	    "companions: {\"\": {s3-puts: 1}}\n", "tags: shop\n", "tags: {f: shop}\n",
	    "tags: {f: {team: \"\"}}\n", "tags: {f: {team: [a]}}\n",
	    "tags: {\"\": {team: a}}\n", "companions:\n  f:\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cost_rules *rules = NULL;

		if (load(wrong[i], &rules) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		assert_null(rules);
	}
}

static void test_rules_stay_for_who_holds_them(void **state)
{
	struct cost_rules_slot slot = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct cost_rules *rules = NULL;
	struct cost_rules *held;
	struct cost_rules *again;

	(void)state;
	assert_null(cost_rules_hold(NULL));
	assert_null(cost_rules_hold(&slot));
	assert_int_equal(load("tags: {f: {team: shop}}\n", &rules), 0);
	cost_rules_replace(&slot, rules);
	held = cost_rules_hold(&slot);
	again = cost_rules_hold(&slot);
	cost_rules_free(again);
	assert_int_equal(load("tags: {f: {team: till}}\n", &rules), 0);
	cost_rules_replace(&slot, rules);
	assert_string_equal(cost_rules_tag(held, "f", "team"), "shop");
	again = cost_rules_hold(&slot);
	assert_string_equal(cost_rules_tag(again, "f", "team"), "till");
	cost_rules_free(again);
	cost_rules_free(held);
	cost_rules_replace(&slot, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rules_of_a_pattern_go_before_those_of_all),
	    cmocka_unit_test(test_rules_of_the_first_pattern_hold),
	    cmocka_unit_test(test_rules_give_the_first_tag_that_matches),
	    cmocka_unit_test(test_rules_without_a_file_are_none),
	    cmocka_unit_test(test_rules_refuse_what_they_do_not_know),
	    cmocka_unit_test(test_rules_stay_for_who_holds_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
