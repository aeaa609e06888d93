#include "agent/cost/run_time.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Rounds of runs; the quickest round counts, for others were interrupted. */
#define ROUNDS 8
#define RUNS 250

int run_time_add(int program, struct run_time *sum)
{
	struct bpf_prog_info info = {0};
	uint32_t n = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &n) < 0)
		return -errno;
	sum->ns += info.run_time_ns;
	sum->runs += info.run_cnt;
	sum->missed += info.recursion_misses;
	return 0;
}

/* Nanoseconds of a run in one round, 0: not known. */
static double round_of(int program)
{
	struct run_time before = {0};
	struct run_time after = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (run_time_add(program, &before) < 0)
		return 0;
	for (int i = 0; i < RUNS; i++)
		if (bpf_prog_test_run_opts(program, &options) < 0)
			return 0;
	if (run_time_add(program, &after) < 0 || after.runs == before.runs)
		return 0;
	return (double)(after.ns - before.ns) / (double)(after.runs - before.runs);
}

double run_time_of_counting(void)
{
	const struct bpf_insn nothing[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	AUTO(fd) int program = -EBADF;
	AUTO(fd) int counting = -EBADF;
	double least = 0;

	program = bpf_prog_load(
	    BPF_PROG_TYPE_RAW_TRACEPOINT, "coldmeter_empty", "GPL", nothing, 2, NULL);
	counting = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (program < 0 || counting < 0)
		return 0;
	for (int i = 0; i < ROUNDS; i++) {
		double ns = round_of(program);

		if (ns > 0 && (least == 0 || ns < least))
			least = ns;
	}
	return least;
}

double run_time_share(
    const struct run_time *runs, double counting_ns, uint64_t wall_ns, unsigned int cpus)
{
	double ns = (double)runs->ns - counting_ns * (double)runs->runs;

	if (ns <= 0 || wall_ns == 0 || cpus == 0)
		return 0;
	return ns / ((double)wall_ns * cpus);
}
