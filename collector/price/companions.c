#include "price/companions.h"

#include <errno.h>
#include <string.h>

#include "price/plan_parts.h"

#define MICRO 1000000ULL
#define MOST_CALLS 1000

/* A kind of call at one provider. usage is not used: the quantity comes with the call. */
struct service {
	const char *provider;
	const char *default_region;
	enum companion kind;
	uint64_t units; /* of the price, in a call */
	struct plan_line line;
};

/* DynamoDB: a read unit is 4 KB read strongly consistent, a write unit 1 KB
 * (https://aws.amazon.com/dynamodb/pricing/on-demand/). Cosmos DB: 1 KB read takes 1
 * request unit, written about 5
 * (https://learn.microsoft.com/azure/cosmos-db/request-units). Pub/Sub bills at least 1
 * KiB a message, published and again delivered (https://cloud.google.com/pubsub/pricing).
 */
#define AWS(kind_, item_, key_, unit_, free_)                                            \
	{                                                                                \
		"aws", "us-east-1", kind_, 1,                                            \
		{                                                                        \
			.item = item_, .price_key = key_, .unit_size = MICRO,            \
			.unit = unit_, .free_tier_key = free_                            \
		}                                                                        \
	}
#define AZURE(kind_, units_, item_, key_, unit_, free_)                                  \
	{                                                                                \
		"azure", "eastus", kind_, units_,                                        \
		{                                                                        \
			.item = item_, .price_key = key_, .unit_size = MICRO,            \
			.unit = unit_, .free_tier_key = free_                            \
		}                                                                        \
	}
#define GCP(kind_, units_, item_, key_, size_, unit_, free_)                             \
	{                                                                                \
		"gcp", "us-central1", kind_, units_,                                     \
		{                                                                        \
			.item = item_, .price_key = key_, .unit_size = size_,            \
			.unit = unit_, .free_tier_key = free_                            \
		}                                                                        \
	}
#define KIB_PER_GIB (1ULL << 20)

