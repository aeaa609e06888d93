#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/keepwarm.h"

#define S 1000000000LL
#define T0 (1000000 * S)

static const struct function hello = {.platform = PLATFORM_AWS_LAMBDA,
    .arch = ARCH_X86_64,
    .memory_limit_mb = 128,
    .name = "hello"};

static void invoke(struct track *track, double at_s, enum invocation_start start,
    bool ping, const char *sandbox)
{
	struct invocation inv = {.function = &hello,
	    .kind = KIND_LAMBDA,
	    .start_type = start,
	    .ping = ping,
	    .has = HAS_DURATION,
	    .start_ns = T0 + (int64_t)(at_s * (double)S),
	    .duration_ns = S / 10,
	    .concurrency = 1};

	if (start == START_COLD) {
		inv.has |= HAS_INIT;
		inv.init_ns = S / 2;
	}
	(void)snprintf(inv.sandbox, sizeof(inv.sandbox), "%s", sandbox);
	track_observe(track, &inv);
}

static void test_gaps_are_taken_from_the_end_of_the_last_activity(void **state)
{
	struct track track;
	struct idle_life_bracket b;

	(void)state;
	track_init(&track, &hello);
	invoke(&track, 0, START_COLD, false, "a");
	assert_int_equal(track.life.samples, 0); /* nothing before it */
	invoke(&track, 10, START_WARM, false, "a");
	idle_life_bracket(&track.life, &b);
	assert_true(fabs(b.warm_max_s - 9.9) < 0.01);
	/* a cold start arrived before its init of half a second */
	invoke(&track, 40.6, START_COLD, false, "b");
	idle_life_bracket(&track.life, &b);
	assert_true(fabs(b.cold_min_s - 30) < 0.01);
}

static void test_what_is_no_evidence_teaches_nothing(void **state)
{
	struct track track;
	struct invocation inv = {.function = &hello,
	    .kind = KIND_LAMBDA,
	    .start_type = START_COLD,
	    .cause = CAUSE_DEPLOY,
	    .has = HAS_DURATION,
	    .start_ns = T0 + 500 * S,
	    .duration_ns = S};

	(void)state;
	track_init(&track, &hello);
	invoke(&track, 0, START_UNKNOWN, false, "a");
	invoke(&track, 100, START_WARM, false, "never seen");
	invoke(&track, 200, START_PREWARMED, false, "b");
	invoke(&track, 200.01, START_COLD, false, "c"); /* while b was busy */
	invoke(&track, 150, START_COLD, false, "d");    /* late news */
	track_observe(&track, &inv);
	assert_int_equal(track.life.samples, 0);
	inv.kind = KIND_PROCESS;
	inv.cause = CAUSE_UNKNOWN;
	inv.start_ns += 100 * S;
	track_observe(&track, &inv);
	assert_int_equal(track.life.samples, 0);
}

static void test_a_request_that_a_ping_kept_warm_is_a_cold_start_avoided(void **state)
{
	struct track track;

	(void)state;
	track_init(&track, &hello);
	invoke(&track, 0, START_COLD, false, "a");
	invoke(&track, 30, START_COLD, false, "b"); /* so 29.4 s end cold */
	invoke(&track, 45, START_WARM, true, "b");
	invoke(&track, 55, START_WARM, false, "b"); /* 25 s: may have been warm anyway */
	assert_int_equal(track.counts.cold_avoided, 0);
	invoke(&track, 70, START_WARM, true, "b");
	invoke(&track, 85, START_WARM, true, "b");
	invoke(&track, 95, START_WARM, false, "b"); /* 40 s after the last real one */
	assert_int_equal(track.counts.cold_avoided, 1);
	assert_int_equal(track.counts.pings_seen, 3);
	assert_int_equal(track.counts.pings_cold, 0);
	assert_int_equal(track.counts.invocations, 4);
	assert_int_equal(track.counts.cold, 2);
	invoke(&track, 135, START_WARM, false, "b"); /* no ping: luck */
	assert_int_equal(track.counts.cold_avoided, 1);
	assert_int_equal(track_init_mean_ns(&track), S / 2);
}

static struct keepwarm parsed(const char *body)
{
	struct keepwarm k = {0};
	char why[KEEPWARM_WHY_BYTES];

	assert_int_equal(keepwarm_parse(body, strlen(body), NULL, &k, why), 0);
	return k;
}

#define ON "{\"enabled\":true,\"ping_url\":\"http://127.0.0.1:8080/\"}"

static void test_a_ping_goes_out_before_the_idle_life_ends(void **state)
{
	struct keepwarm k = parsed(ON);
	struct keepwarm_decision d;
	struct track track;
	int64_t end_ns = T0 + 10 * S + S / 10;

	(void)state;
	track_init(&track, &hello);
	invoke(&track, 0, START_COLD, false, "a");
	invoke(&track, 10, START_WARM, false, "a");
	k.idle_life_s = 20;
	k.since_ns = T0;
	keepwarm_decide(&k, &track, 0, false, end_ns + S, &d);
	assert_int_equal(d.state, KEEPWARM_WARMING);
	assert_int_equal(d.next_ns, end_ns + 17 * S);
	/* our own ping is an activity even if nobody saw it */
	keepwarm_decide(&k, &track, end_ns + 17 * S, false, end_ns + 18 * S, &d);
	assert_int_equal(d.next_ns, end_ns + 34 * S);
	k.idle_life_s = 0;
	keepwarm_decide(&k, &track, 0, false, end_ns + S, &d);
	assert_int_equal(d.state, KEEPWARM_LEARNING);
	assert_int_equal(d.next_ns, end_ns + 300 * S);
	keepwarm_done(&k);
}

