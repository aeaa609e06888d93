/* Identity of a function: platform, name, version; and what is known about how it is set
 * up. */
#ifndef COLDMETER_MODEL_FUNCTION_H
#define COLDMETER_MODEL_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#define FUNCTION_NAME_BYTES 160 /* AWS allows 140 with a full ARN prefix, GCP 63 */
#define FUNCTION_VERSION_BYTES 64
#define FUNCTION_REGION_BYTES 32

enum platform {
	PLATFORM_UNKNOWN,
	PLATFORM_AWS_LAMBDA,
	PLATFORM_GCP_FUNCTIONS,
	PLATFORM_KNATIVE,
	PLATFORM_AZURE_FUNCTIONS,
	PLATFORM_OPENFAAS,
	PLATFORM_OPENWHISK,
	PLATFORM_FISSION,
	PLATFORM_NUCLIO,
	PLATFORM_GENERIC, /* named by COLDMETER_FUNCTION or by a rule */
	PLATFORM_COUNT
};

enum arch { ARCH_UNKNOWN, ARCH_X86_64, ARCH_ARM64, ARCH_COUNT };

struct function {
	enum platform platform;
	enum arch arch;
	uint32_t memory_limit_mb; /* configured size in MiB; 0: unknown */
	char name[FUNCTION_NAME_BYTES];
	char version[FUNCTION_VERSION_BYTES]; /* "" when the platform has none */
	char region[FUNCTION_REGION_BYTES];   /* "" when unknown */
};

/* The words of the wire and of answers: "aws-lambda", "knative", ...; "unknown". */
const char *platform_name(enum platform platform);

/* The platform of that name, or PLATFORM_UNKNOWN. */
enum platform platform_find(const char *name);

/* "x86_64", "arm64", "unknown". arch_find also takes "aarch64", "amd64" and "x86". */
const char *arch_name(enum arch arch);
enum arch arch_find(const char *name);

/* Same platform, name and version; the set-up may differ. */
bool function_is_same(const struct function *a, const struct function *b);

/* The order of answers: by name, version, platform; 0 when they are the same. */
int function_compare(const struct function *a, const struct function *b);

/* A 64-bit hash of platform, name and version, the same on every machine and release. */
uint64_t function_hash(const struct function *function);

#endif
