/* Invocation objects out. Nothing is measured while writing: the longest object fits, by
 * the assertion below. */
#include "wire/json.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define NS_PER_MS 1000000
#define MS_DECIMALS 6
#define MIB_SHIFT 20
/* Half of the seventh decimal is less than half a byte, so a reader gets the bytes back.
 */
#define MIB_DECIMALS 7
#define MIB_DECIMALS_POWER UINT64_C(10000000)

/* A byte takes 6 at most (\u001b); one that is not UTF-8 becomes U+FFFD. */
#define TEXT_MAX(bytes) (6 * (bytes))
#define KEYS_AND_NUMBERS_MAX                                                             \
	1600 /* 30 keys of 18 and 50 bytes of number or word each                        \
	      */
_Static_assert(
    TEXT_MAX(FUNCTION_NAME_BYTES + FUNCTION_VERSION_BYTES + FUNCTION_REGION_BYTES +
	     3 * INVOCATION_ID_BYTES + JSON_HOST_BYTES) +
	    KEYS_AND_NUMBERS_MAX <=
	JSON_LINE_MAX_BYTES,
    "every object fits its line");

static char *put_bytes(char *at, const char *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static char *put_plain(char *at, const char *s)
{
	return put_bytes(at, s, strlen(s));
}

static char *put_escape(char *at, uint32_t character)
{
	static const char digits[] = "0123456789abcdef";

	*at++ = '\\';
	*at++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*at++ = digits[character >> shift & 0xf];
	return at;
}

/* How many of the n bytes at s stand for themselves. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

/* A string, at most size - 1 bytes of it, quoted and escaped. */
static char *put_string(char *at, const char *s, size_t size)
{
	size_t left = strnlen(s, size - 1);

	*at++ = '"';
	while (left > 0) {
		uint32_t character = 0;
		size_t plain = plain_run(s, left);
		size_t n;

		at = put_bytes(at, s, plain);
		s += plain;
		left -= plain;
		if (left == 0)
			break;
		n = text_utf8_bytes(s, left, &character);
		if (n == 0) {
			at = put_plain(at, "\xef\xbf\xbd");
			n = 1;
		} else if (character == '"' || character == '\\') {
			*at++ = '\\';
			*at++ = *s;
		} else if (text_is_control(character)) { /* all below U+10000 */
			at = put_escape(at, character);
		} else {
			at = put_bytes(at, s, n);
		}
		s += n;
		left -= n;
	}
	*at++ = '"';
	return at;
}

static char *put_integer(char *at, uint64_t value)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return put_bytes(at, digits + n, sizeof(digits) - n);
}

/* whole.fraction, where fraction counts 10^-decimals; without trailing zeros. */
static char *put_decimal(char *at, uint64_t whole, uint64_t fraction, int decimals)
{
	at = put_integer(at, whole);
	if (fraction == 0)
		return at;
	for (; fraction % 10 == 0; fraction /= 10)
		decimals--;
	*at = '.';
	for (int i = decimals; i > 0; i--) {
		at[i] = (char)('0' + fraction % 10);
		fraction /= 10;
	}
	return at + 1 + decimals;
}

static char *put_key(char *at, const char *key)
{
	*at++ = ',';
	*at++ = '"';
	at = put_plain(at, key);
	*at++ = '"';
	*at++ = ':';
	return at;
}

static char *put_text(char *at, const char *key, const char *s, size_t size)
{
	return s[0] ? put_string(put_key(at, key), s, size) : at;
}

static char *put_word(char *at, const char *key, const char *word)
{
	return put_string(put_key(at, key), word, strlen(word) + 1);
}

static char *put_count(char *at, const char *key, uint64_t value)
{
	return put_integer(put_key(at, key), value);
}

static char *put_flag(char *at, const char *key, bool value)
{
	return put_plain(put_key(at, key), value ? "true" : "false");
}

static char *put_ms(char *at, const char *key, bool is_known, uint64_t ns)
{
	if (!is_known)
		return at;
	return put_decimal(put_key(at, key), ns / NS_PER_MS, ns % NS_PER_MS, MS_DECIMALS);
}

/* With as few decimals as give a reader the same bytes back. */
static char *put_mib(char *at, const char *key, uint64_t bytes)
{
	const uint64_t mib = UINT64_C(1) << MIB_SHIFT;
	uint64_t rest = bytes & (mib - 1);
	uint64_t power = 1;
	uint64_t fraction = 0;
	int decimals = 0;

	for (; decimals <= MIB_DECIMALS; decimals++, power *= 10) {
		fraction = (rest * power + mib / 2) >> MIB_SHIFT;
		if ((fraction * mib + power / 2) / power == rest)
			break;
	}
	return put_decimal(put_key(at, key), bytes >> MIB_SHIFT, fraction, decimals);
}

