#include "tui/invoice/focus.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "tui/field.h"
#include "tui/rows.h"
#include "tui/table.h"

#define TEXT_BYTES 512

/* In the order of the specification. */
static const struct table_column columns[] = {
    {"AvailabilityZone", TABLE_LEFT},
    {"BilledCost", TABLE_RIGHT},
    {"BillingAccountId", TABLE_LEFT},
    {"BillingAccountName", TABLE_LEFT},
    {"BillingCurrency", TABLE_LEFT},
    {"BillingPeriodEnd", TABLE_LEFT},
    {"BillingPeriodStart", TABLE_LEFT},
    {"ChargeCategory", TABLE_LEFT},
    {"ChargeClass", TABLE_LEFT},
    {"ChargeDescription", TABLE_LEFT},
    {"ChargeFrequency", TABLE_LEFT},
    {"ChargePeriodEnd", TABLE_LEFT},
    {"ChargePeriodStart", TABLE_LEFT},
    {"CommitmentDiscountCategory", TABLE_LEFT},
    {"CommitmentDiscountId", TABLE_LEFT},
    {"CommitmentDiscountName", TABLE_LEFT},
    {"CommitmentDiscountStatus", TABLE_LEFT},
    {"CommitmentDiscountType", TABLE_LEFT},
    {"ConsumedQuantity", TABLE_RIGHT},
    {"ConsumedUnit", TABLE_LEFT},
    {"ContractedCost", TABLE_RIGHT},
    {"ContractedUnitPrice", TABLE_RIGHT},
    {"EffectiveCost", TABLE_RIGHT},
    {"InvoiceIssuerName", TABLE_LEFT},
    {"ListCost", TABLE_RIGHT},
    {"ListUnitPrice", TABLE_RIGHT},
    {"PricingCategory", TABLE_LEFT},
    {"PricingQuantity", TABLE_RIGHT},
    {"PricingUnit", TABLE_LEFT},
    {"ProviderName", TABLE_LEFT},
    {"PublisherName", TABLE_LEFT},
    {"RegionId", TABLE_LEFT},
    {"RegionName", TABLE_LEFT},
    {"ResourceId", TABLE_LEFT},
    {"ResourceName", TABLE_LEFT},
    {"ResourceType", TABLE_LEFT},
    {"ServiceCategory", TABLE_LEFT},
    {"ServiceName", TABLE_LEFT},
    {"SkuId", TABLE_LEFT},
    {"SkuPriceId", TABLE_LEFT},
    {"SubAccountId", TABLE_LEFT},
    {"SubAccountName", TABLE_LEFT},
    {"Tags", TABLE_LEFT},
};
#define COLUMNS_N (sizeof(columns) / sizeof(columns[0]))
#define TAGS_COLUMN (COLUMNS_N - 1) /* JSON of any length, so in no row's texts */

/* By the beginning of a price's key. */
static const struct {
	const char *key;
	const char *service;
	const char *category;
} services[] = {
    {"lambda.", "AWS Lambda", "Compute"}, {"apigateway.", "API Gateway", "Networking"},
    {"dynamodb.", "Amazon DynamoDB", "Databases"}, {"s3.", "Amazon S3", "Storage"},
    {"sqs.", "Amazon SQS", "Integration"}, {"sns.", "Amazon SNS", "Integration"},
    {"apim.", "API Management", "Networking"},
    {"cosmos.", "Azure Cosmos DB", "Databases"},
    {"blob.", "Azure Blob Storage", "Storage"},
    {"servicebus.", "Azure Service Bus", "Integration"},
    {"consumption.", "Azure Functions", "Compute"},
    {"flex.", "Azure Functions", "Compute"}, {"premium.", "Azure Functions", "Compute"},
    {"run.", "Cloud Run", "Compute"}, {"functions", "Cloud Functions", "Compute"},
    {"firestore.", "Firestore", "Databases"}, {"gcs.", "Cloud Storage", "Storage"},
    {"pubsub.", "Pub/Sub", "Integration"}, {"neon.", "Neon", "Databases"},
    {"planetscale.", "PlanetScale", "Databases"}, {"host.", "Own host", "Compute"},
    {"savings-plan", "Savings Plans", "Compute"},
    {"", "Serverless functions", "Compute"}, /* every other */
};

