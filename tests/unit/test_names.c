/* Which function a process is: from its variables, whatever they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "agent/names.h"
#include "base/text.h"
#include "tests/unit/guard_page.h"
#include "tests/unit/random.h"

static const char face[4] = {'\xf0', '\x9f', '\x98', '\x80'}; /* one character */

static void set(struct record_exec *exec, enum record_variable v, const char *s)
{
	(void)snprintf(exec->value[v], RECORD_VALUE_BYTES, "%s", s);
	exec->present |= 1U << v;
}

/* A string literal's NUL ends its last variable. */
#define READ(exec, block) names_read_environment(block, sizeof(block), exec)

/* --- which name ------------------------------------------------------------------- */

static const struct {
	enum record_variable variable;
	enum platform platform;
} precedence[] = {
    {VARIABLE_FUNCTION, PLATFORM_GENERIC},
    {VARIABLE_LAMBDA_NAME, PLATFORM_AWS_LAMBDA},
    {VARIABLE_K_SERVICE, PLATFORM_KNATIVE},
    {VARIABLE_FUNCTION_TARGET, PLATFORM_GCP_FUNCTIONS},
    {VARIABLE_AZURE_SITE, PLATFORM_AZURE_FUNCTIONS},
    {VARIABLE_OPENFAAS, PLATFORM_OPENFAAS},
    {VARIABLE_OPENWHISK, PLATFORM_OPENWHISK},
    {VARIABLE_NUCLIO, PLATFORM_NUCLIO},
    {VARIABLE_AZURE_WORKER, PLATFORM_AZURE_FUNCTIONS},
    {VARIABLE_FPROCESS, PLATFORM_OPENFAAS},
};

static void test_the_first_variable_of_the_order_names_the_function(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	for (size_t i = sizeof(precedence) / sizeof(precedence[0]); i-- > 0;) {
		char name[16];

		(void)snprintf(name, sizeof(name), "name-%zu", i);
		set(&exec, precedence[i].variable, name);
		names_function(&exec, &function);
		assert_string_equal(function.name, name);
		assert_int_equal(function.platform, precedence[i].platform);
		if (i > 0) /* the kernel goes by the index */
			assert_true(precedence[i - 1].variable < precedence[i].variable);
	}
}

static void test_an_empty_name_gives_way_to_the_next(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	set(&exec, VARIABLE_FUNCTION, "");
	set(&exec, VARIABLE_LAMBDA_NAME, "hello");
	names_function(&exec, &function);
	assert_string_equal(function.name, "hello");
	assert_int_equal(function.platform, PLATFORM_AWS_LAMBDA);
}

static void test_a_value_that_is_not_present_is_not_read(void **state)
{
	struct record_exec exec;
	struct function function;

	(void)state;
	memset(&exec, 'x', sizeof(exec));
	exec.present = 0;
	names_function(&exec, &function);
	assert_string_equal(function.name, "unnamed");
	assert_int_equal(function.platform, PLATFORM_GENERIC);
	assert_string_equal(function.version, "");
	assert_string_equal(function.region, "");
	assert_int_equal(function.memory_limit_mb, 0);
}

static void test_a_runtime_api_alone_is_an_unnamed_lambda(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	set(&exec, VARIABLE_LAMBDA_API, "127.0.0.1:9001");
	names_function(&exec, &function);
	assert_string_equal(function.name, "unnamed");
	assert_int_equal(function.platform, PLATFORM_AWS_LAMBDA);
}

static void test_a_mark_alone_tells_the_platform(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	set(&exec, VARIABLE_OPENWHISK_API, "https://openwhisk");
	names_function(&exec, &function);
	assert_string_equal(function.name, "unnamed");
	assert_int_equal(function.platform, PLATFORM_OPENWHISK);
	exec.present = 0;
	set(&exec, VARIABLE_AZURE_HANDLER, "41001");
	names_function(&exec, &function);
	assert_int_equal(function.platform, PLATFORM_AZURE_FUNCTIONS);
}

static void test_what_runs_a_function_that_the_user_named_is_still_seen(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	set(&exec, VARIABLE_FUNCTION, "mine");
	set(&exec, VARIABLE_LAMBDA_NAME, "theirs");
	set(&exec, VARIABLE_LAMBDA_VERSION, "7");
	set(&exec, VARIABLE_LAMBDA_API, "127.0.0.1:9001");
	names_function(&exec, &function);
	assert_string_equal(function.name, "mine");
	assert_int_equal(function.platform, PLATFORM_AWS_LAMBDA);
	assert_string_equal(function.version, "7");
}

