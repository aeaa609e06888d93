#include "tui/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static int read_line(FILE *from, char *out)
{
	size_t n;

	errno = 0;
	if (!fgets(out, SECRET_BYTES, from))
		return errno ? -errno : -ENODATA;
	n = strcspn(out, "\r\n");
	if (out[n] == '\0' && n == SECRET_BYTES - 1)
		return -EFBIG;
	out[n] = '\0';
	return n ? 0 : -ENODATA;
}

int secret_read(const char *file, char *out)
{
	AUTO(file) FILE *opened = NULL;

	if (strcmp(file, "-") == 0)
		return read_line(stdin, out);
	opened = fopen(file, "re");
	return opened ? read_line(opened, out) : -errno;
}

bool secret_is_address(const char *text)
{
	const char *host = strncmp(text, "http://", 7) == 0    ? text + 7
			   : strncmp(text, "https://", 8) == 0 ? text + 8
							       : "";

	if (!isalnum((unsigned char)*host) && *host != '[')
		return false;
	while (isgraph((unsigned char)*host))
		host++;
	return *host == '\0';
}
