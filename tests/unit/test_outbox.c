/* The outbox over a real store and a real socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "alerts/call.h"
#include "alerts/outbox.h"
#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/receiver.h"

#define S CLOCK_NS_PER_S

static char directory[64];
static struct store *store;
static CURLM *multi;
static struct outbox *outbox;
static struct receiver receiver;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test_outbox.XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(store_open(directory, &store), 0);
	multi = curl_multi_init();
	assert_non_null(multi);
	return outbox_new(store, multi, 42, &outbox);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	outbox_free(outbox);
	(void)curl_multi_cleanup(multi);
	store_close(store);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	/* NOLINTNEXTLINE(cert-env33-c): a directory of our own making */
	return system(command);
}

static int add(const char *key, const char *path)
{
	char url[96];
	struct store_delivery delivery = {.key = key,
	    .channel = "webhook",
	    .target = url,
	    .body = "{\"a\":1}",
	    .created_ns = clock_wall_ns(),
	    .due_ns = 1};

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", receiver.port, path);
	return outbox_add(outbox, &delivery);
}

/* Turns the outbox as the engine does, as of now_ns, until it has nothing under way that
 * ends within a moment. Returns when it wants to be called again. */
static int64_t turn(int64_t now_ns)
{
	int64_t next_ns = 0;
	int running = 1;

	for (int i = 0; i < 200 && (running || i < 3); i++) {
		next_ns = outbox_run(outbox, now_ns);
		(void)curl_multi_perform(multi, &running);
		call_collect(multi);
		(void)curl_multi_poll(multi, NULL, 0, 10, NULL);
	}
	return outbox_run(outbox, now_ns) < next_ns ? outbox_run(outbox, now_ns)
						    : next_ns;
}

struct row {
	int n;
	char state[16];
	char error[256];
	int attempts;
};

static int visit(void *context, const struct store_delivery *delivery, const char *state,
    const char *error)
{
	struct row *row = context;

	row->n++;
	row->attempts = delivery->attempts;
	(void)snprintf(row->state, sizeof(row->state), "%s", state);
	(void)snprintf(row->error, sizeof(row->error), "%s", error ? error : "");
	return 0;
}

static struct row only_row(void)
{
	struct row row = {0};

	assert_true(store_scan_outbox(store, 10, visit, &row) >= 0);
	assert_int_equal(row.n, 1);
	return row;
}

static void test_a_message_is_posted_once_with_its_key(void **state)
{
	static const char *const answers[] = {RECEIVER_OK};

	(void)state;
	receiver_start(&receiver, answers, 1);
	assert_int_equal(add("bar/1", "/hook"), 0);
	assert_int_equal(add("bar/1", "/hook"), 1);
	assert_int_equal(turn(clock_wall_ns()), INT64_MAX);
	(void)turn(clock_wall_ns());
	assert_int_equal(atomic_load(&receiver.n), 1);
	assert_memory_equal(receiver.requests[0], "POST /hook HTTP/1.1\r\n", 21);
	assert_non_null(strstr(receiver.requests[0], "\r\nIdempotency-Key: bar/1\r\n"));
	assert_non_null(
	    strstr(receiver.requests[0], "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(receiver.requests[0], "\r\n\r\n{\"a\":1}"));
	assert_string_equal(only_row().state, "delivered");
	receiver_stop(&receiver);
}

static void test_trouble_is_retried_after_a_wait_until_it_works(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("500 Oops", ""), NULL, RECEIVER_OK};
	int64_t now_ns = clock_wall_ns();
	int64_t next_ns;

	(void)state;
	receiver_start(&receiver, answers, 3);
	assert_int_equal(add("bar/1", "/hook"), 0);
	next_ns = turn(now_ns);
	assert_int_equal(atomic_load(&receiver.n), 1);
	assert_in_range(next_ns, now_ns + S / 2, clock_wall_ns() + 2 * S);
	assert_string_equal(only_row().state, "pending");
	assert_string_equal(only_row().error, "HTTP 500: why!");
	next_ns = turn(next_ns);
	assert_int_equal(atomic_load(&receiver.n), 2);
	assert_string_equal(only_row().state, "pending");
	assert_int_equal(turn(next_ns), INT64_MAX);
	assert_int_equal(atomic_load(&receiver.n), 3);
	assert_string_equal(only_row().state, "delivered");
	receiver_stop(&receiver);
}

