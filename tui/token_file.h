/* A collector's file of tokens, edited: whole lines, exchanged in one step. */
#ifndef COLDMETER_TUI_TOKEN_FILE_H
#define COLDMETER_TUI_TOKEN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/token.h"

struct token_line {
	char *text; /* as it stands there, with its end */
	bool holds; /* a token, which is */
	struct token token;
};

struct token_file {
	char path[1024];
	int folder; /* locked, so that of two who edit one waits */
	struct token_line *lines;
	size_t lines_n;
};

/* Reads it; a missing one is empty. 0, or a negative errno with a sentence in why, of
 * why_size bytes; then there is nothing to close. */
int token_file_open(
    const char *path, struct token_file *file, char *why, size_t why_size);
void token_file_close(struct token_file *file);

/* 0; -EEXIST: the name is taken; -ENOMEM. */
int token_file_add(struct token_file *file, const struct token *token);
/* 0 or -ENOENT. */
int token_file_revoke(struct token_file *file, const char *name);

/* Puts the file in the place of the one before, private (0600) and of the same owner; a
 * new one is its folder's owner's. 0 or -errno. */
int token_file_save(const struct token_file *file);

#endif
