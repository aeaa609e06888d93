#include "agent/names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/text.h"

#define MEMORY_MB_MAX 1048576 /* a TiB: beyond, the variable is garbage */

const char *const names_variables[RECORD_VARIABLES] = {"COLDMETER_FUNCTION",
    "COLDMETER_KIND", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
    "K_SERVICE", "K_REVISION", "FUNCTION_TARGET", "WEBSITE_SITE_NAME", "OPENFAAS_NAME",
    "__OW_ACTION_NAME", "__OW_API_HOST", "NUCLIO_FUNCTION_NAME",
    "FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_WORKER_RUNTIME", "fprocess"};

#define BIT(v) (1U << (v))

/* Which variable names a function, on which platform. */
static const struct {
	enum record_variable name;
	enum platform platform;
} sources[] = {
    {VARIABLE_FUNCTION, PLATFORM_GENERIC},
    {VARIABLE_LAMBDA_NAME, PLATFORM_AWS_LAMBDA},
    {VARIABLE_K_SERVICE, PLATFORM_KNATIVE},
    {VARIABLE_FUNCTION_TARGET, PLATFORM_GCP_FUNCTIONS},
    {VARIABLE_AZURE_SITE, PLATFORM_AZURE_FUNCTIONS},
    {VARIABLE_OPENFAAS, PLATFORM_OPENFAAS},
    {VARIABLE_OPENWHISK, PLATFORM_OPENWHISK},
    {VARIABLE_NUCLIO, PLATFORM_NUCLIO},
    {VARIABLE_AZURE_WORKER, PLATFORM_AZURE_FUNCTIONS},
    {VARIABLE_FPROCESS, PLATFORM_OPENFAAS},
};

/* What makes a process a function without naming it. */
static const struct {
	enum record_variable mark;
	enum platform platform;
} marks[] = {
    {VARIABLE_LAMBDA_API, PLATFORM_AWS_LAMBDA},
    {VARIABLE_OPENWHISK_API, PLATFORM_OPENWHISK},
    {VARIABLE_AZURE_HANDLER, PLATFORM_AZURE_FUNCTIONS},
};

/* The value without NUL; *bytes is 0 when there is none. The kernel cuts where its room
 * ends, also through a character: what is left of that one goes, so that a function has
 * one name, whoever read it. */
static const char *value(
    const struct record_exec *exec, enum record_variable v, size_t *bytes)
{
	const char *s = exec->value[v];
	size_t n = exec->present & BIT(v) ? strnlen(s, RECORD_VALUE_BYTES) : 0;
	size_t lead = n;
	uint32_t character;

	*bytes = n;
	if (n < RECORD_VALUE_BYTES - 1)
		return s;
	while (lead > 0 && n - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead > 0 && (unsigned char)s[lead - 1] >= 0xc2 &&
	    text_utf8_bytes(s + lead - 1, n - lead + 1, &character) == 0)
		*bytes = lead - 1;
	return s;
}

static void copy(
    char *to, size_t size, const struct record_exec *exec, enum record_variable v)
{
	size_t n;
	const char *s = value(exec, v, &n);

	(void)text_copy_bytes(to, size, s, n);
	text_make_printable(to);
}

/* Digits and nothing else, or 0: unknown. */
static uint32_t memory_told_mb(const struct record_exec *exec)
{
	size_t n;
	const char *s = value(exec, VARIABLE_LAMBDA_MEMORY, &n);
	uint32_t mb = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		mb = mb * 10 + (uint32_t)(s[i] - '0');
		if (mb > MEMORY_MB_MAX)
			return 0;
	}
	return mb;
}

/* What the environment says, else what its container may have. */
static uint32_t memory_limit_mb(const struct record_exec *exec)
{
	uint32_t told = memory_told_mb(exec);
	uint64_t mb = exec->memory_limit_bytes >> 20;

	if (told || mb > MEMORY_MB_MAX)
		return told;
	return (uint32_t)mb;
}

/* What runs it, whatever named it. */
static enum platform platform_of(const struct record_exec *exec, enum platform named_by)
{
	if (named_by != PLATFORM_GENERIC)
		return named_by;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (exec->present & BIT(marks[i].mark))
			return marks[i].platform;
	return PLATFORM_GENERIC;
}

static enum arch arch_here(void)
{
	struct utsname name;

	return uname(&name) == 0 ? arch_find(name.machine) : ARCH_UNKNOWN;
}

void names_function(const struct record_exec *exec, struct function *function)
{
	*function = (struct function){.platform = PLATFORM_UNKNOWN,
	    .arch = arch_here(),
	    .memory_limit_mb = memory_limit_mb(exec)};
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		copy(function->name, sizeof(function->name), exec, sources[i].name);
		if (function->name[0] == '\0')
			continue;
		function->platform = platform_of(exec, sources[i].platform);
		copy(function->version, sizeof(function->version), exec,
		    function->platform == PLATFORM_AWS_LAMBDA ? VARIABLE_LAMBDA_VERSION
							      : VARIABLE_K_REVISION);
		break;
	}
	if (function->name[0] == '\0') {
		(void)text_copy(function->name, sizeof(function->name), NAMES_UNNAMED);
		function->platform = platform_of(exec, PLATFORM_GENERIC);
	}
	copy(function->region, sizeof(function->region), exec, VARIABLE_AWS_REGION);
}

/* Cuts as the kernel does. Of several of one name the last counts, there as here. */
static void take(struct record_exec *record, int v, const char *s, size_t n)
{
	if (n > RECORD_VALUE_BYTES - 1)
		n = RECORD_VALUE_BYTES - 1;
	memcpy(record->value[v], s, n);
	record->value[v][n] = '\0';
	record->present |= BIT(v);
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
			take(record, v, block + n + 1, len - n - 1);
		}
		block += len + 1;
	}
}

int names_is_function(const struct record_exec *record)
{
	uint32_t naming = 0;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		naming |= BIT(sources[i].name);
	naming &= ~BIT(VARIABLE_LAMBDA_NAME); /* also set for tools beside a function */
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		naming |= BIT(marks[i].mark);
	return (record->present & naming) != 0;
}

int names_container(const char *cgroup, size_t bytes, char out[NAMES_CONTAINER_BYTES])
{
	size_t digits = 0;

	for (size_t i = 0; i < bytes && cgroup[i]; i++) {
		bool is_digit = (cgroup[i] >= '0' && cgroup[i] <= '9') ||
				(cgroup[i] >= 'a' && cgroup[i] <= 'f');

		digits = is_digit ? digits + 1 : 0;
		if (digits < NAMES_CONTAINER_BYTES - 1)
			continue;
		memcpy(out, cgroup + i + 1 - digits, digits);
		out[digits] = '\0';
		return 1;
	}
	return 0;
}

void names_process(uint32_t pid, char name[RECORD_PROCESS_BYTES])
{
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(name, RECORD_PROCESS_BYTES, f))
		name[strcspn(name, "\n")] = '\0';
	(void)fclose(f);
}