/* From a clock that was an hour ahead. */
static void test_pings_go_on_when_the_clock_goes_back(void **state)
{
	struct keepwarm k = {.enabled = true, .url = (char *)"http://f/"};
	struct keepwarm_decision d;
	struct track track = {.end_ns = T0 + 3600 * S, .real_end_ns = T0 + 3600 * S};
	int64_t gap_ns;

	(void)state;
	keepwarm_decide(&k, &track, 0, false, track.end_ns + S, &d);
	gap_ns = d.next_ns - track.end_ns;
	assert_true(gap_ns > 0);
	track_rewind(&track, T0);
	keepwarm_decide(&k, &track, 0, false, T0 + 5 * S, &d);
	assert_int_equal(d.next_ns, T0 + gap_ns);
	assert_int_equal(track.real_end_ns, T0);
	track_rewind(&track, T0 + 1);
	assert_int_equal(track.end_ns, T0);
}

static void test_a_function_never_seen_is_pinged_at_once(void **state)
{
	struct keepwarm k = parsed(ON);
	struct keepwarm_decision d;

	(void)state;
	k.since_ns = T0;
	keepwarm_decide(&k, NULL, 0, false, T0 + 5, &d);
	assert_int_equal(d.state, KEEPWARM_LEARNING);
	assert_int_equal(d.next_ns, T0 + 5);
	keepwarm_done(&k);
}

static void test_a_spent_budget_stops_the_pings(void **state)
{
	struct keepwarm k = parsed(ON);
	struct keepwarm_decision d;

	(void)state;
	keepwarm_decide(&k, NULL, 0, true, T0, &d);
	assert_int_equal(d.state, KEEPWARM_PAUSED_BUDGET);
	assert_int_equal(d.next_ns, 0);
	k.enabled = false;
	keepwarm_decide(&k, NULL, 0, true, T0, &d);
	assert_int_equal(d.state, KEEPWARM_OFF);
	assert_int_equal(d.next_ns, 0);
	keepwarm_done(&k);
}

static void test_pings_that_do_not_arrive_are_trouble(void **state)
{
	struct keepwarm k = parsed(ON);
	struct ping_result refused = {.error = "Couldn't connect to server"};
	struct ping_result unknown = {.status = 404};
	struct ping_result fine = {.status = 200};
	char why[KEEPWARM_WHY_BYTES];

	(void)state;
	assert_false(keepwarm_trouble(&k, 0, NULL, why));
	assert_true(keepwarm_trouble(&k, 1, &refused, why));
	assert_string_equal(why, "The last ping failed: Couldn't connect to server.");
	/* the news of it may be under way; and what was seen is warm, whatever it says */
	assert_false(keepwarm_trouble(&k, 2, &unknown, why));
	assert_false(keepwarm_trouble(&k, 0, &unknown, why));
	assert_true(keepwarm_trouble(&k, 3, &unknown, why));
	assert_non_null(strstr(why, "answered with HTTP 404"));
	assert_non_null(strstr(why, "does it want GET"));
	assert_true(keepwarm_trouble(&k, 3, &fine, why));
	assert_true(keepwarm_trouble(&k, 1000000000000, NULL, why));
	assert_int_equal(why[strlen(why) - 1], '?'); /* the sentence fits */
	k.enabled = false;
	assert_false(keepwarm_trouble(&k, 9, &refused, why));
	keepwarm_done(&k);
}

static void test_nobody_calling_for_a_day_is_called_idle(void **state)
{
	struct keepwarm k = parsed(ON);
	struct keepwarm_decision d;
	struct track track;

	(void)state;
	track_init(&track, &hello);
	invoke(&track, 0, START_COLD, false, "a");
	k.since_ns = T0;
	keepwarm_decide(&k, &track, T0 + 86400 * S, false, T0 + 86500 * S, &d);
	assert_int_equal(d.state, KEEPWARM_IDLE);
	assert_true(d.next_ns > 0); /* the switch is obeyed */
	keepwarm_done(&k);
}

