/* From a request's body to the ledger, over a real server and a real store. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/ingest.h"
#include "tests/unit/raw_client.h"

#define BATCH "Content-Type: " BATCH_CONTENT_TYPE "\r\n"
#define LINES "Content-Type: application/x-ndjson\r\n"

struct place {
	char directory[64];
	struct store *store;
	struct ingest *ingest;
	struct http *http;
	uint16_t port;
	atomic_int observed;
};

static void observe(void *context, const struct store_batch *stored)
{
	struct place *place = context;
	const struct batch *batch = stored->batch;

	for (size_t i = 0; i < batch->invocations_n; i++)
		assert_non_null(batch->invocations[i].function);
	atomic_fetch_add(&place->observed, (int)batch->invocations_n);
}

static int open_all(struct place *place)
{
	int err = store_open(place->directory, &place->store);

	if (!err)
		err = ingest_start(place->store, &place->ingest);
	if (!err)
		err = http_new(&place->http);
	if (!err)
		err = ingest_add_routes(place->ingest, place->http);
	if (err)
		return err;
	ingest_observe(place->ingest, observe, place);
	err = http_start(place->http, "127.0.0.1", 0);
	place->port = http_port(place->http);
	return err;
}

static void close_all(struct place *place)
{
	http_stop(place->http);
	ingest_stop(place->ingest);
	http_free(place->http);
	store_close(place->store);
	place->store = NULL;
	place->ingest = NULL;
	place->http = NULL;
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(
	    place->directory, sizeof(place->directory), "/tmp/test_ingest.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	assert_int_equal(open_all(place), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	close_all(place);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", place->directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	free(place);
	return 0;
}

static void expect(struct got got, int status, const char *part)
{
	if (got.status != status || !strstr(got.text, part))
		fail_msg("wanted %d and %s: %s", status, part, got.text);
	free(got.text);
}

static int count(void *context, const struct invocation *invocation, const char *host)
{
	(void)invocation;
	(void)host;
	++*(size_t *)context;
	return 0;
}

static size_t stored(struct place *place)
{
	size_t n = 0;

	assert_int_equal(store_settle(place->store), 0);
	assert_int_equal(
	    store_scan_invocations(place->store, 0, INT64_MAX, NULL, true, count, &n), 0);
	return n;
}

static uint8_t *seal(uint64_t sequence, int n, const char *trace, size_t *bytes_n)
{
	struct batch_head head = {.id = {.agent = {1}, .boot = {2}, .sequence = sequence},
	    .host = "h1",
	    .sent_ns = 1};
	struct function f = {.platform = PLATFORM_GENERIC, .name = "f"};
	struct batch_writer *w;
	uint8_t *bytes;

	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < n; i++) {
		struct invocation inv = {.function = &f,
		    .start_type = START_WARM,
		    .has = HAS_DURATION,
		    .start_ns = clock_wall_ns() - 2 * CLOCK_NS_PER_S,
		    .duration_ns = 1000000,
		    .concurrency = 1};

		(void)snprintf(inv.trace_id, sizeof(inv.trace_id), "%s", trace);
		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &bytes, bytes_n), 0);
	batch_writer_free(w);
	return bytes;
}

static struct got post(const struct place *place, const uint8_t *bytes, size_t n)
{
	return raw_send(place->port, "POST", "/v1/batches", BATCH, bytes, n);
}

static void test_ingest_acknowledges_after_commit_and_once(void **state)
{
	struct place *place = *state;
	size_t n;
	uint8_t *bytes = seal(1, 10, "", &n);

	expect(post(place, bytes, n), 200, "{\"accepted\":10,\"duplicate\":false}");
	assert_int_equal(stored(place), 10);
	expect(post(place, bytes, n), 200, "{\"accepted\":10,\"duplicate\":true}");
	assert_int_equal(stored(place), 10);
	assert_int_equal(atomic_load(&place->observed), 10);
	close_all(place);
	assert_int_equal(open_all(place), 0);
	expect(post(place, bytes, n), 200, "\"duplicate\":true");
	assert_int_equal(stored(place), 10);
	free(bytes);
}

static void test_ingest_takes_a_heartbeat(void **state)
{
	struct place *place = *state;
	size_t n;
	uint8_t *bytes = seal(1, 0, "", &n);

	expect(post(place, bytes, n), 200, "{\"accepted\":0,\"duplicate\":false}");
	free(bytes);
}

static void test_ingest_refuses_a_batch_cut_anywhere(void **state)
{
	struct place *place = *state;
	size_t n;
	uint8_t *bytes = seal(1, 3, "", &n);

	for (size_t len = 0; len < n; len++)
		expect(post(place, bytes, len), 400, "\"code\":\"bad_batch\"");
	assert_int_equal(stored(place), 0);
	free(bytes);
}

/* Not the agent's fault, which waits until the collector knows it. */
static void test_ingest_says_that_it_does_not_know_a_version(void **state)
{
	struct place *place = *state;
	size_t n;
	uint8_t *bytes = seal(1, 3, "", &n);

	bytes[4] = UINT8_MAX;
	expect(post(place, bytes, n), 415, "\"code\":\"unsupported_version\"");
	assert_int_equal(stored(place), 0);
	free(bytes);
}

