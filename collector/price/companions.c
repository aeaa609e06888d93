#include "price/companions.h"

#include <errno.h>
#include <string.h>

#include "price/plan/parts.h"

#define MICRO 1000000ULL
#define MOST_CALLS 1000

/* A kind of call at one provider. usage is not used: the quantity comes with the call. */
struct service {
	const char *provider;
	const char *default_region;
	enum companion kind;
	struct plan_line line; /* of millionths of a call */
};

/* DynamoDB: a read unit is 4 KB read strongly consistent, a write unit 1 KB
 * (https://aws.amazon.com/dynamodb/pricing/on-demand/). Cosmos DB: 1 KB read takes 1
 * request unit, written about 5
 * (https://learn.microsoft.com/azure/cosmos-db/request-units). Pub/Sub bills at least 1
 * KiB a message, published and again delivered (https://cloud.google.com/pubsub/pricing).
 */
#define KIB_PER_GIB (1ULL << 20)

static const struct service services[] = {
    {"aws", "us-east-1", COMPANION_HTTP_API,
	{.item = "API Gateway HTTP",
	    .price_key = "apigateway.http.requests",
	    .unit_size = MICRO,
	    .unit = "request"}},
    {"aws", "us-east-1", COMPANION_REST_API,
	{.item = "API Gateway REST",
	    .price_key = "apigateway.rest.requests",
	    .unit_size = MICRO,
	    .unit = "request"}},
    {"aws", "us-east-1", COMPANION_WEBSOCKET_API,
	{.item = "API Gateway WebSocket",
	    .price_key = "apigateway.websocket.messages",
	    .unit_size = MICRO,
	    .unit = "message"}},
    {"aws", "us-east-1", COMPANION_DOCUMENT_READS,
	{.item = "DynamoDB reads",
	    .price_key = "dynamodb.reads",
	    .unit_size = MICRO,
	    .unit = "read unit"}},
    {"aws", "us-east-1", COMPANION_DOCUMENT_WRITES,
	{.item = "DynamoDB writes",
	    .price_key = "dynamodb.writes",
	    .unit_size = MICRO,
	    .unit = "write unit"}},
    {"aws", "us-east-1", COMPANION_OBJECT_PUTS,
	{.item = "S3 puts",
	    .price_key = "s3.puts",
	    .unit_size = MICRO,
	    .unit = "request"}},
    {"aws", "us-east-1", COMPANION_OBJECT_GETS,
	{.item = "S3 gets",
	    .price_key = "s3.gets",
	    .unit_size = MICRO,
	    .unit = "request"}},
    {"aws", "us-east-1", COMPANION_QUEUE_REQUESTS,
	{.item = "SQS requests",
	    .price_key = "sqs.requests",
	    .unit_size = MICRO,
	    .unit = "request",
	    .free_tier_key = "sqs.free.requests"}},
    {"aws", "us-east-1", COMPANION_TOPIC_PUBLISHES,
	{.item = "SNS publishes",
	    .price_key = "sns.publishes",
	    .unit_size = MICRO,
	    .unit = "request",
	    .free_tier_key = "sns.free.publishes"}},
    {"azure", "eastus", COMPANION_HTTP_API,
	{.item = "API Management calls",
	    .price_key = "apim.calls",
	    .unit_size = MICRO,
	    .unit = "call",
	    .free_tier_key = "apim.free.calls"}},
    {"azure", "eastus", COMPANION_REST_API,
	{.item = "API Management calls",
	    .price_key = "apim.calls",
	    .unit_size = MICRO,
	    .unit = "call",
	    .free_tier_key = "apim.free.calls"}},
    {"azure", "eastus", COMPANION_DOCUMENT_READS,
	{.item = "Cosmos DB reads",
	    .price_key = "cosmos.units",
	    .unit_size = MICRO,
	    .unit = "request unit"}},
    {"azure", "eastus", COMPANION_DOCUMENT_WRITES,
	{.item = "Cosmos DB writes",
	    .price_key = "cosmos.units",
	    .unit_size = MICRO / 5,
	    .unit = "request unit"}},
    {"azure", "eastus", COMPANION_OBJECT_PUTS,
	{.item = "Blob Storage writes",
	    .price_key = "blob.writes",
	    .unit_size = MICRO,
	    .unit = "operation"}},
    {"azure", "eastus", COMPANION_OBJECT_GETS,
	{.item = "Blob Storage reads",
	    .price_key = "blob.reads",
	    .unit_size = MICRO,
	    .unit = "operation"}},
    {"azure", "eastus", COMPANION_QUEUE_REQUESTS,
	{.item = "Service Bus operations",
	    .price_key = "servicebus.operations",
	    .unit_size = MICRO,
	    .unit = "operation"}},
    {"azure", "eastus", COMPANION_TOPIC_PUBLISHES,
	{.item = "Service Bus publishes",
	    .price_key = "servicebus.operations",
	    .unit_size = MICRO,
	    .unit = "operation"}},
    {"gcp", "us-central1", COMPANION_HTTP_API,
	{.item = "API Gateway calls",
	    .price_key = "apigateway.calls",
	    .unit_size = MICRO,
	    .unit = "call",
	    .free_tier_key = "apigateway.free.calls"}},
    {"gcp", "us-central1", COMPANION_REST_API,
	{.item = "API Gateway calls",
	    .price_key = "apigateway.calls",
	    .unit_size = MICRO,
	    .unit = "call",
	    .free_tier_key = "apigateway.free.calls"}},
    {"gcp", "us-central1", COMPANION_DOCUMENT_READS,
	{.item = "Firestore reads",
	    .price_key = "firestore.reads",
	    .unit_size = MICRO,
	    .unit = "read"}},
    {"gcp", "us-central1", COMPANION_DOCUMENT_WRITES,
	{.item = "Firestore writes",
	    .price_key = "firestore.writes",
	    .unit_size = MICRO,
	    .unit = "write"}},
    {"gcp", "us-central1", COMPANION_OBJECT_PUTS,
	{.item = "Cloud Storage writes",
	    .price_key = "gcs.class_a",
	    .unit_size = MICRO,
	    .unit = "operation",
	    .free_tier_key = "gcs.free.class_a"}},
    {"gcp", "us-central1", COMPANION_OBJECT_GETS,
	{.item = "Cloud Storage reads",
	    .price_key = "gcs.class_b",
	    .unit_size = MICRO,
	    .unit = "operation",
	    .free_tier_key = "gcs.free.class_b"}},
    {"gcp", "us-central1", COMPANION_QUEUE_REQUESTS,
	{.item = "Pub/Sub messages",
	    .price_key = "pubsub.throughput",
	    .unit_size = KIB_PER_GIB * MICRO / 2,
	    .unit = "GiB",
	    .free_tier_key = "pubsub.free.throughput"}},
    {"gcp", "us-central1", COMPANION_TOPIC_PUBLISHES,
	{.item = "Pub/Sub publishes",
	    .price_key = "pubsub.throughput",
	    .unit_size = KIB_PER_GIB * MICRO / 2,
	    .unit = "GiB",
	    .free_tier_key = "pubsub.free.throughput"}},
    {"neon", "*", COMPANION_NEON_CU_S,
	{.item = "Neon compute",
	    .price_key = "neon.compute",
	    .unit_size = 3600 * MICRO,
	    .unit = "CU-h"}},
    {"planetscale", "*", COMPANION_PLANETSCALE,
	{.item = "PlanetScale requests",
	    .price_key = "planetscale.requests",
	    .unit_size = MICRO,
	    .unit = "request"}},
};
#define SERVICES_N (sizeof(services) / sizeof(services[0]))

