/* Base64 (RFC 4648, section 4). */
#ifndef COLDMETER_WIRE_BASE64_H
#define COLDMETER_WIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BASE64_DECODED_MAX(n) ((n) / 4 * 3 + 3)

/* Decodes n characters into out, which holds BASE64_DECODED_MAX(n). Returns bytes, or
 * -EBADMSG at what is no base64. Padding may be left out. */
ssize_t base64_decode(const char *in, size_t n, uint8_t *out);

#endif