static void test_ingest_refuses_another_content_type(void **state)
{
	struct place *place = *state;

	expect(raw_send(place->port, "POST", "/v1/batches",
		   "Content-Type: application/json\r\n", "{}", 2),
	    415, BATCH_CONTENT_TYPE);
	expect(raw_send(place->port, "POST", "/v1/invocations", BATCH, "{}", 2), 415,
	    "ndjson");
}

static void test_ingest_marks_pings_by_their_trace(void **state)
{
	struct place *place = *state;
	struct function f = {.platform = PLATFORM_GENERIC, .name = "f"};
	size_t n;
	uint8_t *bytes = seal(1, 4, PING_TRACE_MARK "0123456789abcdef", &n);

	expect(post(place, bytes, n), 200, "\"accepted\":4");
	assert_true(ingest_rate(place->ingest, &f) == 0);
	free(bytes);
	bytes = seal(2, 5, "", &n);
	expect(post(place, bytes, n), 200, "\"accepted\":5");
	assert_true(ingest_rate(place->ingest, &f) > 0.49);
	assert_true(ingest_rate(place->ingest, &f) < 0.51);
	free(bytes);
}

static struct got post_lines(
    const struct place *place, const char *headers, const char *text)
{
	char all[256];

	(void)snprintf(all, sizeof(all), LINES "%s", headers);
	return raw_send(place->port, "POST", "/v1/invocations", all, text, strlen(text));
}

#define GOOD(name, host)                                                                 \
	"{\"function\":\"" name "\",\"host\":\"" host                                    \
	"\",\"start\":\"2026-11-22T08:00:00Z\",\"duration_ms\":5}\n"

static void test_ingest_rejects_bad_lines_and_keeps_the_rest(void **state)
{
	struct place *place = *state;

	expect(post_lines(place, "",
		   GOOD("a", "h1") "nonsense\n\n  \r\n" GOOD(
		       "b", "h2") "{\"function\":\"c\"}\n"
				  "{\"function\":\"\",\"start\":\"2026-11-22T08:00:00Z\","
				  "\"duration_ms\":1}\n" GOOD("a", "h1")),
	    200, "\"accepted\":3");
	assert_int_equal(stored(place), 3);
	expect(post_lines(place, "", "x\n" GOOD("a", "h1") "y\n"), 200,
	    "\"rejected\":[{\"line\":1,");
	expect(post_lines(place, "", ""), 200, "\"accepted\":0");
}

#define LASTS(figures)                                                                   \
	"{\"function\":\"f\",\"start\":\"2026-11-22T08:00:00Z\"," figures "}\n"

/* Whoever adds a duration to its start stays within 63 bits. */
static void test_ingest_rejects_what_ends_after_2200(void **state)
{
	struct place *place = *state;
	struct got got = post_lines(place, "",
	    LASTS("\"duration_ms\":9e12")
		LASTS("\"cold\":true,\"duration_ms\":4e12,\"init_ms\":4e12")
		    LASTS("\"duration_ms\":1e12"));

	assert_non_null(strstr(got.text, "\"accepted\":1,"));
	assert_non_null(
	    strstr(got.text, "\"line\":1,\"reason\":\"its end is after 2200\""));
	assert_non_null(
	    strstr(got.text, "\"line\":2,\"reason\":\"its end is after 2200\""));
	free(got.text);
}

static void test_ingest_caps_the_list_of_rejected_lines(void **state)
{
	struct place *place = *state;
	char text[1001];
	struct got got;

	for (int i = 0; i < 500; i++)
		memcpy(text + (size_t)i * 2, "x\n", 3);
	got = post_lines(place, "", text);
	assert_non_null(strstr(got.text, "\"rejected_count\":500"));
	assert_non_null(strstr(got.text, "\"line\":100,"));
	assert_null(strstr(got.text, "\"line\":101,"));
	free(got.text);
}