static const struct {
	const char *word;
	enum companion kind;
} words[] = {
    {"http-api", COMPANION_HTTP_API},
    {"rest-api", COMPANION_REST_API},
    {"websocket-api", COMPANION_WEBSOCKET_API},
    {"dynamodb-reads", COMPANION_DOCUMENT_READS},
    {"cosmos-reads", COMPANION_DOCUMENT_READS},
    {"firestore-reads", COMPANION_DOCUMENT_READS},
    {"dynamodb-writes", COMPANION_DOCUMENT_WRITES},
    {"cosmos-writes", COMPANION_DOCUMENT_WRITES},
    {"firestore-writes", COMPANION_DOCUMENT_WRITES},
    {"s3-puts", COMPANION_OBJECT_PUTS},
    {"blob-writes", COMPANION_OBJECT_PUTS},
    {"gcs-writes", COMPANION_OBJECT_PUTS},
    {"s3-gets", COMPANION_OBJECT_GETS},
    {"blob-reads", COMPANION_OBJECT_GETS},
    {"gcs-reads", COMPANION_OBJECT_GETS},
    {"sqs-requests", COMPANION_QUEUE_REQUESTS},
    {"servicebus-operations", COMPANION_QUEUE_REQUESTS},
    {"pubsub-messages", COMPANION_QUEUE_REQUESTS},
    {"sns-publishes", COMPANION_TOPIC_PUBLISHES},
    {"neon-cu-seconds", COMPANION_NEON_CU_S},
    {"planetscale-requests", COMPANION_PLANETSCALE},
};

static const char planetscale_absence[] =
    "PlanetScale requests are not priced: it bills sizes of clusters; a price file may "
    "say planetscale.requests";

