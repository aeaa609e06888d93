#include "wire/batch/frame.h"

#include <assert.h>
#include <errno.h>
#include <zstd_errors.h>

#include "wire/zstd_thread.h"

#define LEVEL 1 /* level 3 gives nothing on these columns */

/* A block has a head, and its table of codes some 40 bytes. */
#define BLOCK_MIN 500

static size_t begin_of(const struct batch_frame_blocks *blocks)
{
	return blocks->n > 0 ? blocks->ends[blocks->n - 1] : 0;
}

void batch_frame_end_block(struct batch_frame_blocks *blocks, size_t end)
{
	if (end - begin_of(blocks) >= BLOCK_MIN)
		batch_frame_end_last(blocks, end);
}

void batch_frame_end_last(struct batch_frame_blocks *blocks, size_t end)
{
	if (end == begin_of(blocks))
		return;
	assert(blocks->n < BATCH_FRAME_BLOCKS);
	blocks->ends[blocks->n++] = end;
}

ssize_t batch_frame_write(uint8_t *out, size_t room, const uint8_t *body,
    const struct batch_frame_blocks *blocks)
{
	ZSTD_CCtx *zstd = zstd_thread_compressor();
	ZSTD_outBuffer to = {.size = room};
	ZSTD_inBuffer from = {.src = body};

	if (!zstd)
		return -ENOMEM;
	to.dst = out;
	(void)ZSTD_CCtx_reset(zstd, ZSTD_reset_session_only);
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	(void)ZSTD_CCtx_setPledgedSrcSize(zstd, begin_of(blocks));
	for (size_t i = 0; i < blocks->n; i++) {
		size_t left;

		from.size = blocks->ends[i];
		left = ZSTD_compressStream2(
		    zstd, &to, &from, i < blocks->n - 1 ? ZSTD_e_flush : ZSTD_e_end);
		if (ZSTD_isError(left))
			return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation
				   ? -ENOMEM
				   : -EMSGSIZE;
		if (left > 0)
			return -EMSGSIZE;
	}
	return (ssize_t)to.pos;
}
