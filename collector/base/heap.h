/* How much of what is freed stays with the process. */
#ifndef COLDMETER_BASE_HEAP_H
#define COLDMETER_BASE_HEAP_H

#include <stddef.h>

/* For a program that makes and frees batches all the time: up to 8 MiB free at the end
 * of each of malloc's arenas stay until heap_tidy() finds them idle, and blocks up to 4
 * MiB come from there, instead of going back to the kernel to be cleared and mapped anew
 * (out/bench/bench_ingest: with 16 or 64 MiB it is no faster than its noise). Once,
 * before threads. */
void heap_keep_some(void);

/* Zero-initialised is valid. */
struct heap {
	size_t idle_bytes; /* what stayed after the last time: pieces between others */
};

/* To be called about once a second, by one thread. Trims when more than HEAP_IDLE_BYTES
 * have become idle since the last time; else it costs a look at the figures. Returns the
 * bytes that are resident and not in use, before. */
#define HEAP_IDLE_BYTES ((size_t)16 << 20)
size_t heap_tidy(struct heap *heap);

#endif
