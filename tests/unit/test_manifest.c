/* Deployment manifests: what is read of each kind, and where it stands. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "manifest/manifest.h"
#include "manifest/trigger.h"

#define FOLDER "tests/manifests/"

static struct manifest load(const char *path)
{
	struct manifest manifest;
	struct manifest_error error;
	int err = manifest_load(path, &manifest, &error);

	if (err)
		fail_msg(
		    "%s:%d:%d: %s (%d)", path, error.line, error.column, error.why, err);
	return manifest;
}

static void check_setting(const struct manifest_setting *setting, enum setting_from from,
    uint64_t value, int line)
{
	assert_int_equal(setting->from, from);
	assert_int_equal(setting->value, value);
	assert_int_equal(setting->line, line);
}

static void check_text(const struct manifest *manifest,
    const struct manifest_setting *setting, const char *text)
{
	assert_int_equal(setting->bytes, strlen(text));
	assert_memory_equal(manifest->text + setting->at, text, strlen(text));
}

static void check_word(const struct manifest_word *word, const char *key, int line)
{
	assert_string_equal(word->key, key);
	assert_int_equal(word->line, line);
}

static void test_serverless_yml(void **state)
{
	struct manifest manifest = load(FOLDER "serverless.yml");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.kind, MANIFEST_SERVERLESS);
	assert_int_equal(manifest.functions_n, 3);
	assert_string_equal(f[0].name, "shop-prod-orders");
	assert_string_equal(f[0].region, "eu-west-1");
	assert_int_equal(f[0].line, 23);
	assert_int_equal(f[0].arch, ARCH_ARM64);
	check_setting(&f[0].memory_mb, SETTING_SHARED, 512, 16);
	check_setting(&f[0].timeout_ms, SETTING_SHARED, 10000, 17);
	assert_int_equal(f[0].provisioned.from, SETTING_ABSENT);
	assert_int_equal(f[0].triggers_n, 2);
	check_word(&f[0].triggers[0], "http", 26);
	check_word(&f[0].triggers[1], "sqs", 29);
	assert_string_equal(f[1].name, "shop-prod-thumb");
	check_setting(&f[1].memory_mb, SETTING_SHARED, 2048, 9);
	check_text(&manifest, &f[1].memory_mb, "2048");
	check_setting(&f[1].timeout_ms, SETTING_OWN, 60000, 34);
	check_setting(&f[1].provisioned, SETTING_OWN, 3, 36);
	assert_int_equal(f[1].arch, ARCH_X86_64);
	assert_int_equal(f[1].arch_line, 35);
	assert_int_equal(f[1].tags_n, 1);
	assert_string_equal(f[1].tags[0].value, "images");
	check_word(&f[1].triggers[1], "kinesis", 43);
	assert_string_equal(f[2].name, "*-nightly");
	check_setting(&f[2].memory_mb, SETTING_OWN, 1536, 49);
	assert_int_equal(f[2].timeout_ms.from, SETTING_UNKNOWN);
	assert_int_equal(f[2].timeout_ms.line, 50);
	check_word(&f[2].triggers[1], "alexa", 53);
	manifest_done(&manifest);
}

static void test_sam_template(void **state)
{
	struct manifest manifest = load(FOLDER "template.yaml");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.kind, MANIFEST_CLOUDFORMATION);
	assert_int_equal(manifest.functions_n, 3);
	assert_string_equal(f[0].key, "Hello");
	assert_string_equal(f[0].name, "*-Hello-*");
	check_setting(&f[0].memory_mb, SETTING_SHARED, 256, 17);
	check_setting(&f[0].timeout_ms, SETTING_SHARED, 15000, 16);
	assert_int_equal(f[0].arch, ARCH_ARM64);
	check_word(&f[0].triggers[0], "http", 33);
	check_word(&f[0].triggers[1], "schedule", 35);
	assert_string_equal(f[0].tags[0].value, "ledger");
	assert_string_equal(f[1].name, "*-report-prod");
	check_setting(&f[1].memory_mb, SETTING_SHARED, 768, 11);
	check_text(&manifest, &f[1].memory_mb, "768");
	check_setting(&f[1].timeout_ms, SETTING_OWN, 120000, 43);
	check_setting(&f[1].provisioned, SETTING_OWN, 2, 47);
	assert_int_equal(f[1].arch, ARCH_X86_64);
	assert_string_equal(f[2].name, "worker");
	check_setting(&f[2].memory_mb, SETTING_OWN, 1024, 56);
	check_text(&manifest, &f[2].memory_mb, "1024");
	check_setting(&f[2].timeout_ms, SETTING_DEFAULT, 3000, 0); /* no global is its */
	assert_int_equal(f[2].arch, ARCH_X86_64);
	assert_int_equal(f[2].tags_n, 1);
	check_setting(&f[2].provisioned, SETTING_OWN, 5, 76);
	assert_int_equal(f[2].triggers_n, 2);
	check_word(&f[2].triggers[0], "sqs", 64);
	check_word(&f[2].triggers[1], "s3", 70);
	assert_string_equal(f[2].tags[0].value, "ops");
	manifest_done(&manifest);
}

