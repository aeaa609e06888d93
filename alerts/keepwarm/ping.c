#include "alerts/keepwarm/ping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "model/invocation.h"

#define TIMEOUT_MS 30000
#define CONNECT_TIMEOUT_MS 5000

void ping_format_trace(
    int64_t now_ns, const uint64_t random[2], char *traceparent, char *amzn)
{
	(void)snprintf(traceparent, PING_HEADER_BYTES,
	    "traceparent: 00-" PING_TRACE_MARK "%016" PRIx64 "-%016" PRIx64 "-00",
	    random[0], random[1] | 1); /* a parent id of zeros is invalid */
	(void)snprintf(amzn, PING_HEADER_BYTES,
	    "X-Amzn-Trace-Id: Root=1-%08x-" PING_TRACE_MARK "%08x;Sampled=0",
	    (uint32_t)(now_ns / CLOCK_NS_PER_S), (uint32_t)random[0]);
}

/* The trace comes first, so that a meter that reads only the head of a request sees it:
 * libcurl writes Host, then its own User-Agent and Accept unless they are listed here. */
static struct curl_slist *make_headers(
    int64_t now_ns, const uint64_t random[2], const char *method)
{
	char traceparent[PING_HEADER_BYTES];
	char amzn[PING_HEADER_BYTES];
	const char *lines[] = {traceparent, amzn, "User-Agent: coldmeter-keepwarm/1",
	    "Accept: */*", "Connection: close",
	    "Expect:", "Content-Type: application/json"};
	size_t n = sizeof(lines) / sizeof(lines[0]) - (method[0] == 'P' ? 0 : 1);
	struct curl_slist *headers = NULL;

	ping_format_trace(now_ns, random, traceparent, amzn);
	for (size_t i = 0; i < n; i++) {
		struct curl_slist *longer = curl_slist_append(headers, lines[i]);

		if (!longer) {
			curl_slist_free_all(headers);
			return NULL;
		}
		headers = longer;
	}
	return headers;
}

int ping_start(struct ping *ping, CURLM *multi, const struct call_request *what,
    int64_t now_ns, const uint64_t random[2], call_done done)
{
	struct call_request request = *what;

	if (ping->call.easy)
		return -EALREADY;
	request.headers = make_headers(now_ns, random, what->method);
	if (!request.headers)
		return -ENOMEM; /* never a ping without its mark */
	request.connect_timeout_ms = CONNECT_TIMEOUT_MS;
	request.timeout_ms = TIMEOUT_MS;
	request.direct = true;
	ping->started_ns = now_ns;
	return call_start(&ping->call, multi, &request, done);
}

void ping_result(const struct ping *ping, struct ping_result *out)
{
	*out = (struct ping_result){.at_ns = ping->started_ns,
	    .status = ping->call.http_status,
	    .seconds = ping->call.seconds};
	(void)text_copy(
	    out->error, sizeof(out->error), ping->call.error ? ping->call.error : "");
}
