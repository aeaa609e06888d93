/* The C library keeps what was freed for the next who asks, so one large answer or a full
 * queue would show in the process's size for good. It does not say how much of that is
 * still resident: that is the process's size without what is in use. */
#include "base/heap.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define KEEP_BYTES (8 << 20)
#define MAPPED_FROM_BYTES (4 << 20)

void heap_keep_some(void)
{
	/* either alone turns off that malloc moves both by what it sees freed */
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
}

/* Resident, less what is file-backed: program and libraries. 0: not known. */
static size_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long resident = 0;
	unsigned long shared = 0;
	int got = f ? fscanf(f, /* NOLINT(cert-err34-c): the kernel's own numbers */
			  "%*u %lu %lu", &resident, &shared)
		    : 0;

	if (f)
		(void)fclose(f);
	if (got != 2 || resident < shared)
		return 0;
	return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t idle_bytes(void)
{
	struct mallinfo2 now = mallinfo2();
	size_t used = now.uordblks + now.hblkhd;
	size_t resident = resident_bytes();

	return resident > used ? resident - used : 0;
}

size_t heap_tidy(struct heap *heap)
{
	size_t idle = idle_bytes();

	if (idle < heap->idle_bytes)
		heap->idle_bytes = idle;
	if (idle <= heap->idle_bytes + HEAP_IDLE_BYTES)
		return idle;
	(void)malloc_trim(0);
	heap->idle_bytes = idle_bytes();
	return idle;
}
