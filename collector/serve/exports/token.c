/* The token that opens the door of a receiver. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "serve/exports.h"

#define PREFIX "Authorization: Bearer "
#define PREFIX_BYTES (sizeof(PREFIX) - 1)

/* What may stand in a header's line without ending or folding it. */
static bool is_token(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

int exports_read_token(const char *path, char header[EXPORTS_HEADER_BYTES])
{
	AUTO(file) FILE *file = fopen(path, "re");
	struct stat status;
	char *token = header + PREFIX_BYTES;

	memcpy(header, PREFIX, PREFIX_BYTES + 1);
	if (!file || fstat(fileno(file), &status) < 0)
		return log_error(-errno, "cannot read the token in %s", path);
	if (status.st_mode & (S_IRWXG | S_IRWXO)) {
		(void)log_error(0, "%s: others can read it: chmod 600 it", path);
		return -EPERM;
	}
	if (fgets(token, (int)(EXPORTS_HEADER_BYTES - PREFIX_BYTES), file)) {
		bool whole = strchr(token, '\n') || feof(file);

		token[strcspn(token, "\r\n")] = '\0';
		if (whole && is_token(token))
			return 0;
	}
	explicit_bzero(token, EXPORTS_HEADER_BYTES - PREFIX_BYTES);
	(void)log_error(0, "%s: its first line is no token", path);
	return -EINVAL;
}
