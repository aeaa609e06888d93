/* Addresses as the programs of the tests take them: 127.0.0.1:PORT, [::1]:PORT or
 * unix:PATH. */
#ifndef COLDMETER_TESTS_ADDRESS_H
#define COLDMETER_TESTS_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un path;
	} at;
	socklen_t bytes;
};

static inline bool address_parse(const char *text, struct address *to)
{
	const char *colon = strrchr(text, ':');
	bool is_v6 = *text == '[';
	char host[64] = "";
	in_port_t port;

	*to = (struct address){0};
	if (strncmp(text, "unix:", 5) == 0) {
		if (strlen(text + 5) >= sizeof(to->at.path.sun_path))
			return false;
		to->at.path.sun_family = AF_UNIX;
		memcpy(to->at.path.sun_path, text + 5, strlen(text + 5));
		to->bytes = sizeof(to->at.path);
		return true;
	}
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text + is_v6, (size_t)(colon - text) - (is_v6 ? 2 : 0));
	port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (is_v6) {
		to->at.v6.sin6_family = AF_INET6;
		to->at.v6.sin6_port = port;
		to->bytes = sizeof(to->at.v6);
		return inet_pton(AF_INET6, host, &to->at.v6.sin6_addr) == 1;
	}
	to->at.v4.sin_family = AF_INET;
	to->at.v4.sin_port = port;
	to->bytes = sizeof(to->at.v4);
	return inet_pton(AF_INET, host, &to->at.v4.sin_addr) == 1;
}

/* A bound socket that does not listen yet, or -1. flags as of socket(2). */
static inline int address_bind(const char *text, int flags)
{
	struct address address;
	int yes = 1;
	int fd;

	if (!address_parse(text, &address))
		return -1;
	fd = socket(address.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (address.at.any.sa_family == AF_UNIX)
		(void)unlink(address.at.path.sun_path);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	return bind(fd, &address.at.any, address.bytes) < 0 ? -1 : fd;
}

/* A connection, or -1. */
static inline int address_connect(const char *text)
{
	struct address address;
	int fd;

	if (!address_parse(text, &address))
		return -1;
	fd = socket(address.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(fd, &address.at.any, address.bytes) < 0 ? -1 : fd;
}

#endif
