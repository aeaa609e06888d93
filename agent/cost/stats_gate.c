/* One byte asks, one byte answers. */
#include "agent/cost/stats_gate.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/privileges.h"

#define ASK_COUNT '1'
#define ASK_STOP '0'

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define FIELD(name) ((uint32_t)offsetof(struct seccomp_data, name))
#define LOAD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD(name))
#define ALLOW_CALL(nr)                                                                   \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1),                                 \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static int allow_little(void)
{
	/* args[0] is read as its lower half, little-endian */
	struct sock_filter filter[] = {
	    LOAD(arch),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
	    KILL,
	    LOAD(nr),
	    ALLOW_CALL(__NR_read),
	    ALLOW_CALL(__NR_write),
	    ALLOW_CALL(__NR_close),
	    ALLOW_CALL(__NR_exit_group),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 1, 0),
	    KILL,
	    LOAD(args[0]),
	    ALLOW_CALL(BPF_ENABLE_STATS),
	    KILL,
	};
	struct sock_fprog program = {
	    .len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

static int enable(void)
{
	union bpf_attr attr;

	(void)memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	return (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
}

/* The child, on descriptor 0. Counting lasts as long as the descriptor that asked for it.
 */
__attribute__((noreturn)) static void serve(void)
{
	int counting = -1;
	char asked;

	while (read(0, &asked, 1) == 1) {
		char answer = '1';

		if (asked == ASK_STOP) {
			if (counting >= 0)
				(void)close(counting);
			counting = -1;
			continue;
		}
		if (counting < 0)
			counting = enable();
		if (counting < 0)
			answer = '0';
		if (write(0, &answer, 1) != 1)
			break;
	}
	_exit(0);
}

__attribute__((noreturn)) static void become_gate(int fd)
{
	if (dup2(fd, 0) < 0 || syscall(SYS_close_range, 1U, ~0U, 0U) < 0 ||
	    privileges_keep(CAP_SYS_ADMIN) < 0 || allow_little() < 0)
		_exit(1);
	serve();
}

int stats_gate_open(struct stats_gate *gate)
{
	int ends[2];

	gate->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	gate->pid = fork();
	if (gate->pid < 0) {
		int err = -errno;

		(void)close(ends[0]);
		(void)close(ends[1]);
		return err;
	}
	if (gate->pid == 0)
		become_gate(ends[1]);
	(void)close(ends[1]);
	gate->fd = ends[0];
	return 0;
}

void stats_gate_close(struct stats_gate *gate)
{
	if (gate->fd < 0)
		return;
	(void)close(gate->fd);
	gate->fd = -1;
	(void)waitpid(gate->pid, NULL, 0);
}

int stats_gate_ask(struct stats_gate *gate, bool count)
{
	char ask = count ? ASK_COUNT : ASK_STOP;

	return send(gate->fd, &ask, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -errno;
}

int stats_gate_counts(struct stats_gate *gate)
{
	char answer;
	ssize_t n = recv(gate->fd, &answer, 1, MSG_DONTWAIT);

	if (n == 1)
		return answer == '1' ? 1 : -EPERM;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -EPERM;
}
