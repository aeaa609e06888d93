/* /healthz and /readyz: what they say of a collector that could not take what is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/ingest/readers.h"
#include "serve/ready.h"
#include "tests/unit/raw_client.h"

static char directory[] = "/tmp/coldmeter-ready-XXXXXX";
static struct http *http;
static struct ready ready;

static int remove_one(
    const char *path, const struct stat *status, int what, struct FTW *place)
{
	(void)status;
	(void)what;
	(void)place;
	return remove(path);
}

static int start(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/coldmeter-ready-XXXXXX");
	assert_non_null(mkdtemp(directory));
	ready = (struct ready){.directory = directory, .min_free_bytes = 1};
	assert_int_equal(store_open(directory, &ready.store), 0);
	assert_int_equal(ingest_start(ready.store, &ready.ingest), 0);
	assert_int_equal(http_new(&http), 0);
	assert_int_equal(ready_add_routes(&ready, http), 0);
	assert_int_equal(ingest_add_routes(ready.ingest, http), 0);
	assert_int_equal(http_start(http, "127.0.0.1", 0), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	http_free(http);
	ingest_stop(ready.ingest);
	store_close(ready.store);
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void expect(const char *target, int status, const char *part)
{
	struct got got = raw_get(http_port(http), target);

	if (got.status != status || !strstr(got.body, part))
		fail_msg("%s: %s", target, got.text);
	free(got.text);
}

static void send_one(int status)
{
	static const char line[] =
	    "{\"function\":\"f\",\"start\":\"2026-11-22T08:00:00Z\",\"duration_ms\":5}\n";
	struct got got = raw_send(http_port(http), "POST", "/v1/invocations",
	    "Content-Type: application/x-ndjson\r\n", line, sizeof(line) - 1);

	assert_int_equal(got.status, status);
	free(got.text);
}

static void test_ready_when_all_is_well(void **state)
{
	(void)state;
	expect("/healthz", 200, "\"ok\"");
	expect("/readyz", 200, "\"ready\"");
	send_one(200);
	expect("/readyz", 200, "\"ready\"");
}

static void test_ready_is_not_when_the_disk_is_all_but_full(void **state)
{
	(void)state;
	ready.min_free_bytes = UINT64_MAX;
	expect("/readyz", 503, "the disk is all but full");
	expect("/healthz", 200, "\"ok\"");
	ready.min_free_bytes = 1;
	expect("/readyz", 200, "\"ready\"");
}

/* The teller waits for a lock that an observer holds: it lives, and does nothing. */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void wait_for_it(void *context, const struct store_batch *batch)
{
	(void)context;
	(void)batch;
	(void)pthread_mutex_lock(&held);
	(void)pthread_mutex_unlock(&held);
}

static void *send_in_background(void *context)
{
	(void)context;
	send_one(200);
	return NULL;
}

/* Sends one line, which is not stored or told of before let_go(). */
static void expect_busy_until(void (*let_go)(void))
{
	struct ingest_health health = {0};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, send_in_background, NULL), 0);
	for (int i = 0; i < 1000 && health.busy_ns == 0; i++) {
		(void)usleep(5000);
		ingest_health(ready.ingest, clock_boot_ns(), &health);
	}
	assert_in_range(health.busy_ns, 1, 10 * CLOCK_NS_PER_S);
	ingest_health(ready.ingest, clock_boot_ns() + 3600 * CLOCK_NS_PER_S, &health);
	assert_true(health.busy_ns > 3500 * (uint64_t)CLOCK_NS_PER_S);
	let_go();
	(void)pthread_join(thread, NULL);
	for (int i = 0; i < 1000 && health.busy_ns; i++) {
		(void)usleep(5000);
		ingest_health(ready.ingest, clock_boot_ns(), &health);
	}
	assert_int_equal(health.busy_ns, 0);
}

static void release(void)
{
	(void)pthread_mutex_unlock(&held);
}

static void test_ready_knows_a_teller_that_is_stuck(void **state)
{
	(void)state;
	ingest_observe(ready.ingest, wait_for_it, NULL);
	(void)pthread_mutex_lock(&held);
	expect_busy_until(release);
}

static sqlite3 *other; /* who holds the writer's lock on the file */

static void roll_back(void)
{
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
}

static void test_ready_knows_a_writer_that_is_stuck(void **state)
{
	char path[sizeof(directory) + 16];

	(void)state;
	send_one(200);
	send_one(200); /* what the writer does at its start is over then */
	(void)snprintf(path, sizeof(path), "%s/main.db", directory);
	assert_int_equal(
	    sqlite3_open_v2(path, &other, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	(void)sqlite3_busy_timeout(other, 10000); /* until what came before is settled */
	assert_int_equal(
	    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	expect_busy_until(roll_back);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

/* A request of so many lines, written whole. */
static int post_lines(size_t n)
{
	static const char line[] = "{\"function\":\"f\",\"start\":"
				   "\"2026-11-22T08:00:00Z\",\"duration_ms\":5}\n";
	const size_t bytes = sizeof(line) - 1;
	const struct timeval patience = {.tv_sec = 60};
	int fd = raw_connect(http_port(http));
	char *text = malloc(n * bytes + 256);
	int head;

	assert_non_null(text);
	head = snprintf(text, 256,
	    "POST /v1/invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    "Content-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
	    n * bytes);
	for (size_t i = 0; i < n; i++)
		memcpy(text + head + i * bytes, line, bytes);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(raw_say(fd, text, (size_t)head + n * bytes), 0);
	free(text);
	return fd;
}

/* While the teller is held, two of three are under way, and more than may; the third is
 * told so, and never that its lines were stored. */
/* Each reader may have begun one before another brought more than there is room for. */
#define TOO_MANY (READERS + 2)

static void test_one_too_many_is_told_to_come_back(void **state)
{
	struct ingest_health health = {0};
	struct pollfd all[TOO_MANY];
	struct got got;
	pthread_t thread;
	size_t told = 0;
	size_t stored = 0;

	(void)state;
	ingest_observe(ready.ingest, wait_for_it, NULL);
	(void)pthread_mutex_lock(&held);
	assert_int_equal(pthread_create(&thread, NULL, send_in_background, NULL), 0);
	for (int i = 0; i < 1000 && health.busy_ns == 0; i++) {
		(void)usleep(5000);
		ingest_health(ready.ingest, clock_boot_ns(), &health);
	}
	for (size_t i = 0; i < TOO_MANY; i++)
		all[i] = (struct pollfd){.fd = post_lines(60000), .events = POLLIN};
	assert_true(poll(all, TOO_MANY, 60000) >= 1);
	while (!all[told].revents)
		told++;
	got = raw_hear(all[told].fd);
	assert_int_equal(got.status, 429);
	assert_non_null(strstr(got.text, "Retry-After: 1"));
	assert_non_null(strstr(got.body, "\"busy\""));
	free(got.text);
	(void)pthread_mutex_unlock(&held);
	(void)pthread_join(thread, NULL);
	for (size_t i = 0; i < TOO_MANY; i++) {
		if (i == told)
			continue;
		got = raw_hear(all[i].fd);
		assert_true(got.status == 200 || got.status == 429);
		stored += got.status == 200;
		free(got.text);
	}
	assert_true(stored >= 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_ready_when_all_is_well),
	    TEST(test_ready_is_not_when_the_disk_is_all_but_full),
	    TEST(test_ready_knows_a_teller_that_is_stuck),
	    TEST(test_ready_knows_a_writer_that_is_stuck),
	    TEST(test_one_too_many_is_told_to_come_back),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
