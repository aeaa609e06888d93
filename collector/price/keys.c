#include "price/keys.h"

#include <stddef.h>
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
    {"azure", "consumption.executions", "execution"},
    {"azure", "consumption.duration", "GB-s"},
    {"azure", "consumption.free.executions", "execution"},
    {"azure", "consumption.free.duration", "GB-s"},
    {"azure", "flex.executions", "execution"},
    {"azure", "flex.duration", "GB-s"},
    {"azure", "flex.ready.baseline", "GB-s"},
    {"azure", "flex.ready.duration", "GB-s"},
    {"azure", "premium.vcpu", "vCPU-h"},
    {"azure", "premium.memory", "GiB-h"},
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

bool price_key_is_free(const char *key)
{
	return strstr(key, ".free.") != NULL;
}
