#include "tui/price/usage_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/rows.h"
#include "wire/json.h"

#define INPUT_MAX_BYTES (16UL << 20)

/* Text that grows up to the limit. */
struct text {
	char *bytes;
	size_t n;
	size_t room;
};

struct source {
	FILE *in;
	struct text text;
	size_t line; /* the number of the line last read, from 1 */
	char *why;
	size_t why_size;
};

static int fail(const struct source *s, int err, const char *reason)
{
	(void)snprintf(s->why, s->why_size, "%s", reason);
	return err;
}

static int grow(struct text *text)
{
	size_t room = text->room ? text->room * 2 : 4096;
	char *bytes = realloc(text->bytes, room);

	if (!bytes)
		return -ENOMEM;
	text->bytes = bytes;
	text->room = room;
	return 0;
}

/* Appends up to and with a newline, or (whole) all that is left. */
static int append(struct source *s, bool whole)
{
	int c = 0;

	errno = 0;
	while ((c = getc_unlocked(s->in)) != EOF) {
		if (s->text.n == INPUT_MAX_BYTES)
			return fail(s, -EFBIG, "more than 16 MiB that is not NDJSON");
		if (s->text.n == s->text.room && grow(&s->text) < 0)
			return fail(s, -ENOMEM, "out of memory");
		s->text.bytes[s->text.n++] = (char)c;
		if (c == '\n' && !whole)
			break;
	}
	if (ferror(s->in))
		return fail(s, -EIO, errno ? strerror(errno) : "cannot be read");
	return 0;
}

static bool is_blank(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!strchr(" \t\r\n", text[i]) || text[i] == '\0')
			return false;
	}
	return true;
}

/* Whether a line is by itself an invocation object, well formed or nearly so. */
static bool is_invocation(const char *line, size_t n)
{
	AUTO(json) json_t *root = json_loadb(line, n, 0, NULL);

	return json_is_object(root) && json_object_get(root, "function") &&
	       (json_object_get(root, "start") || json_object_get(root, "duration_ms"));
}

static int add_line(
    struct source *s, struct estimate *estimate, const char *line, size_t n)
{
	struct invocation inv = {0};
	struct function function = {0};
	const char *reason = "is not an invocation";
	int err;

	if (is_blank(line, n))
		return 0;
	if (n > JSON_LINE_MAX_BYTES) {
		err = -EBADMSG;
		reason = "is too long for an invocation";
	} else {
		err = json_parse_invocation(line, n, &inv, &function, NULL, &reason);
	}
	if (err == 0) {
		err = estimate_add_invocation(estimate, &inv);
		if (err == -ERANGE)
			reason = "the sum is too much to count in 64 bits";
		if (err == -E2BIG)
			reason = "too many different regions";
		if (err == -ENOMEM)
			reason = "out of memory";
	}
	if (err < 0)
		(void)snprintf(s->why, s->why_size, "line %zu: %s", s->line, reason);
	return err;
}

/* All lines, the first of which is read. */
static int read_lines(struct source *s, struct estimate *estimate)
{
	while (s->text.n > 0) {
		size_t n = s->text.n;

		if (s->text.bytes[n - 1] == '\n')
			n--;
		int err = add_line(s, estimate, s->text.bytes, n);

		s->text.n = 0;
		if (err == 0)
			err = append(s, false);
		if (err < 0)
			return err;
		s->line++;
	}
	return 0;
}

static int read_all(struct source *s, struct estimate *estimate)
{
	size_t first = 0;
	int err = 0;

	do { /* the first line that says anything */
		first = s->text.n;
		err = append(s, false);
		s->line++;
	} while (err == 0 && s->text.n > first &&
		 is_blank(s->text.bytes + first, s->text.n - first));
	if (err < 0)
		return err;
	if (s->text.n == first)
		return fail(s, -EBADMSG, "nothing to price: the input is empty");
	if (is_invocation(s->text.bytes + first, s->text.n - first)) {
		s->text.n -= first;
		memmove(s->text.bytes, s->text.bytes + first, s->text.n);
		return read_lines(s, estimate);
	}
	err = append(s, true);
	if (err < 0)
		return err;
	return estimate_add_described(
	    estimate, s->text.bytes, s->text.n, s->why, s->why_size);
}

int usage_input_read(FILE *in, struct estimate *estimate, char *why, size_t why_size)
{
	struct source s = {.in = in, .why = why, .why_size = why_size};
	if (why_size > 0)
		why[0] = '\0';
	int err = read_all(&s, estimate);

	free(s.text.bytes);
	return err;
}
