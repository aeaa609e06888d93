/* A quick hash of bytes, for tables in memory: it is another on each kind of machine. */
#ifndef COLDMETER_BASE_HASH_H
#define COLDMETER_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Takes a word in: all of its bits tell on all of the result's, high or low, as both
 * halves of the product are taken. The multiplier is the golden ratio's fraction, made
 * odd. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t word)
{
	unsigned __int128 product =
	    (unsigned __int128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of n bytes, eight at once, the last of them once more where they are no whole word;
 * behind what hash holds already. Strangers can make bytes collide: a table needs an
 * answer to that. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const char *at = bytes;
	uint64_t word = 0;

	hash = hash_mix(hash, n);
	if (n < sizeof(word)) {
		while (n > 0)
			word = word << 8 | (uint8_t)at[--n];
		return hash_mix(hash, word);
	}
	for (; n > sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_mix(hash, word);
	}
	memcpy(&word, at + n - sizeof(word), sizeof(word));
	return hash_mix(hash, word);
}

#endif
