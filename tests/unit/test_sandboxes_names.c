/* Names that rules give to sandboxes, and to their requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/names/rules.h"
#include "agent/sandboxes.h"
#include "tests/unit/sandbox_scene.h"

/* The scene's sandboxes go by these rules, which are to be freed. */
static struct rules *ruled(struct scene *scene, const char *text)
{
	char path[] = "/tmp/test_sandboxes_names.XXXXXX";
	struct rules *rules = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	assert_int_equal(rules_load(path, &rules), 0);
	(void)unlink(path);
	sandboxes_set_rules(scene->sandboxes, rules);
	return rules;
}

/* The function that a request to the sandbox belongs to. */
static const char *asked(struct scene *scene, uint64_t sandbox, const char *target)
{
	struct record_targeted r = {.invocation = records_invocation(sandbox,
					FUNCTION_HTTP, scene->now_ms, scene->now_ms + 5)};

	(void)snprintf(r.target, sizeof(r.target), "%s", target);
	scene->now_ms += 5;
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
	return scene->emitted.last.function->name;
}

/* A server of OpenWhisk that is told its name. */
static void told(struct scene *scene, uint64_t sandbox, const char *name)
{
	struct record_exec exec = records_exec(sandbox, "", scene->now_ms);
	struct record_name record = {
	    .kind = RECORD_NAME, .pid = (uint32_t)sandbox, .sandbox = sandbox};

	exec.present = 1U << VARIABLE_OPENWHISK_API;
	(void)snprintf(record.text, sizeof(record.text), "{\"name\":\"%s\"}", name);
	assert_int_equal(records_take(scene->sandboxes, &exec, sizeof(exec)), 0);
	assert_int_equal(records_take(scene->sandboxes, &record, sizeof(record)), 0);
}

static void test_rules_name_what_a_server_was_told_to_be(void **state)
{
	struct scene *scene = *state;
	struct rules *rules =
	    ruled(scene, "functions:\n  - {match: {function: hello}, name: greeter}\n"
			 "  - {match: {function: unnamed}, name: blank}\n");

	told(scene, 7, "hello");
	assert_string_equal(invoke(scene, 7, 0)->function->name, "greeter");
	assert_int_equal(scene->emitted.last.function->platform, PLATFORM_OPENWHISK);
	told(scene, 8, "other");
	assert_string_equal(invoke(scene, 8, 0)->function->name, "other");
	rules_free(rules);
}

static void test_a_rule_that_keeps_the_name_makes_no_second_sandbox(void **state)
{
	struct scene *scene = *state;
	struct rules *rules =
	    ruled(scene, "functions:\n  - {match: {container: '*'}, name: all}\n");

	told(scene, 7, "hello");
	assert_int_equal(records_ready(scene->sandboxes, 7, scene->now_ms + 1), 0);
	scene->now_ms += 2;
	assert_string_equal(invoke(scene, 7, INVOCATION_FIRST)->function->name, "all");
	assert_int_equal(scene->emitted.last.cause, CAUSE_FIRST);
	rules_free(rules);
}

static void test_rules_for_requests_go_by_the_name_without_rules(void **state)
{
	struct scene *scene = *state;
	struct rules *rules = ruled(scene,
	    "functions:\n  - {match: {function: shop, path: /orders/*}, name: order}\n"
	    "  - {match: {function: hello, path: /a}, name: hello-a}\n"
	    "  - {match: {function: shop}, name: store}\n"
	    "  - {match: {function: hello}, name: greeter}\n");

	begin(scene, 7, "shop");
	assert_string_equal(asked(scene, 7, "GET /orders/7 HTTP/1.1"), "order");
	assert_string_equal(asked(scene, 7, "GET /items HTTP/1.1"), "store");
	told(scene, 8, "hello");
	assert_string_equal(asked(scene, 8, "GET /a HTTP/1.1"), "hello-a");
	assert_string_equal(asked(scene, 8, "GET /b HTTP/1.1"), "greeter");
	rules_free(rules);
}

/* A sandbox of "f" whose first program and whose process when ready are called so. */
static const char *became(
    struct scene *scene, uint64_t sandbox, const char *first, const char *ready)
{
	struct record_exec exec = records_exec(sandbox, "f", scene->now_ms);
	struct record_ready r = {.kind = RECORD_READY, .sandbox = sandbox, .execs = 1};

	memcpy(exec.process, first, strnlen(first, sizeof(exec.process)));
	memcpy(r.process, ready, strnlen(ready, sizeof(r.process)));
	assert_int_equal(records_take(scene->sandboxes, &exec, sizeof(exec)), 0);
	r.ready_ns = ++scene->now_ms * RECORDS_MS;
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
	return invoke(scene, sandbox, INVOCATION_FIRST)->function->name;
}

static void test_rules_go_by_what_the_kernel_called_the_process(void **state)
{
	struct scene *scene = *state;
	struct rules *rules =
	    ruled(scene, "functions:\n  - {match: {process: guni*}, name: site}\n"
			 "  - {match: {process: start.sh}, name: started}\n"
			 "  - {match: {process: abcdefghijklmno}, name: long}\n");

	assert_string_equal(became(scene, 1, "start.sh", "gunicorn"), "site");
	assert_int_equal(scene->emitted.last.cause, CAUSE_FIRST);
	assert_string_equal(became(scene, 2, "gunicorn", "gunicorn"), "site");
	assert_int_equal(scene->emitted.last.cause, CAUSE_SCALE_OUT);
	assert_string_equal(became(scene, 3, "start.sh", "java"), "started");
	assert_string_equal(became(scene, 4, "gunicorn", ""), "site");
	assert_string_equal(became(scene, 5, "bash", "java"), "f");
	/* no NUL: cut, as the kernel does */
	assert_string_equal(became(scene, 6, "abcdefghijklmnop", "java"), "long");
	rules_free(rules);
}

