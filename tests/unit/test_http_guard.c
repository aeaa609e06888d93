/* Whom the HTTP server answers: tokens and their roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those */
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/log.h"
#include "serve/http.h"
#include "serve/http/tokens.h"
#include "tests/unit/raw_client.h"

#define JSON "Content-Type: application/json\r\n"
#define READER "reader-of-16-bytes"
#define AGENT "agent-of-16-bytes"
#define ADMIN "admin-of-16-bytes"
#define BEARER(token) "Authorization: Bearer " token "\r\n"

static char path[] = "/tmp/coldmeter-guard-XXXXXX";

static int say_yes(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	(void)context;
	(void)request;
	reply->body = strdup("\"yes\"");
	reply->body_bytes = 5;
	return 0;
}

static const struct http_route routes[] = {
    {"GET", "/admin", say_yes, 0, HTTP_NEEDS_ADMIN},
    {"GET", "/read", say_yes, 0, HTTP_NEEDS_READ},
    {"POST", "/read", say_yes, 100, HTTP_NEEDS_ADMIN},
    {"POST", "/agent", say_yes, 100, HTTP_NEEDS_AGENT},
    {"GET", "/any", say_yes, 0, HTTP_NEEDS_TOKEN},
    {"GET", "/open", say_yes, 0, HTTP_NEEDS_NOTHING},
};

static void add_line(FILE *file, const char *name, enum token_role role, const char *text)
{
	struct token token = {.role = role};
	char line[TOKEN_LINE_BYTES];

	(void)snprintf(token.name, sizeof(token.name), "%s", name);
	sha256(text, strlen(text), token.hash);
	token_format(&token, line);
	(void)fputs(line, file);
}

static struct tokens *load(bool with_agent)
{
	FILE *file = fopen(path, "we");
	struct tokens *tokens;

	assert_non_null(file);
	add_line(file, "reader", TOKEN_READ, READER);
	add_line(file, "boss", TOKEN_ADMIN, ADMIN);
	if (with_agent)
		add_line(file, "web-1", TOKEN_AGENT, AGENT);
	(void)fclose(file);
	assert_int_equal(tokens_load(path, &tokens), 0);
	return tokens;
}

struct place {
	struct http *http;
	struct tokens *tokens;
};

static int start(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	assert_int_equal(http_new(&place->http), 0);
	assert_int_equal(http_add_routes(place->http, routes,
			     sizeof(routes) / sizeof(routes[0]), NULL),
	    0);
	place->tokens = load(true);
	assert_null(http_set_tokens(place->http, place->tokens));
	assert_int_equal(http_start(place->http, "127.0.0.1", 0), 0);
	*state = place;
	return 0;
}

static int stop(void **state)
{
	struct place *place = *state;

	http_free(place->http);
	tokens_free(place->tokens);
	free(place);
	return 0;
}

static void expect(const struct place *place, const char *method, const char *target,
    const char *headers, int status)
{
	bool body = strcmp(method, "POST") == 0;
	struct got got =
	    raw_send(http_port(place->http), method, target, headers, "{}", body ? 2 : 0);

	if (got.status != status)
		fail_msg("%s %s with %s: %d, not %d", method, target, headers, got.status,
		    status);
	free(got.text);
}

static void test_guard_each_role_reaches_its_routes_alone(void **state)
{
	static const struct {
		const char *method;
		const char *target;
		int reader, agent, admin, stranger;
	} rows[] = {
	    {"GET", "/admin", 403, 403, 200, 401},
	    {"GET", "/read", 200, 403, 200, 401},
	    {"HEAD", "/read", 200, 403, 200, 401},
	    {"POST", "/read", 403, 403, 200, 401},
	    {"POST", "/agent", 403, 200, 200, 401},
	    {"GET", "/any", 200, 200, 200, 401},
	    {"GET", "/open", 200, 200, 200, 200},
	    /* a stranger learns nothing of what there is */
	    {"GET", "/none", 404, 404, 404, 401},
	    {"POST", "/any", 405, 405, 405, 401},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *method = rows[i].method;
		const char *target = rows[i].target;

		expect(*state, method, target, JSON BEARER(READER), rows[i].reader);
		expect(*state, method, target, JSON BEARER(AGENT), rows[i].agent);
		expect(*state, method, target, JSON BEARER(ADMIN), rows[i].admin);
		expect(*state, method, target, JSON, rows[i].stranger);
		expect(*state, method, target, JSON BEARER("somebody-of-16-bytes"),
		    rows[i].stranger);
	}
}

static void test_guard_says_what_role_it_takes_and_never_the_token(void **state)
{
	const struct place *place = *state;
	struct got got =
	    raw_send(http_port(place->http), "GET", "/read", BEARER(AGENT), "", 0);

	assert_non_null(
	    strstr(got.body, "role read or admin; that of web-1 is of role agent"));
	assert_null(strstr(got.text, AGENT));
	free(got.text);
	got = raw_send(http_port(place->http), "GET", "/read", "", "", 0);
	assert_non_null(strstr(got.text, "WWW-Authenticate: Bearer"));
	free(got.text);
}

static void test_guard_revokes_while_it_runs(void **state)
{
	struct place *place = *state;
	struct tokens *fresh = load(false);

	expect(place, "POST", "/agent", JSON BEARER(AGENT), 200);
	assert_ptr_equal(http_set_tokens(place->http, fresh), place->tokens);
	tokens_free(place->tokens);
	place->tokens = fresh;
	expect(place, "POST", "/agent", JSON BEARER(AGENT), 401);
	expect(place, "POST", "/agent", JSON BEARER(ADMIN), 200);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	return fd < 0 || close(fd) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_guard_each_role_reaches_its_routes_alone),
	    TEST(test_guard_says_what_role_it_takes_and_never_the_token),
	    TEST(test_guard_revokes_while_it_runs),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
