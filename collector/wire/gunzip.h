/* Bodies that came compressed by gzip (RFC 1952). */
#ifndef COLDMETER_WIRE_GUNZIP_H
#define COLDMETER_WIRE_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

/* Expands in to a new buffer of the caller, never more than max bytes and one. 0; -EFBIG
 * when it expands beyond max; -EBADMSG when it is damaged, cut off or not gzip; -ENOMEM.
 * *out and *out_bytes are untouched on failure. */
int gunzip(const uint8_t *in, size_t n, size_t max, uint8_t **out, size_t *out_bytes);

#endif
