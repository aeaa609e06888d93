/* The API's answers about what was lost, and about hosts. */
#include "base/text.h"
#include "tests/unit/answers_place.h"

/* A heartbeat of an agent on the host `a "box"`, with losses of bar. */
static void beat(const struct place *place)
{
	struct batch_head head = {.id.agent = "agent",
	    .id.sequence = 1,
	    .host = "a \"box\"",
	    .ledger = {.seen = 12, .delivered = 9, .lost[LOST_SPOOL_FULL] = 3},
	    .sent_ns = place->now_ns};
	const struct function bar = {.name = "bar", .platform = PLATFORM_AWS_LAMBDA};
	struct batch_writer *w;
	uint8_t *bytes;
	size_t n;

	host_figures_set(&head.figures, FIGURE_AGENT_CPU_NS, 1500000000);
	host_figures_set(&head.figures, FIGURE_PROBES_SHARE, 2500);
	host_figures_set(&head.figures, FIGURE_TLS, 7);
	host_figures_set(&head.figures, FIGURE_EXEC_LOST, 1);
	host_figures_set(&head.figures, FIGURE_MISSED_RUNS, 2);
	host_figures_set(&head.figures, FIGURE_IO_URING, 3);
	assert_int_equal(batch_writer_new(&w), 0);
	assert_int_equal(batch_writer_lose(w, &bar, LOST_SHED, 20), 0);
	assert_int_equal(batch_writer_lose(w, &bar, LOST_RING_FULL, 3), 0);
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &n), 0);
	batch_writer_free(w);
	expect_status(
	    raw_send(place->port, "POST", "/v1/batches",
		"Content-Type: " BATCH_CONTENT_TYPE "\r\n", (const char *)bytes, n),
	    200);
	free(bytes);
}

static void test_answers_tell_hosts_apart(void **state)
{
	static const char *const lines[] = {
	    "coldmeter_host_seen{host=\"a \\\"box\\\"\"} 12\n",
	    "coldmeter_host_delivered{host=\"a \\\"box\\\"\"} 9\n",
	    "coldmeter_host_lost{host=\"a \\\"box\\\"\",reason=\"spool_full\"} 3\n",
	    "coldmeter_agent_cpu_seconds_total{host=\"a \\\"box\\\"\"} 1.500000\n",
	    "coldmeter_probes_cpu_ratio{host=\"a \\\"box\\\"\"} 0.002500\n",
	    "coldmeter_unseen_connections_total{host=\"a \\\"box\\\"\",protocol=\"tls\"} "
	    "7\n",
	    "coldmeter_kernel_failures_total{host=\"a \\\"box\\\"\",what=\"exec_lost\"} "
	    "1\n",
	    "coldmeter_kernel_failures_total{host=\"a \\\"box\\\"\",what=\"missed_run\"} "
	    "2\n",
	    "coldmeter_kernel_failures_total{host=\"a \\\"box\\\"\",what=\"io_uring\"} "
	    "3\n"};
	struct place *place = *state;
	const json_t *agent;
	json_t *root;
	struct got got;

	beat(place);
	got = raw_get(place->port, "/metrics");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(got.body, lines[i]))
			fail_msg("no %s in %s", lines[i], got.body);
	/* not known is absent */
	assert_null(strstr(got.body, "coldmeter_agent_cpu_ratio{"));
	assert_null(strstr(got.body, "protocol=\"http2\""));
	free(got.text);
	root = ask(place, "/v1/functions");
	agent = json_array_get(at(root, "agents"), 0);
	assert_int_equal(number(at(agent, "ledger"), "lost"), 3);
	assert_int_equal(
	    number(at(at(agent, "ledger"), "lost_by_reason"), "spool_full"), 3);
	assert_true(number(at(agent, "overhead"), "probes_pct") == 0.25);
	assert_int_equal(number(at(agent, "unseen"), "tls_connections"), 7);
	assert_int_equal(number(at(agent, "unseen"), "missed_runs"), 2);
	assert_int_equal(number(at(agent, "unseen"), "io_uring_answers"), 3);
	json_decref(root);
}

