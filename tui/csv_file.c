#include "tui/csv_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/inflater.h"

#define PIECE_BYTES 65536

struct reader {
	const char *name; /* for messages */
	csv_take *take;
	void *context;
	char *why;
	struct csv_row row;
	size_t n; /* bytes of the line so far */
	char line[CSV_LINE_BYTES];
};

__attribute__((format(printf, 3, 4))) static int fail(
    const struct reader *r, int err, const char *format, ...)
{
	char reason[CSV_WHY_BYTES / 2];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (r->row.line)
		(void)snprintf(r->why, CSV_WHY_BYTES, "%.200s:%llu: %s", r->name,
		    (unsigned long long)r->row.line, reason);
	else
		(void)snprintf(r->why, CSV_WHY_BYTES, "%.200s: %s", r->name, reason);
	return err;
}

/* The text in quotes that at points into, its pairs of quotes made one. Returns what
 * follows the last quote; NULL when it does not end. */
static char *unquote(char *at, struct csv_field *field)
{
	char *to = at;

	field->text = at;
	for (; *at; at++) {
		if (*at == '"' && *++at != '"') {
			field->n = (size_t)(to - field->text);
			return at;
		}
		*to++ = *at;
	}
	return NULL;
}

static int split(struct reader *r)
{
	char *at = r->line;

	for (r->row.n = 0;; at++) {
		struct csv_field *field = &r->row.fields[r->row.n];
		char end;

		if (r->row.n++ == CSV_FIELDS_MAX)
			return fail(r, -EINVAL, "more than %d columns", CSV_FIELDS_MAX);
		if (*at == '"') {
			char *after = unquote(at + 1, field);

			if (!after || (*after && *after != ','))
				return fail(r, -EINVAL, "a quote is not closed");
			at = after;
		} else {
			field->text = at;
			field->n = strcspn(at, ",");
			at += field->n;
		}
		end = *at;
		field->text[field->n] = '\0';
		if (!end)
			return 0;
	}
}

/* The line is whole: its end is cut off. */
static int end_line(struct reader *r)
{
	char reason[CSV_WHY_BYTES] = "";
	size_t n = r->n;
	int err;

	r->n = 0;
	r->row.line++;
	if (n && r->line[n - 1] == '\r')
		n--;
	r->line[n] = '\0';
	if (strlen(r->line) != n)
		return fail(r, -EINVAL, "a byte 0: is this a CSV file?");
	if (r->row.line == 1 && strncmp(r->line, "\xef\xbb\xbf", 3) == 0)
		memmove(r->line, r->line + 3, n - 2);
	if (!r->line[0])
		return 0;
	err = split(r);
	if (err < 0)
		return err;
	err = r->take(r->context, &r->row, reason);
	return err < 0 ? fail(r, err, "%s", reason) : 0;
}

static int add(struct reader *r, const char *bytes, size_t n)
{
	while (n) {
		const char *end = memchr(bytes, '\n', n);
		size_t part = end ? (size_t)(end - bytes) : n;
		int err;

		if (part >= sizeof(r->line) - r->n) {
			r->row.line++;
			return fail(r, -EFBIG, "a line of more than %d bytes",
			    CSV_LINE_BYTES - 1);
		}
		memcpy(r->line + r->n, bytes, part);
		r->n += part;
		if (!end)
			return 0;
		err = end_line(r);
		if (err < 0)
			return err;
		bytes += part + 1;
		n -= part + 1;
	}
	return 0;
}

static int expand(struct reader *r, struct inflater *z, const char *bytes, size_t n)
{
	static const char damaged[] = "damaged gzip";
	char out[PIECE_BYTES];

	inflater_feed(z, (const uint8_t *)bytes, n);
	for (;;) {
		ssize_t got = inflater_read(z, (uint8_t *)out, sizeof(out));
		int err;

		if (got < 0)
			return fail(r, (int)got, "%s",
			    got == -EBADMSG ? damaged : strerror((int)-got));
		if (got == 0)
			return 0;
		err = add(r, out, (size_t)got);
		if (err < 0)
			return err;
	}
}

static int read_all(struct reader *r, FILE *in)
{
	AUTO(inflater) struct inflater *z = NULL;
	char bytes[PIECE_BYTES];
	bool is_first = true;
	size_t n;
	int err = 0;

	errno = 0;
	while (!err && (n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
		if (is_first && n > 2 && memcmp(bytes, "\x1f\x8b", 2) == 0 &&
		    inflater_new(&z) < 0)
			return fail(r, -ENOMEM, "out of memory");
		is_first = false;
		err = z ? expand(r, z, bytes, n) : add(r, bytes, n);
	}
	if (!err && ferror(in)) {
		r->row.line = 0;
		return fail(r, -EIO, "%s", errno ? strerror(errno) : "cannot be read");
	}
	if (!err && z && !inflater_is_whole(z))
		return fail(r, -EBADMSG, "the gzip ends early");
	return !err && r->n ? end_line(r) : err;
}

const char *csv_file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

int csv_file_read(const char *path, csv_take *take, void *context, char *why)
{
	bool is_stdin = strcmp(path, "-") == 0;
	AUTO(file) FILE *file = is_stdin ? NULL : fopen(path, "re");
	AUTO(free) struct reader *r = calloc(1, sizeof(*r));

	if (!r) {
		(void)snprintf(why, CSV_WHY_BYTES, "out of memory");
		return -ENOMEM;
	}
	r->name = csv_file_name(path);
	r->take = take;
	r->context = context;
	r->why = why;
	if (!is_stdin && !file)
		return fail(r, -errno, "%s", strerror(errno));
	return read_all(r, is_stdin ? stdin : file);
}
