/* Bearer tokens: who may talk to the collector once tokens are configured. */
#ifndef COLDMETER_SERVE_HTTP_TOKENS_H
#define COLDMETER_SERVE_HTTP_TOKENS_H

#include <stdbool.h>

#include "base/token.h"

#define TOKENS_MAX 4096 /* compared with all of them: 0.1 ms a request */

struct tokens;

/* Reads a file of tokens, one a line (base/token.h); one without any lets nobody pass. A
 * file that others than its owner can read is refused. 0 or a negative errno, said,
 * without the token. */
int tokens_load(const char *path, struct tokens **out);
void tokens_free(struct tokens *tokens);

bool tokens_is_empty(const struct tokens *tokens);

/* Whether the file at path is no longer the one that was read. */
bool tokens_is_stale(const struct tokens *tokens, const char *path);

/* Whose token an Authorization header ("" when absent) carries. How long that takes tells
 * nothing of the tokens but their number. */
bool tokens_find(
    const struct tokens *tokens, const char *authorization, struct token *found);

#endif
