/* A row leaves the outbox only when its answer is known, so a collector that dies in
 * between sends it again; the receiver tells repeats by the idempotency key. */
#include "alerts/outbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/call.h"
#include "alerts/delivery.h"
#include "alerts/url.h"
#include "base/clock.h"
#include "base/log.h"

#define SLOTS 8 /* requests at a time: a receiver that hangs holds one for 15 s */
#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS 15000
#define STORE_RETRY_NS (5 * CLOCK_NS_PER_S)

struct slot {
	struct call call; /* first */
	struct outbox *outbox;
	int64_t id; /* of the row; 0: free */
	int attempts;
	char *target;
};

struct outbox {
	struct store *store;
	CURLM *multi;
	atomic_bool changed; /* the rows may be others than next_due_ns was made of */
	int64_t next_due_ns;
	uint64_t random;
	struct slot slots[SLOTS];
};

int outbox_new(struct store *store, CURLM *multi, uint64_t seed, struct outbox **out)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return -ENOMEM;
	outbox->store = store;
	outbox->multi = multi;
	outbox->random = seed | 1;
	atomic_init(&outbox->changed, true);
	for (size_t i = 0; i < SLOTS; i++)
		outbox->slots[i].outbox = outbox;
	*out = outbox;
	return 0;
}

static void free_slot(struct slot *slot)
{
	free(slot->target);
	slot->target = NULL;
	slot->id = 0;
}

void outbox_free(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		call_cancel(&outbox->slots[i].call);
		free_slot(&outbox->slots[i]);
	}
	free(outbox);
}

int outbox_add(struct outbox *outbox, const struct store_delivery *delivery)
{
	int err = store_outbox_add(outbox->store, delivery);

	if (err == 0)
		atomic_store(&outbox->changed, true);
	return err;
}

static uint32_t next_random(struct outbox *outbox) /* xorshift64 */
{
	outbox->random ^= outbox->random << 13;
	outbox->random ^= outbox->random >> 7;
	outbox->random ^= outbox->random << 17;
	return (uint32_t)(outbox->random >> 32);
}

static void log_trouble(const struct slot *slot, const char *what, const char *error)
{
	char shown[URL_MAX_BYTES];

	url_mask(slot->target, shown, sizeof(shown));
	log_warn(
	    "delivery to %s %s after attempt %d: %s", shown, what, slot->attempts, error);
}

static void slot_done(struct call *call)
{
	struct slot *slot = (struct slot *)call;
	struct outbox *outbox = slot->outbox;
	struct delivery_answer answer = {.http_status = call->http_status,
	    .retry_after_s = call->retry_after_s,
	    .error = call->error,
	    .hopeless = call->hopeless,
	    .response = call->response};
	enum delivery_verdict verdict = delivery_judge(&answer, slot->attempts);
	char error[DELIVERY_ERROR_BYTES];
	int64_t wait_ns;
	int err = 0;

	delivery_explain(&answer, slot->target, error);
	switch (verdict) {
	case DELIVERY_DONE:
		err = store_outbox_settle(outbox->store, slot->id, true, NULL);
		break;
	case DELIVERY_RETRY:
		wait_ns = delivery_wait_ns(
		    slot->attempts, answer.retry_after_s, next_random(outbox));
		err = store_outbox_retry(
		    outbox->store, slot->id, clock_wall_ns() + wait_ns, error);
		log_trouble(slot, "will be tried again", error);
		break;
	case DELIVERY_GIVE_UP:
		err = store_outbox_settle(outbox->store, slot->id, false, error);
		log_trouble(slot, "was given up", error);
		break;
	}
	if (err < 0)
		(void)log_error(err, "cannot note the end of a delivery; it may repeat");
	free_slot(slot);
	atomic_store(&outbox->changed, true);
}

static struct curl_slist *make_headers(const char *key)
{
	struct curl_slist *headers = NULL;
	char line[256];
	const char *lines[] = {
	    "User-Agent: coldmeter/1", "Content-Type: application/json", "Expect:", line};

	(void)snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct curl_slist *longer = curl_slist_append(headers, lines[i]);

		if (!longer)
			break;
		headers = longer;
	}
	return headers;
}

static int start(struct outbox *outbox, struct slot *slot, const struct store_delivery *d)
{
	struct call_request request = {.method = "POST",
	    .url = d->target,
	    .body = d->body,
	    .headers = make_headers(d->key),
	    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	    .timeout_ms = TIMEOUT_MS};
	int err;

	slot->target = strdup(d->target);
	if (!slot->target) {
		curl_slist_free_all(request.headers);
		return -ENOMEM;
	}
	slot->id = d->id;
	slot->attempts = d->attempts + 1;
	err = call_start(&slot->call, outbox->multi, &request, slot_done);
	if (err)
		free_slot(slot);
	return err;
}

struct scan {
	struct outbox *outbox;
	int64_t now_ns;
	int64_t next_due_ns;
};

static int visit_row(void *context, const struct store_delivery *delivery)
{
	struct scan *scan = context;
	struct slot *idle = NULL;

	if (delivery->due_ns > scan->now_ns) {
		if (delivery->due_ns < scan->next_due_ns)
			scan->next_due_ns = delivery->due_ns;
		return 0;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &scan->outbox->slots[i];

		if (slot->id == delivery->id)
			return 0; /* under way */
		if (!slot->id)
			idle = slot;
	}
	/* without an idle slot it waits: the end of a request sets changed */
	if (idle && start(scan->outbox, idle, delivery))
		scan->next_due_ns = scan->now_ns + STORE_RETRY_NS;
	return 0;
}

int64_t outbox_run(struct outbox *outbox, int64_t now_ns)
{
	struct scan scan = {outbox, now_ns, INT64_MAX};
	int err;

	if (!atomic_exchange(&outbox->changed, false) && now_ns < outbox->next_due_ns)
		return outbox->next_due_ns;
	err = store_outbox_scan_due(outbox->store, INT64_MAX, visit_row, &scan);
	if (err < 0) {
		log_warn("cannot read the outbox: %s", strerror(-err));
		scan.next_due_ns = now_ns + STORE_RETRY_NS;
	}
	outbox->next_due_ns = scan.next_due_ns;
	return outbox->next_due_ns;
}

void outbox_hurry(struct outbox *outbox, int64_t now_ns)
{
	int err = store_outbox_hurry(outbox->store, now_ns);

	if (err < 0)
		log_warn("deliveries wait for the time before the clock went back: %s",
		    strerror(-err));
	atomic_store(&outbox->changed, true);
}
