#include "tui/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define FILE_MAX_LINES 10000

static int append(struct token_file *file, const char *text)
{
	const char *why;
	struct token_line line = {0};
	struct token_line *more;
	int got = token_parse(text, &line.token, &why);

	if (got < 0 || file->lines_n == FILE_MAX_LINES)
		return -EBADMSG;
	line.holds = got > 0;
	more = reallocarray(file->lines, file->lines_n + 1, sizeof(line));
	line.text = strdup(text);
	file->lines = more ? more : file->lines;
	if (!more || !line.text) {
		free(line.text);
		return -ENOMEM;
	}
	file->lines[file->lines_n++] = line;
	return 0;
}

/* The line that is wrong is one after those that were taken. */
static int read_lines(struct token_file *file)
{
	AUTO(file) FILE *from = fopen(file->path, "re");
	char text[TOKEN_LINE_BYTES];
	int err = 0;

	if (!from)
		return errno == ENOENT ? 0 : -errno;
	while (!err && fgets(text, sizeof(text) - 1, from)) {
		size_t n = strlen(text);

		if (n == 0 || text[n - 1] != '\n') { /* the last one, or too long */
			text[n] = '\n';
			text[n + 1] = '\0';
		}
		err = append(file, text);
	}
	explicit_bzero(text, sizeof(text));
	return err;
}

static int lock_folder(const char *path)
{
	char copy[sizeof(((struct token_file *)0)->path)];
	int fd;

	(void)text_copy(copy, sizeof(copy), path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX) == 0)
		return fd;
	(void)close(fd);
	return -EWOULDBLOCK;
}

int token_file_open(const char *path, struct token_file *file, char *why, size_t why_size)
{
	int err;

	*file = (struct token_file){.folder = -1};
	if (!text_copy(file->path, sizeof(file->path), path)) {
		(void)snprintf(why, why_size, "the name of the file is too long");
		return -ENAMETOOLONG;
	}
	file->folder = lock_folder(path);
	err = file->folder < 0 ? file->folder : read_lines(file);
	if (!err)
		return 0;
	if (err == -EBADMSG)
		(void)snprintf(why, why_size, "%.200s:%zu: that is no line of tokens",
		    path, file->lines_n + 1);
	else
		(void)snprintf(
		    why, why_size, "cannot read %.200s: %s", path, strerror(-err));
	token_file_close(file);
	return err;
}

void token_file_close(struct token_file *file)
{
	for (size_t i = 0; i < file->lines_n; i++) {
		explicit_bzero(file->lines[i].text, strlen(file->lines[i].text));
		free(file->lines[i].text);
	}
	free(file->lines);
	if (file->folder >= 0)
		(void)close(file->folder);
	*file = (struct token_file){.folder = -1};
}

/* lines_n when there is none. */
static size_t find(const struct token_file *file, const char *name)
{
	size_t i = 0;

	while (i < file->lines_n &&
	       !(file->lines[i].holds && strcmp(file->lines[i].token.name, name) == 0))
		i++;
	return i;
}

int token_file_add(struct token_file *file, const struct token *token)
{
	char text[TOKEN_LINE_BYTES];

	if (find(file, token->name) < file->lines_n)
		return -EEXIST;
	token_format(token, text);
	return append(file, text);
}

int token_file_revoke(struct token_file *file, const char *name)
{
	size_t at = find(file, name);

	if (at == file->lines_n)
		return -ENOENT;
	free(file->lines[at].text);
	file->lines_n--;
	memmove(&file->lines[at], &file->lines[at + 1],
	    (file->lines_n - at) * sizeof(file->lines[0]));
	return 0;
}

static int write_lines(const struct token_file *file, int fd)
{
	struct stat before;

	/* Root edits what the collector, who is somebody else, must read. */
	if (stat(file->path, &before) == 0 || fstat(file->folder, &before) == 0) {
		if (geteuid() == 0 && fchown(fd, before.st_uid, before.st_gid) < 0)
			return -errno;
	}
	for (size_t i = 0; i < file->lines_n; i++) {
		size_t n = strlen(file->lines[i].text);
		ssize_t wrote = write(fd, file->lines[i].text, n);

		if (wrote != (ssize_t)n)
			return wrote < 0 ? -errno : -ENOSPC;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int token_file_save(const struct token_file *file)
{
	char made[sizeof(file->path) + 8];
	int err;
	int fd;

	(void)snprintf(made, sizeof(made), "%s.XXXXXX", file->path);
	fd = mkostemp(made, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return -errno;
	err = write_lines(file, fd);
	(void)close(fd);
	if (!err && rename(made, file->path) < 0)
		err = -errno;
	if (err)
		(void)unlink(made);
	else
		(void)fsync(file->folder);
	return err;
}
