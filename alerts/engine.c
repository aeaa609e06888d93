/* One thread waits in curl_multi_poll(), which is also how the others wake it. */
#include "alerts/engine.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"

#define TICK_MS 1000

struct alerts {
	struct store *store;
	struct ingest *ingest;
	const struct book *book;
	CURLM *multi;
	pthread_t thread;
	atomic_bool stopping;
};

static void *engine_run(void *context)
{
	struct alerts *alerts = context;

	while (!atomic_load(&alerts->stopping))
		(void)curl_multi_poll(alerts->multi, NULL, 0, TICK_MS, NULL);
	return NULL;
}

int alerts_start(struct store *store, struct ingest *ingest, const struct book *book,
    struct alerts **out)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));
	int err;

	if (!alerts)
		return log_error(-ENOMEM, "cannot start alerts");
	alerts->store = store;
	alerts->ingest = ingest;
	alerts->book = book;
	alerts->multi = curl_multi_init();
	err = alerts->multi ? -pthread_create(&alerts->thread, NULL, engine_run, alerts)
			    : -ENOMEM;
	if (err) {
		(void)curl_multi_cleanup(alerts->multi);
		free(alerts);
		return log_error(err, "cannot start alerts");
	}
	*out = alerts;
	return 0;
}

int alerts_add_routes(struct alerts *alerts, struct http *http)
{
	(void)alerts;
	(void)http;
	return 0;
}

void alerts_stop(struct alerts *alerts)
{
	if (!alerts)
		return;
	atomic_store(&alerts->stopping, true);
	(void)curl_multi_wakeup(alerts->multi);
	(void)pthread_join(alerts->thread, NULL);
	(void)curl_multi_cleanup(alerts->multi);
	free(alerts);
}
