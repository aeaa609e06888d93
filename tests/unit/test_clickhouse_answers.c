/* A collector on ClickHouse answers what one on SQLite answers, to the last byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/answers.h"
#include "tests/unit/clickhouse_server.h"
#include "tests/unit/random.h"
#include "tests/unit/raw_client.h"

#define LINES 3000
#define SEEDS 3

struct side {
	struct store *store;
	struct ingest *ingest;
	struct answers answers;
	struct http *http;
	uint16_t port;
};

static struct clickhouse_server server;
static struct book *book;

static void start(struct side *side)
{
	assert_int_equal(ingest_start(side->store, &side->ingest), 0);
	side->answers =
	    (struct answers){.store = side->store, .ingest = side->ingest, .book = book};
	assert_int_equal(http_new(&side->http), 0);
	assert_int_equal(ingest_add_routes(side->ingest, side->http), 0);
	assert_int_equal(answers_add_routes(&side->answers, side->http), 0);
	assert_int_equal(http_start(side->http, "127.0.0.1", 0), 0);
	side->port = http_port(side->http);
}

static void stop(struct side *side)
{
	http_stop(side->http);
	ingest_stop(side->ingest);
	http_free(side->http);
	store_close(side->store);
}

/* Invocations of three days up to now, in any order. */
static char *make_lines(uint64_t *seed, int64_t now_ns)
{
	static const char *const platforms[] = {"aws-lambda", "gcp-functions", "knative"};
	static const char *const statuses[] = {"ok", "ok", "ok", "error", "timeout"};
	static const char *const regions[] = {"us-east-1", "eu-west-1"};
	char *lines = NULL;
	size_t n;
	FILE *f = open_memstream(&lines, &n);

	for (int i = 0; i < LINES; i++) {
		uint64_t which = random_below(seed, 20);
		uint64_t version = random_below(seed, 3) + which % 2;
		int64_t ago_ms = (int64_t)random_below(seed, 3 * 86400000ULL);
		char start[CLOCK_RFC3339_BYTES];

		if (i < 8) { /* the last minute has several versions of two functions */
			which = 3 + (uint64_t)i % 2;
			version = (uint64_t)i / 2;
			ago_ms = 500 + i; /* one after the other: no order else */
		}
		clock_format_rfc3339(now_ns - ago_ms * 1000000, start);
		(void)fprintf(f,
		    "{\"function\":\"f%d\",\"version\":\"%d\",\"platform\":\"%s\","
		    "\"kind\":\"lambda\",\"host\":\"h%d\",\"arch\":\"%s\","
		    "\"region\":\"%s\",\"trace_id\":\"t%d\",\"concurrency\":%d,\"memory_"
		    "limit_mb\":%d,\"start\":\"%s\","
		    "\"duration_ms\":%.6f,\"cpu_ms\":%.3f,\"peak_memory_mb\":%.2f,"
		    "\"status\":\"%s\",\"request_id\":\"r%d\",\"sandbox\":\"s%d\"",
		    (int)which, (int)version, platforms[which % 3],
		    (int)random_below(seed, 3), version % 2 ? "arm64" : "x86_64",
		    regions[version % 2], (int)random_below(seed, 300),
		    1 + (int)random_below(seed, 9), 128 << version % 4, start,
		    random_log_normal(seed, 40, 1), random_log_normal(seed, 5, 1),
		    random_log_normal(seed, 60, 0.3), statuses[random_below(seed, 5)], i,
		    (int)random_below(seed, 9));
		if (random_below(seed, 10) == 0)
			(void)fprintf(f, ",\"cold\":true,\"init_ms\":%.6f",
			    random_log_normal(seed, 300, 0.5));
		(void)fputs("}\n", f);
	}
	assert_int_equal(fclose(f), 0);
	return lines;
}

/* The answer, but for when it was given and when this side heard of its agents. */
static char *ask(const struct side *side, const char *target)
{
	struct got got = raw_get(side->port, target);
	json_t *root = json_loads(got.body, 0, NULL);
	char *body;

	if (got.status != 200 || !root)
		fail_msg("%s: %s", target, got.text);
	(void)json_object_del(root, "agents");
	(void)json_object_del(root, "generated");
	body = json_dumps(root, JSON_REAL_PRECISION(17));
	json_decref(root);
	free(got.text);
	return body;
}

static void post(const struct side *side, const char *lines)
{
	struct got got = raw_send(side->port, "POST", "/v1/invocations",
	    "Content-Type: application/x-ndjson\r\n", lines, strlen(lines));

	if (got.status != 200)
		fail_msg("%s", got.text);
	free(got.text);
}

static void assert_same(const char *target, const char *a, const char *b)
{
	size_t at = 0;

	while (a[at] && a[at] == b[at])
		at++;
	if (a[at] || b[at])
		fail_msg("%s: after \"%.*s\"\nSQLite: %.200s\nClickHouse: %.200s", target,
		    at < 100 ? (int)at : 100, a + (at < 100 ? 0 : at - 100), a + at,
		    b + at);
}

