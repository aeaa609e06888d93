/* By OpenTelemetry's semantic conventions 1.2x, their older names included:
 *
 *   function       faas.name, else faas.invoked_name, else service.name
 *   version        faas.version
 *   platform       cloud.platform, else cloud.provider, else "generic"
 *   region         cloud.region
 *   arch           host.arch
 *   memory limit   faas.max_memory, in bytes; below 1 MiB in MiB, as it once was
 *   request id     faas.invocation_id, else faas.execution
 *   sandbox        faas.instance, else service.instance.id
 *   host           host.name
 *   kind           lambda on AWS; http when faas.trigger says so and on Google's
 * platforms, which bring every event by HTTP cold           faas.coldstart http status
 * http.response.status_code, else http.status_code status         the span's status;
 * where it is unset, an HTTP status of 500 or more is an error, as for every function
 * here trace id, start, duration   the span's own
 *
 * An attribute of the span goes before one of the resource; one of a type that the
 * convention does not give it is as good as absent. */
#include "wire/otlp/span.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES_PER_MIB 1048576

enum { KIND_SPAN_SERVER = 2, KIND_SPAN_CONSUMER = 5 };
enum { STATUS_SPAN_UNSET = 0, STATUS_SPAN_ERROR = 2 };
enum { FLAG_KNOWS_PARENT = 0x100, FLAG_PARENT_IS_REMOTE = 0x200 };

#define BIT(key) (1U << (key))
#define OF_FUNCTION                                                                      \
	(BIT(OTLP_FAAS_NAME) | BIT(OTLP_FAAS_VERSION) | BIT(OTLP_FAAS_INVOKED_NAME) |    \
	    BIT(OTLP_FAAS_MAX_MEMORY) | BIT(OTLP_CLOUD_PLATFORM) |                       \
	    BIT(OTLP_CLOUD_PROVIDER) | BIT(OTLP_CLOUD_REGION) | BIT(OTLP_SERVICE_NAME) | \
	    BIT(OTLP_HOST_ARCH))

/* Values of cloud.platform; both spellings of those that were renamed. */
static const struct {
	const char *name;
	enum platform platform;
} platforms[] = {
    {"aws_lambda", PLATFORM_AWS_LAMBDA},
    {"azure_functions", PLATFORM_AZURE_FUNCTIONS},
    {"azure.functions", PLATFORM_AZURE_FUNCTIONS},
    {"gcp_cloud_functions", PLATFORM_GCP_FUNCTIONS},
    {"gcp.cloud_functions", PLATFORM_GCP_FUNCTIONS},
    {"gcp_cloud_run", PLATFORM_KNATIVE}, /* whose contract it has */
    {"gcp.cloud_run", PLATFORM_KNATIVE},
};

/* Values of cloud.provider: its functions, where the platform is not told. */
static const struct {
	const char *name;
	enum platform platform;
} providers[] = {
    {"aws", PLATFORM_AWS_LAMBDA},
    {"azure", PLATFORM_AZURE_FUNCTIONS},
    {"gcp", PLATFORM_GCP_FUNCTIONS},
};

void otlp_span_begin(struct otlp_span *span)
{
	memset(span, 0, offsetof(struct otlp_span, facts));
	otlp_facts_begin(&span->facts);
}

/* The value of that type, of the span (may be NULL) or else of the resource, or NULL. */
static const struct otlp_value *find(const struct otlp_facts *resource,
    const struct otlp_facts *span, enum otlp_key key, enum otlp_type type)
{
	if (span && span->given & BIT(key) && span->value[key].type == type)
		return &span->value[key];
	if (resource->given & BIT(key) && resource->value[key].type == type)
		return &resource->value[key];
	return NULL;
}

/* Not empty. */
static const struct otlp_value *find_text(
    const struct otlp_facts *resource, const struct otlp_facts *span, enum otlp_key key)
{
	const struct otlp_value *value = find(resource, span, key, OTLP_TEXT);

	return value && value->n > 0 ? value : NULL;
}

