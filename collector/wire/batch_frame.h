/* The frame of zstd that a batch's body is sent in. */
#ifndef COLDMETER_WIRE_BATCH_FRAME_H
#define COLDMETER_WIRE_BATCH_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zstd.h>

/* What compresses alike stands in a block: fewer bytes are not worth one of their own. */
#define BATCH_FRAME_BLOCK_MIN 2000

/* The most that a frame of n bytes takes: each block has a head of three bytes, and there
 * is a checksum. */
#define BATCH_FRAME_BOUND(n)                                                             \
	(ZSTD_COMPRESSBOUND(n) + 3 * ((n) / BATCH_FRAME_BLOCK_MIN + 1) + 4)

/* Compresses the body of ends[n - 1] bytes, a block up to each end. Returns the bytes
 * written to out, -ENOMEM, or -EMSGSIZE when room is too small. */
ssize_t batch_frame_write(
    uint8_t *out, size_t room, const uint8_t *body, const size_t *ends, size_t n);

#endif
