/* Invocation objects as JSON, one per line. */
#ifndef COLDMETER_WIRE_JSON_H
#define COLDMETER_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/invocation.h"

#define JSON_LINE_MAX_BYTES 16384 /* of one object, in and out */
#define JSON_HOST_BYTES 72

/* Writes the object and a newline; never more than JSON_LINE_MAX_BYTES. host may be ""
 * (left out). Strings are escaped; invalid UTF-8 becomes U+FFFD. Fields that are not
 * known are left out. Beyond DESIGN's list: "run_queue_ms", "throttled_ms", "busy_ms",
 * "ping": true, "prewarmed": true, "cause_certainty", and of a first invocation what its
 * init was spent on, "init_...", with its phases and peers (wire/json/coldstart.h).
 * Returns the bytes written (no NUL). */
size_t json_format_invocation(const struct invocation *inv, const char *host, char *out);

/* Reads objects one after the other, which mostly have the same keys in the same order,
 * and for some keys the same value: what came behind what, and with which value, the last
 * time is looked for first. Own scanner, no allocation. */
#define JSON_KEYS_MAX 64
#define JSON_VALUE_WORDS 2
struct json_reader {
	/* of the object that was read last, of no use after a failure: */
	struct invocation inv; /* its function is: */
	struct function function;
	char host[JSON_HOST_BYTES]; /* or "" */
	bool has_phases;            /* there is something for json_parse_coldstart() */
	/* its own */
	uint32_t cold; /* enum json_flag */
	uint32_t prewarmed;
	uint32_t ping;
	uint32_t given;
	uint64_t seen;                              /* keys, by their row in the table */
	uint8_t next[JSON_KEYS_MAX + 1];            /* behind none, and behind each key */
	struct json_value {                         /* the last one of each key */
		uint64_t written[JSON_VALUE_WORDS]; /* with what ended it */
		uint64_t mask[JSON_VALUE_WORDS];    /* what of it that is */
		size_t n;                           /* 0: there is none */
		uint64_t read;
	} last[JSON_KEYS_MAX];
};
void json_reader_init(struct json_reader *reader);

/* As json_parse_invocation(), into the reader; why is not NULL. */
int json_reader_parse(
    struct json_reader *reader, const char *line, size_t len, const char **why);

/* Reads one object of len bytes (no newline needed). Unknown keys are skipped, whatever
 * their value. *function is filled and inv->function set to it. Phases and peers of an
 * init are left to json_parse_coldstart(). host (JSON_HOST_BYTES, may be NULL) gets the
 * host or "". Needs function, start and (unless status is init_error) duration_ms.
 * Returns 0, or -EBADMSG with *why a constant sentence naming the field. Outputs are
 * untouched on failure. */
int json_parse_invocation(const char *line, size_t len, struct invocation *inv,
    struct function *function, char *host, const char **why);

#endif