static bool is_text(const struct otlp_value *value, const char *text)
{
	return value->text && value->n == strlen(text) &&
	       memcmp(value->text, text, value->n) == 0;
}

/* Whether all of it is UTF-8 without a NUL. */
static bool is_utf8(const char *s, size_t n)
{
	if (text_is_plain(s, n))
		return true;
	while (n > 0) {
		uint32_t c = (unsigned char)*s;
		size_t bytes = c < 0x80 ? 1 : text_utf8_bytes(s, n, &c);

		if (bytes == 0 || c == '\0')
			return false;
		s += bytes;
		n -= bytes;
	}
	return true;
}

/* A name or an id as it is, or "" when value is NULL; false when it does not fit. */
static bool copy(char *to, size_t size, const struct otlp_value *value)
{
	size_t n = value ? value->n : 0;

	if (n >= size || (n > 0 && !is_utf8(value->text, n)))
		return false;
	if (n > 0)
		memcpy(to, value->text, n);
	to[n] = '\0';
	return true;
}

/* FNV-1a */
static uint64_t hash_of(const char *s, size_t n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Like copy(), but what is too long (the instances of Cloud Run are) ends in a hash of
 * all of it, so that two stay two. */
static bool copy_id(char *to, size_t size, const struct otlp_value *value)
{
	uint8_t hash[8];
	size_t kept;

	if (!value || value->n < size)
		return copy(to, size, value);
	if (!value->text || !is_utf8(value->text, value->n))
		return false;
	kept = size - 2 - 2 * sizeof(hash);
	(void)text_copy_bytes(to, kept + 1, value->text, value->n);
	kept = strlen(to);
	to[kept++] = '~';
	for (size_t i = 0; i < sizeof(hash); i++)
		hash[i] = (uint8_t)(hash_of(value->text, value->n) >> (56 - 8 * i));
	hex_write_four(hash, to + kept);
	hex_write_four(hash + 4, to + kept + 8);
	to[kept + 2 * sizeof(hash)] = '\0';
	return true;
}

static enum platform platform_of(
    const struct otlp_facts *resource, const struct otlp_facts *span)
{
	const struct otlp_value *platform =
	    find_text(resource, span, OTLP_CLOUD_PLATFORM);
	const struct otlp_value *provider =
	    find_text(resource, span, OTLP_CLOUD_PROVIDER);

	for (size_t i = 0; platform && i < COUNT_OF(platforms); i++) {
		if (is_text(platform, platforms[i].name))
			return platforms[i].platform;
	}
	for (size_t i = 0; !platform && provider && i < COUNT_OF(providers); i++) {
		if (is_text(provider, providers[i].name))
			return providers[i].platform;
	}
	return PLATFORM_GENERIC;
}

static uint32_t memory_limit_mb(
    const struct otlp_facts *resource, const struct otlp_facts *span)
{
	const struct otlp_value *value =
	    find(resource, span, OTLP_FAAS_MAX_MEMORY, OTLP_NUMBER);
	uint64_t n = value && value->number > 0 ? (uint64_t)value->number : 0;

	if (n >= BYTES_PER_MIB)
		n /= BYTES_PER_MIB;
	return n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* NULL, or what is wrong with the name. */
static const char *fill_function(const struct otlp_facts *resource,
    const struct otlp_facts *span, struct function *function)
{
	static const enum otlp_key names[] = {
	    OTLP_FAAS_NAME, OTLP_FAAS_INVOKED_NAME, OTLP_SERVICE_NAME};
	const struct otlp_value *name = NULL;
	char arch[16];

	for (size_t i = 0; !name && i < COUNT_OF(names); i++)
		name = find_text(resource, span, names[i]);
	if (!name)
		return "there is no faas.name";
	if (!copy(function->name, sizeof(function->name), name))
		return "faas.name is longer than 159 bytes, or not UTF-8";
	if (!copy(function->version, sizeof(function->version),
		find_text(resource, span, OTLP_FAAS_VERSION)))
		return "faas.version is longer than 63 bytes, or not UTF-8";
	if (!copy(function->region, sizeof(function->region),
		find_text(resource, span, OTLP_CLOUD_REGION)))
		return "cloud.region is longer than 31 bytes, or not UTF-8";
	function->platform = platform_of(resource, span);
	function->memory_limit_mb = memory_limit_mb(resource, span);
	function->arch = ARCH_UNKNOWN;
	if (copy(arch, sizeof(arch), find_text(resource, span, OTLP_HOST_ARCH)))
		function->arch = arch_find(arch);
	return NULL;
}
_Static_assert(FUNCTION_NAME_BYTES == 160 && FUNCTION_VERSION_BYTES == 64 &&
		   FUNCTION_REGION_BYTES == 32 && INVOCATION_ID_BYTES == 72,
    "the sentences name these lengths");

/* NULL, or what is wrong with it; out holds INVOCATION_ID_BYTES. */
static const char *copy_sandbox(
    const struct otlp_facts *resource, const struct otlp_facts *span, char *out)
{
	const struct otlp_value *sandbox = find_text(resource, span, OTLP_FAAS_INSTANCE);

	if (!sandbox)
		sandbox = find_text(resource, span, OTLP_SERVICE_INSTANCE_ID);
	return copy_id(out, INVOCATION_ID_BYTES, sandbox)
		   ? NULL
		   : "faas.instance is far too long, or not UTF-8";
}

void otlp_resource_settle(struct otlp_reading *r)
{
	r->function_why = fill_function(&r->resource, NULL, &r->function);
	r->sandbox_why = copy_sandbox(&r->resource, NULL, r->sandbox);
	r->host_why = copy_id(r->host, sizeof(r->host),
			  find_text(&r->resource, NULL, OTLP_HOST_NAME))
			  ? NULL
			  : "host.name is far too long, or not UTF-8";
}

static enum invocation_kind kind_of(const struct otlp_reading *r, enum platform platform)
{
	const struct otlp_value *trigger =
	    find_text(&r->resource, &r->span.facts, OTLP_FAAS_TRIGGER);

	if (platform == PLATFORM_AWS_LAMBDA)
		return KIND_LAMBDA;
	return platform == PLATFORM_GCP_FUNCTIONS || platform == PLATFORM_KNATIVE ||
		       (trigger && is_text(trigger, "http"))
		   ? KIND_HTTP
		   : KIND_UNKNOWN;
}

static void fill_outcome(const struct otlp_reading *r, struct invocation *inv)
{
	const struct otlp_facts *span = &r->span.facts;
	const struct otlp_value *http =
	    find(&r->resource, span, OTLP_HTTP_STATUS, OTLP_NUMBER);
	const struct otlp_value *cold =
	    find(&r->resource, span, OTLP_FAAS_COLDSTART, OTLP_BOOL);

	if (!http)
		http = find(&r->resource, span, OTLP_HTTP_STATUS_OLD, OTLP_NUMBER);
	if (http && http->number >= 100 && http->number <= 999) {
		inv->http_status = (uint16_t)http->number;
		inv->has |= HAS_HTTP_STATUS;
	}
	if (cold)
		inv->start_type = cold->number ? START_COLD : START_WARM;
	if (r->span.status == STATUS_SPAN_ERROR ||
	    (r->span.status == STATUS_SPAN_UNSET && inv->http_status >= 500))
		inv->status = STATUS_ERROR;
}

static const char *fill_ids(const struct otlp_reading *r, struct invocation *inv)
{
	const struct otlp_facts *span = &r->span.facts;
	const struct otlp_value *id =
	    find_text(&r->resource, span, OTLP_FAAS_INVOCATION_ID);
	const char *why = r->sandbox_why;

	if (!id)
		id = find_text(&r->resource, span, OTLP_FAAS_EXECUTION);
	if (!copy(inv->request_id, sizeof(inv->request_id), id))
		return "faas.invocation_id is longer than 71 bytes, or not UTF-8";
	if (span->given & (BIT(OTLP_FAAS_INSTANCE) | BIT(OTLP_SERVICE_INSTANCE_ID)))
		why = copy_sandbox(&r->resource, span, inv->sandbox);
	else if (!why)
		memcpy(inv->sandbox, r->sandbox, sizeof(inv->sandbox));
	if (why)
		return why;
	if (!id)
		inv->quality |= QUALITY_REQUEST_ID_UNKNOWN;
	hex_write_id(r->span.trace_id, inv->trace_id);
	inv->trace_id[2 * sizeof(r->span.trace_id)] = '\0';
	inv->ping = invocation_trace_is_ping(inv->trace_id);
	return NULL;
}

static bool is_id(const uint8_t *id, size_t n, size_t wanted)
{
	static const uint8_t zero[OTLP_TRACE_ID_BYTES];

	return n == wanted && memcmp(id, zero, wanted) != 0;
}

/* NULL, or why the span can be no invocation of the ledger. */
static const char *fill(
    const struct otlp_reading *r, struct invocation *inv, struct function *function)
{
	const struct otlp_span *span = &r->span;
	const char *why = r->function_why;

	if (!is_id(span->trace_id, span->trace_id_n, sizeof(span->trace_id)))
		return "its trace id is not 16 bytes, or zero";
	if (!is_id(span->span_id, span->span_id_n, sizeof(span->span_id)))
		return "its span id is not 8 bytes, or zero";
	if (span->start_ns == 0 || span->start_ns > INT64_MAX)
		return "it has no start time, or one after the year 2262";
	if (span->end_ns < span->start_ns)
		return "it ends before it starts";
	inv->function = &r->function;
	if (span->facts.given & OF_FUNCTION) {
		why = fill_function(&r->resource, &span->facts, function);
		inv->function = function;
	}
	if (why || r->host_why)
		return why ? why : r->host_why;
	inv->kind = kind_of(r, inv->function->platform);
	inv->has = HAS_DURATION;
	inv->start_ns = (int64_t)span->start_ns;
	inv->duration_ns = span->end_ns - span->start_ns;
	inv->concurrency = 1;
	fill_outcome(r, inv);
	return fill_ids(r, inv);
}

static void reject(struct otlp_tally *tally, const char *why)
{
	size_t i = 0;

	tally->rejected++;
	while (i < tally->reasons_n && tally->reasons[i].why != why)
		i++;
	if (i == OTLP_REASONS_MAX)
		return;
	if (i == tally->reasons_n)
		tally->reasons[tally->reasons_n++] =
		    (struct otlp_reason){.why = why, .first = tally->spans};
	tally->reasons[i].n++;
}

static bool is_invocation(const struct otlp_reading *r)
{
	const struct otlp_span *span = &r->span;
	bool is_inner = span->has_parent && span->flags & FLAG_KNOWS_PARENT &&
			!(span->flags & FLAG_PARENT_IS_REMOTE);

	if (span->kind != KIND_SPAN_SERVER && span->kind != KIND_SPAN_CONSUMER)
		return false;
	return span->facts.has_faas || (r->resource.has_faas && !is_inner);
}

int otlp_span_settle(struct otlp_reading *r)
{
	struct otlp_tally *tally = r->tally;
	struct invocation inv;
	struct function function;
	struct otlp_record record = {.invocation = &inv,
	    .host = r->host,
	    .trace_id = r->span.trace_id,
	    .span_id = r->span.span_id,
	    .end_ns = r->span.end_ns};
	const char *why;
	int err;

	tally->spans++;
	if (!is_invocation(r)) {
		tally->ignored++;
		return 0;
	}
	invocation_init(&inv);
	why = fill(r, &inv, &function);
	if (!why) {
		if (tally->taken == OTLP_TAKEN_MAX)
			return -EFBIG;
		err = r->take(r->context, &record, &why);
		if (err)
			return err;
	}
	if (why)
		reject(tally, why);
	else
		tally->taken++;
	return 0;
}
