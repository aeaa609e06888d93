#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/cost/run_time.h"

static void check(double share, double wanted)
{
	assert_true(share > wanted - 1e-9 && share < wanted + 1e-9);
}

static void test_a_share_is_of_all_cpus_and_without_what_counting_added(void **state)
{
	const struct run_time runs = {.ns = 3000000, .runs = 20000};

	(void)state;
	/* 3 ms less 20,000 x 50 ns are 2 ms, of 4 x 100 ms */
	check(run_time_share(&runs, 50, 100000000, 4), 0.005);
	check(run_time_share(&runs, 0, 100000000, 1), 0.03);
}

static void test_a_share_is_never_below_nothing(void **state)
{
	const struct run_time runs = {.ns = 1000, .runs = 100};

	(void)state;
	check(run_time_share(&runs, 60, 1000000, 1), 0);
	check(run_time_share(&runs, 0, 0, 1), 0);
	check(run_time_share(&runs, 0, 1000000, 0), 0);
}

/* A program that prints one character, which the kernel tells whoever is attached to
 * that. */
static int printing_program(void)
{
	const struct bpf_insn print[] = {{.code = BPF_ST | BPF_MEM | BPF_DW,
					     .dst_reg = BPF_REG_10,
					     .off = -8,
					     .imm = 'x'},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_X,
		.dst_reg = BPF_REG_1,
		.src_reg = BPF_REG_10},
	    {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 2},
	    {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_trace_printk},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	    {.code = BPF_JMP | BPF_EXIT}};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "coldmeter_print", "GPL",
	    print, sizeof(print) / sizeof(print[0]), NULL);
}

/* Before 6.3 the kernel holds a lock while it prints, and would wait for itself. */
static bool prints_without_a_lock(void)
{
	struct utsname kernel;
	char *rest;
	unsigned long major;
	unsigned long minor;

	if (uname(&kernel) < 0)
		return false;
	major = strtoul(kernel.release, &rest, 10);
	minor = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
	return major > 6 || (major == 6 && minor >= 3);
}

/* What is attached to printing and prints is left out by the kernel, each time. */
static void test_runs_that_the_kernel_left_out_are_counted(void **state)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct run_time before = {0};
	struct run_time after = {0};
	int attached;
	int program;
	int first;

	(void)state;
	if (geteuid() != 0 || !prints_without_a_lock())
		skip();
	program = printing_program();
	first = printing_program();
	assert_true(program >= 0 && first >= 0);
	attached = bpf_raw_tracepoint_open("bpf_trace_printk", program);
	assert_true(attached >= 0);
	assert_int_equal(run_time_add(program, &before), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bpf_prog_test_run_opts(first, &options), 0);
	assert_int_equal(run_time_add(program, &after), 0);
	assert_int_equal(after.missed - before.missed, 3);
	(void)close(attached);
	(void)close(first);
	(void)close(program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_share_is_of_all_cpus_and_without_what_counting_added),
	    cmocka_unit_test(test_a_share_is_never_below_nothing),
	    cmocka_unit_test(test_runs_that_the_kernel_left_out_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
