/* A JSON scanner over one text: no allocation. */
#ifndef COLDMETER_WIRE_JSON_SCAN_H
#define COLDMETER_WIRE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/json/number.h"

#define JSON_MAX_DEPTH 32 /* of values that are skipped */

/* Every function skips white space first, moves on, and returns false at what is not the
 * JSON that it wants. */
struct json_scan {
	const char *at;
	const char *end;
};

/* The next character, 0 at the end. Moves over white space only. */
static inline char json_scan_peek(struct json_scan *s)
{
	for (; s->at < s->end; s->at++) {
		char c = *s->at;

		if ((unsigned char)c > ' ' ||
		    (c != ' ' && c != '\t' && c != '\n' && c != '\r'))
			return c;
	}
	return '\0';
}

/* Takes the character c, if it is the next; else stays in front of it. */
static inline bool json_scan_take(struct json_scan *s, char c)
{
	if (json_scan_peek(s) != c || s->at == s->end)
		return false;
	s->at++;
	return true;
}

/* Takes a word such as "null", "true", if it is the next. */
bool json_scan_word(struct json_scan *s, const char *word);

/* A string, escapes undone and terminated; *len is its length. When it does not fit size,
 * what is in out is of no use. False also for what is not UTF-8, for NUL and for half of
 * a surrogate pair. */
bool json_scan_string(struct json_scan *s, char *out, size_t size, size_t *len);

/* Any value. False also when it is nested deeper than JSON_MAX_DEPTH. */
bool json_scan_skip(struct json_scan *s);

#endif