static const struct service services[] = {
    AWS(COMPANION_HTTP_API, "API Gateway HTTP", "apigateway.http.requests", "request",
	NULL),
    AWS(COMPANION_REST_API, "API Gateway REST", "apigateway.rest.requests", "request",
	NULL),
    AWS(COMPANION_WEBSOCKET_API, "API Gateway WebSocket", "apigateway.websocket.messages",
	"message", NULL),
    AWS(COMPANION_DOCUMENT_READS, "DynamoDB reads", "dynamodb.reads", "read unit", NULL),
    AWS(COMPANION_DOCUMENT_WRITES, "DynamoDB writes", "dynamodb.writes", "write unit",
	NULL),
    AWS(COMPANION_OBJECT_PUTS, "S3 puts", "s3.puts", "request", NULL),
    AWS(COMPANION_OBJECT_GETS, "S3 gets", "s3.gets", "request", NULL),
    AWS(COMPANION_QUEUE_REQUESTS, "SQS requests", "sqs.requests", "request",
	"sqs.free.requests"),
    AWS(COMPANION_TOPIC_PUBLISHES, "SNS publishes", "sns.publishes", "request",
	"sns.free.publishes"),
    AZURE(COMPANION_HTTP_API, 1, "API Management calls", "apim.calls", "call",
	"apim.free.calls"),
    AZURE(COMPANION_REST_API, 1, "API Management calls", "apim.calls", "call",
	"apim.free.calls"),
    AZURE(COMPANION_DOCUMENT_READS, 1, "Cosmos DB reads", "cosmos.units", "request unit",
	NULL),
    AZURE(COMPANION_DOCUMENT_WRITES, 5, "Cosmos DB writes", "cosmos.units",
	"request unit", NULL),
    AZURE(COMPANION_OBJECT_PUTS, 1, "Blob Storage writes", "blob.writes", "operation",
	NULL),
    AZURE(
	COMPANION_OBJECT_GETS, 1, "Blob Storage reads", "blob.reads", "operation", NULL),
    AZURE(COMPANION_QUEUE_REQUESTS, 1, "Service Bus operations", "servicebus.operations",
	"operation", NULL),
    AZURE(COMPANION_TOPIC_PUBLISHES, 1, "Service Bus publishes", "servicebus.operations",
	"operation", NULL),
    GCP(COMPANION_HTTP_API, 1, "API Gateway calls", "apigateway.calls", MICRO, "call",
	"apigateway.free.calls"),
    GCP(COMPANION_REST_API, 1, "API Gateway calls", "apigateway.calls", MICRO, "call",
	"apigateway.free.calls"),
    GCP(COMPANION_DOCUMENT_READS, 1, "Firestore reads", "firestore.reads", MICRO, "read",
	NULL),
    GCP(COMPANION_DOCUMENT_WRITES, 1, "Firestore writes", "firestore.writes", MICRO,
	"write", NULL),
    GCP(COMPANION_OBJECT_PUTS, 1, "Cloud Storage writes", "gcs.class_a", MICRO,
	"operation", "gcs.free.class_a"),
    GCP(COMPANION_OBJECT_GETS, 1, "Cloud Storage reads", "gcs.class_b", MICRO,
	"operation", "gcs.free.class_b"),
    GCP(COMPANION_QUEUE_REQUESTS, 2, "Pub/Sub messages", "pubsub.throughput",
	KIB_PER_GIB *MICRO, "GiB", "pubsub.free.throughput"),
    GCP(COMPANION_TOPIC_PUBLISHES, 2, "Pub/Sub publishes", "pubsub.throughput",
	KIB_PER_GIB *MICRO, "GiB", "pubsub.free.throughput"),
    {"neon", "*", COMPANION_NEON_CU_S, 1,
	{.item = "Neon compute",
	    .price_key = "neon.compute",
	    .unit_size = 3600 * MICRO,
	    .unit = "CU-h"}},
    {"planetscale", "*", COMPANION_PLANETSCALE, 1,
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

static const char *const absences[COMPANIONS] = {
    [COMPANION_HTTP_API] = "HTTP API calls are not priced here",
    [COMPANION_REST_API] = "REST API calls are not priced here",
    [COMPANION_WEBSOCKET_API] = "WebSocket messages are not priced here: the provider "
				"has no gateway billed by message, or the book no price",
    [COMPANION_DOCUMENT_READS] = "document reads are not priced here",
    [COMPANION_DOCUMENT_WRITES] = "document writes are not priced here",
    [COMPANION_OBJECT_PUTS] = "object writes are not priced here",
    [COMPANION_OBJECT_GETS] = "object reads are not priced here",
    [COMPANION_QUEUE_REQUESTS] = "queue requests are not priced here",
    [COMPANION_TOPIC_PUBLISHES] = "topic publishes are not priced here",
    [COMPANION_NEON_CU_S] = "Neon compute is not priced here",
    [COMPANION_PLANETSCALE] = "PlanetScale requests are not priced: it bills sizes of "
			      "clusters; a price file may say planetscale.requests",
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
	const uint64_t quantity = plan_multiply(micro, service->units);
	struct invoice_options options = *where;
	struct invoice invoice;
	int err = invoice_make_of(book, &one, &quantity, &options, &invoice, NULL);

	if (err == -ENOENT) {
		options.region = service->default_region;
		err = invoice_make_of(book, &one, &quantity, &options, &invoice, NULL);
		bill->moved |= !err;
	}
	if (err)
		return err;
	if (bill->lines_n + invoice.lines_n > COMPANION_LINES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < invoice.lines_n; i++) {
		bill->kinds[bill->lines_n] = service->kind;
		bill->units[bill->lines_n] = service->units;
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

int companions_price(const struct book *book, const struct plan *plan, const char *region,
    const struct companions *calls, struct companion_grants *grants, bool free_tier,
    struct companion_bill *out)
{
	struct companion_bill bill = {0};

	for (enum companion kind = 0; kind < COMPANIONS; kind++) {
		const struct service *service = service_of(plan->provider, kind);
		struct invoice_options options = {
		    .region = region, .free_tier = free_tier};
		int err = -ENOENT;

		if (!calls->micro[kind])
			continue;
		if (service) {
			options.grant = grants ? grant_of(grants, service) : NULL;
			err =
			    price_one(book, service, &options, calls->micro[kind], &bill);
		}
		if (err == -ENOENT)
			bill.absent[bill.absent_n++] = absences[kind];
		else if (err)
			return err;
	}
	*out = bill;
	return 0;
}
