#include "tui/dashboard/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* How long an answer may take: a collector that is away is noticed soon, and one that
 * needs longer, since it has an hour of 100,000 functions to add up, is heard in the end.
 */
#define PATIENCE_MS 5000L
#define PATIENCE_MAX_MS 60000L
#define PATIENCE_TIMES 4 /* what its last answer took */

struct request {
	CURL *curl;
	struct curl_slist *headers;
	struct reply reply;
	char path[CLIENT_PATH_BYTES]; /* "": not wanted */
	int every_ms;
	int64_t due_ms;
	long patience_ms; /* less than PATIENCE_MS: that */
	bool busy;
};

struct feed {
	const struct endpoint *endpoint;
	CURLM *multi;
	struct request requests[FEED_TOPICS];
	feed_answer *answer;
	void *ctx;
	bool down; /* the last answer about functions did not come */
};

struct feed *feed_open(const struct endpoint *endpoint, feed_answer *answer, void *ctx)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->endpoint = endpoint;
	feed->answer = answer;
	feed->ctx = ctx;
	feed->multi = curl_multi_init();
	if (!feed->multi) {
		free(feed);
		return NULL;
	}
	(void)curl_multi_setopt(feed->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 2L);
	return feed;
}

static void stop(struct feed *feed, struct request *request)
{
	if (request->busy)
		(void)curl_multi_remove_handle(feed->multi, request->curl);
	request->busy = false;
	reply_done(&request->reply);
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	for (int i = 0; i < FEED_TOPICS; i++) {
		stop(feed, &feed->requests[i]);
		curl_easy_cleanup(feed->requests[i].curl);
		curl_slist_free_all(feed->requests[i].headers);
	}
	(void)curl_multi_cleanup(feed->multi);
	free(feed);
}

static int start(
    struct feed *feed, struct request *request, const char *method, const char *body)
{
	char url[CLIENT_URL_BYTES + CLIENT_PATH_BYTES];
	int err;

	if (!request->curl)
		request->curl = client_handle(feed->endpoint, &request->headers);
	if (!request->curl)
		return -ENOMEM;
	if (request->patience_ms < PATIENCE_MS)
		request->patience_ms = PATIENCE_MS;
	(void)curl_easy_setopt(request->curl, CURLOPT_TIMEOUT_MS, request->patience_ms);
	reply_done(&request->reply);
	(void)snprintf(url, sizeof(url), "%s%s", feed->endpoint->url, request->path);
	err = client_prepare(request->curl, method, url, body, &request->reply);
	if (err)
		return err;
	if (curl_multi_add_handle(feed->multi, request->curl))
		return -ENOMEM;
	request->busy = true;
	return 0;
}

void feed_want(struct feed *feed, enum feed_topic topic, const char *path, int every_ms)
{
	struct request *request = &feed->requests[topic];

	request->every_ms = every_ms;
	if (strcmp(request->path, path ? path : "") == 0)
		return;
	stop(feed, request);
	(void)text_copy(request->path, sizeof(request->path), path ? path : "");
	request->due_ms = 0;
}

int feed_send(struct feed *feed, const char *method, const char *path, const char *body)
{
	struct request *request = &feed->requests[FEED_DEED];

	if (request->busy)
		return -EBUSY;
	(void)text_copy(request->path, sizeof(request->path), path);
	return start(feed, request, method, body);
}

/* After a deed the lists it may have changed are asked for at once. */
static void hurry(struct feed *feed)
{
	feed->requests[FEED_ALERTS].due_ms = 0;
	feed->requests[FEED_KEEPWARM].due_ms = 0;
}

/* From what an answer took; and it is not asked for again before that time has passed
 * once more: others have questions, too. That a host is away is known by its connection,
 * in less than that. */
static void learn_pace(struct request *request, CURLcode code, int64_t now_ms)
{
	curl_off_t took_us = 0;
	long took_ms;

	(void)curl_easy_getinfo(request->curl, CURLINFO_TOTAL_TIME_T, &took_us);
	took_ms = (long)(took_us / 1000);
	if (code == CURLE_OPERATION_TIMEDOUT)
		request->patience_ms *= 2;
	if (code == CURLE_OK)
		request->patience_ms = PATIENCE_TIMES * took_ms;
	if (request->patience_ms > PATIENCE_MAX_MS)
		request->patience_ms = PATIENCE_MAX_MS;
	if (code == CURLE_OK && request->due_ms < now_ms + took_ms)
		request->due_ms = now_ms + took_ms;
}

static void finish(struct feed *feed, CURL *curl, CURLcode code, int64_t now_ms)
{
	for (int i = 0; i < FEED_TOPICS; i++) {
		struct request *request = &feed->requests[i];
		int err;

		if (request->curl != curl || !request->busy)
			continue;
		(void)curl_multi_remove_handle(feed->multi, curl);
		request->busy = false;
		learn_pace(request, code, now_ms);
		err = client_finish(curl, code, &request->reply);
		if (i == FEED_FUNCTIONS)
			feed->down = err == -ECONNREFUSED;
		if (i == FEED_DEED)
			hurry(feed);
		feed->answer(feed->ctx, (enum feed_topic)i, err, &request->reply);
		reply_done(&request->reply);
		return;
	}
}

static bool is_due(const struct feed *feed, int topic, int64_t now_ms)
{
	const struct request *request = &feed->requests[topic];

	return topic != FEED_DEED && request->path[0] && !request->busy &&
	       now_ms >= request->due_ms && (topic == FEED_FUNCTIONS || !feed->down);
}

void feed_run(struct feed *feed, int64_t now_ms)
{
	CURLMsg *message;
	int running = 0;
	int left = 0;

	for (int i = 0; i < FEED_TOPICS; i++) {
		struct request *request = &feed->requests[i];

		if (!is_due(feed, i, now_ms))
			continue;
		/* on the beat: half a period late is caught up, more is not */
		request->due_ms += request->every_ms;
		if (request->due_ms < now_ms + request->every_ms / 2)
			request->due_ms = now_ms + request->every_ms;
		(void)start(feed, request, "GET", NULL);
	}
	(void)curl_multi_perform(feed->multi, &running);
	while ((message = curl_multi_info_read(feed->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			finish(feed, message->easy_handle, message->data.result, now_ms);
}

void feed_wait(struct feed *feed, struct curl_waitfd *fds, unsigned int fds_n,
    int64_t now_ms, int most_ms)
{
	int64_t wait_ms = most_ms;
	int ready = 0;

	for (int i = 0; i < FEED_TOPICS; i++) {
		const struct request *request = &feed->requests[i];

		if (is_due(feed, i, request->due_ms) &&
		    request->due_ms - now_ms < wait_ms)
			wait_ms = request->due_ms - now_ms;
	}
	(void)curl_multi_poll(
	    feed->multi, fds, fds_n, wait_ms > 0 ? (int)wait_ms : 0, &ready);
}
