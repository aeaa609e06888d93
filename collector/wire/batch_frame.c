#include "wire/batch_frame.h"

#include <errno.h>
#include <zstd_errors.h>

#include "wire/zstd_thread.h"

#define LEVEL 1 /* level 3 gives nothing on these columns */

ssize_t batch_frame_write(
    uint8_t *out, size_t room, const uint8_t *body, const size_t *ends, size_t n)
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
	(void)ZSTD_CCtx_setPledgedSrcSize(zstd, ends[n - 1]);
	for (size_t i = 0; i < n; i++) {
		size_t left;

		from.size = ends[i];
		left = ZSTD_compressStream2(
		    zstd, &to, &from, i < n - 1 ? ZSTD_e_flush : ZSTD_e_end);
		if (ZSTD_isError(left))
			return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation
				   ? -ENOMEM
				   : -EMSGSIZE;
		if (left > 0)
			return -EMSGSIZE;
	}
	return (ssize_t)to.pos;
}
