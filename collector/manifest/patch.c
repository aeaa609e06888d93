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
	size_t added; /* lines, so far */
};

static const char *const suffixes[] = {
    [SETTING_PLAIN] = "", [SETTING_QUANTITY] = "Mi", [SETTING_DOCKER] = "Mi"};

bool patch_memory(
    const struct manifest_setting *setting, uint64_t memory_mb, struct patch_edit *edit)
{
	if (setting->from != SETTING_OWN && setting->from != SETTING_SHARED)
		return false;
	*edit = (struct patch_edit){.at = setting->at, .bytes = setting->bytes};
	(void)snprintf(edit->text, sizeof(edit->text), "%" PRIu64 "%s", memory_mb,
	    suffixes[setting->unit]);
	return true;
}

bool patch_memory_in(
    const struct manifest_gap *gap, uint64_t memory_mb, struct patch_edit *edit)
{
	if (!gap->is_there)
		return false;
	*edit = (struct patch_edit){.at = gap->at};
	(void)snprintf(edit->text, sizeof(edit->text), "%s%" PRIu64 "%s%s", gap->before,
	    memory_mb, suffixes[gap->unit], gap->after);
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

		if (edit->at < end || (kept && edit->at == edits[kept - 1].at) ||
		    edit->bytes > manifest->text_bytes ||
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

static bool has_end(const struct patch *patch, const struct line *line)
{
	return line->bytes && patch->text[line->at + line->bytes - 1] == '\n';
}

/* Whether the place is in the line; at the end of the text, in the last one. */
static bool is_in(const struct patch *patch, const struct line *line, size_t at)
{
	return at < line->at + line->bytes ||
	       (at == line->at + line->bytes && at == patch->text_bytes &&
		   !has_end(patch, line));
}

static void put_end(struct patch *patch, const struct line *line)
{
	if (!has_end(patch, line))
		buffer_put_text(patch->out, "\n\\ No newline at end of file\n");
}

static void put_line(struct patch *patch, char mark, const struct line *line)
{
	buffer_put(patch->out, &mark, 1);
	buffer_put(patch->out, patch->text + line->at, line->bytes);
	put_end(patch, line);
}

/* Lines that are new, the last one perhaps without its end. */
static void put_added(struct patch *patch, const unsigned char *text, size_t bytes)
{
	while (bytes) {
		const unsigned char *end = memchr(text, '\n', bytes);
		size_t n = end ? (size_t)(end - text) + 1 : bytes;

		buffer_put_text(patch->out, "+");
		buffer_put(patch->out, text, n);
		text += n;
		bytes -= n;
	}
}

/* The line with the edits in it, from that edit on. */
static void change(
    const struct patch *patch, const struct line *line, size_t edit, struct buffer *out)
{
	size_t at = line->at;
	size_t end = line->at + line->bytes;

	for (; edit < patch->edits_n && is_in(patch, line, patch->edits[edit].at);
	     edit++) {
		const struct patch_edit *e = &patch->edits[edit];

		buffer_put(out, patch->text + at, e->at - at);
		buffer_put_text(out, e->text);
		at = e->at + e->bytes;
	}
	buffer_put(out, patch->text + at, end - at);
}

/* A line that stays as it is, before or behind new ones, is shown as one that stays. */
static void put_changed(struct patch *patch, const struct line *line, size_t edit)
{
	const char *old = patch->text + line->at;
	struct buffer out = {0};
	size_t more;

	change(patch, line, edit, &out);
	if (out.failed) {
		patch->out->failed = true;
		return;
	}
	more = out.n > line->bytes ? out.n - line->bytes : 0;
	if (has_end(patch, line) && more && memcmp(out.at, old, line->bytes) == 0) {
		put_line(patch, ' ', line);
		put_added(patch, out.at + line->bytes, more);
	} else if (more && out.at[more - 1] == '\n' &&
		   memcmp(out.at + more, old, line->bytes) == 0) {
		put_added(patch, out.at, more);
		put_line(patch, ' ', line);
	} else {
		put_line(patch, '-', line);
		put_added(patch, out.at, out.n);
		put_end(patch, line);
	}
	buffer_done(&out);
}

static bool is_changed(const struct patch *patch, const struct line *line, size_t *edit)
{
	while (*edit < patch->edits_n && patch->edits[*edit].at < line->at)
		++*edit;
	return *edit < patch->edits_n && is_in(patch, line, patch->edits[*edit].at);
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

/* Lines that the edits add to those of the hunk. */
static size_t count_added(const struct patch *patch, const struct hunk *hunk)
{
	struct line line = hunk->first;
	size_t edit = 0;
	size_t added = 0;

	for (size_t i = 0; i < hunk->lines; i++) {
		bool changed = is_changed(patch, &line, &edit);

		for (size_t k = edit; changed && k < patch->edits_n &&
				      is_in(patch, &line, patch->edits[k].at);
		     k++)
			for (const char *c = patch->edits[k].text; *c; c++)
				added += *c == '\n';
		if (!is_end(patch, &line))
			line = next_line(patch, &line);
	}
	return added;
}

static void put_hunk(struct patch *patch, const struct hunk *hunk)
{
	struct line line = hunk->first;
	size_t added = count_added(patch, hunk);
	char head[96];
	size_t edit = 0;

	(void)snprintf(head, sizeof(head), "@@ -%zu,%zu +%zu,%zu @@\n",
	    hunk->first.number, hunk->lines, hunk->first.number + patch->added,
	    hunk->lines + added);
	patch->added += added;
	buffer_put_text(patch->out, head);
	for (size_t i = 0; i < hunk->lines; i++) {
		if (is_changed(patch, &line, &edit)) {
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

void patch_apply(struct buffer *out, const struct manifest *manifest,
    struct patch_edit *edits, size_t edits_n)
{
	size_t n = settle(manifest, edits, edits_n);
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		buffer_put(out, manifest->text + at, edits[i].at - at);
		buffer_put_text(out, edits[i].text);
		at = edits[i].at + edits[i].bytes;
	}
	buffer_put(out, manifest->text + at, manifest->text_bytes - at);
}

void patch_put(struct buffer *out, const char *path, const struct manifest *manifest,
    struct patch_edit *edits, size_t edits_n)
{
	struct patch patch = {out, manifest->text, manifest->text_bytes, edits, 0, 0};

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