static void test_cloudformation_json(void **state)
{
	struct manifest manifest = load(FOLDER "cloudformation.json");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.functions_n, 1);
	assert_string_equal(f->name, "mailer-*");
	check_setting(&f->memory_mb, SETTING_SHARED, 320, 2);
	check_setting(&f->timeout_ms, SETTING_OWN, 30000, 9);
	assert_int_equal(f->triggers_n, 1);
	check_word(&f->triggers[0], "sns", 14);
	manifest_done(&manifest);
}

static void test_sst_state(void **state)
{
	struct manifest manifest = load(FOLDER "sst.json");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.kind, MANIFEST_SST);
	assert_true(manifest_is_generated(manifest.kind));
	assert_int_equal(manifest.functions_n, 1);
	assert_string_equal(f->name, "shop-production-ApiFunction");
	assert_string_equal(f->key, "ApiFunction");
	assert_string_equal(f->region, "us-east-1");
	check_setting(&f->memory_mb, SETTING_OWN, 1024, 14);
	check_setting(&f->timeout_ms, SETTING_OWN, 20000, 15);
	assert_int_equal(f->triggers_n, 2);
	check_word(&f->triggers[0], "http", 21);
	check_word(&f->triggers[1], "sqs", 30);
	assert_int_equal(f->tags_n, 2);
	manifest_done(&manifest);
}

static void test_terraform_plan(void **state)
{
	struct manifest manifest = load(FOLDER "plan.json");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.kind, MANIFEST_TERRAFORM);
	assert_int_equal(manifest.functions_n, 5);
	assert_string_equal(f[0].name, "api");
	check_setting(&f[0].memory_mb, SETTING_OWN, 256, 14);
	check_setting(&f[0].timeout_ms, SETTING_OWN, 29000, 15);
	check_setting(&f[0].provisioned, SETTING_OWN, 4, 28);
	check_word(&f[0].triggers[0], "http", 23);
	assert_int_equal(f[1].platform, PLATFORM_AZURE_FUNCTIONS);
	check_setting(&f[1].memory_mb, SETTING_OWN, 2048, 33);
	check_setting(&f[1].provisioned, SETTING_OWN, 1, 33);
	assert_string_equal(
	    f[2].key, "module.gcp.google_cloudfunctions2_function.resize");
	check_setting(&f[2].memory_mb, SETTING_OWN, 512, 47);
	check_word(&f[2].triggers[0], "pubsub", 46);
	assert_string_equal(f[3].name, "old");
	check_setting(&f[3].memory_mb, SETTING_OWN, 128, 53);
	check_setting(&f[3].timeout_ms, SETTING_DEFAULT, 60000, 0);
	check_word(&f[3].triggers[0], "pubsub", 53);
	assert_string_equal(f[4].name, "web");
	check_setting(&f[4].memory_mb, SETTING_OWN, 1024, 61);
	check_setting(&f[4].timeout_ms, SETTING_OWN, 300000, 60);
	check_setting(&f[4].provisioned, SETTING_OWN, 2, 60);
	manifest_done(&manifest);
}