static void test_the_same_rules_again_name_all_as_before(void **state)
{
	static const char text[] =
	    "functions:\n  - {match: {process: start.sh}, name: started}\n"
	    "  - {match: {process: java}, name: ready}\n"
	    "  - {match: {function: f}, name: other}\n";
	struct scene *scene = *state;
	struct rules *rules = ruled(scene, text);
	struct rules *same;

	assert_string_equal(became(scene, 1, "start.sh", "python3"), "started");
	assert_string_equal(became(scene, 2, "start.sh", "java"), "started");
	assert_string_equal(became(scene, 3, "bash", "java"), "ready");
	assert_string_equal(became(scene, 4, "bash", "python3"), "other");
	same = ruled(scene, text);
	rules_free(rules);
	assert_string_equal(invoke(scene, 1, 0)->function->name, "started");
	assert_string_equal(invoke(scene, 2, 0)->function->name, "started");
	assert_string_equal(invoke(scene, 3, 0)->function->name, "ready");
	assert_string_equal(invoke(scene, 4, 0)->function->name, "other");
	assert_string_equal(asked(scene, 1, "GET /a HTTP/1.1"), "started");
	rules_free(same);
}

/* Why it began is no matter of its name. */
static void test_other_rules_keep_the_cause_of_a_start(void **state)
{
	struct scene *scene = *state;
	struct rules *rules;

	begin(scene, 7, "f");
	(void)invoke(scene, 7, INVOCATION_FIRST);
	begin(scene, 8, "f");
	rules = ruled(scene, "functions:\n  - {match: {container: 8-*}, name: g}\n");
	assert_string_equal(invoke(scene, 8, INVOCATION_FIRST)->function->name, "g");
	assert_int_equal(scene->emitted.last.cause, CAUSE_SCALE_OUT);
	rules_free(rules);
}

/* The function of an invocation on that port. */
static const char *served(struct scene *scene, uint64_t sandbox, uint16_t port)
{
	struct record_invocation r =
	    records_invocation(sandbox, FUNCTION_HTTP, scene->now_ms, scene->now_ms + 5);

	r.port = port;
	scene->now_ms += 5;
	assert_int_equal(records_take(scene->sandboxes, &r, RECORD_SHORT_BYTES), 0);
	return scene->emitted.last.function->name;
}

static void test_rules_go_by_the_port_of_each_invocation(void **state)
{
	struct scene *scene = *state;
	struct rules *rules =
	    ruled(scene, "functions:\n  - {match: {port: 80}, name: site}\n"
			 "  - {match: {port: 81}, name: admin}\n");
	struct record_exec exec = records_exec(7, "f", scene->now_ms);
	const struct record_ready ready = {.kind = RECORD_READY,
	    .sandbox = 7,
	    .execs = 1,
	    .ready_ns = (scene->now_ms + 1) * RECORDS_MS,
	    .process = "x",
	    .port = 80};

	assert_int_equal(records_take(scene->sandboxes, &exec, sizeof(exec)), 0);
	assert_int_equal(records_take(scene->sandboxes, &ready, sizeof(ready)), 0);
	assert_string_equal(served(scene, 7, 80), "site");
	assert_string_equal(served(scene, 7, 81), "admin");
	assert_string_equal(served(scene, 7, 82), "f");
	assert_string_equal(served(scene, 7, 0), "site");
	rules_free(rules);
}

static void test_a_sandbox_that_has_worked_keeps_its_name(void **state)
{
	struct scene *scene = *state;
	struct rules *rules =
	    ruled(scene, "functions:\n  - {match: {process: java}, name: late}\n");
	struct record_ready r = {.kind = RECORD_READY, .sandbox = 7, .process = "java"};

	begin(scene, 7, "f");
	assert_string_equal(invoke(scene, 7, 0)->function->name, "f");
	assert_int_equal(records_take(scene->sandboxes, &r, sizeof(r)), 0);
	assert_string_equal(invoke(scene, 7, 0)->function->name, "f");
	rules_free(rules);
}

static void test_other_rules_name_what_runs_anew(void **state)
{
	struct scene *scene = *state;
	struct rules *rules =
	    ruled(scene, "functions:\n  - {match: {function: hello}, name: greeter}\n");
	struct rules *others;

	told(scene, 7, "hello");
	told(scene, 8, "other");
	assert_string_equal(invoke(scene, 7, 0)->function->name, "greeter");
	others =
	    ruled(scene, "functions:\n  - {match: {function: other}, name: another}\n"
			 "  - {match: {function: hello, path: /a}, name: asker}\n");
	rules_free(rules);
	assert_string_equal(invoke(scene, 7, 0)->function->name, "hello");
	assert_string_equal(invoke(scene, 8, 0)->function->name, "another");
	assert_string_equal(asked(scene, 7, "GET /a"), "asker");
	sandboxes_set_rules(scene->sandboxes, NULL);
	assert_string_equal(invoke(scene, 8, 0)->function->name, "other");
	rules_free(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_rules_name_what_a_server_was_told_to_be),
	    TEST(test_other_rules_name_what_runs_anew),
	    TEST(test_a_rule_that_keeps_the_name_makes_no_second_sandbox),
	    TEST(test_rules_for_requests_go_by_the_name_without_rules),
	    TEST(test_rules_go_by_what_the_kernel_called_the_process),
	    TEST(test_the_same_rules_again_name_all_as_before),
	    TEST(test_other_rules_keep_the_cause_of_a_start),
	    TEST(test_rules_go_by_the_port_of_each_invocation),
	    TEST(test_a_sandbox_that_has_worked_keeps_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
