/* What a thread compresses and inflates batches with. */
#ifndef COLDMETER_WIRE_ZSTD_THREAD_H
#define COLDMETER_WIRE_ZSTD_THREAD_H

#include <zstd.h>

/* A context is larger than most batches, and slower to make than those are to read or
 * write: each thread keeps one of either kind until its end, made at first need. NULL:
 * out of memory. Parameters of the compressor are as whoever used it last left them. */
ZSTD_CCtx *zstd_thread_compressor(void);
ZSTD_DCtx *zstd_thread_inflater(void);

#endif
