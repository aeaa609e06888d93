/* The keys of an invocation object: one table, a row each. Private to json_parse.c. */
#ifndef COLDMETER_WIRE_JSON_KEYS_H
#define COLDMETER_WIRE_JSON_KEYS_H

#include "wire/json.h"
#include "wire/json_scan.h"

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

/* What has been read of one object. */
struct json_object {
	struct invocation inv;
	struct function function;
	char host[JSON_HOST_BYTES];
	char arch[JSON_WORD_BYTES]; /* one that no plan has a price for is unknown */
	char cause[JSON_WORD_BYTES];
	char certainty[JSON_WORD_BYTES];
	enum json_flag cold;
	enum json_flag prewarmed;
	enum json_flag ping;
	uint64_t seen; /* keys, by their row in the table */
	uint32_t given;
};

struct json_key {
	char quoted[JSON_KEY_BYTES]; /* the name, its quotes and its colon */
	size_t quoted_n;
	bool (*read)(
	    struct json_scan *s, const struct json_key *key, struct json_object *object);
	size_t offset; /* of what it fills, in struct json_object */
	size_t size;
	uint64_t min;
	uint64_t max;
	uint32_t has;      /* HAS_* that it sets */
	uint32_t given;    /* JSON_GIVEN_* that it sets */
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