static void test_bad_settings_have_their_reason(void **state)
{
	static const struct {
		const char *body;
		const char *reason;
	} bad[] = {
	    {"", "not JSON: there is nothing"},
	    {"{}", "enabled is missing"},
	    {"{\"enabled\":1}", "true or false"},
	    {"{\"enabled\":true}", "ping_url is missing"},
	    {"{\"enabled\":true,\"ping_url\":\"gopher://a/\"}", "ping_url must begin"},
	    {"{\"enabled\":true,\"ping_url\":5}", "ping_url must be a text"},
	    {"{\"enabled\":true,\"ping_url\":\"http://a/\",\"method\":\"PUT\"}",
		"method"},
	    {"{\"enabled\":true,\"ping_url\":\"http://a/\",\"body\":\"x\"}",
		"body needs"},
	    {"{\"enabled\":true,\"ping_url\":\"http://a/\",\"idle_life_s\":1}",
		"idle_life_s"},
	    {"{\"enabled\":true,\"ping_url\":\"http://a/\",\"pingurl\":1}",
		"unknown key \"pingurl\""},
	};
	char why[KEEPWARM_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct keepwarm k = {0};

		assert_int_equal(
		    keepwarm_parse(bad[i].body, strlen(bad[i].body), NULL, &k, why),
		    -EINVAL);
		if (!strstr(why, bad[i].reason))
			fail_msg("%s: \"%s\"", bad[i].body, why);
	}
}

static void test_what_a_change_leaves_out_stays(void **state)
{
	static const char off[] = "{\"enabled\":false}";
	static const char shown[] =
	    "{\"enabled\":true,\"ping_url\":\"http://h:1/a?...\",\"method\":\"GET\"}";
	struct keepwarm k =
	    parsed("{\"enabled\":true,\"ping_url\":\"http://h:1/a?code=7\","
		   "\"method\":\"POST\",\"idle_life_s\":20}");
	struct keepwarm next;
	char why[KEEPWARM_WHY_BYTES];

	(void)state;
	assert_int_equal(keepwarm_parse(off, strlen(off), &k, &next, why), 0);
	assert_false(next.enabled);
	assert_true(next.post);
	assert_true(next.idle_life_s == 20);
	assert_string_equal(next.url, "http://h:1/a?code=7");
	keepwarm_done(&k);
	/* an address as it was shown is the address that is there */
	assert_int_equal(keepwarm_parse(shown, strlen(shown), &next, &k, why), 0);
	assert_true(k.enabled);
	assert_false(k.post);
	assert_string_equal(k.url, "http://h:1/a?code=7");
	keepwarm_done(&k);
	keepwarm_done(&next);
}

static void test_settings_and_learning_survive_a_restart(void **state)
{
	struct keepwarm k =
	    parsed("{\"enabled\":true,\"ping_url\":\"http://h/\",\"method\":"
		   "\"POST\",\"body\":\"{}\",\"idle_life_s\":12.5}");
	struct keepwarm back;
	struct track track;
	struct track again;
	char *text;

	(void)state;
	k.pings = 7;
	k.since_ns = T0;
	text = keepwarm_format(&k);
	assert_int_equal(keepwarm_load(text, &back), 0);
	free(text);
	assert_string_equal(back.body, "{}");
	assert_true(back.enabled && back.post && back.idle_life_s == 12.5);
	assert_int_equal(back.pings, 7);
	assert_int_equal(back.since_ns, T0);
	keepwarm_done(&back);
	keepwarm_done(&k);
	track_init(&track, &hello);
	for (int i = 0; i < 9; i++) {
		invoke(&track, i * 31, START_COLD, i % 2, "a");
		invoke(&track, i * 31 + 12, START_WARM, false, "a");
	}
	text = keepwarm_format_track(&track);
	track_init(&again, &hello);
	assert_int_equal(keepwarm_load_track(text, &again), 0);
	free(text);
	assert_int_equal(again.life.samples, track.life.samples);
	assert_int_equal(again.counts.cold_avoided, track.counts.cold_avoided);
	assert_int_equal(again.real_end_ns, track.real_end_ns);
	assert_true(
	    fabs(idle_life_ping_s(&again.life) - idle_life_ping_s(&track.life)) < 0.01);
	assert_int_equal(again.function.memory_limit_mb, 128);
	assert_memory_equal(
	    &again.counts.ping_usage, &track.counts.ping_usage, sizeof(struct usage));
	assert_int_equal(keepwarm_load("{\"enabled\":true}", &back), -EBADMSG);
	assert_int_equal(keepwarm_load_track("[", &again), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gaps_are_taken_from_the_end_of_the_last_activity),
	    cmocka_unit_test(test_what_is_no_evidence_teaches_nothing),
	    cmocka_unit_test(
		test_a_request_that_a_ping_kept_warm_is_a_cold_start_avoided),
	    cmocka_unit_test(test_a_ping_goes_out_before_the_idle_life_ends),
	    cmocka_unit_test(test_pings_go_on_when_the_clock_goes_back),
	    cmocka_unit_test(test_a_function_never_seen_is_pinged_at_once),
	    cmocka_unit_test(test_a_spent_budget_stops_the_pings),
	    cmocka_unit_test(test_pings_that_do_not_arrive_are_trouble),
	    cmocka_unit_test(test_nobody_calling_for_a_day_is_called_idle),
	    cmocka_unit_test(test_bad_settings_have_their_reason),
	    cmocka_unit_test(test_what_a_change_leaves_out_stays),
	    cmocka_unit_test(test_settings_and_learning_survive_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
