/* Field numbers: opentelemetry-proto 1.x, trace.proto, common.proto, resource.proto.
 *
 * Beside the convention's attributes (otlp/span.c has them) a span carries what only a
 * meter knows: coldmeter.status, coldmeter.cause, coldmeter.init_duration and
 * coldmeter.cpu_time in seconds, coldmeter.peak_memory in bytes. */
#include "wire/otlp/put.h"

#include <string.h>

#include "wire/otlp.h"
#include "wire/otlp/proto_put.h"

#define BYTES_PER_MIB 1048576

enum { RESOURCE_SPANS = 1, SPANS_RESOURCE = 1, SPANS_SCOPE = 2 };
enum { SCOPE_SCOPE = 1, SCOPE_SPAN = 2, RESOURCE_ATTRIBUTE = 1 };
enum {
	SPAN_TRACE = 1,
	SPAN_ID = 2,
	SPAN_NAME = 5,
	SPAN_KIND = 6,
	SPAN_START = 7,
	SPAN_END = 8,
	SPAN_ATTRIBUTE = 9,
	SPAN_STATUS = 15
};
enum { KIND_SERVER = 2, STATUS_CODE_ERROR = 2 };

const char *otlp_platform_name(enum platform platform)
{
	if (platform == PLATFORM_AWS_LAMBDA)
		return "aws_lambda";
	if (platform == PLATFORM_GCP_FUNCTIONS)
		return "gcp_cloud_functions";
	if (platform == PLATFORM_AZURE_FUNCTIONS)
		return "azure_functions";
	return platform_name(platform);
}

/* --- attributes -------------------------------------------------------------------- */

static size_t open_value(
    struct buffer *b, uint32_t field, const char *key, size_t *attribute)
{
	*attribute = proto_put_open(b, field);
	proto_put_text(b, 1, key);
	return proto_put_open(b, 2);
}

static void close_value(struct buffer *b, size_t attribute, size_t value)
{
	proto_put_close(b, value);
	proto_put_close(b, attribute);
}

void otlp_put_text(struct buffer *b, uint32_t field, const char *key, const char *text)
{
	size_t attribute;
	size_t value = open_value(b, field, key, &attribute);

	proto_put_text(b, 1, text);
	close_value(b, attribute, value);
}

void otlp_put_bool(struct buffer *b, uint32_t field, const char *key, bool is)
{
	size_t attribute;
	size_t value = open_value(b, field, key, &attribute);

	proto_put_number(b, 2, is);
	close_value(b, attribute, value);
}

void otlp_put_integer(struct buffer *b, uint32_t field, const char *key, uint64_t n)
{
	size_t attribute;
	size_t value = open_value(b, field, key, &attribute);

	proto_put_number(b, 3, n);
	close_value(b, attribute, value);
}

void otlp_put_real(struct buffer *b, uint32_t field, const char *key, double n)
{
	size_t attribute;
	size_t value = open_value(b, field, key, &attribute);

	proto_put_double(b, 4, n);
	close_value(b, attribute, value);
}

/* --- ids --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < n; i++) /* FNV-1a */
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 hex digits on end, or AWS's 8, a dash and 24, wherever they begin; not all 0. */
static bool read_trace(const char *text, uint8_t id[OTLP_TRACE_ID_BYTES])
{
	static const uint8_t zero[OTLP_TRACE_ID_BYTES];

	for (; *text; text++) {
		size_t n = 0;
		const char *c = text;

		memset(id, 0, OTLP_TRACE_ID_BYTES);
		for (; n < 32; c++) {
			if (n == 8 && *c == '-' && c == text + 8)
				continue;
			if (digit(*c) < 0)
				break;
			id[n / 2] = (uint8_t)(id[n / 2] << 4 | digit(*c));
			n++;
		}
		if (n == 32 && digit(*c) < 0 && memcmp(id, zero, sizeof(zero)) != 0)
			return true;
	}
	return false;
}

static void put_ids(struct buffer *b, const struct invocation *inv, const char *host)
{
	uint8_t trace[OTLP_TRACE_ID_BYTES];
	uint64_t span = UINT64_C(0xcbf29ce484222325);
	uint64_t other;

	span = mix(span, host, strlen(host));
	span = mix(span, inv->sandbox, strlen(inv->sandbox));
	span = mix(span, inv->request_id, strlen(inv->request_id));
	span = mix(span, inv->function->name, strlen(inv->function->name));
	span = mix(span, &inv->start_ns, sizeof(inv->start_ns));
	span = mix(span, &inv->pid, sizeof(inv->pid));
	span |= span == 0;
	if (!read_trace(inv->trace_id, trace)) {
		other = mix(span, "trace", 5) | 1;
		memcpy(trace, &span, sizeof(span));
		memcpy(trace + sizeof(span), &other, sizeof(other));
	}
	proto_put_bytes(b, SPAN_TRACE, trace, sizeof(trace));
	proto_put_bytes(b, SPAN_ID, &span, sizeof(span));
}

/* --- spans ------------------------------------------------------------------------- */