static const char *const absences[COMPANIONS] = {
    [COMPANION_HTTP_API] = "HTTP API calls have no price here",
    [COMPANION_REST_API] = "REST API calls have no price here",
    [COMPANION_WEBSOCKET_API] = "WebSocket messages have no price here",
    [COMPANION_DOCUMENT_READS] = "document reads have no price here",
    [COMPANION_DOCUMENT_WRITES] = "document writes have no price here",
    [COMPANION_OBJECT_PUTS] = "object writes have no price here",
    [COMPANION_OBJECT_GETS] = "object reads have no price here",
    [COMPANION_QUEUE_REQUESTS] = "queue requests have no price here",
    [COMPANION_TOPIC_PUBLISHES] = "topic publishes have no price here",
    [COMPANION_NEON_CU_S] = "Neon compute has no price here",
    [COMPANION_PLANETSCALE] = planetscale_absence,
};

enum companion companion_find(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].word, word))
			return words[i].kind;
	return COMPANIONS;
}

int companion_parse_calls(const char *text, uint64_t *micro)
{
	const __int128 pico_per_micro = 1000000;
	struct money calls; /* a decimal with 12 places is what it reads */

	if (money_parse(text, &calls) < 0 || calls.pico < 0 ||
	    calls.pico % pico_per_micro != 0 ||
	    calls.pico / pico_per_micro > (__int128)MOST_CALLS * MICRO)
		return -EINVAL;
	*micro = (uint64_t)(calls.pico / pico_per_micro);
	return 0;
}

void companions_add(
    struct companions *into, const struct companions *each, uint64_t invocations)
{
	for (size_t i = 0; i < COMPANIONS; i++)
		into->micro[i] =
		    plan_add(into->micro[i], plan_multiply(each->micro[i], invocations));
}

bool companions_are_none(const struct companions *c)
{
	for (size_t i = 0; i < COMPANIONS; i++)
		if (c->micro[i])
			return false;
	return true;
}

/* The provider's service of that kind, or one that is no cloud's; NULL: none. */
static const struct service *service_of(const char *provider, enum companion kind)
{
	for (size_t i = 0; i < SERVICES_N; i++) {
		const struct service *s = &services[i];

		if (s->kind == kind &&
		    (!strcmp(s->provider, provider) || !strcmp(s->default_region, "*")))
			return s;
	}
	return NULL;
}

/* One kind of call at one service. 0, -ENOENT: no price, or -E2BIG. */
static int price_one(const struct book *book, const struct service *service,
    const struct invoice_options *where, uint64_t micro, struct companion_bill *bill)
{
	const struct plan one = {.name = "companions",
	    .provider = service->provider,
	    .default_region = service->default_region,
	    .lines = &service->line,
	    .lines_n = 1};
	struct invoice_options options = *where;
	struct invoice invoice;
	int err = invoice_make_of(book, &one, &micro, &options, &invoice, NULL);

	if (err == -ENOENT) {
		options.region = service->default_region;
		err = invoice_make_of(book, &one, &micro, &options, &invoice, NULL);
		bill->moved |= !err;
	}
	if (err)
		return err;
	if (bill->lines_n + invoice.lines_n > COMPANION_LINES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < invoice.lines_n; i++) {
		bill->kinds[bill->lines_n] = service->kind;
		bill->lines[bill->lines_n++] = invoice.lines[i];
	}
	bill->total = money_add(bill->total, invoice.total);
	return 0;
}

/* Kinds that share a free quantity, at providers where one service serves several. */
static struct invoice_grant *grant_of(
    struct companion_grants *grants, const struct service *service)
{
	size_t i = 0;

	while (!service->line.free_tier_key || !services[i].line.free_tier_key ||
	       strcmp(services[i].line.free_tier_key, service->line.free_tier_key) != 0)
		if (++i == SERVICES_N)
			return &grants->kind[service->kind];
	return &grants->kind[services[i].kind];
}

int companions_price(const struct companion_terms *terms, const struct companions *calls,
    struct companion_bill *out)
{
	struct companion_bill bill = {0};

	for (enum companion kind = 0; kind < COMPANIONS; kind++) {
		const struct service *service = service_of(terms->plan->provider, kind);
		struct invoice_options options = {
		    .region = terms->region, .free_tier = terms->free_tier};
		int err = -ENOENT;

		if (!calls->micro[kind])
			continue;
		if (service) {
			options.grant =
			    terms->grants ? grant_of(terms->grants, service) : NULL;
			err = price_one(
			    terms->book, service, &options, calls->micro[kind], &bill);
		}
		if (err == -ENOENT)
			bill.absent[bill.absent_n++] = absences[kind];
		else if (err)
			return err;
	}
	*out = bill;
	return 0;
}
