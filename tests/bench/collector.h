/* A collector that a bench starts, asks and looks at. */
#ifndef COLDMETER_TESTS_BENCH_COLLECTOR_H
#define COLDMETER_TESTS_BENCH_COLLECTOR_H

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static uint16_t port; /* that it listens on */

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline int connect_to(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("connect");
	/* Head and body are two writes: do not wait for the first one's ACK. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static inline pid_t start_collector(const char *directory)
{
	const char *out = getenv("OUT");
	char path[4096];
	char data[4096];
	char line[256];
	int fds[2];
	pid_t pid;
	FILE *said;

	(void)snprintf(path, sizeof(path), "%s/coldmeter-collector", out ? out : "out");
	(void)snprintf(data, sizeof(data), "%s/data", directory);
	if (pipe(fds) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		(void)close(fds[0]);
		(void)execl(
		    path, path, "--listen", "127.0.0.1:0", "--data", data, (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	said = fdopen(fds[0], "r");
	port = 0;
	while (pid > 0 && said && !port) { /* it may say something else before */
		if (!fgets(line, sizeof(line), said) || !strrchr(line, ':'))
			die(path);
		port = (uint16_t)strtoul(strrchr(line, ':') + 1, NULL, 10);
	}
	if (!port)
		die(path);
	return pid;
}

static inline double now_s(void)
{
	return (double)clock_boot_ns() / 1e9;
}

/* A field of /proc/PID/status in KiB. */
static inline unsigned long status_kib(pid_t pid, const char *field)
{
	char path[64];
	char line[256];
	unsigned long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, strlen(field)) == 0)
			kib = strtoul(line + strlen(field) + 1, NULL, 10);
	}
	if (f)
		(void)fclose(f);
	return kib;
}

/* User and system time that a stat file of /proc tells, when it is one of that name. */
static inline double stat_cpu_s(const char *path, const char *name)
{
	char line[1024];
	unsigned long user = 0;
	unsigned long system_time = 0;
	const char *at;
	FILE *f = fopen(path, "re");

	if (f && fgets(line, sizeof(line), f) && strstr(line, name) &&
	    (at = strrchr(line, ')')))
		(void)sscanf(at, /* NOLINT(cert-err34-c): the kernel's own numbers */
		    ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		    &system_time);
	if (f)
		(void)fclose(f);
	return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
}

static inline double cpu_s(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return stat_cpu_s(path, "");
}

/* Of the thread that reads requests; libmicrohttpd names it. */
static inline double server_cpu_s(pid_t pid)
{
	char path[512];
	double sum = 0;
	struct dirent *task;
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && (task = readdir(tasks))) {
		(void)snprintf(
		    path, sizeof(path), "/proc/%d/task/%s/stat", (int)pid, task->d_name);
		sum += stat_cpu_s(path, "(MHD-");
	}
	if (tasks)
		(void)closedir(tasks);
	return sum;
}

#endif
