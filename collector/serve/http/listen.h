/* A listening socket from an address in words. */
#ifndef COLDMETER_SERVE_HTTP_LISTEN_H
#define COLDMETER_SERVE_HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#define LISTEN_ADDRESS_BYTES 64

/* address: v4, v6 (with or without brackets) or "localhost"; port 0 takes a free one.
 * Returns the descriptor with *port the real one, or -EINVAL (no such address), or
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, ... */
int listen_open(const char *address, uint16_t *port);

/* What a listening socket that was handed over listens on. address is text that
 * listen_is_loopback() reads. 0; -EINVAL: it does not listen for TCP; -errno. */
int listen_describe(int fd, char address[LISTEN_ADDRESS_BYTES], uint16_t *port);

bool listen_is_loopback(const char *address);

#endif
