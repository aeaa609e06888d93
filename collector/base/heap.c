#include "base/heap.h"

#include <malloc.h>

#define KEEP_BYTES (8 << 20)
#define MAPPED_FROM_BYTES (4 << 20)

void heap_keep_some(void)
{
	/* either alone turns off that malloc moves both by what it sees freed */
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
}
