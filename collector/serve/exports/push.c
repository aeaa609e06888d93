#include "serve/exports/push.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define TIMEOUT_MS 30000L
#define LAST_NS (2 * (uint64_t)CLOCK_NS_PER_S) /* of the end */
#define DELAY_MAX_S 60
#define RETRY_AFTER_MAX_S 300

struct body {
	struct body *next;
	struct buffer bytes;
	uint64_t items;
};

enum outcome { OUTCOME_SENT, OUTCOME_AGAIN, OUTCOME_REFUSED };

struct push {
	const struct push_target *target;
	CURL *easy; /* the thread alone, as are the next three */
	struct curl_slist *headers;
	unsigned int failed; /* attempts on end */
	bool complained;     /* of this stretch of failures */
	pthread_t thread;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t changed;
	struct body *first;
	struct body **last;
	size_t waiting_bytes;
	struct push_counts counts;
	atomic_bool stopping;
	atomic_uint_least64_t end_ns; /* once stopping: boot time; then all is over */
};

int push_delay_s(unsigned int failed, long retry_after_s)
{
	int delay_s = failed > 6 ? DELAY_MAX_S : 1 << (failed ? failed - 1 : 0);

	if (retry_after_s > 0)
		return retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S
							 : (int)retry_after_s;
	return delay_s > DELAY_MAX_S ? DELAY_MAX_S : delay_s;
}

static size_t ignore(const char *bytes, size_t size, size_t n, void *context)
{
	(void)bytes;
	(void)context;
	return size * n;
}

static bool is_over(const struct push *push)
{
	return push->stopping && (push->failed > 0 || clock_boot_ns() > push->end_ns);
}

/* Ends a transfer that is under way when there is no time left for it. */
static int check_stop(
    void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct push *push = context;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return is_over(push);
}

