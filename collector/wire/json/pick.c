#include "wire/json/pick.h"

#include <string.h>

#include "base/text.h"
#include "wire/json/scan.h"

#define KEY_BYTES 48
#define NUMBER_BYTES 64
#define PICK_DEPTH 8 /* of members with a name of ours */

struct picking {
	struct json_scan scan;
	const char *const *paths;
	size_t paths_n;
	struct json_piece *pieces;
	/* of each object that was entered: the paths that lead into it, a bit each, and
	 * how much of them that took */
	uint32_t live[PICK_DEPTH];
	size_t used[PICK_DEPTH];
	size_t depth;
};

/* What a member is to us: nothing, one that was asked for, or on the way to one. */
enum meaning { MEANS_NOTHING, MEANS_VALUE, MEANS_WAY };

/* *index is of the value; *ways are the paths that go on behind the name. */
static enum meaning find(
    const struct picking *p, const char *key, size_t len, size_t *index, uint32_t *ways)
{
	enum meaning found = MEANS_NOTHING;
	size_t used = p->used[p->depth];

	*ways = 0;
	for (uint32_t live = p->live[p->depth]; live; live &= live - 1) {
		size_t i = (size_t)__builtin_ctz(live);
		const char *path = p->paths[i] + used;

		if (path[0] != key[0] || strncmp(path, key, len) != 0)
			continue;
		if (path[len] == '\0') {
			*index = i;
			found = MEANS_VALUE;
		} else if (path[len] == '.') {
			*ways |= 1U << i;
		}
	}
	return found == MEANS_NOTHING && *ways ? MEANS_WAY : found;
}

static bool take_value(struct picking *p, struct json_piece *piece)
{
	const char *from;
	bool is_null;

	is_null = json_scan_peek(&p->scan) == 'n';
	from = p->scan.at;
	if (!json_scan_skip(&p->scan))
		return false;
	*piece = (struct json_piece){from, is_null ? 0 : (size_t)(p->scan.at - from)};
	return true;
}

/* One member; *entered when its value is an object that was entered. */
static bool member(struct picking *p, bool *entered)
{
	char key[KEY_BYTES];
	size_t len;
	size_t index = 0;
	uint32_t ways = 0;
	enum meaning means = MEANS_NOTHING;

	*entered = false;
	if (!json_scan_string(&p->scan, key, sizeof(key), &len) ||
	    !json_scan_take(&p->scan, ':'))
		return false;
	if (len > 0 && len < sizeof(key))
		means = find(p, key, len, &index, &ways);
	if (means == MEANS_VALUE)
		return take_value(p, &p->pieces[index]);
	if (means == MEANS_NOTHING || p->depth + 1 == PICK_DEPTH ||
	    json_scan_peek(&p->scan) != '{')
		return json_scan_skip(&p->scan);
	p->scan.at++;
	p->used[p->depth + 1] = p->used[p->depth] + len + 1;
	p->live[++p->depth] = ways;
	*entered = true;
	return true;
}

/* Behind a value: closes what ends here. *done when that was the outermost object. */
static bool close_ended(struct picking *p, bool *done)
{
	while (!json_scan_take(&p->scan, ',')) {
		if (!json_scan_take(&p->scan, '}'))
			return false;
		*done = p->depth == 0;
		if (*done)
			return true;
		p->depth--;
	}
	return true;
}

bool json_pick(const char *text, size_t n, const char *const *paths, size_t paths_n,
    struct json_piece *pieces)
{
	struct picking p = {.scan = {text, text + n},
	    .paths = paths,
	    .paths_n = paths_n,
	    .pieces = pieces};
	bool done = false;
	bool entered = true;

	p.live[0] = (uint32_t)((1ULL << paths_n) - 1);
	memset(pieces, 0, paths_n * sizeof(*pieces));
	if (!json_scan_take(&p.scan, '{'))
		return false;
	while (!done) {
		if (entered && json_scan_peek(&p.scan) == '}') {
			entered = false; /* an empty object */
		} else if (!member(&p, &entered)) {
			return false;
		}
		if (!entered && !close_ended(&p, &done))
			return false;
	}
	return json_scan_peek(&p.scan) == '\0' && p.scan.at == p.scan.end;
}

bool json_piece_text(const struct json_piece *piece, char *out, size_t size)
{
	struct json_scan scan;
	size_t len;

	out[0] = '\0';
	if (piece->n == 0 || *piece->at != '"')
		return false;
	scan = (struct json_scan){piece->at, piece->at + piece->n};
	if (!json_scan_string(&scan, out, size, &len) || len >= size) {
		out[0] = '\0';
		return false;
	}
	text_make_printable(out);
	return true;
}

bool json_piece_number(const struct json_piece *piece, uint32_t unit, uint64_t *out)
{
	struct json_scan scan;
	struct json_number number;
	char text[NUMBER_BYTES];
	bool exact;

	if (piece->n == 0)
		return false;
	scan = (struct json_scan){piece->at, piece->at + piece->n};
	if (*piece->at == '"') {
		if (!json_piece_text(piece, text, sizeof(text)))
			return false;
		scan = (struct json_scan){text, text + strlen(text)};
	}
	return json_scan_number(&scan, &number) && json_scan_peek(&scan) == '\0' &&
	       json_number_scale(&number, unit, out, &exact);
}

bool json_piece_bool(const struct json_piece *piece, bool *out)
{
	const char *at = piece->at;
	size_t n = piece->n;

	if (n == 0)
		return false;
	if (n >= 2 && *at == '"') {
		at++;
		n -= 2;
	}
	if (n == 4 && (memcmp(at, "true", 4) == 0 || memcmp(at, "True", 4) == 0))
		*out = true;
	else if (n == 5 && (memcmp(at, "false", 5) == 0 || memcmp(at, "False", 5) == 0))
		*out = false;
	else
		return false;
	return true;
}
