/* The least that a meter of HTTP functions can do in the kernel, measured:
 *
 * bpf_floor [--uncounted] PID[,PID] COMMAND...
 *
 * While COMMAND runs, two programs watch what the processes read from sockets and write
 * to them. Both ask the time and copy the first 64 bytes of the message, without looking
 * at them; the second one also sends a record of 120 bytes, which is read out of the ring
 * every 10 ms. They know nothing: no function, no status, no memory or CPU time. Prints
 * "floor NS RUNS EMPTY_NS": what the kernel counts for all their runs, how many, and
 * what it counts for a run of a program that does nothing. With --uncounted the kernel
 * does not count, which costs too, and "measuring" is printed when it begins. For x86_64.
 */
#include <asm/ptrace.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RING_BYTES (4 << 20)
#define RECORD_BYTES 120
#define TEXT_BYTES 64
#define RECORD_OFF 8 /* bytes of the stack behind the text: the time */
#define TICK_US 10000

#define INSN(c, d, s, o, i)                                                              \
	((struct bpf_insn){                                                              \
	    .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define MOVE(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define SET(to, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define ADD(to, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Loads a program on that tracepoint and attaches it. Its descriptor, or -1. */
static int attach(const char *tracepoint, const struct bpf_insn *insns, size_t n)
{
	static char log[65536];
	struct bpf_prog_load_opts opts = {.sz = sizeof(opts),
	    .expected_attach_type = BPF_TRACE_RAW_TP,
	    .log_buf = log,
	    .log_size = sizeof(log)};
	int id = libbpf_find_vmlinux_btf_id(tracepoint, BPF_TRACE_RAW_TP);
	int fd;

	if (id < 0)
		return -1;
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "floor", "GPL", insns, n, &opts);
	if (fd < 0) {
		(void)fprintf(stderr, "bpf_floor: %s: %s\n", strerror(errno), log);
		return -1;
	}
	return bpf_raw_tracepoint_open(NULL, fd) < 0 ? -1 : fd;
}

/* The time, and the text of the caller's buffer, onto the stack; to the end for whom it
 * does not concern. Returns how many instructions that is. */
static size_t put_look(struct bpf_insn *at, const int *pids, size_t rest)
{
	const struct bpf_insn look[] = {
	    CALL(BPF_FUNC_get_current_pid_tgid),
	    INSN(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32),
	    INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, pids[0]),
	    INSN(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 0, pids[1]),
	    CALL(BPF_FUNC_ktime_get_boot_ns),
	    INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, 0, -RECORD_OFF, 0),
	    CALL(BPF_FUNC_get_current_task_btf),
	    MOVE(1, 0),
	    CALL(BPF_FUNC_task_pt_regs),
	    INSN(BPF_LDX | BPF_MEM | BPF_DW, 3, 0, offsetof(struct pt_regs, rsi), 0),
	    MOVE(1, BPF_REG_10),
	    ADD(1, -RECORD_OFF - TEXT_BYTES),
	    SET(2, TEXT_BYTES),
	    CALL(BPF_FUNC_probe_read_user),
	};

	memcpy(at, look, sizeof(look));
	/* the jump goes to the last two instructions of the program */
	at[3].off = (short)(sizeof(look) / sizeof(look[0]) - 4 + rest);
	return sizeof(look) / sizeof(look[0]);
}

static int attach_receive(const int *pids)
{
	struct bpf_insn insns[32];
	size_t n = put_look(insns, pids, 0);

	insns[n++] = SET(0, 0);
	insns[n++] = EXIT;
	return attach("sock_recv_length", insns, n);
}

static int attach_send(const int *pids, int ring)
{
	struct bpf_insn insns[64];
	struct bpf_insn record[40];
	size_t n = 0;
	size_t look;

	record[n++] = INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, ring);
	record[n++] = INSN(0, 0, 0, 0, 0);
	record[n++] = SET(2, RECORD_BYTES);
	record[n++] = SET(3, 0);
	record[n++] = CALL(BPF_FUNC_ringbuf_reserve);
	record[n++] =
	    INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, RECORD_BYTES / 8 + 4, 0); /* full */
	record[n++] = INSN(BPF_LDX | BPF_MEM | BPF_DW, 4, BPF_REG_10, -RECORD_OFF, 0);
	for (int i = 0; i < RECORD_BYTES / 8; i++)
		record[n++] = INSN(BPF_STX | BPF_MEM | BPF_DW, 0, 4, (short)(i * 8), 0);
	record[n++] = MOVE(1, 0);
	record[n++] = SET(2, BPF_RB_NO_WAKEUP);
	record[n++] = CALL(BPF_FUNC_ringbuf_submit);
	look = put_look(insns, pids, n);
	memcpy(insns + look, record, n * sizeof(record[0]));
	n += look;
	insns[n++] = SET(0, 0);
	insns[n++] = EXIT;
	return attach("sock_send_length", insns, n);
}

