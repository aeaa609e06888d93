#include "serve/http/aside.h"

#include "serve/http/exchange.h"

/* The next one, or NULL at the end. */
static struct http_pending *take(struct aside *aside, bool *refuses)
{
	struct http_pending *x;

	(void)pthread_mutex_lock(&aside->mutex);
	while (!aside->first && !aside->stopping)
		(void)pthread_cond_wait(&aside->came, &aside->mutex);
	x = aside->first;
	if (x)
		aside->first = x->next;
	if (!aside->first)
		aside->last = &aside->first;
	*refuses = aside->refuses;
	(void)pthread_mutex_unlock(&aside->mutex);
	return x;
}

static void *run(void *context)
{
	struct aside *aside = context;
	struct http_pending *x;
	bool refuses;

	while ((x = take(aside, &refuses))) {
		if (!refuses && aside->prepare)
			aside->prepare(aside->context);
		if (refuses)
			(void)http_reply_error(
			    &x->reply, 503, "stopping", "the collector stops: try again");
		else
			(void)exchange_answer(x);
		http_finish(x, &x->reply);
	}
	return NULL;
}

int aside_start(struct aside *aside)
{
	int err = 0;

	aside->last = &aside->first;
	(void)pthread_mutex_init(&aside->mutex, NULL);
	(void)pthread_cond_init(&aside->came, NULL);
	while (!err && aside->threads_n < ASIDE_THREADS) {
		err =
		    -pthread_create(&aside->threads[aside->threads_n], NULL, run, aside);
		aside->threads_n += !err;
	}
	return aside->threads_n > 0 ? 0 : err;
}

void aside_answer(struct aside *aside, struct http_pending *x)
{
	(void)http_pend(&x->request);
	x->next = NULL;
	(void)pthread_mutex_lock(&aside->mutex);
	*aside->last = x;
	aside->last = &x->next;
	(void)pthread_cond_signal(&aside->came);
	(void)pthread_mutex_unlock(&aside->mutex);
}

void aside_refuse(struct aside *aside)
{
	(void)pthread_mutex_lock(&aside->mutex);
	aside->refuses = true;
	(void)pthread_mutex_unlock(&aside->mutex);
}

void aside_stop(struct aside *aside)
{
	if (aside->threads_n == 0)
		return;
	(void)pthread_mutex_lock(&aside->mutex);
	aside->stopping = true;
	(void)pthread_cond_broadcast(&aside->came);
	(void)pthread_mutex_unlock(&aside->mutex);
	while (aside->threads_n > 0)
		(void)pthread_join(aside->threads[--aside->threads_n], NULL);
	(void)pthread_cond_destroy(&aside->came);
	(void)pthread_mutex_destroy(&aside->mutex);
}
