/* SHA-256 (FIPS 180-4). Of our own because what hashes tokens, the command line too, else
 * needs no cryptographic library, and loading one takes longer than the command. */
#ifndef COLDMETER_BASE_SHA256_H
#define COLDMETER_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

void sha256(const void *bytes, size_t n, uint8_t out[SHA256_BYTES]);

#endif