static void test_a_version_is_that_of_the_platform(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	set(&exec, VARIABLE_K_REVISION, "api-00002");
	set(&exec, VARIABLE_LAMBDA_VERSION, "$LATEST");
	set(&exec, VARIABLE_K_SERVICE, "api");
	names_function(&exec, &function);
	assert_string_equal(function.version, "api-00002");
	set(&exec, VARIABLE_LAMBDA_NAME, "api");
	names_function(&exec, &function);
	assert_string_equal(function.version, "$LATEST");
}

static void test_the_architecture_is_this_machines(void **state)
{
	struct record_exec exec = {0};
	struct function function;
	struct utsname here;

	(void)state;
	assert_int_equal(uname(&here), 0);
	names_function(&exec, &function);
	assert_int_equal(function.arch, arch_find(here.machine));
}

/* --- hostile values --------------------------------------------------------------- */

static void test_control_characters_and_bad_utf8_are_made_printable(void **state)
{
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	set(&exec, VARIABLE_FUNCTION, "a\x1b[31mb\nc\xff\xc3");
	set(&exec, VARIABLE_K_REVISION, "1\r2");
	set(&exec, VARIABLE_AWS_REGION, "eu\x7f-\xe2\x80\xae");
	names_function(&exec, &function);
	assert_string_equal(function.name, "a?[31mb?c??");
	assert_string_equal(function.version, "1?2");
	assert_string_equal(function.region, "eu?-???");
}

static void test_a_long_value_is_cut_between_characters(void **state)
{
	struct record_exec exec = {0};
	struct function function;
	char *name = exec.value[VARIABLE_FUNCTION];

	(void)state;
	exec.present = 1U << VARIABLE_FUNCTION | 1U << VARIABLE_AWS_REGION;
	/* 158 bytes, and the first of two: as the kernel leaves what it cut */
	memset(name, 'n', 158);
	name[158] = '\xc3';
	memset(exec.value[VARIABLE_AWS_REGION], 'r', RECORD_VALUE_BYTES - 1);
	names_function(&exec, &function);
	assert_int_equal(strlen(function.name), 158);
	assert_null(strchr(function.name, '?'));
	assert_int_equal(strlen(function.region), FUNCTION_REGION_BYTES - 1);
	/* a whole character at the end stays */
	memcpy(name + 155, face, sizeof(face));
	names_function(&exec, &function);
	assert_int_equal(strlen(function.name), 159);
	assert_memory_equal(function.name + 155, face, sizeof(face));
}

static void test_a_function_has_one_name_whether_the_kernel_or_proc_was_read(void **state)
{
	struct record_exec from_kernel = {.present = 1U << VARIABLE_FUNCTION};
	struct record_exec from_proc = {0};
	struct function a;
	struct function b;

	(void)state;
	for (size_t pad = 0; pad < 4; pad++) {
		char block[512] = "COLDMETER_FUNCTION=";
		char *value = block + strlen(block);

		memset(value, 'p', pad);
		for (size_t i = pad; i < 200; i += 4)
			memcpy(value + i, face, sizeof(face));
		memcpy(
		    from_kernel.value[VARIABLE_FUNCTION], value, RECORD_VALUE_BYTES - 1);
		names_read_environment(block, strlen(block) + 1, &from_proc);
		names_function(&from_kernel, &a);
		names_function(&from_proc, &b);
		assert_string_equal(a.name, b.name);
		assert_null(strchr(a.name, '?'));
	}
}

static void test_a_value_without_its_end_is_bounded(void **state)
{
	struct record_exec exec;
	struct function function;

	(void)state;
	memset(&exec, '1', sizeof(exec));
	exec.present = ~0U;
	names_function(&exec, &function);
	assert_int_equal(strlen(function.name), FUNCTION_NAME_BYTES - 1);
	assert_int_equal(strlen(function.version), FUNCTION_VERSION_BYTES - 1);
	assert_int_equal(strlen(function.region), FUNCTION_REGION_BYTES - 1);
	assert_int_equal(function.memory_limit_mb, 0);
}