static const struct {
	const char *provider;
	const char *name;
} providers[] = {
    {"aws", "AWS"},
    {"azure", "Microsoft"},
    {"gcp", "Google Cloud"},
    {"neon", "Neon"},
    {"planetscale", "PlanetScale"},
    {"own", "Own host"},
};

/* A row: texts by column; those not set are empty. */
struct row {
	char texts[TAGS_COLUMN][TEXT_BYTES];
};

/* What rows of one part share. */
struct part {
	char key[TEXT_BYTES]; /* "function" or "day" */
	char month[16];
	char value[TEXT_BYTES];
	char billing_start[32], billing_end[32];
	char charge_start[32], charge_end[32];
	const char *tags; /* JSON, or NULL */
};

static void set(struct row *row, const char *column, const char *text)
{
	size_t i = 0;

	while (strcmp(columns[i].title, column) != 0)
		i++;
	(void)snprintf(row->texts[i], TEXT_BYTES, "%s", text);
}

static void copy(
    struct row *row, const char *column, const json_t *line, const char *member)
{
	char text[TEXT_BYTES];

	set(row, column, field_text(line, member, text, sizeof(text)));
}

static void set_service(struct row *row, const json_t *line)
{
	char sku[TEXT_BYTES];
	char provider[TEXT_BYTES];
	const char *name = provider;
	size_t i = 0;

	(void)field_text(line, "sku", sku, sizeof(sku));
	(void)field_text(line, "provider", provider, sizeof(provider));
	while (strncmp(sku, services[i].key, strlen(services[i].key)) != 0)
		i++;
	for (size_t k = 0; k < sizeof(providers) / sizeof(providers[0]); k++)
		if (!strcmp(providers[k].provider, provider))
			name = providers[k].name;
	set(row, "ServiceName", services[i].service);
	set(row, "ServiceCategory", services[i].category);
	set(row, "ProviderName", name);
	set(row, "PublisherName", name);
	set(row, "InvoiceIssuerName", name);
	set(row, "SkuId", sku);
}

static void set_periods(struct row *row, const struct part *part)
{
	set(row, "BillingPeriodStart", part->billing_start);
	set(row, "BillingPeriodEnd", part->billing_end);
	set(row, "ChargePeriodStart", part->charge_start);
	set(row, "ChargePeriodEnd", part->charge_end);
}

static void set_costs(struct row *row, const json_t *line)
{
	copy(row, "BilledCost", line, "amount_usd");
	copy(row, "EffectiveCost", line, "amount_usd");
	copy(row, "ContractedCost", line, "amount_usd");
	copy(row, "ListCost", line, "list_usd");
	copy(row, "ListUnitPrice", line, "list_price");
	copy(row, "ContractedUnitPrice", line, "price");
	copy(row, "PricingQuantity", line, "quantity");
	copy(row, "PricingUnit", line, "unit");
	copy(row, "ConsumedQuantity", line, "quantity");
	copy(row, "ConsumedUnit", line, "unit");
}

/* A savings plan is a commitment; what was negotiated is the contract's own price. */
static void set_discount(struct row *row, const json_t *line)
{
	const json_t *discount = json_object_get(line, "discount");
	char text[32];
	bool is_unused =
	    strcmp(field_text(line, "sku", text, sizeof(text)), "savings-plan") == 0;

	set(row, "PricingCategory", "Standard");
	if (!is_unused &&
	    strcmp(field_text(discount, "kind", text, sizeof(text)), "savings-plan") != 0)
		return;
	set(row, "PricingCategory", "Committed");
	copy(row, "ContractedCost", line, "list_usd");
	copy(row, "ContractedUnitPrice", line, "list_price");
	copy(row, "CommitmentDiscountId", is_unused ? line : discount, "source");
	set(row, "CommitmentDiscountCategory", "Spend");
	set(row, "CommitmentDiscountStatus", is_unused ? "Unused" : "Used");
	set(row, "CommitmentDiscountType", "Savings Plan");
}

