/* Walks over JSON as it comes, telling where containers open and close. It is no check:
 * scalars are taken on trust. */
#ifndef COLDMETER_WIRE_JSON_WALK_H
#define COLDMETER_WIRE_JSON_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_WALK_DEPTH 64
#define JSON_WALK_KEY_BYTES 16

enum json_step {
	JSON_STEP_MORE,  /* needs more bytes */
	JSON_STEP_LINE,  /* behind a newline */
	JSON_STEP_OPEN,  /* behind the bracket that opens a container */
	JSON_STEP_CLOSE, /* behind the bracket that closes one */
	JSON_STEP_BAD    /* at a byte that cannot stand there, or nested too deep */
};

/* What may come next. */
enum json_want {
	JSON_WANT_VALUE,
	JSON_WANT_VALUE_OR_END,
	JSON_WANT_KEY,
	JSON_WANT_KEY_OR_END,
	JSON_WANT_COLON,
	JSON_WANT_COMMA_OR_END
};

struct json_walk {
	uint64_t objects; /* one bit per depth, innermost lowest: an object? */
	size_t depth;
	enum json_want want;
	bool in_string;
	bool in_key;
	bool is_escaped;
	size_t key_n; /* of the last name of a member; longer than key: cut */
	char key[JSON_WALK_KEY_BYTES];
};

/* In front of an outermost value, which is a container. */
void json_walk_start(struct json_walk *w);

/* Goes on from *at, up to end. */
enum json_step json_walk_on(
    struct json_walk *w, const char *bytes, size_t end, size_t *at);

/* Whether the innermost container is an object. */
bool json_walk_in_object(const struct json_walk *w);

#endif
