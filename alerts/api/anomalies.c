/* GET and PUT /v1/anomalies: the settings of the watch; what it finds are alerts. */
#include <errno.h>
#include <string.h>

#include "alerts/api.h"
#include "base/cleanup.h"

int api_anomalies_get(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;

	(void)request;
	(void)pthread_mutex_lock(&alerts->lock);
	reply->body = watch_format(&alerts->watch, true);
	(void)pthread_mutex_unlock(&alerts->lock);
	if (!reply->body)
		return -ENOMEM;
	reply->body_bytes = strlen(reply->body);
	return 0;
}

/* Keeps the document, then the settings, of which *watch are the old ones then. */
static int put(struct alerts *alerts, struct watch *watch)
{
	AUTO(free) char *text = watch_format(watch, false);
	struct watch old;
	int err;

	if (!text)
		return -ENOMEM;
	(void)pthread_mutex_lock(&alerts->edit);
	err = store_document_put(alerts->store, STATE_WATCH, STATE_WATCH_NAME, text);
	if (err >= 0) {
		(void)pthread_mutex_lock(&alerts->lock);
		old = alerts->watch;
		alerts->watch = *watch;
		alerts->watch_changed = true;
		(void)pthread_mutex_unlock(&alerts->lock);
		*watch = old;
	}
	(void)pthread_mutex_unlock(&alerts->edit);
	return err < 0 ? err : 0;
}

int api_anomalies_put(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct alerts *alerts = context;
	struct watch watch;
	char why[WATCH_WHY_BYTES] = "";
	int err =
	    watch_parse((const char *)request->body, request->body_bytes, &watch, why);

	if (err == -EINVAL)
		return api_reject(reply, why);
	if (err)
		return err;
	err = put(alerts, &watch);
	watch_done(&watch);
	if (err)
		return err;
	engine_wake(alerts);
	return api_anomalies_get(context, request, reply);
}