static void put_resource(struct buffer *b, const struct function *f, const char *host)
{
	size_t resource = proto_put_open(b, SPANS_RESOURCE);
	uint32_t field = RESOURCE_ATTRIBUTE;

	otlp_put_text(b, field, "service.name", f->name);
	otlp_put_text(b, field, "faas.name", f->name);
	if (f->version[0])
		otlp_put_text(b, field, "faas.version", f->version);
	if (f->platform != PLATFORM_UNKNOWN)
		otlp_put_text(
		    b, field, "cloud.platform", otlp_platform_name(f->platform));
	if (f->region[0])
		otlp_put_text(b, field, "cloud.region", f->region);
	if (f->arch != ARCH_UNKNOWN)
		otlp_put_text(b, field, "host.arch",
		    f->arch == ARCH_X86_64 ? "amd64" : arch_name(f->arch));
	if (f->memory_limit_mb)
		otlp_put_integer(b, field, "faas.max_memory",
		    (uint64_t)f->memory_limit_mb * BYTES_PER_MIB);
	if (host[0])
		otlp_put_text(b, field, "host.name", host);
	proto_put_close(b, resource);
}

static void put_figures(struct buffer *b, const struct invocation *inv)
{
	uint32_t field = SPAN_ATTRIBUTE;

	otlp_put_text(b, field, "coldmeter.status", invocation_status_name(inv->status));
	if (inv->cause != CAUSE_UNKNOWN)
		otlp_put_text(
		    b, field, "coldmeter.cause", invocation_cause_name(inv->cause));
	if (inv->has & HAS_INIT)
		otlp_put_real(
		    b, field, "coldmeter.init_duration", (double)inv->init_ns / 1e9);
	if (inv->has & HAS_CPU)
		otlp_put_real(b, field, "coldmeter.cpu_time", (double)inv->cpu_ns / 1e9);
	if (inv->has & HAS_MEMORY)
		otlp_put_integer(
		    b, field, "coldmeter.peak_memory", inv->peak_memory_bytes);
}

static void put_attributes(struct buffer *b, const struct invocation *inv)
{
	uint32_t field = SPAN_ATTRIBUTE;

	if (inv->request_id[0])
		otlp_put_text(b, field, "faas.invocation_id", inv->request_id);
	if (inv->sandbox[0])
		otlp_put_text(b, field, "faas.instance", inv->sandbox);
	if (inv->start_type != START_UNKNOWN)
		otlp_put_bool(b, field, "faas.coldstart", inv->start_type == START_COLD);
	otlp_put_text(
	    b, field, "faas.trigger", inv->kind == KIND_HTTP ? "http" : "other");
	if (inv->has & HAS_HTTP_STATUS)
		otlp_put_integer(b, field, "http.response.status_code", inv->http_status);
	put_figures(b, inv);
}

static void put_span(struct buffer *b, const struct invocation *inv, const char *host)
{
	size_t span = proto_put_open(b, SCOPE_SPAN);
	uint64_t start_ns = (uint64_t)inv->start_ns;

	put_ids(b, inv, host);
	proto_put_text(b, SPAN_NAME, inv->function->name);
	proto_put_number(b, SPAN_KIND, KIND_SERVER);
	proto_put_fixed(b, SPAN_START, start_ns);
	proto_put_fixed(
	    b, SPAN_END, start_ns + (inv->has & HAS_DURATION ? inv->duration_ns : 0));
	put_attributes(b, inv);
	if (invocation_is_error(inv)) {
		size_t status = proto_put_open(b, SPAN_STATUS);

		proto_put_text(b, 2, invocation_status_name(inv->status));
		proto_put_number(b, 3, STATUS_CODE_ERROR);
		proto_put_close(b, status);
	}
	proto_put_close(b, span);
}

/* The run of invocations of one function, pings left out. */
static size_t put_run(
    struct buffer *b, const struct invocation *invocations, size_t n, const char *host)
{
	size_t before = b->n;
	size_t all = proto_put_open(b, RESOURCE_SPANS);
	size_t written = 0;
	size_t scope;
	size_t name;

	put_resource(b, invocations[0].function, host);
	scope = proto_put_open(b, SPANS_SCOPE);
	name = proto_put_open(b, SCOPE_SCOPE);
	proto_put_text(b, 1, "coldmeter");
	proto_put_close(b, name);
	for (size_t i = 0; i < n; i++) {
		if (invocations[i].ping)
			continue;
		put_span(b, &invocations[i], host);
		written++;
	}
	proto_put_close(b, scope);
	proto_put_close(b, all);
	if (written == 0)
		b->n = before;
	return written;
}

size_t otlp_put_spans(
    struct buffer *b, const struct invocation *invocations, size_t n, const char *host)
{
	size_t written = 0;

	for (size_t i = 0; i < n;) {
		size_t end = i + 1;

		while (end < n && invocations[end].function == invocations[i].function)
			end++;
		written += put_run(b, invocations + i, end - i, host);
		i = end;
	}
	return written;
}
