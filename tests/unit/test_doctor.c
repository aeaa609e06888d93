/* What doctor makes of an answer about agents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/version.h"
#include "tui/doctor.h"

static struct doctor doctor;

static void examine(const char *ledger, const char *agents)
{
	char body[2048];
	struct snapshot snapshot = {0};

	(void)snprintf(body, sizeof(body),
	    "{\"functions\":[],\"ledger\":{%s},\"agents\":[{\"host\":\"box\",\"age_s\":1%"
	    "s}]"
	    "}",
	    ledger, agents);
	assert_int_equal(snapshot_parse(body, strlen(body), &snapshot), 0);
	memset(&doctor, 0, sizeof(doctor));
	doctor_check_agents(&doctor, &snapshot);
	snapshot_done(&snapshot);
}

static void expect(enum doctor_state state, const char *what, const char *detail)
{
	for (size_t i = 0; i < doctor.n; i++)
		if (doctor.checks[i].state == state &&
		    strcmp(doctor.checks[i].what, what) == 0 &&
		    strstr(doctor.checks[i].detail, detail))
			return;
	fail_msg("no %s %s: %s", doctor_state_name(state), what, detail);
}

static void test_doctor_says_what_watching_costs(void **state)
{
	(void)state;
	examine("\"seen\":5,\"lost\":0",
	    ",\"overhead\":{\"agent_pct\":0.3,\"probes_pct\":0.2,\"max_pct\":1,"
	    "\"resident_bytes\":10485760,\"shed\":0}");
	expect(DOCTOR_OK, "cost",
	    "box: watching takes 0.5% of the host's CPUs (1.0% allowed), 10.0 MB of "
	    "memory");
	expect(DOCTOR_OK, "ledger", "5 seen in the last hour, none lost");
	examine("", ",\"overhead\":{\"agent_pct\":0.3,\"probes_pct\":0.2,\"shed\":2}");
	expect(DOCTOR_WARN, "cost", "detail is shed");
	examine("", ",\"overhead\":{\"agent_pct\":0.3}");
	expect(DOCTOR_WARN, "cost", "probes not counted");
	examine("", ""); /* an older agent: nothing is known, nothing is said */
	assert_int_equal(doctor.n, 2);
}

static void test_doctor_says_what_was_lost_where_and_why(void **state)
{
	(void)state;
	examine(
	    "\"seen\":50,\"lost\":7,\"lost_by_reason\":{\"ring_full\":3,\"refused\":4}",
	    ",\"ledger\":{\"seen\":20,\"lost\":3,\"lost_by_reason\":{\"ring_full\":3}}");
	expect(DOCTOR_WARN, "ledger",
	    "7 of 50 invocations were lost in the last hour: ring_full 3, refused 4");
	expect(DOCTOR_WARN, "ledger", "box: 3 of 20 lost: ring_full 3");
}

static void test_doctor_says_what_the_probes_do_not_see(void **state)
{
	(void)state;
	examine("", ",\"unseen\":{\"tls_connections\":4,\"http2_connections\":2}");
	expect(DOCTOR_WARN, "blind spots", "box: 4 TLS and 2 HTTP/2 connections");
	examine("", ",\"unseen\":{\"read_faults\":1,\"map_full\":2,\"exec_lost\":3}");
	expect(DOCTOR_WARN, "probes",
	    "box: 1 messages could not be read, 2 processes found no room, 3 sandboxes");
	examine("", ",\"unseen\":{\"io_uring_answers\":5,\"missed_runs\":6}");
	expect(DOCTOR_WARN, "blind spots", "box: 5 answers of functions");
	expect(DOCTOR_WARN, "probes", "box: the kernel left out 6 of their runs");
	examine("", ",\"unseen\":{\"tls_connections\":0,\"read_faults\":0}");
	assert_int_equal(doctor.n, 2);
}

/* 299 with nothing to say, and the last one of the answer with all that there is. */
static void test_doctor_of_many_hosts_shows_what_is_to_be_minded(void **state)
{
	static char body[65536];
	struct snapshot snapshot = {0};
	size_t n;

	(void)state;
	n = (size_t)snprintf(body, sizeof(body),
	    "{\"functions\":[],\"ledger\":{\"seen\":50,\"lost\":3,"
	    "\"lost_by_reason\":{\"ring_full\":3}},\"agents\":[");
	for (int i = 0; i < 299; i++)
		n += (size_t)snprintf(
		    body + n, sizeof(body) - n, "{\"host\":\"h%d\",\"age_s\":1},", i);
	(void)snprintf(body + n, sizeof(body) - n,
	    "{\"host\":\"last\",\"age_s\":90,\"silent\":true,"
	    "\"unseen\":{\"tls_connections\":4},\"ledger\":{\"seen\":20,"
	    "\"lost\":3,\"lost_by_reason\":{\"ring_full\":3}}}]}");
	assert_int_equal(snapshot_parse(body, strlen(body), &snapshot), 0);
	memset(&doctor, 0, sizeof(doctor));
	doctor_check_agents(&doctor, &snapshot);
	snapshot_done(&snapshot);
	expect(DOCTOR_WARN, "ledger", "3 of 50 invocations were lost in the last hour");
	expect(DOCTOR_WARN, "ledger", "last: 3 of 20 lost: ring_full 3");
	expect(DOCTOR_WARN, "agent", "last: last batch");
	expect(DOCTOR_WARN, "blind spots", "last: 4 TLS");
	expect(DOCTOR_OK, "agent", "h0: last batch");
	/* 303 in all */
	assert_int_equal(doctor.n, DOCTOR_MAX_CHECKS);
	expect(DOCTOR_OK, "more", "208 more are not shown");
}

