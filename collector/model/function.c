#include "model/function.h"

#include <stddef.h>
#include <string.h>

static const char *const platform_names[PLATFORM_COUNT] = {
    [PLATFORM_UNKNOWN] = "unknown",
    [PLATFORM_AWS_LAMBDA] = "aws-lambda",
    [PLATFORM_GCP_FUNCTIONS] = "gcp-functions",
    [PLATFORM_KNATIVE] = "knative",
    [PLATFORM_AZURE_FUNCTIONS] = "azure-functions",
    [PLATFORM_OPENFAAS] = "openfaas",
    [PLATFORM_OPENWHISK] = "openwhisk",
    [PLATFORM_FISSION] = "fission",
    [PLATFORM_NUCLIO] = "nuclio",
    [PLATFORM_GENERIC] = "generic",
};

static const struct {
	const char *name;
	enum arch arch;
} arch_names[] = {
    /* the first row of an arch is its name, the others are what people also call it */
    {"unknown", ARCH_UNKNOWN},
    {"x86_64", ARCH_X86_64},
    {"arm64", ARCH_ARM64},
    {"amd64", ARCH_X86_64},
    {"x86", ARCH_X86_64},
    {"aarch64", ARCH_ARM64},
};

const char *platform_name(enum platform platform)
{
	return platform_names[platform < PLATFORM_COUNT ? platform : PLATFORM_UNKNOWN];
}

enum platform platform_find(const char *name)
{
	for (unsigned int i = 0; i < PLATFORM_COUNT; i++) {
		if (platform_names[i][0] == name[0] &&
		    strcmp(platform_names[i], name) == 0)
			return (enum platform)i;
	}
	return PLATFORM_UNKNOWN;
}

const char *arch_name(enum arch arch)
{
	return arch_names[arch < ARCH_COUNT ? arch : ARCH_UNKNOWN].name;
}

enum arch arch_find(const char *name)
{
	for (size_t i = 0; i < sizeof(arch_names) / sizeof(arch_names[0]); i++) {
		if (arch_names[i].name[0] == name[0] &&
		    strcmp(arch_names[i].name, name) == 0)
			return arch_names[i].arch;
	}
	return ARCH_UNKNOWN;
}

bool function_is_same(const struct function *a, const struct function *b)
{
	return a->platform == b->platform && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->version, b->version) == 0;
}

int function_compare(const struct function *a, const struct function *b)
{
	int order = strcmp(a->name, b->name);

	if (!order)
		order = strcmp(a->version, b->version);
	return order ? order : (int)a->platform - (int)b->platform;
}

/* FNV-1a over s and its NUL, so that "ab","c" and "a","bc" differ. */
static uint64_t hash_text(uint64_t hash, const char *s)
{
	do
		hash = (hash ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	while (*s++);
	return hash;
}

uint64_t function_hash(const struct function *function)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	/* the platform's name, not its number: the number may change with a release */
	hash = hash_text(hash, platform_name(function->platform));
	hash = hash_text(hash, function->name);
	hash = hash_text(hash, function->version);
	/* FNV leaves the high bits thin; the finalizer of SplitMix64 spreads them */
	hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
	return hash ^ (hash >> 31);
}
