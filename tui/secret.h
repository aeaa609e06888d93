/* Addresses that are secrets: read from a file or standard input, so that they never show
 * in the process list. */
#ifndef COLDMETER_TUI_SECRET_H
#define COLDMETER_TUI_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_BYTES 2048

/* Reads the first line of a file, or of standard input for "-"; out holds SECRET_BYTES.
 * 0, -ENODATA when it is empty, -EFBIG when it does not fit, or a negative errno. */
int secret_read(const char *file, char *out);

/* http:// or https://, a host, nothing but printable ASCII. */
bool secret_is_address(const char *text);

#endif
