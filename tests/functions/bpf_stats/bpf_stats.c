/* Runs a command while the kernel counts what BPF programs take:
 *
 * bpf_stats [--empty TRACEPOINT] COMMAND...
 *
 * With --empty, a program that does nothing hangs on that tracepoint meanwhile, and
 * "empty NS RUNS" is printed at the end: what the kernel counts for a run in which there
 * is nothing to count. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Loads and attaches the empty program. Returns its descriptor, or a negative errno. */
static int empty_open(const char *tracepoint)
{
	const struct bpf_insn nothing[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	struct bpf_prog_load_opts opts = {
	    .sz = sizeof(opts), .expected_attach_type = BPF_TRACE_RAW_TP};
	int id = libbpf_find_vmlinux_btf_id(tracepoint, BPF_TRACE_RAW_TP);
	int fd;

	if (id < 0)
		return id;
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "empty", "Dual BSD/GPL", nothing,
	    sizeof(nothing) / sizeof(nothing[0]), &opts);
	if (fd < 0)
		return -errno;
	return bpf_raw_tracepoint_open(NULL, fd) < 0 ? -errno : fd;
}

static int empty_print(int fd)
{
	struct bpf_prog_info info = {0};
	__u32 bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &bytes) < 0 || info.run_cnt == 0) {
		(void)fputs("bpf_stats: the empty program did not run\n", stderr);
		return 1;
	}
	(void)printf("empty %.2f %llu\n", (double)info.run_time_ns / (double)info.run_cnt,
	    (unsigned long long)info.run_cnt);
	return 0;
}

/* The command's exit status, 1 when a signal ended it. */
static int run(char **command)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(command[0], command);
		(void)fprintf(stderr, "bpf_stats: %s: %s\n", command[0], strerror(errno));
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	bool has_empty = argc > 2 && strcmp(argv[1], "--empty") == 0;
	char **command = argv + (has_empty ? 3 : 1);
	int empty = 0;
	int status;

	if (argc < 2 || !*command) {
		(void)fputs("usage: bpf_stats [--empty TRACEPOINT] COMMAND...\n", stderr);
		return 2;
	}
	(void)libbpf_set_print(say_nothing);
	/* as long as this process lives; no sysctl is written */
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0) {
		(void)fprintf(stderr, "bpf_stats: the kernel does not count: %s\n",
		    strerror(errno));
		return 1;
	}
	if (has_empty)
		empty = empty_open(argv[2]);
	if (empty < 0) {
		(void)fprintf(stderr, "bpf_stats: no program on %s: %s\n", argv[2],
		    strerror(-empty));
		return 1;
	}
	status = run(command);
	return has_empty && empty_print(empty) && !status ? 1 : status;
}