static void test_retry_after_puts_it_off(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("429 Slow down", "Retry-After: 30\r\n"), RECEIVER_OK};
	int64_t now_ns = clock_wall_ns();
	int64_t next_ns;

	(void)state;
	receiver_start(&receiver, answers, 2);
	assert_int_equal(add("bar/1", "/hook"), 0);
	next_ns = turn(now_ns);
	assert_in_range(next_ns, now_ns + 30 * S, clock_wall_ns() + 31 * S);
	(void)turn(next_ns);
	assert_string_equal(only_row().state, "delivered");
	receiver_stop(&receiver);
}

static void test_a_clock_that_goes_back_puts_nothing_off(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("429 Slow down", "Retry-After: 3600\r\n"), RECEIVER_OK};
	int64_t now_ns = clock_wall_ns();

	(void)state;
	receiver_start(&receiver, answers, 2);
	assert_int_equal(add("bar/1", "/hook"), 0);
	(void)turn(now_ns);
	(void)turn(now_ns - 1800 * S);
	assert_string_equal(only_row().state, "pending");
	outbox_hurry(outbox, now_ns - 1800 * S);
	assert_int_equal(turn(now_ns - 1800 * S), INT64_MAX);
	assert_string_equal(only_row().state, "delivered");
	receiver_stop(&receiver);
}

static void test_a_refusal_is_given_up_at_once_and_says_so(void **state)
{
	static const char *const answers[] = {RECEIVER_STATUS("404 No", "")};

	(void)state;
	receiver_start(&receiver, answers, 1);
	assert_int_equal(add("bar/1", "/hook"), 0);
	assert_int_equal(turn(clock_wall_ns()), INT64_MAX);
	assert_int_equal(atomic_load(&receiver.n), 1);
	assert_string_equal(only_row().state, "given up");
	assert_string_equal(only_row().error, "HTTP 404: why!");
	receiver_stop(&receiver);
}

static void test_redirects_are_given_up(void **state)
{
	static const char *const answers[] = {
	    RECEIVER_STATUS("302 Found", "Location: http://127.0.0.1:1/\r\n")};

	(void)state;
	receiver_start(&receiver, answers, 1);
	assert_int_equal(add("bar/1", "/hook"), 0);
	(void)turn(clock_wall_ns());
	assert_string_equal(only_row().state, "given up");
	assert_non_null(strstr(only_row().error, "redirect"));
	receiver_stop(&receiver);
}

static void test_more_than_the_slots_are_all_sent(void **state)
{
	static const char *const answers[] = {RECEIVER_OK};
	char key[16];

	(void)state;
	receiver_start(&receiver, answers, 1);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(key, sizeof(key), "k/%d", i);
		assert_int_equal(add(key, "/hook"), 0);
	}
	for (int i = 0; i < 50 && atomic_load(&receiver.n) < 30; i++)
		(void)turn(clock_wall_ns());
	assert_int_equal(atomic_load(&receiver.n), 30);
	receiver_stop(&receiver);
}

/* A process that dies between adding and settling; the next one delivers. */
static void test_a_kill_between_adding_and_settling_loses_nothing(void **state)
{
	static const char *const answers[] = {RECEIVER_OK};
	int status;
	pid_t pid;

	(void)state;
	receiver_start(&receiver, answers, 1);
	outbox_free(outbox);
	outbox = NULL;
	store_close(store);
	store = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (store_open(directory, &store) ||
		    outbox_new(store, multi, 1, &outbox) || add("bar/1", "/hook") != 0)
			_exit(1);
		(void)outbox_run(outbox, clock_wall_ns()); /* under way */
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(store_open(directory, &store), 0);
	assert_int_equal(outbox_new(store, multi, 1, &outbox), 0);
	assert_string_equal(only_row().state, "pending");
	(void)turn(clock_wall_ns());
	assert_true(atomic_load(&receiver.n) >= 1);
	assert_string_equal(only_row().state, "delivered");
	receiver_stop(&receiver);
}

int main(void)
{
#define OUTBOX_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    OUTBOX_TEST(test_a_message_is_posted_once_with_its_key),
	    OUTBOX_TEST(test_trouble_is_retried_after_a_wait_until_it_works),
	    OUTBOX_TEST(test_retry_after_puts_it_off),
	    OUTBOX_TEST(test_a_clock_that_goes_back_puts_nothing_off),
	    OUTBOX_TEST(test_a_refusal_is_given_up_at_once_and_says_so),
	    OUTBOX_TEST(test_redirects_are_given_up),
	    OUTBOX_TEST(test_more_than_the_slots_are_all_sent),
	    OUTBOX_TEST(test_a_kill_between_adding_and_settling_loses_nothing),
	};

	log_init("test_outbox", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
