/* Requests that are answered aside, by threads of their own: what agents send does not
 * wait for a question about a month, nor does a scrape or a dashboard for somebody's
 * advice on ten thousand functions. Two at a time: what answers take of memory and CPU
 * stays bounded. Private to the server. */
#ifndef COLDMETER_SERVE_HTTP_ASIDE_H
#define COLDMETER_SERVE_HTTP_ASIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define ASIDE_THREADS 2

struct http_pending;

struct aside {
	pthread_t threads[ASIDE_THREADS];
	size_t threads_n;
	void (*prepare)(void *context); /* before each answer; NULL: nothing */
	void *context;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t came;
	struct http_pending *first;
	struct http_pending **last;
	bool refuses; /* what is still waiting */
	bool stopping;
};

/* Zero-initialised but for prepare and its context. 0 or a negative errno; one thread is
 * enough where there cannot be more. */
int aside_start(struct aside *aside);

/* A whole request, from the server's thread: it is suspended, answered by
 * exchange_answer() and finished. */
void aside_answer(struct aside *aside, struct http_pending *x);

/* Who waits is told that the collector stops, once who is being answered has been. */
void aside_refuse(struct aside *aside);

/* Nobody waits any more. */
void aside_stop(struct aside *aside);

#endif
