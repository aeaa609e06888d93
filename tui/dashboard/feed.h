/* Keeps asking a collector, without ever waiting for it: what the dashboard lives on. */
#ifndef COLDMETER_TUI_DASHBOARD_FEED_H
#define COLDMETER_TUI_DASHBOARD_FEED_H

#include <stdint.h>

#include "tui/client.h"

enum feed_topic {
	FEED_FUNCTIONS, /* while it fails, no other topic is asked for */
	FEED_BUDGETS,
	FEED_ALERTS,
	FEED_KEEPWARM,
	FEED_ADVICE,
	FEED_SERIES,
	FEED_INVOCATIONS,
	FEED_COLDS,
	FEED_DEED, /* one request that the user caused */
	FEED_TOPICS
};

/* err as of client_call(); the reply is the feed's. */
typedef void feed_answer(
    void *ctx, enum feed_topic topic, int err, const struct reply *reply);

struct feed;

/* NULL when out of memory. The endpoint is borrowed. */
struct feed *feed_open(const struct endpoint *endpoint, feed_answer *answer, void *ctx);
void feed_close(struct feed *feed);

/* Asks for the path every so often, from now, and less often where an answer takes longer
 * than that; another path drops the answer that is on its way. path NULL: no longer. */
void feed_want(struct feed *feed, enum feed_topic topic, const char *path, int every_ms);

/* Sends one request. 0, -EBUSY while another is under way, or -ENOMEM. */
int feed_send(struct feed *feed, const char *method, const char *path, const char *body);

/* Starts what is due and hands over what has come. */
void feed_run(struct feed *feed, int64_t now_ms);

/* Waits for traffic, or for one of the descriptors, at most until a request is due or
 * most_ms have passed. */
void feed_wait(struct feed *feed, struct curl_waitfd *fds, unsigned int fds_n,
    int64_t now_ms, int most_ms);

#endif
