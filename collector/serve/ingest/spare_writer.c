#include "serve/ingest/spare_writer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_key_t key;
static bool has_key;

static void free_spare(void *w)
{
	batch_writer_free(w);
}

static void make_key(void)
{
	has_key = pthread_key_create(&key, free_spare) == 0;
}

static bool find_key(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, make_key);
	return has_key;
}

int spare_writer_take(struct batch_writer **out)
{
	struct batch_writer *w = find_key() ? pthread_getspecific(key) : NULL;

	if (!w)
		return batch_writer_new_keeping(out);
	(void)pthread_setspecific(key, NULL);
	*out = w;
	return 0;
}

void spare_writer_give(struct batch_writer *w)
{
	if (!w)
		return;
	if (batch_writer_count(w) > 0 || !find_key() || pthread_getspecific(key) ||
	    pthread_setspecific(key, w) != 0)
		batch_writer_free(w);
}
