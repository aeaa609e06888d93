/* What makes a function the same one, here and on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "model/function.h"

static void test_every_platform_has_a_name_that_finds_it(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PLATFORM_COUNT; i++) {
		assert_non_null(platform_name(i));
		assert_int_equal(platform_find(platform_name(i)), i);
	}
	assert_string_equal(platform_name(PLATFORM_AWS_LAMBDA), "aws-lambda");
	assert_int_equal(platform_find("AWS-Lambda"), PLATFORM_UNKNOWN);
	assert_int_equal(platform_find(""), PLATFORM_UNKNOWN);
	assert_string_equal(platform_name(PLATFORM_COUNT), "unknown");
}

static void test_an_arch_goes_by_several_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARCH_COUNT; i++)
		assert_int_equal(arch_find(arch_name(i)), i);
	assert_string_equal(arch_name(ARCH_X86_64), "x86_64");
	assert_string_equal(arch_name(ARCH_ARM64), "arm64");
	assert_int_equal(arch_find("aarch64"), ARCH_ARM64);
	assert_int_equal(arch_find("amd64"), ARCH_X86_64);
	assert_int_equal(arch_find("x86"), ARCH_X86_64);
	assert_int_equal(arch_find("riscv64"), ARCH_UNKNOWN);
	assert_string_equal(arch_name(ARCH_COUNT), "unknown");
}

static struct function make(enum platform platform, const char *name, const char *version)
{
	struct function f = {.platform = platform};

	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	(void)snprintf(f.version, sizeof(f.version), "%s", version);
	return f;
}

static void test_platform_name_and_version_are_the_identity_and_set_up_is_not(
    void **state)
{
	struct function a = make(PLATFORM_AWS_LAMBDA, "hello", "1");
	struct function other_size = a;
	struct function others[] = {
	    make(PLATFORM_KNATIVE, "hello", "1"),
	    make(PLATFORM_AWS_LAMBDA, "hallo", "1"),
	    make(PLATFORM_AWS_LAMBDA, "hello", "2"),
	    make(PLATFORM_AWS_LAMBDA, "hello1", ""),
	};

	(void)state;
	other_size.memory_limit_mb = 512;
	other_size.arch = ARCH_ARM64;
	(void)snprintf(other_size.region, sizeof(other_size.region), "eu-west-1");
	assert_true(function_is_same(&a, &other_size));
	assert_true(function_hash(&a) == function_hash(&other_size));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(function_is_same(&a, &others[i]));
		assert_true(function_hash(&a) != function_hash(&others[i]));
	}
}

static void test_bytes_behind_the_end_of_a_name_do_not_matter(void **state)
{
	struct function a = make(PLATFORM_GENERIC, "hello", "");
	struct function b = a;

	(void)state;
	memset(b.name + 6, 'x', 20);
	assert_true(function_is_same(&a, &b));
	assert_true(function_hash(&a) == function_hash(&b));
}

/* Stores may keep hashes: changing these figures breaks them. */
static void test_the_hash_is_the_same_for_ever(void **state)
{
	struct function lambda = make(PLATFORM_AWS_LAMBDA, "hello", "$LATEST");
	struct function generic = make(PLATFORM_GENERIC, "f\xc3\xbcr", "");

	(void)state;
	assert_int_equal(function_hash(&lambda), UINT64_C(0xf0d6f3fce6bacb32));
	assert_int_equal(function_hash(&generic), UINT64_C(0x3551052d6c168a90));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_platform_has_a_name_that_finds_it),
	    cmocka_unit_test(test_an_arch_goes_by_several_names),
	    cmocka_unit_test(
		test_platform_name_and_version_are_the_identity_and_set_up_is_not),
	    cmocka_unit_test(test_bytes_behind_the_end_of_a_name_do_not_matter),
	    cmocka_unit_test(test_the_hash_is_the_same_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
