/* Addresses that people give us to call: checked before use, masked before they are
 * shown. */
#ifndef COLDMETER_ALERTS_URL_H
#define COLDMETER_ALERTS_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_MAX_BYTES 2048

/* NULL when url is an absolute http or https address with a host, without spaces, control
 * or non-ASCII characters, shorter than URL_MAX_BYTES; else why not, a constant phrase
 * that fits "url <phrase>". */
const char *url_reject(const char *url);

/* Writes "https://host:port/..." (user and password left out too): what may be shown. */
void url_mask(const char *url, char *out, size_t size);

/* The same with the path, but without user and password, and with "?..." for a query: for
 * addresses that are no secret as such. */
void url_show(const char *url, char *out, size_t size);

#endif
