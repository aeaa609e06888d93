#include "serve/http/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/room.h"

struct tokens {
	struct stat file;
	size_t n;
	size_t room;
	struct token *each;
};

static int add_line(struct tokens *tokens, const char *path, int line, const char *text)
{
	struct token token;
	const char *why = NULL;
	int got = token_parse(text, &token, &why);

	if (got == 0)
		return 0;
	if (got > 0 && tokens->n == TOKENS_MAX)
		why = "more than 4096 tokens";
	if (got < 0 || tokens->n == TOKENS_MAX) {
		(void)log_error(0, "%s:%d: %s", path, line, why);
		return got < 0 ? got : -E2BIG;
	}
	if (ROOM_FOR_ONE(tokens->each, tokens->n, tokens->room) < 0)
		return -ENOMEM;
	tokens->each[tokens->n++] = token;
	return 0;
}

static int read_lines(struct tokens *tokens, const char *path, FILE *file)
{
	char text[TOKEN_LINE_BYTES];
	int err = 0;

	for (int line = 1; !err && fgets(text, sizeof(text), file); line++)
		err = add_line(tokens, path, line, text);
	explicit_bzero(text, sizeof(text));
	if (!err && ferror(file))
		err = log_error(-EIO, "cannot read the tokens in %s", path);
	return err;
}

int tokens_load(const char *path, struct tokens **out)
{
	AUTO(file) FILE *file = fopen(path, "re");
	struct tokens *tokens;
	int err;

	if (!file)
		return log_error(-errno, "cannot read the tokens in %s", path);
	if (!token_file_is_private(file)) {
		(void)log_error(0, "%s: others can read it: chmod 600 it", path);
		return -EPERM;
	}
	tokens = calloc(1, sizeof(*tokens));
	if (!tokens)
		return -ENOMEM;
	err = fstat(fileno(file), &tokens->file) < 0 ? -errno : 0;
	if (!err)
		err = read_lines(tokens, path, file);
	if (err) {
		tokens_free(tokens);
		return err;
	}
	*out = tokens;
	return 0;
}

void tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	free(tokens->each);
	free(tokens);
}

bool tokens_is_empty(const struct tokens *tokens)
{
	return tokens->n == 0;
}

bool tokens_is_stale(const struct tokens *tokens, const char *path)
{
	const struct stat *was = &tokens->file;
	struct stat is;

	if (stat(path, &is) < 0)
		return true;
	return is.st_ino != was->st_ino || is.st_dev != was->st_dev ||
	       is.st_size != was->st_size || is.st_mode != was->st_mode ||
	       is.st_ctim.tv_sec != was->st_ctim.tv_sec ||
	       is.st_ctim.tv_nsec != was->st_ctim.tv_nsec;
}

bool tokens_find(
    const struct tokens *tokens, const char *authorization, struct token *found)
{
	uint8_t given[SHA256_BYTES];
	size_t at = tokens->n;
	size_t n;

	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return false;
	authorization += 7;
	n = strlen(authorization);
	if (n == 0 || n >= TOKEN_MAX_BYTES)
		return false;
	sha256(authorization, n, given);
	for (size_t i = 0; i < tokens->n; i++) {
		unsigned int differs = 0;

		for (size_t b = 0; b < SHA256_BYTES; b++)
			differs |= given[b] ^ tokens->each[i].hash[b];
		at = differs ? at : i;
	}
	if (at == tokens->n)
		return false;
	*found = tokens->each[at];
	return true;
}
