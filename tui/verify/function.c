#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tui/verify.h"

#define HEAD_MAX_BYTES 2048
#define EVENTS 64
#define PAGE_BYTES 4096

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct log {
	struct verify_truth *each;
	size_t n;
	size_t room;
};

static int64_t cpu_ns(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * CLOCK_NS_PER_S + used.tv_nsec;
}

/* The kernel's own figure of this process's highest resident memory. */
static int64_t peak_bytes(void)
{
	char line[128];
	int64_t kb = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	}
	if (status)
		(void)fclose(status);
	return kb * 1024;
}

static unsigned int asked(const char *head, const char *name)
{
	const char *at = strstr(head, name);

	return at ? (unsigned int)strtoul(at + strlen(name), NULL, 10) : 0;
}

static void spin(unsigned int cpu_us)
{
	int64_t until_ns = cpu_ns() + (int64_t)cpu_us * 1000;

	while (cpu_us && cpu_ns() < until_ns)
		continue;
}

/* Touches every page of it; NULL when nothing was asked. */
static char *take_memory(size_t bytes)
{
	char *memory;

	if (!bytes)
		return NULL;
	memory =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	for (size_t at = 0; at < bytes; at += PAGE_BYTES)
		memory[at] = 1;
	return memory;
}

static void remember(struct log *log, const struct verify_truth *truth)
{
	if (log->n == log->room) {
		size_t room = log->room ? log->room * 2 : 65536;
		struct verify_truth *more = reallocarray(log->each, room, sizeof(*more));

		if (!more)
			abort();
		log->each = more;
		log->room = room;
	}
	log->each[log->n++] = *truth;
}

/* One request of one connection: a client waits for its answer before the next. False
 * when the connection has ended. */
static bool serve_one(struct log *log, int fd)
{
	char head[HEAD_MAX_BYTES + 1];
	int64_t before_ns = clock_wall_ns();
	ssize_t n = read(fd, head, HEAD_MAX_BYTES);
	struct verify_truth truth = {.begin_ns = clock_wall_ns()};
	int64_t cpu_before_ns = cpu_ns();
	const char *trace;
	size_t memory_bytes;
	char *memory;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	head[n] = '\0';
	trace = strstr(head, "traceparent: 00-");
	if (!trace || (size_t)(head + n - trace) < 48)
		return false;
	truth.id = strtoull(trace + 32, NULL, 16);
	truth.held_ns = truth.begin_ns - before_ns;
	memory_bytes = (size_t)asked(head, "memory_kb=") << 10;
	memory = take_memory(memory_bytes);
	spin(asked(head, "cpu_us="));
	if (memory)
		truth.peak_bytes = peak_bytes();
	before_ns = clock_wall_ns();
	if (write(fd, answer, sizeof(answer) - 1) != (ssize_t)sizeof(answer) - 1)
		return false;
	truth.end_ns = clock_wall_ns();
	truth.cpu_ns = cpu_ns() - cpu_before_ns;
	truth.held_ns += truth.end_ns - before_ns;
	if (memory)
		(void)munmap(memory, memory_bytes);
	remember(log, &truth);
	return true;
}

static int open_listener(void)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int64_t now_ns;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 128) < 0)
		return -1;
	now_ns = clock_wall_ns();
	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return -1;
	printf("listening %d %lld\n", ntohs(at.sin_port), (long long)now_ns);
	return fflush(stdout) ? -1 : fd;
}

static void watch(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void accept_one(int epoll_fd, int listener)
{
	int yes = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	watch(epoll_fd, fd);
}

int verify_serve(void)
{
	struct epoll_event events[EVENTS];
	struct log log = {0};
	int signals = open_signals();
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int listener = open_listener();
	bool stop = signals < 0 || epoll_fd < 0 || listener < 0;
	int status = stop;

	watch(epoll_fd, signals);
	watch(epoll_fd, listener);
	while (!stop) {
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == signals)
				stop = true;
			else if (fd == listener)
				accept_one(epoll_fd, listener);
			else if (!serve_one(&log, fd))
				(void)close(fd);
		}
	}
	for (size_t i = 0; i < log.n; i++)
		printf(VERIFY_TRUTH_FORMAT, (unsigned long long)log.each[i].id,
		    (long long)log.each[i].begin_ns, (long long)log.each[i].end_ns,
		    (long long)log.each[i].cpu_ns, (long long)log.each[i].peak_bytes,
		    (long long)log.each[i].held_ns);
	free(log.each);
	return fflush(stdout) ? 1 : status;
}
