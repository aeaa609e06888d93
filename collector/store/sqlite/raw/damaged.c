/* A file that SQLite cannot go on with is put aside, with what stands beside it, and a
 * new one is begun, whose rows go on behind the last one that main.db counts: who sends
 * them elsewhere counts on. It goes with its day, see forget.c. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "store/sqlite/raw/inside.h"

/* 0 or -errno. The log goes first: it must never stand beside a new file, into which
 * SQLite would write it. What was moved when it fails needs no second time. */
static int move(const struct raw *raw, int64_t day)
{
	static const char *const suffixes[] = {"-wal", "-shm", ""};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char aside[32];
		char from[PATH_MAX];
		char to[PATH_MAX];

		(void)snprintf(aside, sizeof(aside), "%s%s", RAW_DAMAGED, suffixes[i]);
		raw_path(raw, day, suffixes[i], from);
		raw_path(raw, day, aside, to);
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int raw_blame(struct raw *raw, int err)
{
	raw->is_damaged |= err == -EUCLEAN;
	return err;
}

bool raw_is_damaged(const struct raw *raw)
{
	return raw->is_damaged;
}

int raw_heal(struct raw *raw)
{
	int64_t day = raw->today.day;
	char path[PATH_MAX];
	int err;

	if (!raw->is_damaged)
		return 0;
	connection_close(raw->file);
	raw->file = NULL;
	raw_path(raw, day, "", path);
	err = move(raw, day);
	if (err && !raw->is_told) /* once: every group tries again */
		(void)log_error(err, "%s is damaged and cannot be put aside", path);
	raw->is_told = err != 0;
	if (err)
		return err;
	(void)log_error(0,
	    "%s is damaged: it is put aside as %s%s, and a new one begun. Invocations in"
	    " it are not listed any more; their figures stay, but for those of the last"
	    " moment before a crash",
	    path, path, RAW_DAMAGED);
	raw->is_damaged = raw->unmarked = raw->running = raw->untidy = false;
	return 1;
}
