#include "store/sqlite/file/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The server's thread, the alerts', their nested reads, and three that help each of the
 * two (serve/figures/ranges.c); the next one waits. */
#define POOL_MAX 12

struct pool {
	pthread_mutex_t mutex;
	pthread_cond_t returned;
	char *path;
	struct connection *idle[POOL_MAX];
	size_t idle_n;
	size_t lent_n;
};

int pool_new(const char *path, struct pool **out)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	pool->path = strdup(path);
	if (!pool->path) {
		free(pool);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&pool->mutex, NULL);
	(void)pthread_cond_init(&pool->returned, NULL);
	*out = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->idle_n; i++)
		connection_close(pool->idle[i]);
	(void)pthread_cond_destroy(&pool->returned);
	(void)pthread_mutex_destroy(&pool->mutex);
	free(pool->path);
	free(pool);
}

int pool_borrow(struct pool *pool, struct connection **out)
{
	struct connection *c = NULL;
	int err = 0;

	(void)pthread_mutex_lock(&pool->mutex);
	while (pool->lent_n == POOL_MAX)
		(void)pthread_cond_wait(&pool->returned, &pool->mutex);
	pool->lent_n++;
	if (pool->idle_n > 0)
		c = pool->idle[--pool->idle_n];
	(void)pthread_mutex_unlock(&pool->mutex);

	if (!c)
		err = connection_open(pool->path, CONNECTION_READ, &c);
	if (!err) {
		*out = c;
		return 0;
	}
	pool_return(pool, NULL);
	return err;
}

void pool_return(struct pool *pool, struct connection *c)
{
	if (c)
		connection_rollback(c);
	(void)pthread_mutex_lock(&pool->mutex);
	if (c)
		pool->idle[pool->idle_n++] = c;
	pool->lent_n--;
	(void)pthread_cond_signal(&pool->returned);
	(void)pthread_mutex_unlock(&pool->mutex);
}
