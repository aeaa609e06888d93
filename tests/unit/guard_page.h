/* A buffer whose last byte lies just before a page that cannot be read: who reads past
 * the end crashes. */
#ifndef COLDMETER_TESTS_GUARD_PAGE_H
#define COLDMETER_TESTS_GUARD_PAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard_page {
	uint8_t *pages;
	size_t readable;
	size_t page;
};

/* Room for max bytes. A machine that has none ends the test. */
static inline void guard_page_init(struct guard_page *g, size_t max)
{
	g->page = (size_t)sysconf(_SC_PAGESIZE);
	g->readable = (max + g->page - 1) / g->page * g->page;
	g->pages = mmap(NULL, g->readable + g->page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g->pages == MAP_FAILED ||
	    mprotect(g->pages + g->readable, g->page, PROT_NONE) < 0)
		abort();
}

/* A copy of n bytes that ends where nothing can be read any more. */
static inline uint8_t *guard_page_copy(
    const struct guard_page *g, const void *bytes, size_t n)
{
	uint8_t *at = g->pages + g->readable - n;

	memcpy(at, bytes, n);
	return at;
}

static inline void guard_page_done(struct guard_page *g)
{
	(void)munmap(g->pages, g->readable + g->page);
}

#endif
