/* Runs a command while the kernel counts what BPF programs take: bpf_stats COMMAND...
 *
 * The counting lasts as long as the descriptor that asked for it, which the command
 * inherits: it ends with the command however that ends, and no sysctl is written. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	union bpf_attr attr;
	int fd;

	if (argc < 2) {
		(void)fputs("usage: bpf_stats COMMAND...\n", stderr);
		return 2;
	}
	(void)memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	fd = (int)syscall(SYS_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
	if (fd < 0 || fcntl(fd, F_SETFD, 0) < 0) {
		(void)fprintf(stderr, "bpf_stats: the kernel does not count: %s\n",
		    strerror(errno));
		return 1;
	}
	(void)execvp(argv[1], argv + 1);
	(void)fprintf(stderr, "bpf_stats: %s: %s\n", argv[1], strerror(errno));
	return 1;
}
