/* Lines and spans are read aside: agents do not wait for them, what waits is bounded, and
 * what several readers take is stored once and adds up. */
#include <pthread.h>

#include "serve/ingest.h"
#include "serve/ingest/readers.h"
#include "tests/unit/patience.h"
#include "tests/unit/raw_client.h"
#include "tests/unit/store_place.h"

#define LINES "Content-Type: application/x-ndjson\r\n"
#define LARGE_N 4 /* bodies of the greatest size that wait at most */

_Static_assert(LARGE_N *READERS_LINES_MAX_BYTES == READERS_WAITING_MAX_BYTES, "LARGE_N");

/* --- readers that take until they are let go -----------------------------------------
 */

struct held {
	struct http *http;
	struct readers readers;
	sem_t came; /* once for each body that a reader has before it */
	sem_t let_go;
};

static bool hold(void *context, const struct intake *in, struct http_reply *reply)
{
	struct held *held = context;

	(void)in;
	(void)sem_post(&held->came);
	(void)wait_for(&held->let_go);
	reply->status = 204;
	return true;
}

static int post_lines(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct held *held = context;
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->in.form = INTAKE_NDJSON;
	return readers_read(&held->readers, request, job, reply);
}

static int post_batch(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	reply->status = 202;
	return 0;
}

static int start(void **state)
{
	static const struct http_route routes[] = {
	    {"POST", "/v1/invocations", post_lines, READERS_LINES_MAX_BYTES,
		HTTP_NEEDS_AGENT},
	    {"POST", "/v1/batches", post_batch, 1000, HTTP_NEEDS_AGENT},
	};
	struct held *held = calloc(1, sizeof(*held));

	assert_non_null(held);
	assert_int_equal(sem_init(&held->came, 0, 0), 0);
	assert_int_equal(sem_init(&held->let_go, 0, 0), 0);
	held->readers.refuse = hold;
	held->readers.context = held;
	assert_int_equal(readers_start(&held->readers), 0);
	assert_int_equal(http_new(&held->http), 0);
	assert_int_equal(http_add_routes(held->http, routes, 2, held), 0);
	assert_int_equal(http_start(held->http, "127.0.0.1", 0), 0);
	*state = held;
	return 0;
}

static int stop(void **state)
{
	struct held *held = *state;

	http_stop(held->http);
	readers_stop(&held->readers);
	http_free(held->http);
	(void)sem_destroy(&held->came);
	(void)sem_destroy(&held->let_go);
	free(held);
	return 0;
}

struct sending {
	pthread_t thread;
	const char *body;
	size_t n;
	int status;
	uint16_t port;
};

static void *send_lines(void *context)
{
	struct sending *sending = context;
	struct got got = raw_send(
	    sending->port, "POST", "/v1/invocations", LINES, sending->body, sending->n);

	sending->status = got.status;
	free(got.text);
	return NULL;
}

static void begin(struct sending *sending, uint16_t port, const char *body, size_t n)
{
	*sending = (struct sending){.port = port, .body = body, .n = n};
	assert_int_equal(pthread_create(&sending->thread, NULL, send_lines, sending), 0);
}

static int end(struct sending *sending)
{
	(void)pthread_join(sending->thread, NULL);
	return sending->status;
}

static void test_what_agents_send_does_not_wait_for_lines(void **state)
{
	struct held *held = *state;
	uint16_t port = http_port(held->http);
	struct sending sending[READERS + 1];
	struct got got;

	for (size_t i = 0; i < READERS + 1; i++)
		begin(&sending[i], port, "{}\n", 3);
	for (size_t i = 0; i < READERS; i++) /* all at once */
		assert_int_equal(wait_for(&held->came), 0);
	got = raw_send(
	    port, "POST", "/v1/batches", "Content-Type: application/json\r\n", "{}", 2);
	assert_int_equal(got.status, 202);
	free(got.text);
	for (size_t i = 0; i < READERS + 1; i++)
		(void)sem_post(&held->let_go);
	for (size_t i = 0; i < READERS + 1; i++)
		assert_int_equal(end(&sending[i]), 204);
}

static size_t waiting_bytes(struct held *held)
{
	return atomic_load(&held->readers.waiting_bytes);
}

