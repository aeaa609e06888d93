/* Waiting for another thread, and failing where it never comes. */
#ifndef TESTS_UNIT_PATIENCE_H
#define TESTS_UNIT_PATIENCE_H

#include <errno.h>
#include <semaphore.h>
#include <time.h>

#define LONGEST_S 20

/* 0 or -ETIMEDOUT. */
static inline int wait_for(sem_t *what)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LONGEST_S;
	return sem_timedwait(what, &until) < 0 ? -errno : 0;
}

#endif