static void test_answers_tell_what_their_own_server_was_asked(void **state)
{
	struct place *place = *state;
	struct got got;

	got = raw_get(place->port, "/v1/nothing");
	assert_int_equal(got.status, 404);
	free(got.text);
	got = raw_get(place->port, "/metrics");
	/* a request is counted when it was answered, a connection when it is opened */
	assert_non_null(strstr(got.body, "coldmeter_http_requests_total 1\n"));
	assert_non_null(strstr(got.body, "coldmeter_http_connections_total 2\n"));
	assert_non_null(
	    strstr(got.body, "coldmeter_http_errors_total{why=\"refused\"} 1\n"));
	assert_non_null(
	    strstr(got.body, "coldmeter_http_errors_total{why=\"unauthorized\"} 0\n"));
	free(got.text);
}

static void test_answers_tell_what_was_lost_of_a_function(void **state)
{
	struct place *place = *state;
	const json_t *bar;
	double lost = 0;
	struct got got;
	json_t *root;

	fill(place);
	beat(place);
	beat(place); /* twice means once */
	root = ask(place, "/v1/functions?function=bar");
	bar = json_array_get(at(root, "functions"), 0);
	assert_int_equal(number(bar, "invocations"), 101);
	assert_int_equal(number(at(bar, "ledger"), "delivered"), 102); /* with a ping */
	assert_int_equal(number(at(bar, "ledger"), "lost"), 23);
	assert_int_equal(number(at(bar, "ledger"), "seen"), 125);
	assert_int_equal(number(at(at(bar, "ledger"), "lost_by_reason"), "shed"), 20);
	json_decref(root);
	root = ask(place, "/v1/invoice?function=bar");
	assert_int_equal(number(at(root, "ledger"), "lost"), 23);
	assert_int_equal(number(at(root, "ledger"), "delivered"), 102);
	json_decref(root);
	root = ask(place, "/v1/functions/bar/series?since=10m&step=60s");
	for (size_t i = 0; i < json_array_size(at(root, "points")); i++)
		lost += number(json_array_get(at(root, "points"), i), "lost");
	assert_true(lost == 23);
	json_decref(root);
	got = raw_get(place->port, "/metrics");
	assert_non_null(strstr(got.body,
	    "coldmeter_function_lost_total{function=\"bar\",platform=\"aws-lambda\","
	    "version=\"\",host=\"a \\\"box\\\"\",reason=\"shed\"} 20\n"));
	free(got.text);
}

/* Of an agent that has nothing to tell but that it lives. */
static void beat_from(const struct place *place, const char *agent, const char *host)
{
	struct batch_head head = {.id.sequence = 1, .sent_ns = place->now_ns};
	struct batch_writer *w;
	uint8_t *bytes;
	size_t n;

	(void)text_copy((char *)head.id.agent, sizeof(head.id.agent), agent);
	(void)text_copy(head.host, sizeof(head.host), host);
	assert_int_equal(batch_writer_new(&w), 0);
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &n), 0);
	batch_writer_free(w);
	expect_status(
	    raw_send(place->port, "POST", "/v1/batches",
		"Content-Type: " BATCH_CONTENT_TYPE "\r\n", (const char *)bytes, n),
	    200);
	free(bytes);
}

static void test_a_host_whose_name_is_no_text_leaves_the_others_their_answers(
    void **state)
{
	static const char line[] = "coldmeter_host_seen{host=\"h?\"}";
	struct place *place = *state;
	const char *first;
	struct got got;
	json_t *root;

	beat(place);
	beat_from(place, "one", "h\xff");
	beat_from(place, "two", "h\xfe"); /* as text the same host */
	root = ask(place, "/v1/functions");
	assert_int_equal(json_array_size(at(root, "agents")), 2);
	json_decref(root);
	got = raw_get(place->port, "/metrics");
	assert_int_equal(got.status, 200);
	assert_non_null(
	    strstr(got.body, "coldmeter_host_seen{host=\"a \\\"box\\\"\"} 12\n"));
	first = strstr(got.body, line);
	assert_non_null(first);
	assert_null(strstr(first + 1, line)); /* no series twice */
	free(got.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_answers_tell_hosts_apart),
	    TEST(test_answers_tell_what_their_own_server_was_asked),
	    TEST(test_answers_tell_what_was_lost_of_a_function),
	    TEST(test_a_host_whose_name_is_no_text_leaves_the_others_their_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
