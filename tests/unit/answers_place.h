/* A collector's API over known invocations, and questions to it. */
#ifndef COLDMETER_TESTS_ANSWERS_PLACE_H
#define COLDMETER_TESTS_ANSWERS_PLACE_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "serve/answers.h"
#include "serve/exports.h"
#include "tests/unit/raw_client.h"

#define S CLOCK_NS_PER_S

struct place {
	char directory[64];
	struct store *store;
	struct ingest *ingest;
	struct book *book;
	struct exports *exports;
	struct answers answers;
	struct http *http;
	uint16_t port;
	int64_t now_ns;
};

static inline int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(
	    place->directory, sizeof(place->directory), "/tmp/test_answers.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	place->now_ns = clock_wall_ns();
	assert_int_equal(store_open(place->directory, &place->store), 0);
	assert_int_equal(ingest_start(place->store, &place->ingest), 0);
	assert_int_equal(book_open_embedded(&place->book), 0);
	assert_int_equal(exports_start(&(struct exports_settings){0}, place->directory,
			     place->store, place->ingest, &place->exports),
	    0);
	place->answers = (struct answers){
	    place->store, place->ingest, place->book, 0, place->exports, NULL, NULL};
	assert_int_equal(http_new(&place->http), 0);
	assert_int_equal(ingest_add_routes(place->ingest, place->http), 0);
	assert_int_equal(answers_add_routes(&place->answers, place->http), 0);
	assert_int_equal(http_start(place->http, "127.0.0.1", 0), 0);
	place->port = http_port(place->http);
	*state = place;
	return 0;
}

static inline int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	http_stop(place->http);
	exports_stop(place->exports);
	ingest_stop(place->ingest);
	exports_free(place->exports);
	http_free(place->http);
	store_close(place->store);
	book_free(place->book);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", place->directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	free(place);
	return 0;
}

static inline void expect_status(struct got got, int status)
{
	if (got.status != status)
		fail_msg("wanted %d: %s", status, got.text);
	free(got.text);
}

/* more is further JSON members, beginning with a comma. */
static inline void say(
    const struct place *place, const char *function, int64_t start_ns, const char *more)
{
	char line[1024];
	char start[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(start_ns, start);
	(void)snprintf(line, sizeof(line), "{\"function\":\"%s\",\"start\":\"%s\"%s}\n",
	    function, start, more);
	expect_status(raw_send(place->port, "POST", "/v1/invocations",
			  "Content-Type: application/x-ndjson\r\n", line, strlen(line)),
	    200);
}

#define LAMBDA                                                                           \
	",\"platform\":\"aws-lambda\",\"kind\":\"lambda\",\"host\":\"h1\","              \
	"\"arch\":\"x86_64\",\"region\":\"us-east-1\",\"memory_limit_mb\":128,"          \
	"\"peak_memory_mb\":64,\"cpu_ms\":2,"

static inline json_t *ask(const struct place *place, const char *target)
{
	struct got got = raw_get(place->port, target);
	json_error_t error;
	json_t *root = json_loads(got.body, 0, &error);

	if (got.status != 200 || !root)
		fail_msg("%s: %s", target, got.text);
	free(got.text);
	return root;
}

static inline const json_t *at(const json_t *root, const char *key)
{
	const json_t *value = json_object_get(root, key);

	if (!value)
		fail_msg("no %s", key);
	return value;
}

static inline double number(const json_t *root, const char *key)
{
	assert_true(json_is_number(at(root, key)));
	return json_number_value(at(root, key));
}

static inline const char *text(const json_t *root, const char *key)
{
	assert_true(json_is_string(at(root, key)));
	return json_string_value(at(root, key));
}

/* 100 warm ones of 1..100 ms in 100 s, one cold of 20 ms with 300 ms init, one ping. */
static inline void fill(const struct place *place)
{
	for (int i = 1; i <= 100; i++) {
		char more[512];

		(void)snprintf(more, sizeof(more),
		    LAMBDA "\"duration_ms\":%d,\"status\":\"%s\"", i,
		    i % 10 == 0 ? "error" : "ok");
		say(place, "bar", place->now_ns - (120 - i) * S, more);
	}
	say(place, "bar", place->now_ns - 121 * S,
	    LAMBDA "\"duration_ms\":20,\"init_ms\":300,\"cold\":true");
	say(place, "bar", place->now_ns - 60 * S,
	    LAMBDA "\"duration_ms\":7,\"trace_id\":\"c01dc01dc01dc01d0123456789abcdef\"");
	say(place, "a \\\"quoted\\\\ name", place->now_ns - 60 * S, ",\"duration_ms\":1");
}

static inline bool is_near(double value, double want, double relative)
{
	return fabs(value - want) <= want * relative;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
