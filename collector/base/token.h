/* Bearer tokens: what they look like, what they allow, and a line of a file of them.
 *
 * A line is `NAME ROLE sha256:HEX`, or a token in the clear, which allows everything; an
 * empty line and one that begins with # say nothing. The hash has no salt and is fast on
 * purpose: a token that token_make() made has 256 random bits, which nobody guesses at
 * any speed, and no two are alike. */
#ifndef COLDMETER_BASE_TOKEN_H
#define COLDMETER_BASE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/sha256.h"

#define TOKEN_MIN_BYTES 16 /* shorter ones can be guessed */
#define TOKEN_MAX_BYTES 256
#define TOKEN_NAME_BYTES 64
#define TOKEN_MADE_BYTES 47 /* "cm_", 43 of base64url, terminated */
#define TOKEN_LINE_BYTES 512

/* An agent sends and reads nothing; a reader reads; an admin does all. */
enum token_role { TOKEN_ADMIN, TOKEN_READ, TOKEN_AGENT };
#define TOKEN_ROLES 3

struct token {
	char name[TOKEN_NAME_BYTES]; /* "" when it stood there in the clear */
	enum token_role role;
	uint8_t hash[SHA256_BYTES];
};

const char *token_role_name(enum token_role role); /* "admin", "read", "agent" */
int token_role_parse(const char *text, enum token_role *role); /* 0 or -EINVAL */

/* Letters, digits and -._ , 1 to 63 of them. */
bool token_is_name(const char *text);

/* As RFC 6750 has it, n bytes: letters, digits and -._~+/= . */
bool token_is_token(const char *text, size_t n);

/* A new one. 0 or -errno. */
int token_make(char out[TOKEN_MADE_BYTES]);

/* Reads a line, with or without its end. 1 with *token filled; 0: it says nothing;
 * -EINVAL with a phrase in *why. */
int token_parse(const char *line, struct token *token, const char **why);

/* Writes the line, with its end. */
void token_format(const struct token *token, char out[TOKEN_LINE_BYTES]);

/* Whether nobody but its owner can read or change the file. */
bool token_file_is_private(FILE *file);

#endif
