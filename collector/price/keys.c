#include "price/keys.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct price_key {
	const char *provider;
	const char *key;
	const char *unit;
};

static const struct price_key keys[] = {
    /* what runs all the time, for advice */
    {"aws", "fargate.vcpu.x86_64", "vCPU-h"},
    {"aws", "fargate.memory.x86_64", "GB-h"},
    {"aws", "fargate.vcpu.arm64", "vCPU-h"},
    {"aws", "fargate.memory.arm64", "GB-h"},
    {"aws", "ec2.t4g.small", "instance-h"},
    {"aws", "ec2.t4g.medium", "instance-h"},
    {"aws", "ec2.m7g.large", "instance-h"},
    {"aws", "ec2.m7g.xlarge", "instance-h"},
    {"aws", "ec2.m7i.large", "instance-h"},
    {"aws", "ec2.c7g.large", "instance-h"},
    {"aws", "ec2.c7g.xlarge", "instance-h"},
    {"aws", "ec2.c7i.xlarge", "instance-h"},
    {"azure", "container-apps.vcpu", "vCPU-s"},
    {"azure", "container-apps.memory", "GiB-s"},
    {"azure", "vm.b2s", "instance-h"},
    {"azure", "vm.d2s-v5", "instance-h"},
    {"gcp", "gce.e2-standard-2", "instance-h"},
    /* functions */
    {"aws", "lambda.requests", "request"},
    {"aws", "lambda.duration.x86_64", "GB-s"},
    {"aws", "lambda.duration.arm64", "GB-s"},
    {"aws", "lambda.ephemeral", "GB-s"},
    {"aws", "lambda.provisioned.idle.x86_64", "GB-s"},
    {"aws", "lambda.provisioned.idle.arm64", "GB-s"},
    {"aws", "lambda.provisioned.duration.x86_64", "GB-s"},
    {"aws", "lambda.provisioned.duration.arm64", "GB-s"},
    {"aws", "lambda.snapstart.cache", "GB-s"},
    {"aws", "lambda.snapstart.restore", "GB"},
    {"aws", "lambda.free.requests", "request"},
    {"aws", "lambda.free.duration", "GB-s"},
    {"aws", "lambda.streaming", "GB"},
    {"aws", "lambda.free.streaming", "GB"},
    {"aws", "lambda.edge.requests", "request"},
    {"aws", "lambda.edge.duration", "GB-s"},
    {"aws", "lambda.tenant.x86_64", "GB"},
    {"aws", "lambda.tenant.arm64", "GB"},
    {"aws", "lambda.epu.kafka", "EPU-h"},
    {"aws", "lambda.epu.sqs", "EPU-h"},
    {"aws", "lambda.durable.operations", "operation"},
    {"aws", "lambda.durable.written", "GB"},
    {"aws", "lambda.durable.retained", "GB-month"},
    {"aws", "lambda.managed.requests", "request"},
    {"aws", "lambda.managed.fee.c7g.xlarge", "instance-h"},
    {"aws", "lambda.managed.fee.c7i.xlarge", "instance-h"},
    {"aws", "apigateway.http.requests", "request"},
    {"aws", "apigateway.rest.requests", "request"},
    {"aws", "apigateway.websocket.messages", "message"},
    {"aws", "dynamodb.reads", "read unit"},
    {"aws", "dynamodb.writes", "write unit"},
    {"aws", "s3.puts", "request"},
    {"aws", "s3.gets", "request"},
    {"aws", "sqs.requests", "request"},
    {"aws", "sqs.free.requests", "request"},
    {"aws", "sns.publishes", "request"},
    {"aws", "sns.free.publishes", "request"},
    {"azure", "apim.calls", "call"},
    {"azure", "apim.free.calls", "call"},
    {"azure", "cosmos.units", "request unit"},
    {"azure", "blob.writes", "operation"},
    {"azure", "blob.reads", "operation"},
    {"azure", "servicebus.operations", "operation"},
    {"azure", "consumption.executions", "execution"},
    {"azure", "consumption.duration", "GB-s"},
    {"azure", "consumption.free.executions", "execution"},
    {"azure", "consumption.free.duration", "GB-s"},
    {"azure", "flex.executions", "execution"},
    {"azure", "flex.duration", "GB-s"},
    {"azure", "flex.ready.baseline", "GB-s"},
    {"azure", "flex.ready.duration", "GB-s"},
    {"azure", "flex.free.executions", "execution"},
    {"azure", "flex.free.duration", "GB-s"},
    {"azure", "premium.vcpu", "vCPU-h"},
    {"azure", "premium.memory", "GiB-h"},
    {"gcp", "apigateway.calls", "call"},
    {"gcp", "apigateway.free.calls", "call"},
    {"gcp", "firestore.reads", "read"},
    {"gcp", "firestore.writes", "write"},
    {"gcp", "gcs.class_a", "operation"},
    {"gcp", "gcs.class_b", "operation"},
    {"gcp", "gcs.free.class_a", "operation"},
    {"gcp", "gcs.free.class_b", "operation"},
    {"gcp", "pubsub.throughput", "GiB"},
    {"gcp", "pubsub.free.throughput", "GiB"},
    {"gcp", "run.requests", "request"},
    {"gcp", "run.cpu", "vCPU-s"},
    {"gcp", "run.memory", "GiB-s"},
    {"gcp", "run.idle.cpu", "vCPU-s"},
    {"gcp", "run.idle.memory", "GiB-s"},
    {"gcp", "run.instance.cpu", "vCPU-s"},
    {"gcp", "run.instance.memory", "GiB-s"},
    {"gcp", "run.free.requests", "request"},
    {"gcp", "run.free.cpu", "vCPU-s"},
    {"gcp", "run.free.memory", "GiB-s"},
    {"gcp", "run.instance.free.cpu", "vCPU-s"},
    {"gcp", "run.instance.free.memory", "GiB-s"},
    {"gcp", "functions1.invocations", "invocation"},
    {"gcp", "functions1.memory", "GB-s"},
    {"gcp", "functions1.cpu", "GHz-s"},
    {"gcp", "functions1.idle.memory", "GB-s"},
    {"gcp", "functions1.idle.cpu", "GHz-s"},
    {"gcp", "functions1.egress", "GB"},
    {"gcp", "functions1.free.invocations", "invocation"},
    {"gcp", "functions1.free.memory", "GB-s"},
    {"gcp", "functions1.free.cpu", "GHz-s"},
    {"gcp", "functions1.free.egress", "GB"},
    {"neon", "neon.compute", "CU-h"},
    {"own", "host.cpu", "vCPU-h"},
    {"own", "host.memory", "GiB-h"},
    {"planetscale", "planetscale.requests", "request"},
};

