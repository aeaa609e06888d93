/* A reader for each kind of value. Words of quality that are not known are skipped. */
#include "wire/json/keys.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_MS 1000000
#define BYTES_PER_MIB 1048576

static bool read_ms(struct json_scan *s, const struct json_key *key, uint64_t *ns)
{
	struct json_number number;
	bool exact;

	(void)key;
	return json_scan_number(s, &number) &&
	       json_number_scale(&number, NS_PER_MS, ns, &exact);
}

static bool read_mib(struct json_scan *s, const struct json_key *key, uint64_t *bytes)
{
	struct json_number number;
	bool exact;

	(void)key;
	return json_scan_number(s, &number) &&
	       json_number_scale(&number, BYTES_PER_MIB, bytes, &exact);
}

static bool read_count(struct json_scan *s, const struct json_key *key, uint64_t *value)
{
	struct json_number number;
	bool exact;

	return json_scan_number(s, &number) &&
	       json_number_scale(&number, 1, value, &exact) && exact &&
	       *value >= key->min && *value <= key->max;
}

static bool read_flag(struct json_scan *s, const struct json_key *key, uint64_t *flag)
{
	bool is_true = json_scan_word(s, "true");

	(void)key;
	*flag = is_true ? JSON_FLAG_TRUE : JSON_FLAG_FALSE;
	return is_true || json_scan_word(s, "false");
}

static bool read_start(struct json_scan *s, const struct json_key *key, uint64_t *wall_ns)
{
	char text[CLOCK_RFC3339_BYTES + 8];
	int64_t start_ns = 0;
	size_t len;

	(void)key;
	if (!json_scan_string(s, text, sizeof(text), &len) || len >= sizeof(text) ||
	    clock_parse_rfc3339(text, &start_ns) < 0)
		return false;
	*wall_ns = (uint64_t)start_ns;
	return true;
}

/* A word of one of our own lists; a longer one is in none, so "" stands for it. */
static bool scan_word(struct json_scan *s, char word[JSON_WORD_BYTES])
{
	size_t len;

	if (!json_scan_string(s, word, JSON_WORD_BYTES, &len))
		return false;
	if (len >= JSON_WORD_BYTES)
		word[0] = '\0';
	return true;
}

static bool read_platform(
    struct json_scan *s, const struct json_key *key, uint64_t *platform)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	if (!scan_word(s, word))
		return false;
	*platform = platform_find(word);
	return *platform != PLATFORM_UNKNOWN ||
	       strcmp(word, platform_name(PLATFORM_UNKNOWN)) == 0;
}

/* One that no plan has a price for is unknown; so are words of the next two that are not
 * known here. */
static bool read_arch(struct json_scan *s, const struct json_key *key, uint64_t *arch)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	if (!scan_word(s, word))
		return false;
	*arch = arch_find(word);
	return true;
}

static bool read_cause(struct json_scan *s, const struct json_key *key, uint64_t *cause)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	if (!scan_word(s, word))
		return false;
	*cause = invocation_cause_find(word);
	return true;
}

static bool read_certainty(
    struct json_scan *s, const struct json_key *key, uint64_t *certainty)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	if (!scan_word(s, word))
		return false;
	*certainty = invocation_certainty_find(word);
	return true;
}

static bool read_kind(struct json_scan *s, const struct json_key *key, uint64_t *kind)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	if (!scan_word(s, word))
		return false;
	*kind = invocation_kind_find(word);
	return *kind != KIND_UNKNOWN ||
	       strcmp(word, invocation_kind_name(KIND_UNKNOWN)) == 0;
}

static bool read_status(struct json_scan *s, const struct json_key *key, uint64_t *status)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	if (!scan_word(s, word))
		return false;
	*status = invocation_status_find(word);
	return *status != STATUS_COUNT;
}

static bool read_quality(struct json_scan *s, const struct json_key *key, uint64_t *bits)
{
	char word[JSON_WORD_BYTES];

	(void)key;
	*bits = 0;
	if (!json_scan_take(s, '['))
		return false;
	if (json_scan_take(s, ']'))
		return true;
	do {
		if (!scan_word(s, word))
			return false;
		*bits |= invocation_quality_find(word);
	} while (json_scan_take(s, ','));
	return json_scan_take(s, ']');
}

