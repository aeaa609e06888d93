/* A unified diff changes the figures that it is asked for, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "manifest/patch.h"
#include "tests/unit/apply_patch.h"

static const char stack[] = "provider: {name: openfaas} # here\n"
			    "functions:\n"
			    "  a:\n"
			    "    limits:\n"
			    "      memory: 128Mi   # tight\n"
			    "    lang: go\n"
			    "  b:\n"
			    "    limits: {cpu: 1, memory: \"64m\"}\r\n"
			    "    lang: go\n"
			    "    x: 1\n"
			    "    y: 1\n"
			    "    z: 1\n"
			    "    u: 1\n"
			    "    v: 1\n"
			    "    w: 1\n"
			    "  c:\n"
			    "    limits: {memory: 1Gi}";

static char *diff_at(
    const char *path, const char *text, const uint64_t *memory_mb, size_t n)
{
	struct manifest manifest;
	struct manifest_error error;
	struct patch_edit edits[8];
	struct buffer out = {0};
	size_t edits_n = 0;

	assert_int_equal(manifest_parse(text, strlen(text), &manifest, &error), 0);
	assert_true(manifest.functions_n >= n);
	for (size_t i = 0; i < n; i++)
		if (memory_mb[i] && patch_memory(&manifest.functions[i].memory_mb,
					memory_mb[i], &edits[edits_n]))
			edits_n++;
	patch_put(&out, path, &manifest, edits, edits_n);
	buffer_put(&out, "", 1);
	assert_false(out.failed);
	manifest_done(&manifest);
	return (char *)out.at;
}

static char *diff_of(const char *text, const uint64_t *memory_mb, size_t n)
{
	return diff_at("/srv/stack.yaml", text, memory_mb, n);
}

static void check_diff(const uint64_t *memory_mb, size_t n, const char *expected)
{
	char *diff = diff_of(stack, memory_mb, n);

	assert_string_equal(diff, expected);
	free(diff);
}

static void test_patch_keeps_comments_and_order(void **state)
{
	const uint64_t sizes[] = {192};

	(void)state;
	check_diff(sizes, 1,
	    "--- a/srv/stack.yaml\n"
	    "+++ b/srv/stack.yaml\n"
	    "@@ -2,7 +2,7 @@\n"
	    " functions:\n"
	    "   a:\n"
	    "     limits:\n"
	    "-      memory: 128Mi   # tight\n"
	    "+      memory: 192Mi   # tight\n"
	    "     lang: go\n"
	    "   b:\n"
	    "     limits: {cpu: 1, memory: \"64m\"}\r\n");
}

static void test_patch_joins_changes_that_are_near_and_parts_those_that_are_not(
    void **state)
{
	const uint64_t sizes[] = {192, 96, 320};

	(void)state;
	check_diff(sizes, 3,
	    "--- a/srv/stack.yaml\n"
	    "+++ b/srv/stack.yaml\n"
	    "@@ -2,10 +2,10 @@\n"
	    " functions:\n"
	    "   a:\n"
	    "     limits:\n"
	    "-      memory: 128Mi   # tight\n"
	    "+      memory: 192Mi   # tight\n"
	    "     lang: go\n"
	    "   b:\n"
	    "-    limits: {cpu: 1, memory: \"64m\"}\r\n"
	    "+    limits: {cpu: 1, memory: \"96Mi\"}\r\n"
	    "     lang: go\n"
	    "     x: 1\n"
	    "     y: 1\n"
	    "@@ -14,4 +14,4 @@\n"
	    "     v: 1\n"
	    "     w: 1\n"
	    "   c:\n"
	    "-    limits: {memory: 1Gi}\n"
	    "\\ No newline at end of file\n"
	    "+    limits: {memory: 320Mi}\n"
	    "\\ No newline at end of file\n");
}

/* `git apply` refuses "a/./stack.yaml". */
static void test_patch_names_a_file_as_git_and_patch_do(void **state)
{
	static const char *const paths[] = {
	    "stack.yaml", "./stack.yaml", ".//./stack.yaml", "//stack.yaml"};
	const uint64_t sizes[] = {192};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char *diff = diff_at(paths[i], stack, sizes, 1);

		assert_ptr_equal(
		    strstr(diff, "--- a/stack.yaml\n+++ b/stack.yaml\n@@"), diff);
		free(diff);
	}
}

static void test_patch_of_what_stands_there_already_is_empty(void **state)
{
	const uint64_t sizes[] = {128};

	(void)state;
	check_diff(sizes, 1, "");
}

static void test_patch_changes_a_shared_place_once(void **state)
{
	static const char text[] =
	    "service: s\nprovider:\n  name: aws\n  memorySize: 512\n"
	    "functions:\n  a: {}\n  b: {}\n";
	const uint64_t sizes[] = {640, 640};
	char *diff = diff_of(text, sizes, 2);

	(void)state;
	assert_non_null(strstr(diff, "-  memorySize: 512\n+  memorySize: 640\n"));
	assert_null(strstr(strstr(diff, "+  memorySize") + 1, "+  memorySize"));
	free(diff);
}

static void test_patch_applied_is_the_text_with_the_figures_in_it(void **state)
{
	const uint64_t sizes[] = {192, 96, 320};
	char *diff = diff_of(stack, sizes, 3);
	struct buffer out = {0};

	(void)state;
	assert_true(apply_patch(stack, diff, &out));
	buffer_put(&out, "", 1);
	assert_non_null(strstr((const char *)out.at, "memory: 192Mi   # tight\n"));
	assert_non_null(strstr((const char *)out.at, "memory: \"96Mi\"}\r\n"));
	assert_non_null(strstr((const char *)out.at, "    limits: {memory: 320Mi}"));
	assert_int_equal(
	    out.n - 1, strlen(stack) + 1 + 2); /* 64m to 96Mi, 1Gi to 320Mi */
	assert_false(apply_patch("functions: {}\n", diff, &out));
	buffer_done(&out);
	free(diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_patch_keeps_comments_and_order),
	    cmocka_unit_test(
		test_patch_joins_changes_that_are_near_and_parts_those_that_are_not),
	    cmocka_unit_test(test_patch_names_a_file_as_git_and_patch_do),
	    cmocka_unit_test(test_patch_of_what_stands_there_already_is_empty),
	    cmocka_unit_test(test_patch_applied_is_the_text_with_the_figures_in_it),
	    cmocka_unit_test(test_patch_changes_a_shared_place_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
