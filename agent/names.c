#include "agent/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"

#define MEMORY_MB_MAX 1048576 /* a TiB: beyond, the variable is garbage */

const char *const names_variables[RECORD_VARIABLES] = {"COLDMETER_FUNCTION",
    "COLDMETER_KIND", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
    "K_SERVICE", "K_REVISION", "FUNCTION_TARGET", "FUNCTIONS_WORKER_RUNTIME",
    "WEBSITE_SITE_NAME", "OPENFAAS_NAME", "__OW_ACTION_NAME"};

#define BIT(v) (1U << (v))

/* Which variable names a function, on which platform, with which version. */
static const struct {
	enum record_variable name;
	enum record_variable version;
	enum platform platform;
} sources[] = {
    {VARIABLE_FUNCTION, VARIABLE_K_REVISION, PLATFORM_GENERIC},
    {VARIABLE_LAMBDA_NAME, VARIABLE_LAMBDA_VERSION, PLATFORM_AWS_LAMBDA},
    {VARIABLE_K_SERVICE, VARIABLE_K_REVISION, PLATFORM_KNATIVE},
    {VARIABLE_FUNCTION_TARGET, VARIABLE_K_REVISION, PLATFORM_GCP_FUNCTIONS},
    {VARIABLE_AZURE_SITE, VARIABLE_K_REVISION, PLATFORM_AZURE_FUNCTIONS},
    {VARIABLE_OPENFAAS, VARIABLE_K_REVISION, PLATFORM_OPENFAAS},
    {VARIABLE_OPENWHISK, VARIABLE_K_REVISION, PLATFORM_OPENWHISK},
    {VARIABLE_AZURE_WORKER, VARIABLE_K_REVISION, PLATFORM_AZURE_FUNCTIONS},
};

static const char *value(const struct record_exec *exec, enum record_variable v)
{
	return exec->present & BIT(v) ? exec->value[v] : "";
}

static void copy(char *to, size_t size, const char *from)
{
	(void)text_copy_bytes(to, size, from, RECORD_VALUE_BYTES);
	text_make_printable(to);
}

/* What runs it, whatever named it. */
static enum platform platform_of(const struct record_exec *exec, enum platform named_by)
{
	if (named_by != PLATFORM_GENERIC)
		return named_by;
	if (exec->present & BIT(VARIABLE_LAMBDA_API))
		return PLATFORM_AWS_LAMBDA;
	return PLATFORM_GENERIC;
}

static enum arch arch_here(void)
{
	struct utsname name;

	return uname(&name) == 0 ? arch_find(name.machine) : ARCH_UNKNOWN;
}

void names_function(const struct record_exec *exec, struct function *function)
{
	long memory_mb = strtol(value(exec, VARIABLE_LAMBDA_MEMORY), NULL, 10);

	*function = (struct function){.platform = PLATFORM_UNKNOWN, .arch = arch_here()};
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (*value(exec, sources[i].name) == '\0')
			continue;
		copy(
		    function->name, sizeof(function->name), value(exec, sources[i].name));
		copy(function->version, sizeof(function->version),
		    value(exec, sources[i].version));
		function->platform = platform_of(exec, sources[i].platform);
		break;
	}
	if (function->name[0] == '\0') {
		copy(function->name, sizeof(function->name), "unnamed");
		function->platform = platform_of(exec, PLATFORM_GENERIC);
	}
	copy(
	    function->region, sizeof(function->region), value(exec, VARIABLE_AWS_REGION));
	if (memory_mb > 0 && memory_mb <= MEMORY_MB_MAX)
		function->memory_limit_mb = (uint32_t)memory_mb;
}

void names_read_environment(const char *block, size_t bytes, struct record_exec *record)
{
	const char *end = block + bytes;

	record->present = 0;
	while (block < end) {
		size_t len = strnlen(block, (size_t)(end - block));

		for (int v = 0; v < RECORD_VARIABLES; v++) {
			size_t n = strlen(names_variables[v]);

			if (len <= n || block[n] != '=' ||
			    strncmp(block, names_variables[v], n) != 0)
				continue;
			(void)text_copy_bytes(record->value[v], RECORD_VALUE_BYTES,
			    block + n + 1, len - n - 1);
			record->present |= BIT(v);
		}
		block += len + 1;
	}
}

int names_is_function(const struct record_exec *record)
{
	const uint32_t naming = BIT(VARIABLE_LAMBDA_API) | BIT(VARIABLE_FUNCTION) |
				BIT(VARIABLE_K_SERVICE) | BIT(VARIABLE_FUNCTION_TARGET) |
				BIT(VARIABLE_AZURE_SITE) | BIT(VARIABLE_AZURE_WORKER) |
				BIT(VARIABLE_OPENFAAS) | BIT(VARIABLE_OPENWHISK);

	return (record->present & naming) != 0;
}
