#include "alerts/call.h"

#include <errno.h>
#include <string.h>

#define RECEIVE_MAX_BYTES (1 << 20) /* more of an answer is not waited for */

static size_t receive(const char *bytes, size_t size, size_t n, void *context)
{
	struct call *call = context;
	size_t room = sizeof(call->response) - 1 - call->response_bytes;
	size_t kept;

	(void)size; /* 1, says libcurl */
	call->received += n;
	if (call->received > RECEIVE_MAX_BYTES)
		return 0;
	kept = n < room ? n : room;
	memcpy(call->response + call->response_bytes, bytes, kept);
	call->response_bytes += kept;
	call->response[call->response_bytes] = '\0';
	return n;
}

static void set_bounds(CURL *easy, const struct call_request *request)
{
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(
	    easy, CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (request->direct) {
		(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
		(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	}
}

/* The options that can fail for want of memory. */
static CURLcode set_request(struct call *call, const struct call_request *request)
{
	CURL *easy = call->easy;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, request->url);

	if (!code && strcmp(request->method, "POST") == 0) {
		code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
		if (!code)
			code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
			    (long)(request->body ? strlen(request->body) : 0));
		if (!code)
			code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
			    request->body ? request->body : "");
	}
	return code;
}

static void release(struct call *call)
{
	(void)curl_multi_remove_handle(call->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	call->easy = NULL;
	call->headers = NULL;
}

int call_start(
    struct call *call, CURLM *multi, const struct call_request *request, call_done done)
{
	*call = (struct call){.multi = multi, .headers = request->headers, .done = done};
	call->easy = curl_easy_init();
	if (!call->easy) {
		curl_slist_free_all(call->headers);
		call->headers = NULL;
		return -ENOMEM;
	}
	set_bounds(call->easy, request);
	(void)curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
	(void)curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, receive);
	(void)curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	(void)curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	if (set_request(call, request) || curl_multi_add_handle(multi, call->easy)) {
		release(call);
		return -ENOMEM;
	}
	return 0;
}

void call_cancel(struct call *call)
{
	if (call->easy)
		release(call);
}

static void finish(struct call *call, CURLcode code)
{
	curl_off_t retry_after = 0;

	(void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &call->http_status);
	(void)curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME, &call->seconds);
	(void)curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after);
	call->retry_after_s = retry_after > 86400 ? 86400 : (long)retry_after;
	/* CURLE_WRITE_ERROR is our own doing: it said more than we wait for */
	call->answered =
	    (code == CURLE_OK || code == CURLE_WRITE_ERROR) && call->http_status > 0;
	if (!call->answered) {
		call->http_status = 0;
		call->error = curl_easy_strerror(code ? code : CURLE_GOT_NOTHING);
	}
	call->hopeless =
	    code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
	release(call);
	call->done(call);
}

void call_collect(CURLM *multi)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left))) {
		CURLcode code = message->data.result;
		void *call = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		finish(call, code);
	}
}
