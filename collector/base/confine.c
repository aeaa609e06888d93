/* A list of what is allowed, turned into a filter of two instructions a call. Since Linux
 * 5.11 the kernel keeps a bitmap of calls that are allowed whatever their arguments, so
 * that the length of the list costs nothing. libseccomp would bring the same as a
 * library. */
#include "base/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ARCHITECTURE 0 /* the leak checker forks and traces */
#elif defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif
#define X32_BIT 0x40000000U /* the same calls by other numbers */

static const unsigned int allowed[] = {
    /* files */
    SYS_close,
    SYS_close_range,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_fcntl,
    SYS_fdatasync,
    SYS_flock,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_getcwd,
    SYS_getdents64,
    SYS_lseek,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_openat,
    SYS_pipe2,
    SYS_pread64,
    SYS_preadv,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_read,
    SYS_readlinkat,
    SYS_readv,
    SYS_renameat,
    SYS_renameat2,
    SYS_sendfile,
    SYS_statfs,
    SYS_statx,
    SYS_truncate,
    SYS_umask,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_write,
    SYS_writev,
    /* memory */
    SYS_brk,
    SYS_madvise,
    SYS_membarrier,
    SYS_mincore,
    SYS_mmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_msync,
    SYS_munmap,
    /* threads, time, signals of its own */
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_getcpu,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getrandom,
    SYS_getrusage,
    SYS_gettid,
    SYS_gettimeofday,
    SYS_getuid,
    SYS_get_robust_list,
    SYS_nanosleep,
    SYS_prlimit64,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_sched_getaffinity,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_sigaltstack,
    SYS_sysinfo,
    SYS_tgkill,
    SYS_times,
    SYS_uname,
    /* network, and waiting */
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_connect,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_listen,
    SYS_ppoll,
    SYS_pselect6,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_setsockopt,
    SYS_shutdown,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
#ifdef __x86_64__ /* the older names of some of these */
    SYS_access,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_getdents,
    SYS_getrlimit,
    SYS_lstat,
    SYS_mkdir,
    SYS_open,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_stat,
    SYS_time,
    SYS_unlink,
#endif
};

/* Nothing here does that; somebody else does. */
static const unsigned int fatal[] = {SYS_execve, SYS_execveat, SYS_ptrace,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf, SYS_perf_event_open,
    SYS_userfaultfd, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare,
    SYS_setns, SYS_init_module, SYS_finit_module, SYS_kexec_load, SYS_keyctl, SYS_add_key,
    SYS_io_uring_setup, SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_capset};

/* A call that is allowed with some values of one argument; EPERM with others. */
struct choice {
	unsigned int call;
	unsigned int argument;
	uint32_t mask; /* of the argument; of 0 all of it is compared */
	uint32_t values[4];
	unsigned int values_n;
};
static const struct choice choices[] = {
    {SYS_clone, 0, CLONE_THREAD, {CLONE_THREAD}, 1}, /* no processes */
    {SYS_socket, 0, 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}, 4},
    {SYS_socketpair, 0, 0, {AF_UNIX}, 1},
    {SYS_ioctl, 1, 0, {FIONBIO, FIONREAD}, 2},
    {SYS_prctl, 0, 0, {PR_SET_NAME, PR_GET_NAME}, 2},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FILTER_MAX (16 + 2 * COUNT(allowed) + 2 * COUNT(fatal) + 14 * COUNT(choices))

struct program {
	struct sock_filter at[FILTER_MAX];
	unsigned short n;
};

static void add(struct program *p, struct sock_filter instruction)
{
	p->at[p->n++] = instruction;
}

static void load(struct program *p, size_t offset)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Skips so many instructions unless what is loaded is the value. */
static void unless_equal_skip(struct program *p, uint32_t value, uint8_t n)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n));
}

static void answer(struct program *p, uint32_t verdict)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

static void add_choice(struct program *p, const struct choice *choice)
{
	uint8_t size = (uint8_t)(2 + (choice->mask ? 1 : 0) + 2 * choice->values_n);

	unless_equal_skip(p, choice->call, size);
	/* The low half: both architectures are little-endian, and the values are ints. */
	load(p, offsetof(struct seccomp_data, args) + 8UL * choice->argument);
	if (choice->mask)
		add(p, (struct sock_filter)BPF_STMT(
			   BPF_ALU | BPF_AND | BPF_K, choice->mask));
	for (unsigned int i = 0; i < choice->values_n; i++) {
		unless_equal_skip(p, choice->values[i], 1);
		answer(p, SECCOMP_RET_ALLOW);
	}
	answer(p, SECCOMP_RET_ERRNO | EPERM);
}

static void build(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	unless_equal_skip(p, ARCHITECTURE, 1);
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	answer(p, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < COUNT(allowed); i++) {
		unless_equal_skip(p, allowed[i], 1);
		answer(p, SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < COUNT(fatal); i++) {
		unless_equal_skip(p, fatal[i], 1);
		answer(p, SECCOMP_RET_KILL_PROCESS);
	}
	for (size_t i = 0; i < COUNT(choices); i++)
		add_choice(p, &choices[i]);
	/* clone3() too: libc then takes clone(), whose flags can be looked at. */
	answer(p, SECCOMP_RET_ERRNO | ENOSYS);
}

int confine_to_serving(void)
{
	struct program p = {.n = 0};
	struct sock_fprog filter;

	if (!ARCHITECTURE)
		return -EOPNOTSUPP;
	build(&p);
	filter = (struct sock_fprog){.len = p.n, .filter = p.at};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		return -errno;
	return 0;
}
