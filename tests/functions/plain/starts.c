/* How long a server takes from its start until it listens: starts PORT TIMES COMMAND...
 *
 * Starts COMMAND so often, on CPU 0, tries from CPU 1 to connect to 127.0.0.1:PORT until
 * that is taken, and ends it at once. Prints "listen MS" (from before the fork) and
 * "cpu MS" (user and system time of all its threads), medians. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIMES_MAX 1000
#define PAUSE_NS 20000
#define LIMIT_NS 60000000000LL

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static bool listens(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;

	(void)close(fd);
	return yes;
}

/* The moment it listens, or 0 when it ends or takes too long. */
static int64_t wait_for(const struct sockaddr_in *at, pid_t pid)
{
	struct timespec pause = {0, PAUSE_NS};
	int64_t limit = now_ns() + LIMIT_NS;

	while (!listens(at)) {
		siginfo_t gone = {0};

		(void)waitid(P_PID, (id_t)pid, &gone, WEXITED | WNOHANG | WNOWAIT);
		if (gone.si_pid == pid || now_ns() > limit)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return now_ns();
}

/* One start. False when it does not come to listen. */
static bool start(
    const struct sockaddr_in *at, char **command, double *listen_ms, double *cpu_ms)
{
	struct rusage usage;
	int64_t begun = now_ns();
	int64_t listening;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		run_on(0);
		(void)dup2(null, 0);
		(void)dup2(null, 1);
		(void)execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0)
		return false;
	listening = wait_for(at, pid);
	(void)kill(pid, SIGKILL);
	if (wait4(pid, NULL, 0, &usage) != pid || !listening)
		return false;
	*listen_ms = (double)(listening - begun) / 1e6;
	*cpu_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
	return true;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static double listen_ms[TIMES_MAX];
	static double cpu_ms[TIMES_MAX];
	struct sockaddr_in at = {.sin_family = AF_INET};
	long port = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	long times = argc > 3 ? strtol(argv[2], NULL, 10) : 0;

	if (port < 1 || port > 65535 || times < 1 || times > TIMES_MAX) {
		(void)fputs("usage: starts PORT TIMES COMMAND...\n", stderr);
		return 2;
	}
	at.sin_port = htons((uint16_t)port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	run_on(1);
	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	for (long i = 0; i < times; i++) {
		if (!start(&at, argv + 3, &listen_ms[i], &cpu_ms[i])) {
			(void)fprintf(stderr, "starts: %s does not listen\n", argv[3]);
			return 1;
		}
	}
	qsort(listen_ms, (size_t)times, sizeof(double), compare);
	qsort(cpu_ms, (size_t)times, sizeof(double), compare);
	(void)printf("listen %.3f\ncpu %.3f\n", listen_ms[times / 2], cpu_ms[times / 2]);
	return 0;
}
