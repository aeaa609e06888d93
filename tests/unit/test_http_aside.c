/* What agents send does not wait for questions, which are answered two at a time. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/http.h"
#include "tests/unit/patience.h"
#include "tests/unit/raw_client.h"

#define QUESTIONS 4

static sem_t asked; /* once for each question that is being answered */
static sem_t let_go;
static atomic_int at_once;
static atomic_int most_at_once;

/* A question that takes until it is let go. */
static int question(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	int now = atomic_fetch_add(&at_once, 1) + 1;
	int err;

	(void)context;
	(void)request;
	if (now > atomic_load(&most_at_once))
		atomic_store(&most_at_once, now);
	(void)sem_post(&asked);
	err = wait_for(&let_go);
	atomic_fetch_sub(&at_once, 1);
	reply->status = 204;
	return err;
}

static int taken(
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
	    {"GET", "/v1/question", question, 0, HTTP_NEEDS_READ},
	    {"POST", "/v1/batches", taken, 1000, HTTP_NEEDS_AGENT},
	    {"GET", "/healthz", taken, 0, HTTP_NEEDS_NOTHING},
	};
	struct http *http;

	assert_int_equal(sem_init(&asked, 0, 0), 0);
	assert_int_equal(sem_init(&let_go, 0, 0), 0);
	atomic_store(&most_at_once, 0);
	assert_int_equal(http_new(&http), 0);
	assert_int_equal(http_add_routes(http, routes, 3, NULL), 0);
	assert_int_equal(http_start(http, "127.0.0.1", 0), 0);
	*state = http;
	return 0;
}

static int stop(void **state)
{
	http_free(*state);
	(void)sem_destroy(&asked);
	(void)sem_destroy(&let_go);
	return 0;
}

struct asking {
	pthread_t thread;
	uint16_t port;
	int status;
};

static void *ask(void *context)
{
	struct asking *asking = context;
	struct got got = raw_get(asking->port, "/v1/question");

	asking->status = got.status;
	free(got.text);
	return NULL;
}

static void begin(struct asking *asking, struct http *http)
{
	*asking = (struct asking){.port = http_port(http)};
	assert_int_equal(pthread_create(&asking->thread, NULL, ask, asking), 0);
}

static int status_of(struct got got)
{
	free(got.text);
	return got.status;
}

static void test_what_agents_send_does_not_wait_for_a_question(void **state)
{
	struct http *http = *state;
	struct asking asking;

	begin(&asking, http);
	assert_int_equal(wait_for(&asked), 0);
	assert_int_equal(status_of(raw_send(http_port(http), "POST", "/v1/batches",
			     "Content-Type: application/json\r\n", "{}", 2)),
	    202);
	assert_int_equal(status_of(raw_get(http_port(http), "/healthz")), 202);
	assert_int_equal(atomic_load(&at_once), 1); /* still */
	(void)sem_post(&let_go);
	(void)pthread_join(asking.thread, NULL);
	assert_int_equal(asking.status, 204);
}

static void test_questions_are_answered_two_at_a_time(void **state)
{
	struct asking asking[QUESTIONS];

	for (int i = 0; i < QUESTIONS; i++)
		begin(&asking[i], *state);
	assert_int_equal(wait_for(&asked), 0); /* both, before either is over */
	for (int i = 0; i < QUESTIONS; i++) {
		if (i < QUESTIONS - 1)
			assert_int_equal(wait_for(&asked), 0);
		(void)usleep(20000); /* for the next to come, which must not */
		(void)sem_post(&let_go);
	}
	for (int i = 0; i < QUESTIONS; i++) {
		(void)pthread_join(asking[i].thread, NULL);
		assert_int_equal(asking[i].status, 204);
	}
	assert_int_equal(atomic_load(&most_at_once), 2);
}

static uint64_t connections(struct http *http)
{
	struct http_counts counts;

	http_counts(http, &counts);
	return counts.connections;
}

static void *stop_it(void *http)
{
	(void)http_stop(http);
	return NULL;
}

static void test_who_waits_when_it_stops_is_told_so(void **state)
{
	struct asking asking[3];
	pthread_t stopping;
	int refused = 0;
	int answered = 0;

	for (int i = 0; i < 3; i++)
		begin(&asking[i], *state);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wait_for(&asked), 0);
	for (int i = 0; i < 500 && connections(*state) < 3; i++)
		(void)usleep(10000);
	(void)usleep(200000); /* the third one has been taken, too */
	assert_int_equal(pthread_create(&stopping, NULL, stop_it, *state), 0);
	(void)sleep(4); /* longer than those that run are let run */
	for (int i = 0; i < 2; i++)
		(void)sem_post(&let_go);
	(void)pthread_join(stopping, NULL);
	for (int i = 0; i < 3; i++) {
		(void)pthread_join(asking[i].thread, NULL);
		refused += asking[i].status == 503;
		answered += asking[i].status == 204;
	}
	assert_int_equal(answered, 2);
	assert_int_equal(refused, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_agents_send_does_not_wait_for_a_question, start, stop),
	    cmocka_unit_test_setup_teardown(
		test_questions_are_answered_two_at_a_time, start, stop),
	    cmocka_unit_test_setup_teardown(
		test_who_waits_when_it_stops_is_told_so, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
