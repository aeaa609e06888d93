/* The keys of an invocation object: one table, a row each. Private to json/parse.c. */
#ifndef COLDMETER_WIRE_JSON_KEYS_H
#define COLDMETER_WIRE_JSON_KEYS_H

#include "wire/json.h"
#include "wire/json/scan.h"

#define JSON_KEY_BYTES 24
#define JSON_WORD_BYTES 32

enum json_flag { JSON_FLAG_ABSENT, JSON_FLAG_FALSE, JSON_FLAG_TRUE };

/* Keys that settle() asks for. */
enum {
	JSON_GIVEN_FUNCTION = 1 << 0,
	JSON_GIVEN_START = 1 << 1,
	JSON_GIVEN_DURATION = 1 << 2,
	JSON_GIVEN_REQUEST_BYTES = 1 << 3,
	JSON_GIVEN_RESPONSE_BYTES = 1 << 4
};

/* How a key's value mostly stands there. */
enum json_plain {
	JSON_PLAIN_NONE,
	JSON_PLAIN_TEXT,
	JSON_PLAIN_MS,
	JSON_PLAIN_MIB,
	JSON_PLAIN_TIME,
	JSON_PLAIN_LAST /* as the one of the object before */
};

struct json_key {
	char quoted[JSON_KEY_BYTES]; /* the name, its quotes and its colon */
	size_t quoted_n;
	/* Reads a value that is a number, or stands for one; NULL: a text. */
	bool (*number)(struct json_scan *s, const struct json_key *key, uint64_t *value);
	size_t offset; /* of what it fills, in struct json_reader */
	size_t size;
	uint64_t min;
	uint64_t max;
	uint32_t has;   /* HAS_* that it sets */
	uint32_t given; /* JSON_GIVEN_* that it sets */
	enum json_plain plain;
	const char *twice; /* sentences */
	const char *wrong;
};

/* In the order of our own objects. */
extern const struct json_key json_keys[];
extern const size_t json_keys_n; /* at most JSON_KEYS_MAX */

/* The row of a key, of n bytes, looked for from a row on; json_keys_n when it is not
 * known. */
size_t json_keys_find(const char *name, size_t n, size_t from);

#endif