static void test_a_memory_size_is_digits_or_unknown(void **state)
{
	static const struct {
		const char *text;
		uint32_t mb;
	} sizes[] = {{"128", 128}, {"10240", 10240}, {"1", 1}, {"1048576", 1048576},
	    {"0128", 128}, {"0", 0}, {"", 0}, {"-128", 0}, {"+128", 0}, {" 128", 0},
	    {"128 ", 0}, {"128MB", 0}, {"0x80", 0}, {"1e3", 0}, {"1048577", 0},
	    {"4294967424", 0}, {"18446744073709551744", 0},
	    {"99999999999999999999999999", 0}, {"nan", 0}, {"\xff", 0}};
	struct record_exec exec = {0};
	struct function function;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		set(&exec, VARIABLE_LAMBDA_MEMORY, sizes[i].text);
		names_function(&exec, &function);
		if (function.memory_limit_mb != sizes[i].mb)
			fail_msg("%s: %u", sizes[i].text, function.memory_limit_mb);
	}
}

static void test_any_bytes_give_a_function_that_is_safe_to_show(void **state)
{
	uint64_t random = 7;
	struct function function;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct record_exec exec;
		unsigned char *at = (unsigned char *)&exec;
		char again[FUNCTION_NAME_BYTES];

		for (size_t b = 0; b < sizeof(exec); b++)
			at[b] = (unsigned char)random_next(&random);
		names_function(&exec, &function);
		assert_true(function.name[0] != '\0');
		(void)text_copy(again, sizeof(again), function.name);
		text_make_printable(again);
		assert_string_equal(again, function.name);
		assert_true(function.platform < PLATFORM_COUNT);
	}
}

/* --- environment blocks ----------------------------------------------------------- */

static void test_an_environment_gives_up_its_variables(void **state)
{
	struct record_exec exec = {.present = ~0U};
	struct function function;

	(void)state;
	READ(&exec, "PATH=/bin\0AWS_LAMBDA_FUNCTION_NAME=hello\0"
		    "AWS_LAMBDA_FUNCTION_VERSION=$LATEST\0"
		    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256\0AWS_REGION=eu-west-3\0"
		    "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001");
	assert_true(names_is_function(&exec));
	names_function(&exec, &function);
	assert_string_equal(function.name, "hello");
	assert_string_equal(function.version, "$LATEST");
	assert_string_equal(function.region, "eu-west-3");
	assert_int_equal(function.memory_limit_mb, 256);
	assert_int_equal(function.platform, PLATFORM_AWS_LAMBDA);
}

static void test_every_variable_is_found_by_its_whole_name(void **state)
{
	(void)state;
	for (int v = 0; v < RECORD_VARIABLES; v++) {
		struct record_exec exec = {0};
		char block[128];
		int n = snprintf(block, sizeof(block), "X%s=no%c%s=yes%c%sX=no",
		    names_variables[v], 0, names_variables[v], 0, names_variables[v]);

		names_read_environment(block, (size_t)n + 1, &exec);
		assert_int_equal(exec.present, 1U << v);
		assert_string_equal(exec.value[v], "yes");
	}
}

static void test_an_entry_without_an_equals_sign_is_nothing(void **state)
{
	struct record_exec exec = {0};

	(void)state;
	READ(&exec, "COLDMETER_FUNCTION\0K_SERVICE\0=\0\0==\0=COLDMETER_FUNCTION=x");
	assert_int_equal(exec.present, 0);
	assert_false(names_is_function(&exec));
}

static void test_the_last_of_two_counts_as_in_the_kernel(void **state)
{
	struct record_exec exec = {0};

	(void)state;
	READ(&exec, "COLDMETER_FUNCTION=first-and-longer\0COLDMETER_FUNCTION=second");
	assert_string_equal(exec.value[VARIABLE_FUNCTION], "second");
}

static void test_a_value_may_hold_equals_signs_and_be_empty(void **state)
{
	struct record_exec exec = {0};

	(void)state;
	READ(&exec, "COLDMETER_FUNCTION=a=b=\0K_SERVICE=");
	assert_string_equal(exec.value[VARIABLE_FUNCTION], "a=b=");
	assert_string_equal(exec.value[VARIABLE_K_SERVICE], "");
	assert_int_equal(
	    exec.present, 1U << VARIABLE_FUNCTION | 1U << VARIABLE_K_SERVICE);
}