static int attach_empty(void)
{
	const struct bpf_insn nothing[] = {SET(0, 0), EXIT};

	return attach("sock_recv_length", nothing, 2);
}

static int on_record(void *context, void *record, size_t bytes)
{
	(void)context;
	(void)record;
	(void)bytes;
	return 0;
}

/* The command's exit status; the ring is read meanwhile. */
static int run(char **command, struct ring_buffer *ring)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(command[0], command);
		_exit(1);
	}
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
		(void)ring_buffer__consume(ring);
		(void)usleep(TICK_US);
	}
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void counted(int fd, unsigned long long *ns, unsigned long long *runs)
{
	struct bpf_prog_info info = {0};
	__u32 bytes = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0) {
		*ns += info.run_time_ns;
		*runs += info.run_cnt;
	}
}

/* Reads "PID" or "PID,PID". */
static bool parse_pids(const char *text, int *pids)
{
	char *end;

	pids[0] = pids[1] = (int)strtol(text, &end, 10);
	if (*end == ',')
		pids[1] = (int)strtol(end + 1, &end, 10);
	return *end == '\0' && pids[0] > 0 && pids[1] > 0;
}

static void print_counts(const int *fds)
{
	unsigned long long ns = 0;
	unsigned long long runs = 0;
	unsigned long long empty_ns = 0;
	unsigned long long empty_runs = 0;

	counted(fds[0], &ns, &runs);
	counted(fds[1], &ns, &runs);
	counted(fds[2], &empty_ns, &empty_runs);
	(void)printf("floor %llu %llu %.2f\n", ns, runs,
	    empty_runs ? (double)empty_ns / (double)empty_runs : 0.0);
}

int main(int argc, char **argv)
{
	bool count = argc < 2 || strcmp(argv[1], "--uncounted") != 0;
	struct ring_buffer *ring;
	int pids[2];
	int fds[3];
	int map;
	int status;

	argv += count ? 1 : 2;
	if (argc < (count ? 3 : 4) || !parse_pids(argv[0], pids)) {
		(void)fputs(
		    "usage: bpf_floor [--uncounted] PID[,PID] COMMAND...\n", stderr);
		return 2;
	}
	(void)libbpf_set_print(say_nothing);
	map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "floor", 0, 0, RING_BYTES, NULL);
	ring = map < 0 ? NULL : ring_buffer__new(map, on_record, NULL, NULL);
	if (!ring || (count && bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)) {
		perror("bpf_floor");
		return 1;
	}
	fds[0] = attach_receive(pids);
	fds[1] = attach_send(pids, map);
	fds[2] = count ? attach_empty() : 0;
	if (fds[0] < 0 || fds[1] < 0 || fds[2] < 0)
		return 1;
	if (!count) {
		(void)puts("measuring");
		(void)fflush(stdout);
	}
	status = run(argv + 1, ring);
	if (count)
		print_counts(fds);
	return status;
}
