/* Invocation objects out. Nothing is measured while writing: the longest object fits, by
 * the assertion below. */
#include "wire/json.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "wire/json/coldstart.h"
#include "wire/json/put.h"

#define KEYS_AND_NUMBERS_MAX                                                             \
	1664 /* 31 keys of 18 and 50 bytes of number or word each                        \
	      */
_Static_assert(
    JSON_TEXT_MAX(FUNCTION_NAME_BYTES + FUNCTION_VERSION_BYTES + FUNCTION_REGION_BYTES +
		  3 * INVOCATION_ID_BYTES + JSON_HOST_BYTES) +
	    JSON_COLDSTART_MAX + KEYS_AND_NUMBERS_MAX <=
	JSON_LINE_MAX_BYTES,
    "every object fits its line");

/* Who handled it: the first key needs no comma, so it is written here. */
static char *put_identity(char *at, const struct invocation *inv, const char *host)
{
	const struct function *function = inv->function;

	at = json_put_plain(at, "{\"function\":");
	at = json_put_string(at, function->name, sizeof(function->name));
	at = json_put_text(at, "version", function->version, sizeof(function->version));
	if (function->platform != PLATFORM_UNKNOWN)
		at = json_put_word(at, "platform", platform_name(function->platform));
	if (inv->kind != KIND_UNKNOWN)
		at = json_put_word(at, "kind", invocation_kind_name(inv->kind));
	at = json_put_text(at, "request_id", inv->request_id, sizeof(inv->request_id));
	at = json_put_text(at, "host", host, JSON_HOST_BYTES);
	return json_put_text(at, "sandbox", inv->sandbox, sizeof(inv->sandbox));
}

/* Cold or not; a forked process has no init to wait for, so it is neither. */
static char *put_start_type(char *at, const struct invocation *inv)
{
	if (inv->kind != KIND_PROCESS && inv->start_type != START_UNKNOWN)
		at = json_put_flag(at, "cold", inv->start_type == START_COLD);
	if (inv->kind != KIND_PROCESS && inv->start_type == START_PREWARMED)
		at = json_put_flag(at, "prewarmed", true);
	if (inv->cause != CAUSE_UNKNOWN)
		at = json_put_word(at, "cause", invocation_cause_name(inv->cause));
	if (inv->certainty != CERTAINTY_UNKNOWN)
		at = json_put_word(
		    at, "cause_certainty", invocation_certainty_name(inv->certainty));
	return at;
}

static char *put_times(char *at, const struct invocation *inv)
{
	char start[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(inv->start_ns, start);
	at = json_put_word(at, "start", start);
	at = json_put_ms(at, "duration_ms", inv->has & HAS_DURATION, inv->duration_ns);
	at = json_put_ms(at, "response_ms", inv->has & HAS_RESPONSE, inv->response_ns);
	at = json_put_ms(at, "init_ms", inv->has & HAS_INIT, inv->init_ns);
	at = put_start_type(at, inv);
	at = json_put_ms(at, "wait_ms", inv->has & HAS_WAIT, inv->wait_ns);
	at = json_put_ms(at, "cpu_ms", inv->has & HAS_CPU, inv->cpu_ns);
	at = json_put_ms(at, "run_queue_ms", inv->has & HAS_RUN_QUEUE, inv->run_queue_ns);
	at = json_put_ms(at, "throttled_ms", inv->has & HAS_THROTTLED, inv->throttled_ns);
	return json_put_ms(at, "busy_ms", inv->has & HAS_BUSY, inv->busy_ns);
}

static char *put_story(char *at, const struct init_story *init)
{
	at = json_put_ms(at, "init_first_exec_ms", true, init->first_exec_ns);
	at = json_put_ms(at, "init_last_exec_ms", true, init->last_exec_ns);
	at = json_put_count(at, "init_execs", init->execs);
	at = json_put_ms(at, "init_cpu_ms", true, init->cpu_ns);
	at = json_put_ms(at, "init_run_queue_ms", true, init->run_queue_ns);
	at = json_put_count(at, "init_read_bytes", init->read_bytes);
	at = json_put_count(at, "init_disk_bytes", init->disk_bytes);
	return json_put_count(at, "init_major_faults", init->major_faults);
}

static char *put_figures(char *at, const struct invocation *inv)
{
	const struct function *function = inv->function;

	if (inv->has & HAS_MEMORY)
		at = json_put_mib(at, "peak_memory_mb", inv->peak_memory_bytes);
	if (function->memory_limit_mb > 0)
		at = json_put_count(at, "memory_limit_mb", function->memory_limit_mb);
	if (function->arch != ARCH_UNKNOWN)
		at = json_put_word(at, "arch", arch_name(function->arch));
	at = json_put_text(at, "region", function->region, sizeof(function->region));
	at = json_put_word(at, "status", invocation_status_name(inv->status));
	if (inv->has & HAS_HTTP_STATUS)
		at = json_put_count(at, "http_status", inv->http_status);
	at = json_put_text(at, "trace_id", inv->trace_id, sizeof(inv->trace_id));
	if (inv->has & HAS_BYTES) {
		at = json_put_count(at, "request_bytes", inv->request_bytes);
		at = json_put_count(at, "response_bytes", inv->response_bytes);
	}
	if (inv->concurrency > 0)
		at = json_put_count(at, "concurrency", inv->concurrency);
	if (inv->pid > 0)
		at = json_put_count(at, "pid", inv->pid);
	/* said, too, of what its trace would make one */
	if (inv->ping || invocation_trace_is_ping(inv->trace_id))
		at = json_put_flag(at, "ping", inv->ping);
	return at;
}

static char *put_quality(char *at, uint32_t quality)
{
	char separator = '[';
	const char *word;

	for (unsigned int bit = 0; (word = invocation_quality_name(bit)) != NULL; bit++) {
		if (!(quality & 1U << bit))
			continue;
		if (separator == '[')
			at = json_put_key(at, "quality");
		*at++ = separator;
		at = json_put_string(at, word, strlen(word) + 1);
		separator = ',';
	}
	if (separator == ',')
		*at++ = ']';
	return at;
}

size_t json_format_invocation(const struct invocation *inv, const char *host, char *out)
{
	char *at = put_identity(out, inv, host);

	at = put_times(at, inv);
	if (inv->has & HAS_INIT_STORY)
		at = put_story(at, &inv->init);
	if (inv->coldstart)
		at = json_put_coldstart(at, inv->coldstart);
	at = put_figures(at, inv);
	at = put_quality(at, inv->quality);
	*at++ = '}';
	*at++ = '\n';
	assert(at - out <= JSON_LINE_MAX_BYTES);
	return (size_t)(at - out);
}