static void assert_same_over(
    const struct side *a, const struct side *b, const char *what, const char *over)
{
	char target[256];
	char *left;
	char *right;

	(void)snprintf(target, sizeof(target), "%s%s", what, over);
	left = ask(a, target);
	right = ask(b, target);
	assert_same(target, left, right);
	assert_true(strlen(left) > 100); /* says something */
	free(left);
	free(right);
}

/* window: since and until, so that none moves with the clock. */
static void assert_same_answers(
    const struct side *a, const struct side *b, const char *window, const char *month)
{
	static const char *const windows[] = {"/v1/functions?since=",
	    "/v1/functions?function=f3&since=", "/v1/functions/f3/series?step=1h&since=",
	    "/v1/functions/f4/series?step=5m&since=", "/v1/invocations?limit=500&since=",
	    "/v1/invocations?function=f5&cold=true&since=",
	    "/v1/invocations?status=error&limit=50&since=",
	    "/v1/functions/f3/series?step=1d&since=", "/v1/traces/t7?since=",
	    "/v1/traces/t250?since=", "/v1/functions?by=function&since=",
	    "/v1/functions?by=host&sort=p95&since=",
	    "/v1/functions?by=host&function=f3&since=",
	    "/v1/functions?by=platform&sort=cost&since=",
	    "/v1/functions?by=region&since=",
	    "/v1/functions?by=version&sort=errors&limit=7&since=",
	    "/v1/diff?against=12h&since=", "/v1/diff?function=f3&against=1d&since=",
	    "/v1/diff?version=1&against_version=0&since="};
	static const char *const keys[] = {"name", "platform", "invocations", "cold",
	    "init", "p50", "p95", "p99", "memory", "errors", "cost"};
	static const char *const months[] = {"/v1/invoice?plan=all&month=",
	    "/v1/invoice?plan=aws-lambda&function=f3&month=",
	    "/v1/invoice?by=function&month=", "/v1/invoice?by=day&plan=all&month=",
	    "/v1/invoice?by=host&free_tier=true&month=",
	    "/v1/invoice?by=platform&anomalies=true&month="};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
		assert_same_over(a, b, windows[i], window);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char what[128];

		(void)snprintf(what, sizeof(what),
		    "/v1/functions?limit=5&reverse=%zu&sort=%s&since=", i % 2, keys[i]);
		assert_same_over(a, b, what, window);
	}
	for (size_t i = 0; i < sizeof(months) / sizeof(months[0]); i++)
		assert_same_over(a, b, months[i], month);
}

static void fill(
    const struct side *a, const struct side *b, uint64_t seed, int64_t now_ns)
{
	char *lines = make_lines(&seed, now_ns);

	post(a, lines);
	post(b, lines);
	free(lines);
}

/* Each seed has a database of its own. */
static void open_sides(
    const char *directory, uint64_t seed, struct side *a, struct side *b)
{
	char path[64];
	char url[128];
	char name[32];
	struct store_remote remote;

	(void)snprintf(name, sizeof(name), "answers_%d", (int)seed);
	remote = (struct store_remote){.url = clickhouse_url(&server, name, url)};
	(void)snprintf(path, sizeof(path), "%s/a%d", directory, (int)seed);
	assert_int_equal(store_open(path, &a->store), 0);
	(void)snprintf(path, sizeof(path), "%s/b%d", directory, (int)seed);
	assert_int_equal(store_open_remote(path, &remote, &b->store), 0);
	start(a);
	start(b);
}

static void test_both_engines_answer_the_same(void **state)
{
	char directory[] = "/tmp/test_clickhouse_answers.XXXXXX";
	char command[64];
	char since[CLOCK_RFC3339_BYTES];
	char until[CLOCK_RFC3339_BYTES];
	char window[128];
	char month[8];
	time_t now_s = time(NULL);
	int64_t now_ns;
	struct tm tm;

	(void)state;
	if (!clickhouse_is_here())
		skip();
	/* The end of last month: a month that is not over is told up to now. */
	(void)gmtime_r(&now_s, &tm);
	now_s -= (time_t)tm.tm_mday * 86400;
	(void)gmtime_r(&now_s, &tm);
	(void)strftime(month, sizeof(month), "%Y-%m", &tm);
	now_ns = now_s * CLOCK_NS_PER_S;
	clock_format_rfc3339(now_ns - INT64_C(2) * 86400 * CLOCK_NS_PER_S, since);
	clock_format_rfc3339(now_ns, until);
	(void)snprintf(window, sizeof(window), "%s&until=%s", since, until);

	clickhouse_new(&server, false);
	clickhouse_start(&server);
	assert_non_null(mkdtemp(directory));
	assert_int_equal(book_open_embedded(&book), 0);
	for (uint64_t seed = 11; seed < 11 + SEEDS; seed++) {
		struct side a;
		struct side b;

		open_sides(directory, seed, &a, &b);
		fill(&a, &b, seed, now_ns);
		assert_same_answers(&a, &b, window, month);
		stop(&a);
		stop(&b);
	}
	book_free(book);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	clickhouse_free(&server);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_both_engines_answer_the_same),
	};

	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
