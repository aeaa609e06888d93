/* What the dashboard asks for, of a server that takes its time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/http.h"
#include "tui/dashboard/feed.h"

#define LIMIT_MS 60000
#define EVERY_MS 100

static atomic_int takes_ms;
static atomic_int asked;

static int answer(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	atomic_fetch_add(&asked, 1);
	(void)usleep((useconds_t)atomic_load(&takes_ms) * 1000);
	reply->status = 204;
	return 0;
}

struct place {
	struct http *http;
	struct endpoint endpoint;
	struct feed *feed;
	int answers;
	int failures;
};

static void count(void *ctx, enum feed_topic topic, int err, const struct reply *reply)
{
	struct place *place = ctx;

	(void)topic;
	(void)reply;
	if (err)
		place->failures++;
	else
		place->answers++;
}

static int set_up(void **state)
{
	static const struct http_route routes[] = {
	    {"GET", "/v1/functions", answer, 0, HTTP_NEEDS_READ},
	};
	static struct place place;
	char url[64];
	char why[256];

	place = (struct place){0};
	atomic_store(&asked, 0);
	assert_int_equal(http_new(&place.http), 0);
	assert_int_equal(http_add_routes(place.http, routes, 1, NULL), 0);
	assert_int_equal(http_start(place.http, "127.0.0.1", 0), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", http_port(place.http));
	assert_int_equal(endpoint_init(&place.endpoint, url, &(struct endpoint_files){0},
			     why, sizeof(why)),
	    0);
	place.feed = feed_open(&place.endpoint, count, &place);
	assert_non_null(place.feed);
	feed_want(place.feed, FEED_FUNCTIONS, "/v1/functions", EVERY_MS);
	*state = &place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	feed_close(place->feed);
	http_stop(place->http);
	http_free(place->http);
	return 0;
}

static int64_t now_ms(void)
{
	return (int64_t)(clock_boot_ns() / 1000000);
}

static void run_for(struct place *place, int64_t ms, int answers)
{
	int64_t until_ms = now_ms() + ms;

	while (now_ms() < until_ms && place->answers < answers) {
		feed_run(place->feed, now_ms());
		feed_wait(place->feed, NULL, 0, now_ms(), 20);
	}
}

/* The first time it is not waited for that long: 5 s. */
static void test_a_slow_answer_is_heard_in_the_end(void **state)
{
	struct place *place = *state;

	atomic_store(&takes_ms, 5500);
	run_for(place, LIMIT_MS, 1);
	assert_int_equal(place->answers, 1);
	assert_true(place->failures >= 1);
}

/* Ten times a second where nothing is in the way; every second where half of it is. */
static void test_a_slow_server_is_asked_less_often(void **state)
{
	struct place *place = *state;

	atomic_store(&takes_ms, 0);
	run_for(place, LIMIT_MS, 20);
	assert_int_equal(place->answers, 20);
	atomic_store(&takes_ms, 500);
	atomic_store(&asked, 0);
	run_for(place, 3300, INT32_MAX);
	assert_in_range(atomic_load(&asked), 2, 4);
	assert_int_equal(place->failures, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_slow_answer_is_heard_in_the_end),
	    TEST(test_a_slow_server_is_asked_less_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
