/* A rollup in as few bytes as its figures tell each other: how rows are stored.
 *
 * Version 3 of the counters and 2 of the histograms; rollup_decode() and
 * rollup_merge_encoded() read these, version 1, and counters of version 2, which ended
 * with the plans that there were then.
 *
 *     counters:   version, b, b bytes of bits, then a varint for each bit that is set
 *     histograms: version, n, then n packed histograms (histogram_pack.h)
 *
 * Counters are those of a table of its own (rollup_pack.c), whose first have the lowest
 * bits. Each is guessed from those before it; a bit is set where the guess is wrong. The
 * histograms follow each other in the order cold durations, warm ones, init, memory; what
 * is guessed of them comes from the counters. Further bits and histograms are those of a
 * newer writer: its counters are skipped, and its histograms, which come last. */
#ifndef COLDMETER_MODEL_ROLLUP_PACK_H
#define COLDMETER_MODEL_ROLLUP_PACK_H

#include <stdbool.h>

#include "model/rollup.h"

#define ROLLUP_PACK_VERSION 2 /* of histograms, and of the first counters */
#define ROLLUP_PACK_COUNTERS 3

/* Whether counters are packed, by their first byte. */
static inline bool rollup_counters_are_packed(const uint8_t *in, size_t size)
{
	return size > 0 &&
	       (in[0] == ROLLUP_PACK_VERSION || in[0] == ROLLUP_PACK_COUNTERS);
}

/* As rollup_encode_*(): buffers are allocated for the caller, who frees them. Counters
 * beyond 2^62 are written as version 1. 0 or -ENOMEM. */
int rollup_pack_counters(const struct rollup *r, uint8_t **out, size_t *out_bytes);
int rollup_pack_histograms(const struct rollup *r, uint8_t **out, size_t *out_bytes);

/* Reads packed counters into r, which must be zeroed. 0 or -EBADMSG. */
int rollup_unpack_counters(const uint8_t *in, size_t size, struct rollup *r);
int rollup_unpack_invocations(const uint8_t *in, size_t size, uint64_t *invocations);

/* Adds packed histograms to those of into. counters: those of the same row. The errors of
 * rollup_merge_encoded(). */
int rollup_merge_packed_histograms(
    struct rollup *into, const struct rollup *counters, const uint8_t *in, size_t size);

#endif
