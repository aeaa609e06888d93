/* A histogram in fewer bytes than histogram_encode() takes, for what lies beside figures
 * that tell much of it: a reader guesses, and bytes are spent on what it cannot. */
#ifndef COLDMETER_MODEL_HISTOGRAM_PACK_H
#define COLDMETER_MODEL_HISTOGRAM_PACK_H

#include "model/histogram.h"

/* What reader and writer know before: right or not, it decides on bytes only. */
struct histogram_guess {
	uint64_t count;
	uint64_t sum;
	uint64_t max; /* 0: no guess */
};

/* In bytes:
 *
 *     flags      one byte: which of these follow, and whether sum, max and min are
 *                multiples of 4096 and given as such (memory comes in pages)
 *     count      varint, zigzag: less the guess
 *     zeros      varint: the values that are 0
 *     sum        varint, zigzag: less the guess. Of one or two values that are not 0, and
 *                no zeros, the guess is what min and max add up to
 *     max        varint, unless it is the guess
 *     min        varint, unless it is known: there are zeros, or it is the only value
 *     first      varint: index of the first bucket, from 0; only beside zeros
 *     body       the buckets from that of the min to that of the max, unless these are
 *                known from how many values there are: 1, 2, or all in one bucket
 *
 * A body is a byte of mode, then
 *
 *     0xf0 + w   2^w bytes for each bucket: many values, read fast
 *     else       high half g, low half k: of each bucket that is not empty the number of
 *                empty ones before it (not for the first), Rice-coded with g bits, and
 *                its count less one, with k bits: lowest bit first, padded with zeros. A
 *                Rice code is value >> bits ones, a zero, the low bits; or 24 ones and
 *                the value in 64 bits, when that is 24 or more. With g and k 0 it takes a
 *                bit for each bucket and for each value: 100 values of a log-normal
 *                distribution (sigma 0.8) take 34 bytes, of at least 25 that they could.
 *
 * pack writes a histogram in one way for a guess, the shortest but for dense bodies; a
 * reader takes any that is told here. Returns the bytes, or -ENOSPC when size is too
 * small (see histogram_packed_max). */
size_t histogram_packed_max(const struct histogram *h);
ssize_t histogram_pack(const struct histogram *h, const struct histogram_guess *guess,
    uint8_t *out, size_t size);

/* Adds the packed one to into. *head gets its figures, without buckets. Returns the bytes
 * consumed; -EBADMSG, -ENOMEM or -EOVERFLOW as histogram_merge_encoded(), and into must
 * be thrown away then. */
ssize_t histogram_merge_packed(struct histogram *into,
    const struct histogram_guess *guess, const uint8_t *in, size_t size,
    struct histogram *head);

#endif