static void test_doctor_fails_for_what_is_not_shown(void **state)
{
	(void)state;
	memset(&doctor, 0, sizeof(doctor));
	for (int i = 0; i < DOCTOR_MAX_CHECKS; i++)
		doctor_add(&doctor, DOCTOR_OK, "here", "%d", i);
	doctor_add(&doctor, DOCTOR_FAIL, "here", "beyond");
	doctor_add(&doctor, DOCTOR_WARN, "here", "beyond");
	expect(DOCTOR_FAIL, "more", "3 more are not shown");
}

#define NOON 1764244800000000000LL /* 2025-11-27T12:00:00Z */

static bool about(const char *url, const char *text, int64_t asked_ns, int64_t took_ns)
{
	json_t *root = json_loads(text, 0, NULL);
	bool may_ask;

	assert_non_null(root);
	memset(&doctor, 0, sizeof(doctor));
	may_ask = doctor_check_about(&doctor, url, root, asked_ns, asked_ns + took_ns);
	json_decref(root);
	return may_ask;
}

#define AT_NOON "\"version\":\"" COLDMETER_VERSION "\",\"now\":\"2025-11-27T12:00:00Z\""

static void test_doctor_says_how_we_talk_to_the_collector(void **state)
{
	(void)state;
	assert_true(about("https://box:7077",
	    "{" AT_NOON ",\"token\":{\"name\":\"eyes\",\"role\":\"read\"}}", NOON, 0));
	expect(DOCTOR_OK, "TLS", "trust");
	expect(DOCTOR_OK, "token", "eyes, of role read");
	expect(DOCTOR_OK, "clock", "agree");
	expect(DOCTOR_OK, "version", COLDMETER_VERSION);
	assert_true(about("http://127.0.0.1:7077", "{" AT_NOON "}", NOON, 0));
	expect(DOCTOR_OK, "TLS", "none is needed");
	expect(DOCTOR_OK, "token", "none is asked for");
	assert_true(about("http://box:7077", "{" AT_NOON "}", NOON, 0));
	expect(DOCTOR_WARN, "TLS", "can be read on the way");
	expect(DOCTOR_WARN, "token", "none is asked for");
	assert_true(about("http://127.example.com:7077", "{" AT_NOON "}", NOON, 0));
	expect(DOCTOR_WARN, "TLS", "can be read on the way");
	assert_false(about("https://box:7077",
	    "{" AT_NOON ",\"token\":{\"name\":\"web-1\",\"role\":\"agent\"}}", NOON, 0));
	expect(DOCTOR_WARN, "token", "web-1 is of role agent");
}

static void test_doctor_minds_clocks_and_versions(void **state)
{
	const int64_t s = CLOCK_NS_PER_S;

	(void)state;
	(void)about("http://box", "{" AT_NOON "}", NOON - 90 * s, s);
	expect(DOCTOR_WARN, "clock", "89.0 s ahead of ours");
	(void)about("http://box", "{" AT_NOON "}", NOON + 30 * s, s);
	expect(DOCTOR_WARN, "clock", "30.0 s behind ours");
	(void)about(
	    "http://box", "{" AT_NOON "}", NOON - 10 * s, 20 * s); /* a slow way */
	expect(DOCTOR_OK, "clock", "agree");
	(void)about("http://box", "{\"now\":\"noon\",\"version\":\"9.9\"}", NOON, 0);
	expect(DOCTOR_WARN, "clock", "does not tell");
	expect(DOCTOR_WARN, "version",
	    "the collector is 9.9 and this is " COLDMETER_VERSION);
}

static void test_doctor_knows_when_a_certificate_ends(void **state)
{
	(void)state;
	memset(&doctor, 0, sizeof(doctor));
	doctor_check_certificate(&doctor, "Dec  2 12:00:00 2025 GMT", NOON);
	expect(DOCTOR_WARN, "certificate", "ends in 5 days");
	doctor_check_certificate(&doctor, "Nov 27 12:00:00 2026 GMT", NOON);
	expect(DOCTOR_OK, "certificate", "good for 365 more days");
	doctor.n = 0;
	doctor_check_certificate(&doctor, "", NOON);
	assert_int_equal(doctor.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_doctor_says_what_watching_costs),
	    cmocka_unit_test(test_doctor_says_what_was_lost_where_and_why),
	    cmocka_unit_test(test_doctor_says_what_the_probes_do_not_see),
	    cmocka_unit_test(test_doctor_of_many_hosts_shows_what_is_to_be_minded),
	    cmocka_unit_test(test_doctor_fails_for_what_is_not_shown),
	    cmocka_unit_test(test_doctor_says_how_we_talk_to_the_collector),
	    cmocka_unit_test(test_doctor_minds_clocks_and_versions),
	    cmocka_unit_test(test_doctor_knows_when_a_certificate_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
