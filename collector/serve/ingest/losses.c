#include "serve/ingest/losses.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/text.h"

#define PLACES_MAX 100000
#define BUCKETS 4096 /* losses are rare, and of few functions */

struct place {
	struct place *next;
	struct function function;
	char host[BATCH_HOST_BYTES];
	uint64_t lost[LOST_REASONS];
};

struct losses {
	pthread_mutex_t mutex;
	size_t n;
	struct place *buckets[BUCKETS];
};

int losses_new(struct losses **out)
{
	struct losses *losses = calloc(1, sizeof(*losses));

	if (!losses)
		return -ENOMEM;
	(void)pthread_mutex_init(&losses->mutex, NULL);
	*out = losses;
	return 0;
}

void losses_free(struct losses *losses)
{
	if (!losses)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (losses->buckets[i]) {
			struct place *place = losses->buckets[i];

			losses->buckets[i] = place->next;
			free(place);
		}
	}
	(void)pthread_mutex_destroy(&losses->mutex);
	free(losses);
}

static struct place *find_or_add(
    struct losses *losses, const struct function *function, const char *host)
{
	struct place **at = &losses->buckets[function_hash(function) % BUCKETS];
	struct place *place;

	for (place = *at; place; place = place->next)
		if (function_is_same(&place->function, function) &&
		    strcmp(place->host, host) == 0)
			return place;
	if (losses->n == PLACES_MAX)
		return NULL;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->function = *function;
	(void)text_copy(place->host, sizeof(place->host), host);
	place->next = *at;
	*at = place;
	losses->n++;
	return place;
}

void losses_count(struct losses *losses, const struct batch_loss *loss, const char *host)
{
	struct place *place;

	(void)pthread_mutex_lock(&losses->mutex);
	place = find_or_add(losses, loss->function, host);
	if (place)
		count_add(&place->lost[loss->reason], loss->n);
	(void)pthread_mutex_unlock(&losses->mutex);
}

void losses_scan(struct losses *losses, losses_visit visit, void *context)
{
	(void)pthread_mutex_lock(&losses->mutex);
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct place *place = losses->buckets[i]; place;
		     place = place->next)
			visit(context, &place->function, place->host, place->lost);
	(void)pthread_mutex_unlock(&losses->mutex);
}