static void test_knative_service(void **state)
{
	struct manifest manifest = load(FOLDER "knative.yaml");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.kind, MANIFEST_KNATIVE);
	assert_int_equal(manifest.functions_n, 1);
	assert_string_equal(f->name, "hello");
	check_setting(&f->memory_mb, SETTING_OWN, 256, 21);
	check_text(&manifest, &f->memory_mb, "256Mi");
	check_setting(&f->timeout_ms, SETTING_OWN, 30000, 14);
	check_setting(&f->provisioned, SETTING_OWN, 2, 12);
	assert_int_equal(f->arch, ARCH_ARM64);
	check_word(&f->triggers[1], "trigger", 24);
	manifest_done(&manifest);
}

static void test_openfaas_stack(void **state)
{
	struct manifest manifest = load(FOLDER "stack.yaml");
	const struct manifest_function *f = manifest.functions;

	(void)state;
	assert_int_equal(manifest.kind, MANIFEST_OPENFAAS);
	assert_int_equal(manifest.functions_n, 2);
	assert_string_equal(f[0].name, "resize");
	check_setting(&f[0].memory_mb, SETTING_OWN, 128, 9);
	check_setting(&f[0].timeout_ms, SETTING_OWN, 90000, 16);
	check_setting(&f[0].provisioned, SETTING_OWN, 2, 19);
	check_setting(&f[1].memory_mb, SETTING_OWN, 128, 9);
	check_word(&f[1].triggers[1], "schedule", 25);
	manifest_done(&manifest);
}

