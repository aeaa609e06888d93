/* One keep-warm ping: an HTTP request that anyone on the way can tell from a real one. */
#ifndef COLDMETER_ALERTS_KEEPWARM_PING_H
#define COLDMETER_ALERTS_KEEPWARM_PING_H

#include <stdint.h>

#include "alerts/call.h"

#define PING_HEADER_BYTES 96

struct ping {
	struct call call; /* first */
	void *context;
	int64_t started_ns;
};

/* What came of it. */
struct ping_result {
	int64_t at_ns; /* when it was sent */
	long status;   /* HTTP status; 0: none came */
	double seconds;
	char error[128]; /* "" when a status came */
};

/* The two trace headers that carry PING_TRACE_MARK. Each out holds PING_HEADER_BYTES.
 * random: two arbitrary numbers. */
void ping_format_trace(
    int64_t now_ns, const uint64_t random[2], char *traceparent, char *amzn);

/* Sends method ("GET" or "POST") to url. done runs from call_collect(); read the outcome
 * with ping_result(). Not before the last one of the same struct ended: -EALREADY. */
int ping_start(struct ping *ping, CURLM *multi, const struct call_request *what,
    int64_t now_ns, const uint64_t random[2], call_done done);

void ping_result(const struct ping *ping, struct ping_result *out);

#endif
