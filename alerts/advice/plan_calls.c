#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alerts/advice/plan_parts.h"
#include "alerts/peer_service.h"

#define NAMED 4 /* of the peers of which the service is not known */

/* What a kind of call is of, where only its provider has it; the settings call it as one
 * cloud does, whichever it is. */
static const char *const stated_names[COMPANIONS] = {
    [COMPANION_HTTP_API] = "an API gateway",
    [COMPANION_REST_API] = "an API gateway",
    [COMPANION_WEBSOCKET_API] = "an API gateway",
    [COMPANION_DOCUMENT_READS] = "a document table (DynamoDB, Cosmos DB, Firestore)",
    [COMPANION_DOCUMENT_WRITES] = "a document table (DynamoDB, Cosmos DB, Firestore)",
    [COMPANION_OBJECT_PUTS] = "a bucket (S3, Azure Blob, Cloud Storage)",
    [COMPANION_OBJECT_GETS] = "a bucket (S3, Azure Blob, Cloud Storage)",
    [COMPANION_QUEUE_REQUESTS] = "a queue (SQS, Service Bus, Pub/Sub)",
    [COMPANION_TOPIC_PUBLISHES] = "a topic (SNS, Service Bus, Pub/Sub)",
};

/* A sentence that grows; what does not fit is left out. */
struct sentence {
	char *text;
	size_t size;
	size_t items; /* of the list that is being written */
};

__attribute__((format(printf, 2, 3))) static void put_text(
    struct sentence *sentence, const char *format, ...)
{
	size_t at = strlen(sentence->text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sentence->text + at, sentence->size - at, format, args);
	va_end(args);
}

/* The next item of a list; before stands in front of the first. */
static void put_item(struct sentence *sentence, const char *before, const char *item)
{
	put_text(sentence, "%s%s", sentence->items++ ? ", " : before, item);
}

/* Returns how many there are. */
static size_t say_stated(const struct companions *stated, struct sentence *sentence)
{
	sentence->items = 0;
	for (size_t i = 0; i < COMPANIONS; i++) {
		bool is_said = !stated->micro[i] || !stated_names[i];

		for (size_t k = 0; k < i && !is_said; k++)
			is_said = stated->micro[k] && stated_names[k] == stated_names[i];
		if (!is_said)
			put_item(
			    sentence, "Its settings state calls of ", stated_names[i]);
	}
	if (sentence->items)
		put_text(sentence, ".");
	return sentence->items;
}

/* Each service once. */
static size_t say_known(const struct measured *m, struct sentence *sentence)
{
	sentence->items = 0;
	for (size_t i = 0; i < m->peers_n; i++) {
		const struct peer_service *service = peer_service_of(m->peers[i].peer);
		bool is_said = !service;

		for (size_t k = 0; k < i && !is_said; k++)
			is_said = peer_service_of(m->peers[k].peer) == service;
		if (is_said)
			continue;
		put_item(sentence,
		    sentence->text[0] ? " Its inits were measured to call "
				      : "Its inits were measured to call ",
		    service->name);
		put_text(sentence, " (%s)", m->peers[i].peer);
	}
	if (sentence->items)
		put_text(sentence, ".");
	return sentence->items;
}

/* An address alone is no name: it is told as it was measured. */
static size_t say_unknown(const struct measured *m, struct sentence *sentence)
{
	size_t n = 0;

	for (size_t i = 0; i < m->peers_n; i++)
		n += !peer_service_of(m->peers[i].peer);
	if (!n)
		return 0;
	put_text(sentence, "%sMeasured: %zu peer%s, of which service is not known: ",
	    sentence->text[0] ? " " : "", n, n == 1 ? "" : "s");
	sentence->items = 0;
	for (size_t i = 0; i < m->peers_n && sentence->items < NAMED; i++) {
		const char *peer = m->peers[i].peer;
		const char *port = peer_port(peer);

		if (peer_service_of(peer))
			continue;
		put_item(sentence, "", "");
		if (port)
			put_text(sentence, "port %s at %.*s", port,
			    (int)(port - 1 - peer), peer);
		else
			put_text(sentence, "%s", peer);
	}
	put_text(sentence, "%s.", n > NAMED || m->more_peers ? ", and others" : "");
	return n;
}

void advice_plan_calls(
    const struct measured *m, const struct plan_terms *terms, struct plan_advice *advice)
{
	struct plan_finding finding = {.check = PLAN_CALLS, .what = ""};
	struct sentence sentence = {finding.why, sizeof(finding.why), 0};
	size_t locked = say_stated(&terms->stated, &sentence);
	struct plan_finding *added;
	size_t unknown;

	locked += say_known(m, &sentence);
	unknown = say_unknown(m, &sentence);
	if (!locked && !unknown)
		return;
	/* what is not known does not make the whole unknown: the rest is */
	added = advice_plan_add(advice, PLAN_CALLS, locked ? PLAN_CONSIDER : PLAN_FITS);
	finding.verdict = locked ? PLAN_CONSIDER : PLAN_UNKNOWN;
	if (locked)
		finding.what = "Call them through an interface of your own, so that "
			       "another provider's can take their place.";
	*added = finding;
}
