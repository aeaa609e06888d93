#include "agent/probes/running_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void cleanup_dir(DIR *const *d)
{
	if (*d)
		(void)closedir(*d);
}

/* One socket of TCP. */
struct seen {
	int fd;
	bool listens;
	uint16_t local_port;
	uint16_t remote_port; /* 0: not connected */
	bool over_loopback;
};

typedef void (*sockets_visit)(
    struct probes *probes, struct running_owner *owner, const struct seen *seen);

static uint16_t port_of(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)address)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
}

/* As is_to_loopback() in the kernel's part. */
static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;

	if (address->ss_family == AF_INET)
		return *(const uint8_t *)&((const struct sockaddr_in *)address)
			    ->sin_addr == 127;
	return IN6_IS_ADDR_LOOPBACK(six) ||
	       (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

static int option_of(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

static bool look_at(int fd, struct seen *seen)
{
	struct sockaddr_storage local = {0};
	struct sockaddr_storage remote = {0};
	socklen_t local_len = sizeof(local);
	socklen_t remote_len = sizeof(remote);

	if (getsockname(fd, (struct sockaddr *)&local, &local_len) < 0 ||
	    (local.ss_family != AF_INET && local.ss_family != AF_INET6) ||
	    option_of(fd, SO_TYPE) != SOCK_STREAM)
		return false;
	*seen = (struct seen){.fd = fd,
	    .listens = option_of(fd, SO_ACCEPTCONN) == 1,
	    .local_port = port_of(&local)};
	if (getpeername(fd, (struct sockaddr *)&remote, &remote_len) == 0) {
		seen->remote_port = port_of(&remote);
		seen->over_loopback = is_loopback(&remote);
	}
	return true;
}

static void each_socket(
    struct probes *probes, struct running_owner *owner, sockets_visit visit)
{
	char path[64];
	AUTO(dir) DIR *fds = NULL;
	AUTO(fd) int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)owner->pid, 0);
	const struct dirent *entry;

	(void)snprintf(path, sizeof(path), "/proc/%u/fd", owner->pid);
	fds = opendir(path);
	if (pidfd < 0 || !fds)
		return;
	while ((entry = readdir(fds))) {
		char link[32] = "";
		struct seen seen;

		if (readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1) < 0 ||
		    strncmp(link, "socket:", 7) != 0)
			continue;
		AUTO(fd)
		int fd = (int)syscall(
		    SYS_pidfd_getfd, pidfd, (int)strtol(entry->d_name, NULL, 10), 0);

		if (fd >= 0 && look_at(fd, &seen))
			visit(probes, owner, &seen);
	}
}

static bool listens_on(const struct running_owner *owner, uint16_t port)
{
	for (int i = 0; i < RUNNING_PORTS_MAX && owner->ports[i]; i++)
		if (owner->ports[i] == port)
			return true;
	return false;
}

static void adopt(struct probes *probes, const struct running_owner *owner,
    const struct seen *seen, struct exchange exchange)
{
	exchange.sandbox = owner->sandbox;
	exchange.is_adopted = !seen->listens;
	exchange.port = seen->local_port;
	(void)probes_adopt_socket(probes, seen->fd, &exchange);
}

static void listener(
    struct probes *probes, struct running_owner *owner, const struct seen *seen)
{
	if (!seen->listens || owner->kind == FUNCTION_LAMBDA)
		return;
	for (int i = 0; i < RUNNING_PORTS_MAX; i++)
		if (!owner->ports[i] || owner->ports[i] == seen->local_port) {
			owner->ports[i] = seen->local_port;
			break;
		}
	adopt(probes, owner, seen, (struct exchange){.role = ROLE_SERVER});
}

/* The inode number of a socket's network namespace, 0: not known. */
static uint32_t net_of(int fd)
{
	AUTO(fd) int net = ioctl(fd, SIOCGSKNS);
	struct stat status;

	return net >= 0 && fstat(net, &status) == 0 ? (uint32_t)status.st_ino : 0;
}

static void forwarding(
    struct probes *probes, struct running_owner *owner, const struct seen *seen)
{
	const struct forwarder forwarder = {.sandbox = owner->sandbox, .pid = owner->pid};
	struct forward forward;

	if (!seen->over_loopback || listens_on(owner, seen->local_port))
		return;
	forward = (struct forward){net_of(seen->fd), seen->local_port, seen->remote_port};
	adopt(probes, owner, seen,
	    (struct exchange){.role = ROLE_FORWARDER, .pid = owner->pid});
	(void)probes_adopt_forward(probes, &forward, &forwarder);
}

/* One that a server accepted. */
static void accepted(
    struct probes *probes, struct running_owner *owner, const struct seen *seen)
{
	const struct forward forward = {
	    net_of(seen->fd), seen->remote_port, seen->local_port};
	struct exchange exchange = {.role = ROLE_SERVER,
	    /* what it answers first, it was asked before now */
	    .last_receive_ns = clock_boot_ns()};
	struct forwarder from;

	if (seen->over_loopback && probes_find_forwarder(probes, &forward, &from) == 0 &&
	    from.sandbox == owner->sandbox) {
		exchange.role = ROLE_INNER;
		exchange.outer_pid = from.pid;
	}
	adopt(probes, owner, seen, exchange);
}

static void connection(
    struct probes *probes, struct running_owner *owner, const struct seen *seen)
{
	if (seen->listens)
		return;
	if (owner->kind == FUNCTION_LAMBDA)
		/* an idle runtime waits for its next event */
		adopt(probes, owner, seen,
		    (struct exchange){.role = ROLE_CLIENT, .phase = PHASE_NEXT});
	else if (listens_on(owner, seen->local_port))
		accepted(probes, owner, seen);
}

void running_sockets_listen(struct probes *probes, struct running_owner *owner)
{
	each_socket(probes, owner, listener);
}

void running_sockets_forward(struct probes *probes, struct running_owner *owner)
{
	each_socket(probes, owner, forwarding);
}

void running_sockets_rest(struct probes *probes, struct running_owner *owner)
{
	each_socket(probes, owner, connection);
}