static void test_ingest_takes_a_keyed_body_once(void **state)
{
	struct place *place = *state;
	static const char text[] = GOOD("a", "h1") GOOD("a", "h2") GOOD("a", "h1");

	expect(post_lines(place, "Idempotency-Key: 7\r\n", text), 200,
	    "\"duplicate\":false");
	expect(
	    post_lines(place, "Idempotency-Key: 7\r\n", text), 200, "\"duplicate\":true");
	assert_int_equal(stored(place), 3);
	expect(post_lines(place, "Idempotency-Key: 8\r\n", text), 200,
	    "\"duplicate\":false");
	expect(post_lines(place, "", text), 200, "\"duplicate\":false");
	expect(post_lines(place, "", text), 200, "\"duplicate\":false");
	assert_int_equal(stored(place), 12);
}

/* Nobody asks: it counts all the same, and soon. */
static void test_ingest_counts_what_it_took(void **state)
{
	struct place *place = *state;
	size_t n = 0;

	expect(post_lines(place, "", GOOD("a", "h1")), 200, "\"accepted\":1");
	expect(post_lines(place, "", GOOD("a", "h1")), 200, "\"accepted\":1");
	for (int i = 0; i < 200 && n < 2; i++) {
		(void)usleep(20000);
		n = 0;
		assert_int_equal(store_scan_invocations(
				     place->store, 0, INT64_MAX, NULL, true, count, &n),
		    0);
	}
	assert_int_equal(n, 2);
}

static void test_ingest_takes_lines_of_many_hosts(void **state)
{
	struct place *place = *state;
	char text[8192];
	size_t at = 0;

	for (int i = 0; i < 60; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "{\"function\":\"f\",\"host\":\"h%d\",\"start\":\"2026-11-22T08:00:"
		    "00Z\","
		    "\"duration_ms\":5}\n",
		    i % 20);
	expect(post_lines(place, "", text), 200, "\"accepted\":60");
	assert_int_equal(stored(place), 60);
}

static void test_ingest_counts_its_own_lines_in_the_ledger(void **state)
{
	struct place *place = *state;
	struct batch_ledger sum;

	expect(post_lines(place, "", GOOD("a", "h1") GOOD("a", "h2")), 200,
	    "\"accepted\":2");
	expect(post_lines(place, "", GOOD("a", "h1")), 200, "\"accepted\":1");
	assert_int_equal(store_settle(place->store), 0);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 3);
	assert_int_equal(sum.delivered, 3);
}

/* In a child, because the file-size limit holds for the whole process. */
static int fill_up(struct place *place)
{
	struct rlimit limit = {.rlim_cur = 300000, .rlim_max = 300000};
	size_t kept = 0;
	int refused = 0;

	if (open_all(place) < 0)
		return 2;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 3;
	for (uint64_t i = 1; i <= 300 && refused < 3; i++) {
		size_t n;
		uint8_t *bytes = seal(i, 20, "", &n);
		struct got got = post(place, bytes, n);

		kept += got.status == 200 ? 20 : 0;
		refused += got.status == 503 && strstr(got.text, "Retry-After") ? 1 : 0;
		if (got.status != 200 && got.status != 503)
			return 4;
		free(got.text);
		free(bytes);
	}
	if (refused != 3 || stored(place) != kept)
		return 5;
	close_all(place);
	return 0;
}

static void test_ingest_says_503_on_a_full_disk(void **state)
{
	struct place *place = *state;
	int status;
	pid_t pid;

	close_all(place);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		_exit(fill_up(place));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_ingest_acknowledges_after_commit_and_once),
	    TEST(test_ingest_takes_a_heartbeat),
	    TEST(test_ingest_refuses_a_batch_cut_anywhere),
	    TEST(test_ingest_says_that_it_does_not_know_a_version),
	    TEST(test_ingest_refuses_another_content_type),
	    TEST(test_ingest_marks_pings_by_their_trace),
	    TEST(test_ingest_rejects_bad_lines_and_keeps_the_rest),
	    TEST(test_ingest_rejects_what_ends_after_2200),
	    TEST(test_ingest_caps_the_list_of_rejected_lines),
	    TEST(test_ingest_takes_a_keyed_body_once),
	    TEST(test_ingest_counts_what_it_took),
	    TEST(test_ingest_takes_lines_of_many_hosts),
	    TEST(test_ingest_counts_its_own_lines_in_the_ledger),
	    TEST(test_ingest_says_503_on_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