/* NOLINTBEGIN(bugprone-macro-parentheses): members are named and strings are joined here,
 * which cannot be done in parentheses */
#define AT(member)                                                                       \
	.offset = offsetof(struct json_reader, member),                                  \
	.size = sizeof(((struct json_reader *)NULL)->member)
#define SAYS(key, rule)                                                                  \
	.quoted = "\"" key "\":", .quoted_n = sizeof(key) + 2,                           \
	.twice = key " comes twice", .wrong = key " " rule
/* NOLINTEND(bugprone-macro-parentheses) */
#define TEXT(key, member, rule)                                                          \
	{                                                                                \
		SAYS(key, rule), .plain = JSON_PLAIN_TEXT, AT(member)                    \
	}
#define MS(key, member, bit)                                                             \
	{                                                                                \
		SAYS(key, MS_RULE), .number = read_ms, .plain = JSON_PLAIN_MS,           \
				    AT(inv.member), .has = (bit)                         \
	}
#define COUNT(key, member, rule, least, most)                                            \
	{                                                                                \
		SAYS(key, rule), .number = read_count, AT(member), .min = (least),       \
				 .max = (most), .plain = JSON_PLAIN_LAST                 \
	}
#define FLAG(key, member)                                                                \
	{                                                                                \
		SAYS(key, "must be true or false"), .number = read_flag, AT(member),     \
						    .plain = JSON_PLAIN_LAST             \
	}

#define MS_RULE "must be a number of milliseconds, 0 or more"
#define COUNT_RULE "must be a whole number, 0 or more"
#define SHORT_ID "must be a string of at most 71 bytes"
_Static_assert(INVOCATION_ID_BYTES == 72 && JSON_HOST_BYTES == 72 &&
		   FUNCTION_NAME_BYTES == 160 && FUNCTION_VERSION_BYTES == 64 &&
		   FUNCTION_REGION_BYTES == 32,
    "the sentences name these lengths");