static void test_a_block_may_end_anywhere(void **state)
{
	static const char block[] =
	    "A=1\0COLDMETER_FUNCTION=hello\0AWS_REGION=eu-west-3\0K_SERVICE=api";
	struct guard_page page;

	(void)state;
	guard_page_init(&page, sizeof(block));
	/* at every length, in front of an unmapped page: no byte beyond is read */
	for (size_t n = 0; n <= sizeof(block); n++) {
		struct record_exec exec = {0};
		const char *at = (const char *)guard_page_copy(&page, block, n);

		names_read_environment(at, n, &exec);
		if (n < sizeof("A=1\0COLDMETER_FUNCTION=") - 1)
			assert_int_equal(exec.present, 0);
		else
			assert_true(names_is_function(&exec));
		if (n >= sizeof("A=1\0COLDMETER_FUNCTION=hello") - 1)
			assert_string_equal(exec.value[VARIABLE_FUNCTION], "hello");
	}
	guard_page_done(&page);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_a_container_is_known_by_the_name_of_its_cgroup(void **state)
{
	static const char *const names[] = {
	    ID, "docker-" ID ".scope", "cri-containerd-" ID ".scope", "libpod-" ID};
	static const char *const others[] = {"", "hello", "session-3.scope",
	    "0123456789abcdef", "docker-0123456789ABCDEF.scope"};
	char id[NAMES_CONTAINER_BYTES] = "unchanged";

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(names_container(others[i], RECORD_CGROUP_BYTES, id));
	assert_string_equal(id, "unchanged");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		id[0] = '\0';
		assert_true(names_container(names[i], RECORD_CGROUP_BYTES, id));
		assert_string_equal(id, ID);
		assert_false(names_container(names[i], 63, id)); /* cut off */
	}
}

static void test_only_what_names_a_function_makes_one(void **state)
{
	(void)state;
	for (int v = 0; v < RECORD_VARIABLES; v++) {
		struct record_exec exec = {.present = 1U << v};
		int is_function = v == VARIABLE_LAMBDA_API ||
				  v == VARIABLE_OPENWHISK_API ||
				  v == VARIABLE_AZURE_HANDLER;

		for (size_t i = 0; i < sizeof(precedence) / sizeof(precedence[0]); i++)
			is_function |= precedence[i].variable == (unsigned int)v &&
				       v != VARIABLE_LAMBDA_NAME;
		/* AWS_LAMBDA_FUNCTION_NAME is also set by tools that only call one */
		assert_int_equal(names_is_function(&exec), is_function);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_first_variable_of_the_order_names_the_function),
	    cmocka_unit_test(test_an_empty_name_gives_way_to_the_next),
	    cmocka_unit_test(test_a_value_that_is_not_present_is_not_read),
	    cmocka_unit_test(test_a_runtime_api_alone_is_an_unnamed_lambda),
	    cmocka_unit_test(test_a_mark_alone_tells_the_platform),
	    cmocka_unit_test(test_what_runs_a_function_that_the_user_named_is_still_seen),
	    cmocka_unit_test(test_a_version_is_that_of_the_platform),
	    cmocka_unit_test(test_the_architecture_is_this_machines),
	    cmocka_unit_test(test_control_characters_and_bad_utf8_are_made_printable),
	    cmocka_unit_test(test_a_long_value_is_cut_between_characters),
	    cmocka_unit_test(
		test_a_function_has_one_name_whether_the_kernel_or_proc_was_read),
	    cmocka_unit_test(test_a_value_without_its_end_is_bounded),
	    cmocka_unit_test(test_a_memory_size_is_digits_or_unknown),
	    cmocka_unit_test(test_any_bytes_give_a_function_that_is_safe_to_show),
	    cmocka_unit_test(test_an_environment_gives_up_its_variables),
	    cmocka_unit_test(test_every_variable_is_found_by_its_whole_name),
	    cmocka_unit_test(test_an_entry_without_an_equals_sign_is_nothing),
	    cmocka_unit_test(test_the_last_of_two_counts_as_in_the_kernel),
	    cmocka_unit_test(test_a_value_may_hold_equals_signs_and_be_empty),
	    cmocka_unit_test(test_a_block_may_end_anywhere),
	    cmocka_unit_test(test_a_container_is_known_by_the_name_of_its_cgroup),
	    cmocka_unit_test(test_only_what_names_a_function_makes_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
