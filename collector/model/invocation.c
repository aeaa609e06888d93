#include "model/invocation.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kind_names[KIND_COUNT] = {
    [KIND_UNKNOWN] = "unknown",
    [KIND_LAMBDA] = "lambda",
    [KIND_HTTP] = "http",
    [KIND_PROCESS] = "process",
};

static const char *const status_names[STATUS_COUNT] = {
    [STATUS_OK] = "ok",
    [STATUS_ERROR] = "error",
    [STATUS_TIMEOUT] = "timeout",
    [STATUS_OOM] = "oom",
    [STATUS_CRASH] = "crash",
    [STATUS_INIT_ERROR] = "init_error",
    [STATUS_ABORTED] = "aborted",
};

static const char *const cause_names[CAUSE_COUNT] = {
    [CAUSE_UNKNOWN] = "unknown",
    [CAUSE_FIRST] = "first",
    [CAUSE_SCALE_OUT] = "scale_out",
    [CAUSE_IDLE_REAP] = "idle_reap",
    [CAUSE_CRASH] = "crash",
    [CAUSE_OOM] = "oom",
    [CAUSE_TIMEOUT] = "timeout",
    [CAUSE_DEPLOY] = "deploy",
};

static const char *const certainty_names[CERTAINTY_COUNT] = {
    [CERTAINTY_UNKNOWN] = "unknown",
    [CERTAINTY_GUESS] = "guess",
    [CERTAINTY_LIKELY] = "likely",
    [CERTAINTY_CERTAIN] = "certain",
};

static const char *const quality_names[] = {
    /* by bit: QUALITY_MEMORY_BOUND is bit 0, and so on */
    "peak_memory:bound",
    "cpu:estimate",
    "start:estimate",
    "duration:estimate",
    "init:estimate",
    "init:unknown",
    "status:estimate",
    "request_id:unknown",
    "clock:stepped",
    "wait:estimate",
    "peak_memory:sandbox",
};
_Static_assert(1U << (COUNT_OF(quality_names) - 1) == QUALITY_MEMORY_SANDBOX,
    "one word for each QUALITY_ bit");

/* The index of name in names, or n. */
static size_t find_name(const char *const *names, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && (names[i][0] != name[0] || strcmp(names[i], name) != 0))
		i++;
	return i;
}

const char *invocation_kind_name(enum invocation_kind kind)
{
	return kind_names[kind < KIND_COUNT ? kind : KIND_UNKNOWN];
}

enum invocation_kind invocation_kind_find(const char *name)
{
	size_t i = find_name(kind_names, KIND_COUNT, name);

	return i < KIND_COUNT ? (enum invocation_kind)i : KIND_UNKNOWN;
}

const char *invocation_status_name(enum invocation_status status)
{
	return status < STATUS_COUNT ? status_names[status] : "unknown";
}

enum invocation_status invocation_status_find(const char *name)
{
	return (enum invocation_status)find_name(status_names, STATUS_COUNT, name);
}

const char *invocation_cause_name(enum invocation_cause cause)
{
	return cause_names[cause < CAUSE_COUNT ? cause : CAUSE_UNKNOWN];
}

enum invocation_cause invocation_cause_find(const char *name)
{
	size_t i = find_name(cause_names, CAUSE_COUNT, name);

	return i < CAUSE_COUNT ? (enum invocation_cause)i : CAUSE_UNKNOWN;
}

const char *invocation_certainty_name(enum invocation_certainty certainty)
{
	return certainty_names[certainty < CERTAINTY_COUNT ? certainty
							   : CERTAINTY_UNKNOWN];
}

enum invocation_certainty invocation_certainty_find(const char *name)
{
	size_t i = find_name(certainty_names, CERTAINTY_COUNT, name);

	return i < CERTAINTY_COUNT ? (enum invocation_certainty)i : CERTAINTY_UNKNOWN;
}

const char *invocation_quality_name(unsigned int bit)
{
	return bit < COUNT_OF(quality_names) ? quality_names[bit] : NULL;
}

uint32_t invocation_quality_find(const char *name)
{
	size_t i = find_name(quality_names, COUNT_OF(quality_names), name);

	return i < COUNT_OF(quality_names) ? 1U << i : 0;
}

/* FNV-1a, of eight bytes at a time: ids are long. */
uint64_t invocation_hash(const char id[INVOCATION_ID_BYTES])
{
	uint64_t hash = 0xcbf29ce484222325;
	size_t n = strnlen(id, INVOCATION_ID_BYTES);

	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = 0;

		memcpy(&word, id + i, n - i < 8 ? n - i : 8);
		hash = (hash ^ word) * 0x100000001b3;
		hash ^= hash >> 32;
	}
	return hash ? hash : 1;
}

bool invocation_is_error(const struct invocation *invocation)
{
	return invocation->status != STATUS_OK;
}

/* The mark is four characters four times over, so wherever it stands, it fills a word of
 * eight with two that are alike: few other ids have one. */
bool invocation_trace_is_ping(const char *trace_id)
{
	size_t n = strlen(trace_id);

	_Static_assert(sizeof(PING_TRACE_MARK) - 1 == 16, "a mark fills a word of eight");
	for (size_t at = 0; at + sizeof(uint64_t) <= n; at += sizeof(uint64_t)) {
		if (memcmp(trace_id + at, trace_id + at + 4, 4) == 0)
			return strstr(trace_id, PING_TRACE_MARK) != NULL;
	}
	return false;
}
