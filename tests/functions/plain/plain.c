/* A process that is no function: what its system calls and page faults cost it.
 *
 * plain [MS]: spends about MS milliseconds (1500 unless told) and prints "NAME NS", the
 * medians of several rounds. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 21
#define FAULT_BYTES (4L << 20)

extern char **environ;

/* Two ends that a byte travels between: read from one, write to the other. */
struct ends {
	int in, out;
};

static struct ends near[3]; /* pipe, unix, tcp: this side, */
static struct ends far[3];  /* and the echo's */
static int file = -1;
static long page_bytes;
static char self[4096];

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* For what cannot fail on a host that is well. */
static int must(int result)
{
	if (result < 0) {
		perror("plain");
		_exit(1);
	}
	return result;
}

static long run_getppid(long n)
{
	for (long i = 0; i < n; i++)
		(void)syscall(SYS_getppid);
	return n;
}

static long run_file(long n)
{
	char block[512] = {0};

	for (long i = 0; i < n; i++) {
		if (pwrite(file, block, sizeof(block), 0) < 0 ||
		    pread(file, block, sizeof(block), 0) < 0)
			abort();
	}
	return 2 * n;
}

static long ping(struct ends ends, long n)
{
	char byte = 0;

	for (long i = 0; i < n; i++) {
		if (write(ends.out, &byte, 1) != 1 || read(ends.in, &byte, 1) != 1)
			abort();
	}
	return n;
}

static long run_pipe(long n)
{
	return ping(near[0], n);
}

static long run_unix(long n)
{
	return ping(near[1], n);
}

static long run_tcp(long n)
{
	return ping(near[2], n);
}

static long run_fault(long n)
{
	long faults = 0;

	while (faults < n) {
		char *at = mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED || madvise(at, FAULT_BYTES, MADV_NOHUGEPAGE) < 0)
			abort();
		for (long i = 0; i < FAULT_BYTES; i += page_bytes)
			((volatile char *)at)[i] = 1;
		faults += FAULT_BYTES / page_bytes;
		(void)munmap(at, FAULT_BYTES);
	}
	return faults;
}

static long run_spawn(long n)
{
	char *argv[] = {self, "end", NULL};
	pid_t pid;

	for (long i = 0; i < n; i++) {
		if (posix_spawn(&pid, self, NULL, NULL, argv, environ) != 0 ||
		    waitpid(pid, NULL, 0) != pid)
			abort();
	}
	return n;
}

static const struct work {
	const char *name;
	long (*run)(long n); /* returns how many it did: at least n */
	int share;           /* of the time, in percent */
} works[] = {
    {"getppid", run_getppid, 10}, /* one call */
    {"file", run_file, 14},       /* a read or a write of 512 bytes */
    {"pipe", run_pipe, 15},       /* a byte to another process and back, over two pipes */
    {"unix", run_unix, 15},       /* the same over a pair of unix stream sockets */
    {"tcp", run_tcp, 18},         /* the same over a TCP connection on loopback */
    {"fault", run_fault, 14},     /* a page touched first, mapping and unmapping in it */
    {"spawn", run_spawn, 14},     /* a program that ends at once, until waited for */
};

static void tcp_pair(int pair[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t bytes = sizeof(at);
	int listener = must(socket(AF_INET, SOCK_STREAM, 0));
	int yes = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&at, sizeof(at)));
	must(listen(listener, 1));
	must(getsockname(listener, (struct sockaddr *)&at, &bytes));
	pair[0] = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(pair[0], (struct sockaddr *)&at, sizeof(at)));
	pair[1] = must(accept(listener, NULL, NULL));
	for (int i = 0; i < 2; i++)
		must(setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)));
	(void)close(listener);
}

static void open_all(void)
{
	char path[] = "/tmp/plain.XXXXXX";
	int there[2];
	int back[2];
	int pair[2];

	page_bytes = sysconf(_SC_PAGESIZE);
	must((int)readlink("/proc/self/exe", self, sizeof(self) - 1));
	file = must(mkstemp(path));
	(void)unlink(path);
	must(pipe(there));
	must(pipe(back));
	near[0] = (struct ends){back[0], there[1]};
	far[0] = (struct ends){there[0], back[1]};
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	near[1] = (struct ends){pair[0], pair[0]};
	far[1] = (struct ends){pair[1], pair[1]};
	tcp_pair(pair);
	near[2] = (struct ends){pair[0], pair[0]};
	far[2] = (struct ends){pair[1], pair[1]};
}

/* One process for each kind of ends sends back what comes; they end with this one. */
static void start_echoes(void)
{
	char byte;

	for (int i = 0; i < 3; i++) {
		if (must(fork()) > 0)
			continue;
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(far[i].in, &byte, 1) == 1 && write(far[i].out, &byte, 1) == 1)
			;
		_exit(0);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The median of ROUNDS rounds that take about ms together, in nanoseconds each. */
static double median_ns(const struct work *work, double ms)
{
	double ns[ROUNDS];
	int64_t start = now_ns();
	long n = work->run(16);
	double each = (double)(now_ns() - start) / (double)n;

	/* once more: the first ones were cold */
	start = now_ns();
	n = work->run((long)(ms * 1e6 / ROUNDS / each / 4) + 1);
	each = (double)(now_ns() - start) / (double)n;
	for (int i = 0; i < ROUNDS; i++) {
		start = now_ns();
		n = work->run((long)(ms * 1e6 / ROUNDS / each) + 1);
		ns[i] = (double)(now_ns() - start) / (double)n;
	}
	qsort(ns, ROUNDS, sizeof(double), compare);
	return ns[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	double ms = argc > 1 ? strtod(argv[1], NULL) : 1500;

	if (argc > 1 && strcmp(argv[1], "end") == 0)
		return 0;
	if (argc > 2 || !(ms >= 1 && ms <= 3.6e6)) {
		(void)fputs("usage: plain [MS]\n", stderr);
		return 2;
	}
	open_all();
	start_echoes();
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		(void)printf("%s %.2f\n", works[i].name,
		    median_ns(&works[i], ms * works[i].share / 100));
	return 0;
}
