#include "wire/zstd_thread.h"

#include <pthread.h>
#include <stdlib.h>

struct contexts {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *inflater;
};

static pthread_key_t key;
static int key_err; /* of making it */

static void contexts_free(void *of_thread)
{
	struct contexts *c = of_thread;

	(void)ZSTD_freeCCtx(c->compressor);
	(void)ZSTD_freeDCtx(c->inflater);
	free(c);
}

static void make_key(void)
{
	key_err = pthread_key_create(&key, contexts_free);
}

static struct contexts *contexts_of_thread(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct contexts *c;

	(void)pthread_once(&once, make_key);
	if (key_err)
		return NULL;
	c = pthread_getspecific(key);
	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (c && pthread_setspecific(key, c) == 0)
		return c;
	free(c);
	return NULL;
}

ZSTD_CCtx *zstd_thread_compressor(void)
{
	struct contexts *c = contexts_of_thread();

	if (c && !c->compressor)
		c->compressor = ZSTD_createCCtx();
	return c ? c->compressor : NULL;
}

ZSTD_DCtx *zstd_thread_inflater(void)
{
	struct contexts *c = contexts_of_thread();

	if (c && !c->inflater)
		c->inflater = ZSTD_createDCtx();
	return c ? c->inflater : NULL;
}