static int add_line(struct table *table, const struct part *part, const json_t *line)
{
	struct row row = {0};
	char plan[64], item[64], text[TEXT_BYTES];
	int err = 0;

	set_service(&row, line);
	set_periods(&row, part);
	set_costs(&row, line);
	set(&row, "BillingAccountId", "coldmeter");
	set(&row, "BillingCurrency", "USD");
	set(&row, "ChargeCategory", "Usage");
	set(&row, "ChargeFrequency", "Usage-Based");
	set_discount(&row, line);
	(void)snprintf(text, sizeof(text), "%s of plan %s",
	    field_text(line, "item", item, sizeof(item)),
	    field_text(line, "plan", plan, sizeof(plan)));
	set(&row, "ChargeDescription", text);
	copy(&row, "RegionId", line, "region");
	(void)snprintf(text, sizeof(text), "%s/%s",
	    field_text(line, "sku", plan, sizeof(plan)),
	    field_text(line, "region", item, sizeof(item)));
	set(&row, "SkuPriceId", text);
	if (strcmp(part->key, "function") == 0 && part->value[0]) {
		set(&row, "ResourceId", part->value);
		set(&row, "ResourceName", part->value);
		set(&row, "ResourceType", "Function");
	}
	for (size_t i = 0; i < TAGS_COLUMN; i++)
		err |= table_add(table, row.texts[i]);
	return err | table_add(table, part->tags ? part->tags : "");
}

/* The first moment of "2026-11" or "2026-11-27" and of what follows it. */
static void bounds(const char *text, char start[32], char end[32])
{
	struct tm tm = {.tm_mday = 1};
	bool is_day = strlen(text) == 10;
	time_t at;

	if (!strptime(text, is_day ? "%Y-%m-%d" : "%Y-%m", &tm))
		return;
	(void)strftime(start, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	tm.tm_mday += is_day;
	tm.tm_mon += !is_day;
	at = timegm(&tm);
	(void)gmtime_r(&at, &tm);
	(void)strftime(end, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int add_part(struct table *table, const struct part *shared, const json_t *json)
{
	struct part part = *shared;
	const json_t *tags = json_object_get(json, "tags");
	AUTO(free) char *text = tags ? json_dumps(tags, JSON_COMPACT) : NULL;
	const json_t *line;
	size_t i;
	int err = tags && !text ? -ENOMEM : 0;

	(void)field_text(json, "value", part.value, sizeof(part.value));
	/* The charge period is the month, or the day of a part by day. */
	bounds(strcmp(part.key, "day") == 0 ? part.value : part.month, part.charge_start,
	    part.charge_end);
	part.tags = text;
	json_array_foreach(json_object_get(json, "lines"), i, line)
	{
		err |= add_line(table, &part, line);
	}
	return err;
}

int invoice_focus_print(const json_t *root, FILE *out)
{
	const json_t *by = json_object_get(root, "by");
	const json_t *parts = json_object_get(by, "parts");
	AUTO(table) struct table *table = table_new(columns, COLUMNS_N);
	struct part shared = {0};
	const json_t *part;
	size_t i;
	int err = 0;

	if (!json_is_array(parts))
		return -EBADMSG;
	if (!table)
		return -ENOMEM;
	(void)field_text(by, "key", shared.key, sizeof(shared.key));
	(void)field_text(root, "month", shared.month, sizeof(shared.month));
	bounds(shared.month, shared.billing_start, shared.billing_end);
	json_array_foreach(parts, i, part)
	{
		err |= add_part(table, &shared, part);
	}
	if (!err)
		table_print_csv(table, out);
	return err ? -ENOMEM : 0;
}
