#include "serve/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"

struct tokens {
	size_t n;
	char each[TOKENS_MAX][TOKEN_MAX_BYTES]; /* padded with zeros */
};

/* RFC 6750: letters, digits and - . _ ~ + / and, at the end, =. */
static bool is_token(const char *s, size_t n)
{
	static const char more[] = "-._~+/=";

	for (size_t i = 0; i < n; i++) {
		if (!(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'A' && s[i] <= 'Z') &&
		    !(s[i] >= 'a' && s[i] <= 'z') && !strchr(more, s[i]))
			return false;
	}
	return n >= TOKEN_MIN_BYTES && n < TOKEN_MAX_BYTES;
}

static int add_line(struct tokens *tokens, const char *path, int line, char *text)
{
	size_t n = strcspn(text, "\r\n");

	if (n == 0 || text[0] == '#')
		return 0;
	if (!is_token(text, n)) {
		(void)log_error(0,
		    "%s:%d: a token has %d to %d letters, digits or -._~+/=", path, line,
		    TOKEN_MIN_BYTES, TOKEN_MAX_BYTES - 1);
		return -EINVAL;
	}
	if (tokens->n == TOKENS_MAX) {
		(void)log_error(0, "%s:%d: more than %d tokens", path, line, TOKENS_MAX);
		return -E2BIG;
	}
	memcpy(tokens->each[tokens->n++], text, n);
	return 0;
}

int tokens_load(const char *path, struct tokens **out)
{
	AUTO(file) FILE *file = fopen(path, "re");
	AUTO(free) struct tokens *tokens = calloc(1, sizeof(*tokens));
	char text[TOKEN_MAX_BYTES + 64];
	struct stat status;
	int err = 0;

	if (!file || fstat(fileno(file), &status) < 0)
		return log_error(-errno, "cannot read the tokens in %s", path);
	if (status.st_mode & (S_IRWXG | S_IRWXO)) {
		(void)log_error(0, "%s: others can read it: chmod 600 it", path);
		return -EPERM;
	}
	if (!tokens)
		return -ENOMEM;
	for (int line = 1; !err && fgets(text, sizeof(text), file); line++)
		err = add_line(tokens, path, line, text);
	explicit_bzero(text, sizeof(text));
	if (err)
		return err;
	if (!tokens->n) {
		(void)log_error(0, "%s: holds no token", path);
		return -EINVAL;
	}
	*out = TAKE(tokens);
	return 0;
}

void tokens_free(struct tokens *tokens)
{
	if (tokens)
		explicit_bzero(tokens, sizeof(*tokens));
	free(tokens);
}

bool tokens_allow(const struct tokens *tokens, const char *authorization)
{
	char given[TOKEN_MAX_BYTES] = {0};
	size_t n;
	unsigned int allowed = 0;

	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return false;
	authorization += 7;
	n = strlen(authorization);
	if (n >= sizeof(given) || n == 0)
		return false;
	memcpy(given, authorization, n + 1);
	for (size_t i = 0; i < tokens->n; i++) {
		unsigned int differs = 0;

		for (size_t b = 0; b < TOKEN_MAX_BYTES; b++)
			differs |=
			    (unsigned char)given[b] ^ (unsigned char)tokens->each[i][b];
		allowed |= differs == 0;
	}
	explicit_bzero(given, sizeof(given));
	return allowed;
}
