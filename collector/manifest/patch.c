#include "manifest/patch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_LINES 3UL

/* A line of the text and the edits in it. */
struct line {
	size_t at;
	size_t bytes;  /* with its end */
	size_t number; /* from 1 */
};

struct patch {
	struct buffer *out;
	const char *text;
	size_t text_bytes;
	const struct patch_edit *edits;
	size_t edits_n;
};

bool patch_memory(
    const struct manifest_setting *setting, uint64_t memory_mb, struct patch_edit *edit)
{
	static const char *const suffixes[] = {
	    [SETTING_PLAIN] = "", [SETTING_QUANTITY] = "Mi", [SETTING_DOCKER] = "Mi"};

	if (setting->from != SETTING_OWN && setting->from != SETTING_SHARED)
		return false;
	*edit = (struct patch_edit){.at = setting->at, .bytes = setting->bytes};
	(void)snprintf(edit->text, sizeof(edit->text), "%" PRIu64 "%s", memory_mb,
	    suffixes[setting->unit]);
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct patch_edit *x = a;
	const struct patch_edit *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Drops edits that change nothing, or the same place again. Returns how many stay. */
static size_t settle(const struct manifest *manifest, struct patch_edit *edits, size_t n)
{
	size_t kept = 0;
	size_t end = 0;

	if (n)
		qsort(edits, n, sizeof(*edits), by_place);
	for (size_t i = 0; i < n; i++) {
		const struct patch_edit *edit = &edits[i];

		if (edit->at < end || edit->bytes > manifest->text_bytes ||
		    edit->at > manifest->text_bytes - edit->bytes ||
		    memchr(manifest->text + edit->at, '\n', edit->bytes) ||
		    (strlen(edit->text) == edit->bytes &&
			memcmp(manifest->text + edit->at, edit->text, edit->bytes) == 0))
			continue;
		end = edit->at + edit->bytes;
		edits[kept++] = *edit;
	}
	return kept;
}

static struct line line_at(const struct patch *patch, size_t at, size_t number)
{
	const char *end = memchr(patch->text + at, '\n', patch->text_bytes - at);
	size_t bytes =
	    end ? (size_t)(end - patch->text) + 1 - at : patch->text_bytes - at;

	return (struct line){at, bytes, number};
}

static bool is_end(const struct patch *patch, const struct line *line)
{
	return line->at + line->bytes >= patch->text_bytes;
}

static struct line next_line(const struct patch *patch, const struct line *line)
{
	return line_at(patch, line->at + line->bytes, line->number + 1);
}

static void put_end(struct patch *patch, const struct line *line)
{
	if (!line->bytes || patch->text[line->at + line->bytes - 1] != '\n')
		buffer_put_text(patch->out, "\n\\ No newline at end of file\n");
}

static void put_line(struct patch *patch, char mark, const struct line *line)
{
	buffer_put(patch->out, &mark, 1);
	buffer_put(patch->out, patch->text + line->at, line->bytes);
	put_end(patch, line);
}

/* The edits that lie in the line, from *edit on, in place. */
static void put_changed(struct patch *patch, const struct line *line, size_t edit)
{
	size_t at = line->at;
	size_t end = line->at + line->bytes;

	buffer_put_text(patch->out, "+");
	for (; edit < patch->edits_n && patch->edits[edit].at < end; edit++) {
		const struct patch_edit *e = &patch->edits[edit];

		buffer_put(patch->out, patch->text + at, e->at - at);
		buffer_put_text(patch->out, e->text);
		at = e->at + e->bytes;
	}
	buffer_put(patch->out, patch->text + at, end - at);
	put_end(patch, line);
}

static bool is_changed(const struct patch *patch, const struct line *line, size_t *edit)
{
	while (*edit < patch->edits_n && patch->edits[*edit].at < line->at)
		++*edit;
	return *edit < patch->edits_n && patch->edits[*edit].at < line->at + line->bytes;
}

/* The first line of a hunk and how many: lines of a change, those around it, and further
 * changes that are near enough to share them. */
struct hunk {
	struct line first;
	size_t lines;                      /* 0: none is open */
	size_t after;                      /* lines since its last change */
	struct line recent[CONTEXT_LINES]; /* lines that were last, oldest first */
	size_t recent_n;
};

static void put_hunk(struct patch *patch, const struct hunk *hunk)
{
	struct line line = hunk->first;
	char head[96];
	size_t edit = 0;

	(void)snprintf(head, sizeof(head), "@@ -%zu,%zu +%zu,%zu @@\n",
	    hunk->first.number, hunk->lines, hunk->first.number, hunk->lines);
	buffer_put_text(patch->out, head);
	for (size_t i = 0; i < hunk->lines; i++) {
		if (is_changed(patch, &line, &edit)) {
			put_line(patch, '-', &line);
			put_changed(patch, &line, edit);
		} else {
			put_line(patch, ' ', &line);
		}
		if (!is_end(patch, &line))
			line = next_line(patch, &line);
	}
}

/* Ends it with the lines around its last change. */
static void close_hunk(struct patch *patch, struct hunk *hunk)
{
	if (hunk->lines && hunk->after > CONTEXT_LINES)
		hunk->lines -= hunk->after - CONTEXT_LINES;
	if (hunk->lines)
		put_hunk(patch, hunk);
	hunk->lines = 0;
}

static void take_changed(struct hunk *hunk, const struct line *line)
{
	if (!hunk->lines) {
		hunk->first = hunk->recent_n ? hunk->recent[0] : *line;
		hunk->lines = hunk->recent_n;
	}
	hunk->lines++;
	hunk->after = 0;
}

static void take_same(struct patch *patch, struct hunk *hunk)
{
	if (!hunk->lines)
		return;
	if (hunk->after == 2 * CONTEXT_LINES) {
		close_hunk(patch, hunk);
		return;
	}
	hunk->lines++;
	hunk->after++;
}

static void remember(struct hunk *hunk, const struct line *line)
{
	if (hunk->recent_n == CONTEXT_LINES)
		memmove(hunk->recent, hunk->recent + 1,
		    sizeof(hunk->recent) - sizeof(hunk->recent[0]));
	else
		hunk->recent_n++;
	hunk->recent[hunk->recent_n - 1] = *line;
}

static void put_hunks(struct patch *patch)
{
	struct line line = line_at(patch, 0, 1);
	struct hunk hunk = {.lines = 0};
	size_t edit = 0;

	for (;; line = next_line(patch, &line)) {
		if (is_changed(patch, &line, &edit))
			take_changed(&hunk, &line);
		else
			take_same(patch, &hunk);
		remember(&hunk, &line);
		if (is_end(patch, &line))
			break;
	}
	close_hunk(patch, &hunk);
}

/* Of a path what tools take after "a/": none takes "//", and git no "./". */
static const char *below_root(const char *path)
{
	for (;; path++) {
		if (path[0] == '.' && path[1] == '/')
			path++;
		else if (path[0] != '/')
			return path;
	}
}

void patch_put(struct buffer *out, const char *path, const struct manifest *manifest,
    struct patch_edit *edits, size_t edits_n)
{
	struct patch patch = {out, manifest->text, manifest->text_bytes, edits, 0};

	patch.edits_n = settle(manifest, edits, edits_n);
	if (!patch.edits_n)
		return;
	path = below_root(path);
	buffer_put_text(out, "--- a/");
	buffer_put_text(out, path);
	buffer_put_text(out, "\n+++ b/");
	buffer_put_text(out, path);
	buffer_put_text(out, "\n");
	put_hunks(&patch);
}
