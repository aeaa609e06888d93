/* Applies a unified diff as patch(1) would, strictly: every line of it must be there. */
#ifndef TESTS_UNIT_APPLY_PATCH_H
#define TESTS_UNIT_APPLY_PATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static inline size_t line_bytes(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? (size_t)(end - text) + 1 : strlen(text);
}

/* One line of a hunk; *text moves over what it takes away. False: it does not fit. */
static inline bool apply_line(
    const char *diff, size_t n, const char **text, struct buffer *out)
{
	/* the last line of a file may lack its end, which the line that follows says */
	if (strncmp(diff + n, "\\ No newline", 12) == 0)
		n--;
	if (diff[0] != '+' &&
	    (strlen(*text) < n - 1 || strncmp(*text, diff + 1, n - 1) != 0))
		return false;
	if (diff[0] != '+')
		*text += n - 1;
	if (diff[0] != '-')
		buffer_put(out, diff + 1, n - 1);
	return true;
}

/* Appends the text as the diff makes it. False: it does not fit. */
static inline bool apply_patch(const char *text, const char *diff, struct buffer *out)
{
	size_t number = 1;

	for (size_t n; *diff; diff += n) {
		n = line_bytes(diff);
		if (strncmp(diff, "--- ", 4) == 0 || strncmp(diff, "+++ ", 4) == 0 ||
		    diff[0] == '\\')
			continue;
		if (strncmp(diff, "@@ -", 4) == 0) {
			for (size_t to = strtoul(diff + 4, NULL, 10); number < to;
			     number++) {
				size_t bytes = line_bytes(text);

				buffer_put(out, text, bytes);
				text += bytes;
			}
			continue;
		}
		number += diff[0] != '+';
		if (!apply_line(diff, n, &text, out))
			return false;
	}
	buffer_put_text(out, text);
	return true;
}

#endif
