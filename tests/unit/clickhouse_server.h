/* Debian's ClickHouse server on loopback, with settings and data of its own, for tests.
 */
#ifndef COLDMETER_TESTS_CLICKHOUSE_SERVER_H
#define COLDMETER_TESTS_CLICKHOUSE_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLICKHOUSE_PROGRAM "/usr/sbin/clickhouse-server"
#define CLICKHOUSE_START_MS 20000

/* Ends the program: nothing can be said without a server. */
static inline void clickhouse_must(bool so, const char *what)
{
	if (so)
		return;
	perror(what);
	abort();
}

struct clickhouse_server {
	char directory[64];
	uint16_t ports[3]; /* HTTP, native, between servers */
	pid_t pid;         /* 0: not running */
};

static inline bool clickhouse_is_here(void)
{
	if (access(CLICKHOUSE_PROGRAM, X_OK) == 0)
		return true;
	(void)puts("clickhouse-server is not installed");
	return false;
}

static inline uint16_t clickhouse_free_port(void)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	clickhouse_must(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
			    getsockname(fd, (struct sockaddr *)&at, &size) == 0,
	    "a free port");
	(void)close(fd);
	return ntohs(at.sin_port);
}

static inline void clickhouse_write(const struct clickhouse_server *s, const char *name,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline void clickhouse_write(
    const struct clickhouse_server *s, const char *name, const char *format, ...)
{
	char path[128];
	va_list arguments;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", s->directory, name);
	f = fopen(path, "we");
	clickhouse_must(f != NULL, path);
	va_start(arguments, format);
	(void)vfprintf(f, format, arguments);
	va_end(arguments);
	clickhouse_must(fclose(f) == 0, path);
}

/* Writes its settings, more of them behind the usual ones. */
static inline void clickhouse_configure(
    const struct clickhouse_server *s, const char *more)
{
	clickhouse_write(s, "config.xml",
	    "<yandex><logger><level>warning</level><console>1</console></logger>"
	    "<listen_host>127.0.0.1</listen_host><http_port>%u</http_port>"
	    "<tcp_port>%u</tcp_port><interserver_http_port>%u</interserver_http_port>"
	    "<path>%s/data/</path><tmp_path>%s/data/tmp/</tmp_path>"
	    "<mark_cache_size>67108864</mark_cache_size><timezone>UTC</timezone>"
	    "<users_config>users.xml</users_config>"
	    "<default_profile>default</default_profile>"
	    "<default_database>default</default_database>"
	    "<interserver_http_host>127.0.0.1</interserver_http_host>%s</yandex>",
	    s->ports[0], s->ports[1], s->ports[2], s->directory, s->directory, more);
}

/* A directory with settings; the user meter has the password "secret". Its many small
 * files lie in memory where that can be, but for a bench. */
static inline void clickhouse_new(struct clickhouse_server *s, bool on_disk)
{
	bool memory = !on_disk && access("/dev/shm", W_OK) == 0;

	*s = (struct clickhouse_server){0};
	(void)snprintf(s->directory, sizeof(s->directory), "%s/test_clickhouse.XXXXXX",
	    memory ? "/dev/shm" : "/tmp");
	clickhouse_must(mkdtemp(s->directory) != NULL, s->directory);
	for (size_t i = 0; i < 3; i++)
		s->ports[i] = clickhouse_free_port();
	clickhouse_configure(s, "");
	clickhouse_write(s, "users.xml",
	    "<yandex><profiles><default/></profiles><quotas><default/></quotas><users>"
	    "<default><password></password><networks><ip>127.0.0.1</ip></networks>"
	    "<profile>default</profile><quota>default</quota></default>"
	    "<meter><password>secret</password><networks><ip>127.0.0.1</ip></networks>"
	    "<profile>default</profile><quota>default</quota></meter>"
	    "</users></yandex>");
}

/* Returns when somebody listens there; pid is to, and says in a log in directory why
 * not. */
static inline void clickhouse_wait(uint16_t port, pid_t pid, const char *directory)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	bool listens = false;

	for (int ms = 0; !listens; ms += 20) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		listens = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
		(void)close(fd);
		clickhouse_must(
		    ms < CLICKHOUSE_START_MS && waitpid(pid, NULL, WNOHANG) == 0,
		    directory);
		if (!listens)
			(void)nanosleep(&pause, NULL);
	}
}

static inline void clickhouse_be_server(const struct clickhouse_server *s)
{
	char option[128];
	char path[128];
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(path, sizeof(path), "%s/log", s->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	(void)snprintf(
	    option, sizeof(option), "--config-file=%s/config.xml", s->directory);
	(void)execl(CLICKHOUSE_PROGRAM, CLICKHOUSE_PROGRAM, option, (char *)NULL);
	_exit(127);
}

/* Returns when it listens. */
static inline void clickhouse_start(struct clickhouse_server *s)
{
	s->pid = fork();
	clickhouse_must(s->pid >= 0, "fork");
	if (s->pid == 0)
		clickhouse_be_server(s);
	clickhouse_wait(s->ports[0], s->pid, s->directory);
}

static inline void clickhouse_kill(struct clickhouse_server *s)
{
	if (s->pid <= 0)
		return;
	(void)kill(s->pid, SIGKILL);
	clickhouse_must(waitpid(s->pid, NULL, 0) == s->pid, "waitpid");
	s->pid = 0;
}

static inline void clickhouse_free(struct clickhouse_server *s)
{
	char command[192];

	clickhouse_kill(s);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", s->directory);
	clickhouse_must(system(command) == 0, /* NOLINT(cert-env33-c): our own path */
	    s->directory);
}

/* The URL of a database there, in a buffer of the caller. */
static inline const char *clickhouse_url(
    const struct clickhouse_server *s, const char *database, char url[128])
{
	(void)snprintf(url, 128, "clickhouse://127.0.0.1:%u/%s", s->ports[0], database);
	return url;
}

#endif