static void test_bodies_that_wait_are_bounded(void **state)
{
	struct held *held = *state;
	uint16_t port = http_port(held->http);
	char *body = calloc(1, READERS_LINES_MAX_BYTES);
	struct sending sending[LARGE_N];
	struct got got;

	assert_non_null(body);
	for (size_t i = 0; i < LARGE_N; i++)
		begin(&sending[i], port, body, READERS_LINES_MAX_BYTES);
	for (int i = 0; i < 1000 && waiting_bytes(held) < READERS_WAITING_MAX_BYTES; i++)
		(void)usleep(10000);
	assert_int_equal(waiting_bytes(held), READERS_WAITING_MAX_BYTES);
	got = raw_send(port, "POST", "/v1/invocations", LINES, "{}\n", 3);
	assert_int_equal(got.status, 429);
	assert_non_null(strstr(got.text, "\r\nRetry-After: 1\r\n"));
	free(got.text);
	for (size_t i = 0; i < LARGE_N + 1; i++)
		(void)sem_post(&held->let_go);
	for (size_t i = 0; i < LARGE_N; i++)
		assert_int_equal(end(&sending[i]), 204);
	assert_int_equal(waiting_bytes(held), 0);
	got = raw_send(port, "POST", "/v1/invocations", LINES, "{}\n", 3);
	assert_int_equal(got.status, 204);
	free(got.text);
	free(body);
}

/* --- a real ledger -------------------------------------------------------------------
 */

#define SENDERS 8
#define BODIES 10 /* of each */
#define BODY_LINES 200

struct sender {
	pthread_t thread;
	uint16_t port;
	int number;
	int stored; /* bodies that were taken */
};

static char *make_lines(int sender, int body, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	if (!f)
		abort();
	for (int i = 0; i < BODY_LINES; i++)
		(void)fprintf(f,
		    "{\"function\":\"f%d\",\"duration_ms\":1,"
		    "\"start\":\"2026-11-22T08:00:%02d.%06dZ\"}\n",
		    sender, body, i);
	(void)fclose(f);
	return text;
}

static void *send_bodies(void *context)
{
	struct sender *sender = context;

	for (int b = 0; b < BODIES; b++) {
		size_t n;
		char *body = make_lines(sender->number, b, &n);
		struct got got =
		    raw_send(sender->port, "POST", "/v1/invocations", LINES, body, n);

		sender->stored += got.status == 200;
		free(got.text);
		free(body);
	}
	return NULL;
}

static int count(void *context, const struct invocation *invocation, const char *host)
{
	(void)invocation;
	(void)host;
	++*(size_t *)context;
	return 0;
}

static void test_what_readers_take_is_stored_once_and_adds_up(void **state)
{
	struct place *place = *state;
	struct sender senders[SENDERS] = {0};
	struct batch_ledger ledger;
	struct ingest *ingest;
	struct http *http;
	size_t n = 0;

	assert_int_equal(ingest_start(place->store, &ingest), 0);
	assert_int_equal(http_new(&http), 0);
	assert_int_equal(ingest_add_routes(ingest, http), 0);
	assert_int_equal(http_start(http, "127.0.0.1", 0), 0);
	for (int i = 0; i < SENDERS; i++) {
		senders[i].number = i;
		senders[i].port = http_port(http);
		assert_int_equal(
		    pthread_create(&senders[i].thread, NULL, send_bodies, &senders[i]),
		    0);
	}
	for (int i = 0; i < SENDERS; i++) {
		(void)pthread_join(senders[i].thread, NULL);
		assert_int_equal(senders[i].stored, BODIES);
	}
	http_stop(http);
	ingest_stop(ingest);
	http_free(http);
	reopen(place);
	assert_int_equal(
	    store_scan_invocations(place->store, 0, INT64_MAX, NULL, true, count, &n), 0);
	assert_int_equal(n, SENDERS * BODIES * BODY_LINES);
	assert_int_equal(store_ledger(place->store, 0, &ledger), 0);
	assert_int_equal(ledger.seen, SENDERS * BODIES * BODY_LINES);
	assert_int_equal(ledger.delivered, SENDERS * BODIES * BODY_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_agents_send_does_not_wait_for_lines, start, stop),
	    cmocka_unit_test_setup_teardown(
		test_bodies_that_wait_are_bounded, start, stop),
	    cmocka_unit_test_setup_teardown(
		test_what_readers_take_is_stored_once_and_adds_up, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