/* In the order of our own objects, so that the next key is mostly the next row. */
const struct json_key json_keys[] = {
    {SAYS("function", "must be a string of 1 to 159 bytes"), .plain = JSON_PLAIN_TEXT,
	AT(function.name), .min = 1, .given = JSON_GIVEN_FUNCTION},
    TEXT("version", function.version, "must be a string of at most 63 bytes"),
    {SAYS("platform", "is not one that is known here"), .number = read_platform,
	AT(function.platform), .plain = JSON_PLAIN_LAST},
    {SAYS("kind", "must be lambda, http or process"), .number = read_kind, AT(inv.kind),
	.plain = JSON_PLAIN_LAST},
    TEXT("request_id", inv.request_id, SHORT_ID),
    TEXT("host", host, SHORT_ID),
    TEXT("sandbox", inv.sandbox, SHORT_ID),
    {SAYS("start", "must be an RFC 3339 time, such as 2026-11-22T08:00:00.123456789Z"),
	.number = read_start, .plain = JSON_PLAIN_TIME, AT(inv.start_ns),
	.given = JSON_GIVEN_START},
    {SAYS("duration_ms", MS_RULE), .number = read_ms, .plain = JSON_PLAIN_MS,
	AT(inv.duration_ns), .has = HAS_DURATION, .given = JSON_GIVEN_DURATION},
    MS("response_ms", response_ns, HAS_RESPONSE),
    MS("init_ms", init_ns, HAS_INIT),
    FLAG("cold", cold),
    FLAG("prewarmed", prewarmed),
    {SAYS("cause", "must be a string"), .number = read_cause, AT(inv.cause),
	.plain = JSON_PLAIN_LAST},
    {SAYS("cause_certainty", "must be a string"), .number = read_certainty,
	AT(inv.certainty), .plain = JSON_PLAIN_LAST},
    MS("wait_ms", wait_ns, HAS_WAIT),
    MS("cpu_ms", cpu_ns, HAS_CPU),
    MS("run_queue_ms", run_queue_ns, HAS_RUN_QUEUE),
    MS("throttled_ms", throttled_ns, HAS_THROTTLED),
    MS("busy_ms", busy_ns, HAS_BUSY),
    MS("init_first_exec_ms", init.first_exec_ns, HAS_INIT_STORY),
    MS("init_last_exec_ms", init.last_exec_ns, HAS_INIT_STORY),
    {SAYS("init_execs", COUNT_RULE), .number = read_count, AT(inv.init.execs),
	.max = UINT32_MAX, .has = HAS_INIT_STORY},
    MS("init_cpu_ms", init.cpu_ns, HAS_INIT_STORY),
    MS("init_run_queue_ms", init.run_queue_ns, HAS_INIT_STORY),
    {SAYS("init_read_bytes", COUNT_RULE), .number = read_count, AT(inv.init.read_bytes),
	.max = UINT64_MAX, .has = HAS_INIT_STORY},
    {SAYS("init_disk_bytes", COUNT_RULE), .number = read_count, AT(inv.init.disk_bytes),
	.max = UINT64_MAX, .has = HAS_INIT_STORY},
    {SAYS("init_major_faults", COUNT_RULE), .number = read_count,
	AT(inv.init.major_faults), .max = UINT32_MAX, .has = HAS_INIT_STORY},
    {SAYS("peak_memory_mb", "must be a number of MiB, 0 or more"), .number = read_mib,
	.plain = JSON_PLAIN_MIB, AT(inv.peak_memory_bytes), .has = HAS_MEMORY},
    COUNT("memory_limit_mb", function.memory_limit_mb,
	"must be a whole number of MiB below 2^32", 0, UINT32_MAX),
    {SAYS("arch", "must be a string"), .number = read_arch, AT(function.arch),
	.plain = JSON_PLAIN_LAST},
    TEXT("region", function.region, "must be a string of at most 31 bytes"),
    {SAYS("status", "must be ok, error, timeout, oom, crash, init_error or aborted"),
	.number = read_status, AT(inv.status), .plain = JSON_PLAIN_LAST},
    {SAYS("http_status", "must be a whole number from 0 to 65535"), .number = read_count,
	AT(inv.http_status), .max = UINT16_MAX, .has = HAS_HTTP_STATUS,
	.plain = JSON_PLAIN_LAST},
    TEXT("trace_id", inv.trace_id, SHORT_ID),
    {SAYS("request_bytes", COUNT_RULE), .number = read_count, AT(inv.request_bytes),
	.max = UINT64_MAX, .given = JSON_GIVEN_REQUEST_BYTES},
    {SAYS("response_bytes", COUNT_RULE), .number = read_count, AT(inv.response_bytes),
	.max = UINT64_MAX, .given = JSON_GIVEN_RESPONSE_BYTES},
    COUNT("concurrency", inv.concurrency, "must be a whole number, 1 or more", 1,
	UINT32_MAX),
    COUNT("pid", inv.pid, "must be a whole number below 2^32", 0, UINT32_MAX),
    FLAG("ping", ping),
    {SAYS("quality", "must be a list of strings"), .number = read_quality,
	AT(inv.quality)},
};
_Static_assert(COUNT_OF(json_keys) <= JSON_KEYS_MAX, "each row has a bit, and a place");

const size_t json_keys_n = COUNT_OF(json_keys);

size_t json_keys_find(const char *name, size_t n, size_t from)
{
	for (size_t i = 0; i < COUNT_OF(json_keys); i++) {
		size_t row = from + i < COUNT_OF(json_keys)
				 ? from + i
				 : from + i - COUNT_OF(json_keys);

		if (json_keys[row].quoted_n == n + 3 &&
		    json_keys[row].quoted[1] == name[0] &&
		    memcmp(json_keys[row].quoted + 1, name, n) == 0)
			return row;
	}
	return COUNT_OF(json_keys);
}
