/* Requests that are answered aside, one after the other, by a thread of their own: what
 * agents send does not wait for a question about a month. Private to the server. */
#ifndef COLDMETER_SERVE_ASIDE_H
#define COLDMETER_SERVE_ASIDE_H

#include <pthread.h>
#include <stdbool.h>

struct http_pending;

struct aside {
	pthread_t thread;
	void (*prepare)(void *context); /* before each answer; NULL: nothing */
	void *context;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t came;
	struct http_pending *first;
	struct http_pending **last;
	bool refuses; /* what is still waiting */
	bool stopping;
	bool runs;
};

/* Zero-initialised but for prepare and its context. 0 or a negative errno. */
int aside_start(struct aside *aside);

/* A whole request, from the server's thread: it is suspended, answered by
 * exchange_answer() and finished. */
void aside_answer(struct aside *aside, struct http_pending *x);

/* Who waits is told that the collector stops, once who is being answered has been. */
void aside_refuse(struct aside *aside);

/* Nobody waits any more. */
void aside_stop(struct aside *aside);

#endif
