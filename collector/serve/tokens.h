/* Bearer tokens: who may talk to the collector once tokens are configured. */
#ifndef COLDMETER_SERVE_TOKENS_H
#define COLDMETER_SERVE_TOKENS_H

#include <stdbool.h>

#define TOKENS_MAX 64
#define TOKEN_MIN_BYTES 16 /* shorter ones can be guessed */
#define TOKEN_MAX_BYTES 256

struct tokens;

/* Reads a file of one token a line; empty lines and lines that begin with # say nothing.
 * A file that others than its owner can read is refused. 0 or a negative errno, said,
 * without the token. */
int tokens_load(const char *path, struct tokens **out);
void tokens_free(struct tokens *tokens);

/* Whether an Authorization header ("" when absent) carries one of them. How long the
 * comparison takes tells nothing of the tokens but their number. */
bool tokens_allow(const struct tokens *tokens, const char *authorization);

#endif
