#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "serve/hosts.h"
#include "serve/ingest/intake.h"

#define S CLOCK_NS_PER_S
#define NOW (1790000000 * S)

static struct batch_head head_of(const char *agent, const char *host)
{
	struct batch_head head = {0};

	(void)text_copy((char *)head.id.agent, sizeof(head.id.agent), agent);
	(void)text_copy(head.host, sizeof(head.host), host);
	return head;
}

static void see(struct hosts *hosts, const char *agent, const char *host, int64_t ago_s)
{
	struct batch_head head = head_of(agent, host);

	assert_int_equal(hosts_see(hosts, &head, NOW - ago_s * S), 0);
}

/* The answer's list, read. */
static json_t *told(const struct hosts *hosts, int64_t listen_ns)
{
	struct json_out out = {0};
	json_t *root;
	json_t *list;
	char *text;

	json_out_open(&out, NULL);
	hosts_put(&out, hosts, NOW, listen_ns);
	json_out_close(&out);
	text = json_out_take(&out, NULL);
	root = json_loads(text, 0, NULL);
	list = json_incref(json_object_get(root, "agents"));
	json_decref(root);
	free(text);
	return list;
}

static json_t *only(const struct hosts *hosts, json_t **list)
{
	*list = told(hosts, NOW - 3600 * S);
	assert_int_equal(json_array_size(*list), 1);
	return json_array_get(*list, 0);
}

static void check(const struct hosts *hosts, double age_s, bool silent)
{
	json_t *list;
	json_t *agent = only(hosts, &list);

	assert_true(json_number_value(json_object_get(agent, "age_s")) == age_s);
	assert_true(json_is_true(json_object_get(agent, "silent")) == silent);
	json_decref(list);
}

static void test_an_agent_without_a_heartbeat_is_silent(void **state)
{
	struct hosts hosts;

	(void)state;
	hosts_init(&hosts, NOW - 3600 * S, NOW - 3600 * S);
	see(&hosts, "random-one", "box", 21);
	check(&hosts, 21, true);
	see(&hosts, "random-one", "box", 20);
	check(&hosts, 20, false);
	hosts_done(&hosts);
}

static void test_the_latest_agent_of_a_host_counts(void **state)
{
	struct hosts hosts;

	(void)state;
	hosts_init(&hosts, NOW - 3600 * S, NOW - 3600 * S);
	see(&hosts, "random-two", "box", 2);
	see(&hosts, "random-one", "box", 600);
	check(&hosts, 2, false);
	hosts_done(&hosts);
}

static void test_an_agent_has_time_to_find_a_collector_that_was_away(void **state)
{
	struct hosts hosts;
	json_t *list;

	(void)state;
	hosts_init(&hosts, NOW - 3600 * S, NOW - 3600 * S);
	see(&hosts, "random-one", "box", 600);
	list = told(&hosts, NOW - 20 * S);
	assert_true(json_is_false(json_object_get(json_array_get(list, 0), "silent")));
	json_decref(list);
	hosts_done(&hosts);
}

static void test_lines_from_elsewhere_are_never_silent(void **state)
{
	struct hosts hosts;

	(void)state;
	hosts_init(&hosts, NOW - 3600 * S, NOW - 3600 * S);
	see(&hosts, INTAKE_LINES, "cloud", 600);
	see(&hosts, INTAKE_KEYED, "cloud", 700);
	check(&hosts, 600, false);
	see(&hosts, "random-one", "cloud", 800); /* until an agent is seen there */
	check(&hosts, 600, true);
	hosts_done(&hosts);
}

static void test_what_is_old_or_nameless_is_left_out(void **state)
{
	struct hosts hosts;

	(void)state;
	hosts_init(&hosts, NOW - 3600 * S, NOW - 3600 * S);
	see(&hosts, "random-one", "gone", 3601);
	see(&hosts, "random-one", "", 1);
	assert_int_equal(hosts.n, 0);
	hosts_done(&hosts);
}

static void test_a_host_has_the_ledgers_of_its_agents_and_the_latest_figures(void **state)
{
	struct batch_head one = head_of("random-one", "box");
	struct batch_head two = head_of("random-two", "box");
	struct hosts hosts;
	json_t *list;
	const json_t *agent;
	const json_t *part;

	(void)state;
	one.ledger = (struct batch_ledger){.seen = 10, .delivered = 7};
	one.ledger.lost[LOST_RING_FULL] = 3;
	host_figures_set(&one.figures, FIGURE_AGENT_SHARE, 2000);
	host_figures_set(&one.figures, FIGURE_PROBES_SHARE, 1000);
	host_figures_set(&one.figures, FIGURE_TLS, 4);
	two.ledger = (struct batch_ledger){.seen = 5, .delivered = 5};
	host_figures_set(&two.figures, FIGURE_AGENT_SHARE, 9);
	hosts_init(&hosts, NOW - 3600 * S, NOW - 100 * S);
	assert_int_equal(hosts_see(&hosts, &one, NOW - 2 * S), 0);
	assert_int_equal(hosts_see(&hosts, &two, NOW - 3 * S), 0);
	assert_int_equal(hosts_see(&hosts, &two, NOW - 101 * S), 0); /* no ledger more */
	agent = only(&hosts, &list);
	part = json_object_get(agent, "ledger");
	assert_int_equal(json_integer_value(json_object_get(part, "seen")), 15);
	assert_int_equal(json_integer_value(json_object_get(part, "delivered")), 12);
	assert_int_equal(json_integer_value(json_object_get(part, "lost")), 3);
	part = json_object_get(agent, "overhead");
	assert_true(json_real_value(json_object_get(part, "host_pct")) == 0.3);
	assert_true(json_real_value(json_object_get(part, "agent_pct")) == 0.2);
	assert_null(json_object_get(part, "max_pct")); /* not known is absent */
	part = json_object_get(agent, "unseen");
	assert_int_equal(json_integer_value(json_object_get(part, "tls_connections")), 4);
	assert_null(json_object_get(part, "http2_connections"));
	json_decref(list);
	hosts_done(&hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_agent_without_a_heartbeat_is_silent),
	    cmocka_unit_test(test_the_latest_agent_of_a_host_counts),
	    cmocka_unit_test(test_an_agent_has_time_to_find_a_collector_that_was_away),
	    cmocka_unit_test(test_lines_from_elsewhere_are_never_silent),
	    cmocka_unit_test(test_what_is_old_or_nameless_is_left_out),
	    cmocka_unit_test(
		test_a_host_has_the_ledgers_of_its_agents_and_the_latest_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
