/* The frame of zstd that a batch's body is sent in. */
#ifndef COLDMETER_WIRE_BATCH_FRAME_H
#define COLDMETER_WIRE_BATCH_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zstd.h>

/* The most that a frame of n bytes in so many blocks takes: each has a head of three
 * bytes, and there is a checksum. */
#define BATCH_FRAME_BOUND(n, blocks) (ZSTD_COMPRESSBOUND(n) + 3 * (blocks) + 4)

#define BATCH_FRAME_BLOCKS 64

/* What compresses alike stands in a block. */
struct batch_frame_blocks {
	size_t ends[BATCH_FRAME_BLOCKS]; /* where each ends in the body */
	size_t n;
};

/* Ends one there, unless it would be too small to be worth it. */
void batch_frame_end_block(struct batch_frame_blocks *blocks, size_t end);

/* Ends the last one, which may be small, and is left out when it is empty. */
void batch_frame_end_last(struct batch_frame_blocks *blocks, size_t end);

/* Compresses a body. Returns the bytes written to out, -ENOMEM, or -EMSGSIZE when room is
 * too small. */
ssize_t batch_frame_write(uint8_t *out, size_t room, const uint8_t *body,
    const struct batch_frame_blocks *blocks);

#endif