#define KEYS_N (sizeof(keys) / sizeof(keys[0]))

const char *price_key_unit(const char *provider, const char *key)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		if (!strcmp(keys[i].provider, provider) && !strcmp(keys[i].key, key))
			return keys[i].unit;
	}
	return NULL;
}

bool price_provider_is_known(const char *provider)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		if (!strcmp(keys[i].provider, provider))
			return true;
	}
	return false;
}

bool price_key_matches(const char *pattern, const char *key)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return strncmp(pattern, key, n - 1) == 0;
	return strcmp(pattern, key) == 0;
}

bool price_key_matches_any(const char *provider, const char *pattern)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		if (!strcmp(keys[i].provider, provider) &&
		    price_key_matches(pattern, keys[i].key))
			return true;
	}
	return false;
}

/* Whether a row before it is of the same provider. */
static bool is_listed(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (strcmp(keys[i].provider, keys[row].provider) == 0)
			return true;
	return false;
}

const char *price_provider_list(char out[PRICE_PROVIDERS_BYTES])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < KEYS_N && at < PRICE_PROVIDERS_BYTES; i++) {
		if (!is_listed(i))
			at += (size_t)snprintf(out + at, PRICE_PROVIDERS_BYTES - at,
			    "%s%s", i == 0 ? "" : ", ", keys[i].provider);
	}
	return out;
}

bool price_provider_is_vendor(const char *provider)
{
	return strcmp(provider, "own") != 0;
}

bool price_key_is_free(const char *key)
{
	return strstr(key, ".free.") != NULL;
}