static void check_broken(const char *path, int line, const char *why)
{
	struct manifest manifest;
	struct manifest_error error;

	assert_int_equal(manifest_load(path, &manifest, &error), -EBADMSG);
	assert_int_equal(error.line, line);
	if (!strstr(error.why, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", path, error.why, why);
}

static void test_a_broken_file_gives_line_and_reason(void **state)
{
	(void)state;
	check_broken(FOLDER "broken/flow.yml", 5, "flow mapping");
	check_broken(FOLDER "broken/duplicate.yml", 7, "duplicate key");
	check_broken(FOLDER "broken/plan.json", 4, "");
	check_broken(FOLDER "broken/anchor.yml", 4, "names nothing");
}

static void test_aliases_that_stand_for_too_much_are_refused(void **state)
{
	(void)state;
	check_broken(FOLDER "broken/laughs.yml", 8, "1000000 values");
	check_broken(FOLDER "broken/itself.yml", 5, "inside what it names");
}

static void test_other_files_are_no_manifests(void **state)
{
	struct manifest manifest;
	struct manifest_error error;

	(void)state;
	assert_int_equal(
	    manifest_load(FOLDER "broken/other.yml", &manifest, &error), -EMEDIUMTYPE);
	assert_int_equal(manifest_parse("", 0, &manifest, &error), -EMEDIUMTYPE);
	assert_int_equal(manifest_parse("# x\n", 4, &manifest, &error), -EMEDIUMTYPE);
	assert_int_equal(manifest_load(FOLDER "none.yml", &manifest, &error), -ENOENT);
	assert_int_equal(manifest_load(FOLDER, &manifest, &error), -EISDIR);
}

static void test_hostile_bytes_and_depths_are_refused(void **state)
{
	static const char binary[] = "provider: %\xff\n";
	struct manifest manifest;
	struct manifest_error error;
	char deep[4000];

	(void)state;
	assert_int_equal(
	    manifest_parse(binary, sizeof(binary) - 1, &manifest, &error), -EBADMSG);
	assert_int_equal(error.line, 1);
	assert_int_equal(error.column, 12);
	memset(deep, '[', sizeof(deep));
	for (size_t i = 0; i < 10; i++)
		deep[i] = "provider: "[i];
	assert_int_equal(manifest_parse(deep, sizeof(deep), &manifest, &error), -EBADMSG);
	assert_non_null(strstr(error.why, "depth"));
}

static void test_more_functions_than_the_limit_are_refused(void **state)
{
	static const char head[] = "service: s\nprovider: {name: aws}\nfunctions:\n";
	struct manifest manifest;
	struct manifest_error error;
	char *text = malloc(64UL * 1100);
	size_t n = sizeof(head) - 1;

	(void)state;
	assert_non_null(text);
	memcpy(text, head, n);
	for (int i = 0; i <= MANIFEST_MAX_FUNCTIONS; i++)
		n += (size_t)snprintf(text + n, 64, "  f%d: {handler: a}\n", i);
	assert_int_equal(manifest_parse(text, n, &manifest, &error), -EBADMSG);
	assert_int_equal(error.line, 4 + MANIFEST_MAX_FUNCTIONS);
	free(text);
}

static double cpu_s(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Counting to each of them from the first took 15 seconds. */
static void test_a_plan_of_very_many_resources_is_read_from_end_to_end_once(void **state)
{
	static const char head[] = "{\"format_version\":\"1\",\"planned_values\":{\"root_"
				   "module\":{\"resources\":[";
	const size_t n = 30000;
	char *text = malloc(sizeof(head) + n * 32 + 8);
	char *at = text + sprintf(text, "%s", head);
	struct manifest manifest;
	struct manifest_error error;
	double began_s = cpu_s();

	(void)state;
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%s{\"type\":\"x\",\"values\":{}}", i ? "," : "");
	at += sprintf(at, "]}}}");
	assert_int_equal(manifest_parse(text, (size_t)(at - text), &manifest, &error), 0);
	assert_int_equal(manifest.functions_n, 0);
	assert_true(cpu_s() - began_s < 5);
	manifest_done(&manifest);
	free(text);
}

static void test_a_measured_function_is_found_by_its_name(void **state)
{
	struct manifest_function f = {.platform = PLATFORM_AWS_LAMBDA};

	(void)state;
	(void)strcpy(f.name, "*-Hello-*");
	(void)strcpy(f.key, "Hello");
	assert_true(manifest_is_of(&f, "shop-Hello-1ABC", PLATFORM_AWS_LAMBDA));
	assert_true(manifest_is_of(&f, "Hello", PLATFORM_AWS_LAMBDA));
	assert_false(manifest_is_of(&f, "Hello", PLATFORM_OPENFAAS));
	assert_false(manifest_is_of(&f, "shop-Hello", PLATFORM_AWS_LAMBDA));
	(void)strcpy(f.name, "shop-prod-orders");
	(void)strcpy(f.key, "orders");
	assert_true(manifest_is_of(&f, "shop-prod-orders", PLATFORM_GENERIC));
	assert_false(manifest_is_of(&f, "orders", PLATFORM_AWS_LAMBDA));
	(void)strcpy(f.name, "*-*");
	assert_false(manifest_is_of(&f, "a-b", PLATFORM_AWS_LAMBDA));
}

static void test_triggers_have_one_word_in_every_tool(void **state)
{
	char word[64];

	(void)state;
	trigger_word("HttpApi", word, sizeof(word));
	assert_string_equal(word, "http");
	trigger_word("arn:aws:dynamodb:eu-west-1:1:table/a/stream/b", word, sizeof(word));
	assert_string_equal(word, "dynamodb");
	trigger_word("events.amazonaws.com", word, sizeof(word));
	assert_string_equal(word, "eventbridge");
	trigger_word("google.cloud.storage.object.v1.finalized", word, sizeof(word));
	assert_string_equal(word, "storage");
	assert_string_equal(trigger_service("sqs"), "Amazon SQS");
	assert_null(trigger_service("http"));
	assert_null(trigger_service("kafka"));
}

static void test_functions_may_be_a_list_and_merge_what_others_set(void **state)
{
	static const char text[] =
	    "service: {name: shop}\n"
	    "provider: {name: aws, stage: \"${opt:stage, 'qa'}\"}\n"
	    "x: &base {memorySize: 300, <<: {timeout: 7}}\n"
	    "functions:\n"
	    "  - ${file(more.yml)}\n"
	    "  - a: {<<: *base}\n"
	    "    b: {<<: [*base], memorySize: 400}\n"
	    "    c: *base\n";
	struct manifest manifest;
	struct manifest_error error;

	(void)state;
	assert_int_equal(manifest_parse(text, sizeof(text) - 1, &manifest, &error), 0);
	assert_int_equal(manifest.functions_n, 3);
	assert_string_equal(manifest.functions[0].name, "shop-qa-a");
	check_setting(&manifest.functions[0].memory_mb, SETTING_OWN, 300, 3);
	check_setting(&manifest.functions[0].timeout_ms, SETTING_OWN, 7000, 3);
	check_setting(&manifest.functions[1].memory_mb, SETTING_OWN, 400, 7);
	check_setting(&manifest.functions[1].timeout_ms, SETTING_OWN, 7000, 3);
	check_setting(&manifest.functions[2].memory_mb, SETTING_OWN, 300, 3);
	manifest_done(&manifest);
}

static void test_variables_that_turn_in_circles_end(void **state)
{
	static const char text[] =
	    "service: shop\nprovider: {name: aws, memorySize: \"${self:custom.a}\", "
	    "timeout: 2.5}\n"
	    "custom: {a: \"${self:custom.b}\", b: \"${self:custom.a}\"}\n"
	    "functions: {f: {name: \"x-${self:custom.a}\"}}\n";
	struct manifest manifest;
	struct manifest_error error;

	(void)state;
	assert_int_equal(manifest_parse(text, sizeof(text) - 1, &manifest, &error), 0);
	assert_string_equal(manifest.functions[0].name, "x-*");
	assert_int_equal(manifest.functions[0].memory_mb.from, SETTING_UNKNOWN);
	assert_null(manifest.functions[0].memory_mb.why);
	/* that is for a deployment to tell; this is wrong wherever it is deployed */
	assert_int_equal(manifest.functions[0].timeout_ms.from, SETTING_UNKNOWN);
	assert_string_equal(
	    manifest.functions[0].timeout_ms.why, "must be a whole number");
	manifest_done(&manifest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_serverless_yml),
	    cmocka_unit_test(test_sam_template),
	    cmocka_unit_test(test_cloudformation_json),
	    cmocka_unit_test(test_sst_state),
	    cmocka_unit_test(test_terraform_plan),
	    cmocka_unit_test(test_knative_service),
	    cmocka_unit_test(test_openfaas_stack),
	    cmocka_unit_test(test_functions_may_be_a_list_and_merge_what_others_set),
	    cmocka_unit_test(test_variables_that_turn_in_circles_end),
	    cmocka_unit_test(test_a_broken_file_gives_line_and_reason),
	    cmocka_unit_test(test_aliases_that_stand_for_too_much_are_refused),
	    cmocka_unit_test(test_other_files_are_no_manifests),
	    cmocka_unit_test(test_hostile_bytes_and_depths_are_refused),
	    cmocka_unit_test(test_more_functions_than_the_limit_are_refused),
	    cmocka_unit_test(
		test_a_plan_of_very_many_resources_is_read_from_end_to_end_once),
	    cmocka_unit_test(test_a_measured_function_is_found_by_its_name),
	    cmocka_unit_test(test_triggers_have_one_word_in_every_tool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
