/* Which services that only one provider has a function calls, as far as that is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/advice/plan.h"
#include "alerts/peer_service.h"
#include "base/text.h"

#define HOUR_NS 3600000000000LL

static struct measured calling(const char *const *peers, size_t n)
{
	struct measured m = {.until_ns = 240 * HOUR_NS, .invocations = 1000};

	for (size_t i = 0; i < n; i++)
		(void)text_copy(
		    m.peers[m.peers_n++].peer, COLDSTART_PEER_BYTES, peers[i]);
	return m;
}

static const struct plan_finding *calls(
    const struct measured *m, const struct companions *stated, struct plan_advice *advice)
{
	struct plan_terms terms = {.target_ms = 100};

	if (stated)
		terms.stated = *stated;
	advice_plan(m, &terms, advice);
	for (size_t i = 0; i < advice->findings_n; i++)
		if (advice->findings[i].check == PLAN_CALLS)
			return &advice->findings[i];
	return NULL;
}

static void check_service(const char *peer, const char *name)
{
	const struct peer_service *service = peer_service_of(peer);

	if (!name)
		assert_null(service);
	else if (!service || strcmp(service->name, name) != 0)
		fail_msg("%s is %s", peer, service ? service->name : "not known");
	if (service)
		assert_int_equal(strncmp(service->source, "https://", 8), 0);
}

/* Ends of ranges that https://ip-ranges.amazonaws.com/ip-ranges.json has. */
static void test_an_address_tells_a_service_in_a_published_range_alone(void **state)
{
	(void)state;
	check_service("52.94.0.0:443", "Amazon DynamoDB"); /* 52.94.0.0/22 */
	check_service("52.94.3.255:443", "Amazon DynamoDB");
	check_service("52.93.255.255:443", NULL);
	check_service("52.119.224.1:80", "Amazon DynamoDB"); /* 52.119.224.0/21 */
	check_service("3.218.183.255:443", "Amazon DynamoDB");
	check_service("3.218.184.0:443", NULL);
	check_service("52.217.255.255:443", "Amazon S3"); /* 52.216.0.0/15 */
	check_service("52.218.128.0:443", NULL);
	check_service("169.254.169.254:80", "the instance metadata of a provider");
	check_service("169.254.169.253:53", NULL);
	check_service("168.63.129.16:80", "the platform address of Azure");
	check_service("199.36.153.11:443", "Google's APIs");
	check_service("199.36.153.12:443", NULL);
	check_service("10.0.0.5:5432", NULL);
	check_service("127.0.0.1:4566", NULL);
}

static void test_what_is_no_address_with_a_port_tells_nothing(void **state)
{
	static const char *const peers[] = {"", ":", "52.94.0.1", "52.94.0:443",
	    "/run/52.94.0.1:443", "[::ffff:52.94.0.1]:443", "[fd00:ec2::254]:80", "unix",
	    "1.2.3.4.5.6.7.8.9.10.11.12:1"};

	(void)state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
		check_service(peers[i], NULL);
	assert_string_equal(peer_port("[fd00::1]:80"), "80");
	assert_null(peer_port("/run/a:b"));
	assert_null(peer_port("/run/postgres.sock"));
	assert_null(peer_port("1.2.3.4:123456"));
}

static void test_a_function_that_calls_nobody_has_no_finding(void **state)
{
	struct plan_advice advice;
	struct measured m = calling(NULL, 0);

	(void)state;
	assert_null(calls(&m, NULL, &advice));
}

static void test_a_known_service_locks_in(void **state)
{
	static const char *const peers[] = {
	    "52.94.0.7:443", "52.94.0.8:443", "10.0.0.5:5432"};
	struct measured m = calling(peers, 3);
	struct plan_advice advice;
	const struct plan_finding *finding = calls(&m, NULL, &advice);

	(void)state;
	assert_non_null(finding);
	assert_int_equal(finding->verdict, PLAN_CONSIDER);
	assert_int_equal(advice.verdict, PLAN_CONSIDER);
	assert_string_equal(finding->why,
	    "Its inits were measured to call Amazon DynamoDB (52.94.0.7:443). Measured: "
	    "1 "
	    "peer, of which service is not known: port 5432 at 10.0.0.5.");
	assert_true(*finding->what);
}

static void test_addresses_alone_are_said_to_be_unknown(void **state)
{
	static const char *const peers[] = {"10.0.0.1:443", "10.0.0.2:443",
	    "/run/db.sock", "[fd00::1]:80", "10.0.0.3:6379"};
	struct measured m = calling(peers, 5);
	struct plan_advice advice;
	const struct plan_finding *finding = calls(&m, NULL, &advice);

	(void)state;
	assert_non_null(finding);
	assert_int_equal(finding->verdict, PLAN_UNKNOWN);
	assert_int_equal(advice.verdict, PLAN_FITS);
	assert_string_equal(finding->why,
	    "Measured: 5 peers, of which service is not known: port 443 at 10.0.0.1, "
	    "port "
	    "443 at 10.0.0.2, /run/db.sock, port 80 at [fd00::1], and others.");
	assert_string_equal(finding->what, "");
}

static void test_what_settings_state_is_said_once(void **state)
{
	struct companions stated = {.micro = {[COMPANION_DOCUMENT_READS] = 2000000,
					[COMPANION_DOCUMENT_WRITES] = 1000000,
					[COMPANION_QUEUE_REQUESTS] = 1000000,
					[COMPANION_NEON_CU_S] = 1000000}};
	struct measured m = calling(NULL, 0);
	struct plan_advice advice;
	const struct plan_finding *finding = calls(&m, &stated, &advice);

	(void)state;
	assert_non_null(finding);
	assert_int_equal(finding->verdict, PLAN_CONSIDER);
	assert_string_equal(finding->why,
	    "Its settings state calls of a document table (DynamoDB, Cosmos DB, "
	    "Firestore), a queue (SQS, Service Bus, Pub/Sub).");
	stated = (struct companions){.micro = {[COMPANION_NEON_CU_S] = 1000000}};
	assert_null(calls(&m, &stated, &advice)); /* any cloud can call it */
}

/* As long as they can be, and as many. */
static void test_the_sentence_holds_the_longest_peers(void **state)
{
	struct measured m = calling(NULL, 0);
	struct companions stated;
	struct plan_advice advice;
	const struct plan_finding *finding;

	(void)state;
	memset(&stated, 0x11, sizeof(stated));
	for (size_t i = 0; i < MEASURED_PEERS; i++) {
		memset(m.peers[i].peer, 'a' + (int)i, COLDSTART_PEER_BYTES - 1);
		m.peers_n++;
	}
	(void)text_copy(m.peers[3].peer, COLDSTART_PEER_BYTES, "169.254.170.23:80");
	(void)text_copy(m.peers[7].peer, COLDSTART_PEER_BYTES, "52.94.0.1:443");
	m.more_peers = true;
	finding = calls(&m, &stated, &advice);
	assert_non_null(finding);
	assert_true(strlen(finding->why) < ADVICE_PLAN_WHY_BYTES - 1);
	assert_non_null(strstr(finding->why, ", and others."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_address_tells_a_service_in_a_published_range_alone),
	    cmocka_unit_test(test_what_is_no_address_with_a_port_tells_nothing),
	    cmocka_unit_test(test_a_function_that_calls_nobody_has_no_finding),
	    cmocka_unit_test(test_a_known_service_locks_in),
	    cmocka_unit_test(test_addresses_alone_are_said_to_be_unknown),
	    cmocka_unit_test(test_what_settings_state_is_said_once),
	    cmocka_unit_test(test_the_sentence_holds_the_longest_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
