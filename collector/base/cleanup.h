/* Scope cleanup: locals that release themselves when they leave scope. */
#ifndef COLDMETER_BASE_CLEANUP_H
#define COLDMETER_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_file(FILE *const *f)
{
	if (*f)
		(void)fclose(*f);
}

/* AUTO(free) char *p = NULL;  AUTO(fd) int fd = -1;  AUTO(file) FILE *f = NULL;
 * A type with its own release adds a cleanup_<name>() beside it. */
#define AUTO(name) __attribute__((cleanup(cleanup_##name)))

/* Hands a self-releasing pointer to the caller and forgets it. */
#define TAKE(p)                                                                          \
	({                                                                               \
		__typeof__(p) taken_ = (p);                                              \
		(p) = NULL;                                                              \
		taken_;                                                                  \
	})

#endif