/* Who handled it: the first key needs no comma, so it is written here. */
static char *put_identity(char *at, const struct invocation *inv, const char *host)
{
	const struct function *function = inv->function;

	at = put_plain(at, "{\"function\":");
	at = put_string(at, function->name, sizeof(function->name));
	at = put_text(at, "version", function->version, sizeof(function->version));
	if (function->platform != PLATFORM_UNKNOWN)
		at = put_word(at, "platform", platform_name(function->platform));
	if (inv->kind != KIND_UNKNOWN)
		at = put_word(at, "kind", invocation_kind_name(inv->kind));
	at = put_text(at, "request_id", inv->request_id, sizeof(inv->request_id));
	at = put_text(at, "host", host, JSON_HOST_BYTES);
	return put_text(at, "sandbox", inv->sandbox, sizeof(inv->sandbox));
}

/* Cold or not; a forked process has no init to wait for, so it is neither. */
static char *put_start_type(char *at, const struct invocation *inv)
{
	if (inv->kind != KIND_PROCESS && inv->start_type != START_UNKNOWN)
		at = put_flag(at, "cold", inv->start_type == START_COLD);
	if (inv->kind != KIND_PROCESS && inv->start_type == START_PREWARMED)
		at = put_flag(at, "prewarmed", true);
	if (inv->cause != CAUSE_UNKNOWN)
		at = put_word(at, "cause", invocation_cause_name(inv->cause));
	return at;
}

static char *put_times(char *at, const struct invocation *inv)
{
	char start[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(inv->start_ns, start);
	at = put_word(at, "start", start);
	at = put_ms(at, "duration_ms", inv->has & HAS_DURATION, inv->duration_ns);
	at = put_ms(at, "response_ms", inv->has & HAS_RESPONSE, inv->response_ns);
	at = put_ms(at, "init_ms", inv->has & HAS_INIT, inv->init_ns);
	at = put_start_type(at, inv);
	at = put_ms(at, "wait_ms", inv->has & HAS_WAIT, inv->wait_ns);
	at = put_ms(at, "cpu_ms", inv->has & HAS_CPU, inv->cpu_ns);
	at = put_ms(at, "run_queue_ms", inv->has & HAS_RUN_QUEUE, inv->run_queue_ns);
	return put_ms(at, "busy_ms", inv->has & HAS_BUSY, inv->busy_ns);
}

static char *put_story(char *at, const struct init_story *init)
{
	at = put_ms(at, "init_first_exec_ms", true, init->first_exec_ns);
	at = put_ms(at, "init_last_exec_ms", true, init->last_exec_ns);
	at = put_count(at, "init_execs", init->execs);
	at = put_ms(at, "init_cpu_ms", true, init->cpu_ns);
	at = put_ms(at, "init_run_queue_ms", true, init->run_queue_ns);
	at = put_count(at, "init_read_bytes", init->read_bytes);
	at = put_count(at, "init_disk_bytes", init->disk_bytes);
	return put_count(at, "init_major_faults", init->major_faults);
}

static char *put_figures(char *at, const struct invocation *inv)
{
	const struct function *function = inv->function;

	if (inv->has & HAS_MEMORY)
		at = put_mib(at, "peak_memory_mb", inv->peak_memory_bytes);
	if (function->memory_limit_mb > 0)
		at = put_count(at, "memory_limit_mb", function->memory_limit_mb);
	if (function->arch != ARCH_UNKNOWN)
		at = put_word(at, "arch", arch_name(function->arch));
	at = put_text(at, "region", function->region, sizeof(function->region));
	at = put_word(at, "status", invocation_status_name(inv->status));
	if (inv->has & HAS_HTTP_STATUS)
		at = put_count(at, "http_status", inv->http_status);
	at = put_text(at, "trace_id", inv->trace_id, sizeof(inv->trace_id));
	if (inv->has & HAS_BYTES) {
		at = put_count(at, "request_bytes", inv->request_bytes);
		at = put_count(at, "response_bytes", inv->response_bytes);
	}
	if (inv->concurrency > 0)
		at = put_count(at, "concurrency", inv->concurrency);
	if (inv->pid > 0)
		at = put_count(at, "pid", inv->pid);
	/* said, too, of what its trace would make one */
	if (inv->ping || invocation_trace_is_ping(inv->trace_id))
		at = put_flag(at, "ping", inv->ping);
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
			at = put_key(at, "quality");
		*at++ = separator;
		at = put_string(at, word, strlen(word) + 1);
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
	at = put_figures(at, inv);
	at = put_quality(at, inv->quality);
	*at++ = '}';
	*at++ = '\n';
	assert(at - out <= JSON_LINE_MAX_BYTES);
	return (size_t)(at - out);
}
