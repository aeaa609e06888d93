/* Groups: each is found again by its key, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "serve/figures/groups.h"

#define ROUNDS 200

static int find(struct groups *groups, unsigned int i, const char *of, size_t *at)
{
	const struct function f = {.platform = PLATFORM_AWS_LAMBDA, .name = "f"};
	struct group_function *member;
	struct group *group;
	char name[32];
	int err;

	(void)snprintf(name, sizeof(name), "host-%u", i);
	err = groups_find(groups, &(struct group_key){name, of}, &f, &group, &member);
	if (err)
		return err;
	*at = (size_t)(group - groups->rows);
	assert_string_equal(group->name, name);
	assert_string_equal(group->function, of);
	assert_int_equal(member->group, *at);
	return 0;
}

static double cpu_s(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Hosts that take turns: looked for one by one it took 8 seconds. */
static void test_groups_are_found_again_without_a_look_at_each(void **state)
{
	struct groups groups = {0};
	double began_s = cpu_s();
	size_t at = 0;

	(void)state;
	for (unsigned int i = 0; i < GROUPS_MAX * ROUNDS; i++) {
		assert_int_equal(find(&groups, i % GROUPS_MAX, "", &at), 0);
		assert_int_equal(at, i % GROUPS_MAX);
	}
	assert_true(cpu_s() - began_s < 3);
	assert_int_equal(groups.n, GROUPS_MAX);
	assert_int_equal(groups.functions_n, GROUPS_MAX);
	assert_int_equal(find(&groups, GROUPS_MAX, "", &at), -E2BIG);
	assert_int_equal(find(&groups, 7, "", &at), 0);
	assert_int_equal(at, 7);
	groups_done(&groups);
}

static void test_groups_of_one_name_are_parted_by_what_it_is_of(void **state)
{
	struct groups groups = {0};
	size_t at = 0;

	(void)state;
	assert_int_equal(find(&groups, 1, "a", &at), 0);
	assert_int_equal(find(&groups, 1, "b", &at), 0);
	assert_int_equal(at, 1);
	assert_int_equal(find(&groups, 1, "a", &at), 0);
	assert_int_equal(at, 0);
	groups_done(&groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_groups_are_found_again_without_a_look_at_each),
	    cmocka_unit_test(test_groups_of_one_name_are_parted_by_what_it_is_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
