#include "serve/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define BACKLOG 128

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse(const char *text, uint16_t port, union address *out, socklen_t *size)
{
	char bare[INET6_ADDRSTRLEN];
	size_t len = strlen(text);

	*out = (union address){0};
	if (strcmp(text, "localhost") == 0)
		text = "127.0.0.1";
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		*size = sizeof(out->v4);
		return 0;
	}
	if (text[0] == '[' && text[len - 1] == ']') {
		(void)text_copy_bytes(bare, sizeof(bare), text + 1, len - 2);
		text = bare;
	}
	if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1)
		return -EINVAL;
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	*size = sizeof(out->v6);
	return 0;
}

int listen_open(const char *address, uint16_t *port)
{
	const int on = 1;
	union address at;
	socklen_t size;
	int fd;
	int err;

	if (parse(address, *port, &at, &size) < 0)
		return -EINVAL;
	fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &at.any, size) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, &at.any, &size) < 0) {
		err = -errno;
		(void)close(fd);
		return err;
	}
	*port = ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
	return fd;
}

int listen_describe(int fd, char address[LISTEN_ADDRESS_BYTES], uint16_t *port)
{
	union address at = {0};
	socklen_t size = sizeof(at);
	int listens = 0;
	socklen_t listens_size = sizeof(listens);
	const void *bytes = &at.v6.sin6_addr;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) < 0 ||
	    getsockname(fd, &at.any, &size) < 0)
		return -errno;
	if (!listens || (at.any.sa_family != AF_INET && at.any.sa_family != AF_INET6))
		return -EINVAL;
	if (at.any.sa_family == AF_INET)
		bytes = &at.v4.sin_addr;
	if (!inet_ntop(at.any.sa_family, bytes, address, LISTEN_ADDRESS_BYTES))
		return -errno;
	*port = ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
	return 0;
}

bool listen_is_loopback(const char *address)
{
	union address at;
	socklen_t size;

	if (parse(address, 0, &at, &size) < 0)
		return false;
	if (at.any.sa_family == AF_INET)
		return ntohl(at.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&at.v6.sin6_addr);
}
