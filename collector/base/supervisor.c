#include "base/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */

int supervisor_tell(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	AUTO(fd) int fd = -1;

	if (n == 0)
		return 0;
	if ((path[0] != '/' && path[0] != '@') || n >= sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL | MSG_DONTWAIT,
		(struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		return -errno;
	return 0;
}

/* Variables that a child inherits say whom they are for. */
static int is_for_us(const char *variable)
{
	const char *pid = getenv(variable);

	return pid && strtoul(pid, NULL, 10) == (unsigned long)getpid();
}

uint64_t supervisor_watchdog_ns(void)
{
	const char *us = getenv("WATCHDOG_USEC");

	if (!us || (getenv("WATCHDOG_PID") && !is_for_us("WATCHDOG_PID")))
		return 0;
	return strtoull(us, NULL, 10) * 1000;
}

int supervisor_socket(void)
{
	const char *n = getenv("LISTEN_FDS");

	if (!n || !is_for_us("LISTEN_PID") || strcmp(n, "0") == 0)
		return -ENOENT;
	if (strcmp(n, "1") != 0)
		return -EINVAL;
	return fcntl(FIRST_SOCKET, F_SETFD, FD_CLOEXEC) < 0 ? -errno : FIRST_SOCKET;
}