static int open_handle(struct push *push)
{
	push->easy = curl_easy_init();
	for (size_t i = 0; i < PUSH_HEADERS_MAX && push->target->headers[i]; i++) {
		struct curl_slist *more =
		    curl_slist_append(push->headers, push->target->headers[i]);

		if (!more)
			return -ENOMEM;
		push->headers = more;
	}
	if (!push->easy || curl_easy_setopt(push->easy, CURLOPT_URL, push->target->url))
		return -ENOMEM;
	(void)curl_easy_setopt(push->easy, CURLOPT_HTTPHEADER, push->headers);
	(void)curl_easy_setopt(push->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(push->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(push->easy, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(push->easy, CURLOPT_WRITEFUNCTION, ignore);
	(void)curl_easy_setopt(push->easy, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(push->easy, CURLOPT_XFERINFOFUNCTION, check_stop);
	(void)curl_easy_setopt(push->easy, CURLOPT_XFERINFODATA, push);
	return 0;
}

/* Once for a stretch of failures. */
static void complain(struct push *push, CURLcode code, long status)
{
	if (push->complained)
		return;
	push->complained = true;
	if (code)
		log_note("%s cannot be sent: %s", push->target->name,
		    curl_easy_strerror(code));
	else
		log_note("%s is not taken: HTTP %ld", push->target->name, status);
}

/* One attempt; *retry_after_s is what the answer asked for, else 0. */
static enum outcome attempt(
    struct push *push, const struct body *body, long *retry_after_s)
{
	CURL *easy = push->easy;
	curl_off_t after = 0;
	long status = 0;
	CURLcode code;

	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->bytes.at);
	(void)curl_easy_setopt(
	    easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->bytes.n);
	code = curl_easy_perform(easy);
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
	*retry_after_s = after > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : (long)after;
	if (!code && status >= 200 && status < 300)
		return OUTCOME_SENT;
	complain(push, code, status);
	return code || status == 429 || status >= 500 ? OUTCOME_AGAIN : OUTCOME_REFUSED;
}

/* Takes the first one off; locked by the caller. */
static struct body *take_first(struct push *push)
{
	struct body *body = push->first;

	push->first = body->next;
	if (!push->first)
		push->last = &push->first;
	push->waiting_bytes -= body->bytes.n;
	push->counts.waiting--;
	return body;
}

static void body_free(struct body *body)
{
	if (body)
		buffer_done(&body->bytes);
	free(body);
}

/* Waits for a body, or NULL to end. */
static struct body *next_body(struct push *push)
{
	struct body *body = NULL;

	(void)pthread_mutex_lock(&push->mutex);
	while (!push->first && !push->stopping)
		(void)pthread_cond_wait(&push->changed, &push->mutex);
	if (push->first)
		body = take_first(push);
	(void)pthread_mutex_unlock(&push->mutex);
	return body;
}

static void wait_s(struct push *push, int seconds)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	(void)pthread_mutex_lock(&push->mutex);
	while (!push->stopping &&
	       pthread_cond_timedwait(&push->changed, &push->mutex, &until) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&push->mutex);
}

/* Sends one until it is taken, refused, or there is no time left. */
static enum outcome deliver(struct push *push, const struct body *body)
{
	for (;;) {
		long retry_after_s;
		enum outcome outcome = attempt(push, body, &retry_after_s);

		if (outcome == OUTCOME_SENT) {
			push->failed = 0;
			push->complained = false;
			return outcome;
		}
		push->failed++;
		(void)pthread_mutex_lock(&push->mutex);
		push->counts.failures++;
		(void)pthread_mutex_unlock(&push->mutex);
		if (outcome == OUTCOME_REFUSED || push->stopping)
			return outcome;
		wait_s(push, push_delay_s(push->failed, retry_after_s));
	}
}

static void *push_run(void *context)
{
	struct push *push = context;
	struct body *body;

	while ((body = next_body(push)) != NULL) {
		enum outcome outcome =
		    is_over(push) ? OUTCOME_REFUSED : deliver(push, body);

		(void)pthread_mutex_lock(&push->mutex);
		if (outcome == OUTCOME_SENT)
			push->counts.sent += body->items;
		else
			push->counts.dropped += body->items;
		(void)pthread_mutex_unlock(&push->mutex);
		body_free(body);
	}
	return NULL;
}

void push_add(struct push *push, struct buffer *bytes, uint64_t items)
{
	struct body *body = bytes->failed ? NULL : calloc(1, sizeof(*body));

	(void)pthread_mutex_lock(&push->mutex);
	if (body) {
		*body = (struct body){.bytes = *bytes, .items = items};
		*push->last = body;
		push->last = &body->next;
		push->waiting_bytes += bytes->n;
		push->counts.waiting++;
		*bytes = (struct buffer){0};
	} else {
		push->counts.dropped += items;
	}
	while (push->counts.waiting > PUSH_BODIES_MAX ||
	       (push->waiting_bytes > PUSH_BYTES_MAX && push->counts.waiting > 1)) {
		struct body *oldest = take_first(push);

		push->counts.dropped += oldest->items;
		body_free(oldest);
	}
	(void)pthread_cond_signal(&push->changed);
	(void)pthread_mutex_unlock(&push->mutex);
	buffer_done(bytes);
}

static void push_free(struct push *push)
{
	while (push->first)
		body_free(take_first(push));
	curl_easy_cleanup(push->easy);
	curl_slist_free_all(push->headers);
	(void)pthread_cond_destroy(&push->changed);
	(void)pthread_mutex_destroy(&push->mutex);
	free(push);
}

int push_start(const struct push_target *target, struct push **out)
{
	struct push *push = calloc(1, sizeof(*push));
	pthread_condattr_t monotonic;
	int err;

	if (!push)
		return -ENOMEM;
	push->target = target;
	push->last = &push->first;
	(void)pthread_mutex_init(&push->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&push->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	err = open_handle(push);
	if (!err)
		err = -pthread_create(&push->thread, NULL, push_run, push);
	if (err) {
		push_free(push);
		return err;
	}
	*out = push;
	return 0;
}

void push_stop(struct push *push)
{
	if (!push)
		return;
	(void)pthread_mutex_lock(&push->mutex);
	push->end_ns = clock_boot_ns() + LAST_NS;
	push->stopping = true;
	(void)pthread_cond_signal(&push->changed);
	(void)pthread_mutex_unlock(&push->mutex);
	(void)pthread_join(push->thread, NULL);
	push_free(push);
}

struct push_counts push_counts(struct push *push)
{
	struct push_counts counts;

	(void)pthread_mutex_lock(&push->mutex);
	counts = push->counts;
	(void)pthread_mutex_unlock(&push->mutex);
	return counts;
}

const char *push_name(const struct push *push)
{
	return push->target->name;
}
