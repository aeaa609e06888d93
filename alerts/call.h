/* One outgoing HTTP request on a shared curl multi handle: bounded in time and in what it
 * reads, never redirected. */
#ifndef COLDMETER_ALERTS_CALL_H
#define COLDMETER_ALERTS_CALL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#define CALL_RESPONSE_BYTES 256 /* of the body, what is kept to explain a refusal */

struct call;
typedef void (*call_done)(struct call *call);

/* Embed it first in what it belongs to. Zero-initialised is idle. */
struct call {
	CURL *easy; /* NULL: idle */
	CURLM *multi;
	struct curl_slist *headers;
	call_done done;
	/* valid in done(): */
	bool answered;      /* an HTTP status came */
	long http_status;   /* 0 when not answered */
	long retry_after_s; /* 0: none */
	double seconds;
	const char *error; /* of the transport, a constant sentence; NULL when answered */
	bool hopeless;     /* the request itself is wrong: no repeat can help */
	char response[CALL_RESPONSE_BYTES];
	size_t response_bytes;
	size_t received;
};

struct call_request {
	const char *method; /* "GET" or "POST" */
	const char *url;
	const char *body;           /* of a POST; copied */
	struct curl_slist *headers; /* taken over, also on failure; sent in this order */
	long connect_timeout_ms;
	long timeout_ms;
	bool direct; /* no proxy, no kept connection */
};

/* Starts it; done is called from call_collect(). 0, or -ENOMEM with done not called. */
int call_start(
    struct call *call, CURLM *multi, const struct call_request *request, call_done done);

/* Gives it up without calling done; a call that is idle is left alone. */
void call_cancel(struct call *call);

/* Calls done for each that has ended. */
void call_collect(CURLM *multi);

#endif
