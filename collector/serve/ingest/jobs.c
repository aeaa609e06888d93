#include "serve/ingest/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

void job_free(struct job *job)
{
	if (job)
		intake_done(&job->in);
	free(job);
}

void jobs_init(struct jobs *jobs)
{
	pthread_condattr_t monotonic;

	*jobs = (struct jobs){.last = &jobs->first};
	(void)pthread_mutex_init(&jobs->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&jobs->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

void jobs_done(struct jobs *jobs)
{
	(void)pthread_cond_destroy(&jobs->changed);
	(void)pthread_mutex_destroy(&jobs->mutex);
}

void jobs_put(struct jobs *jobs, struct job *list)
{
	(void)pthread_mutex_lock(&jobs->mutex);
	*jobs->last = list;
	while (*jobs->last)
		jobs->last = &(*jobs->last)->next;
	(void)pthread_cond_signal(&jobs->changed);
	(void)pthread_mutex_unlock(&jobs->mutex);
}

void jobs_end(struct jobs *jobs)
{
	(void)pthread_mutex_lock(&jobs->mutex);
	jobs->ended = true;
	(void)pthread_cond_broadcast(&jobs->changed);
	(void)pthread_mutex_unlock(&jobs->mutex);
}

bool jobs_take(struct jobs *jobs, int64_t until_ns, struct job **list)
{
	const struct timespec until = {
	    until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S};
	bool more;
	int err = 0;

	(void)pthread_mutex_lock(&jobs->mutex);
	while (!jobs->first && !jobs->ended && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&jobs->changed, &jobs->mutex, &until);
	*list = jobs->first;
	jobs->first = NULL;
	jobs->last = &jobs->first;
	more = *list || !jobs->ended;
	(void)pthread_mutex_unlock(&jobs->mutex);
	return more;
}

struct job *jobs_take_first(struct jobs *jobs)
{
	struct job *job;

	(void)pthread_mutex_lock(&jobs->mutex);
	while (!jobs->first && !jobs->ended)
		(void)pthread_cond_wait(&jobs->changed, &jobs->mutex);
	job = jobs->first;
	if (job) {
		jobs->first = job->next;
		job->next = NULL;
	}
	if (!jobs->first)
		jobs->last = &jobs->first;
	(void)pthread_mutex_unlock(&jobs->mutex);
	return job;
}
