/* What fuzzers hold of any text that came from a stranger, and files for readers that
 * take no bytes. */
#ifndef COLDMETER_TESTS_CHECKS_H
#define COLDMETER_TESTS_CHECKS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* It ends within its room, and is UTF-8. Returns whether no character is a control. */
static inline bool check_utf8(const char *text, size_t size)
{
	size_t n = strnlen(text, size);
	bool shows = true;

	if (n == size)
		abort();
	for (size_t at = 0; at < n;) {
		uint32_t character = 0;
		size_t bytes = text_utf8_bytes(text + at, n - at, &character);

		if (bytes == 0)
			abort();
		shows &= !text_is_control(character);
		at += bytes;
	}
	return shows;
}

/* And is fit to be shown. */
static inline void check_text(const char *text, size_t size)
{
	if (!check_utf8(text, size))
		abort();
}

/* What is found wrong is said to nobody. */
static inline void check_quiet(void)
{
	static int nowhere = -1;

	if (nowhere < 0) {
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		log_set_fd(nowhere);
	}
}

/* A file in memory, the same at each call, that holds these bytes; its path goes to path.
 */
static inline int check_file(const uint8_t *bytes, size_t n, char path[32])
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, bytes, n, 0) != (ssize_t)n ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
