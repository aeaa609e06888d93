/* Gives memory that is no longer in use back to the system. */
#ifndef COLDMETER_SERVE_HEAP_H
#define COLDMETER_SERVE_HEAP_H

#include <stddef.h>

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
