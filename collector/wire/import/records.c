/* One buffer; bytes that are done with leave it in front when room is needed. Text goes
 * by the line. JSON is walked byte by byte, just far enough to know where objects start
 * and end; whoever takes them reads them properly. */
#include "wire/import/records.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json/walk.h"

#define MORE_BYTES ((size_t)256 << 10) /* of room beyond a limit */
#define NONE SIZE_MAX
#define ROWS_DEPTH 4

enum mode { MODE_BETWEEN, MODE_TEXT, MODE_JSON };

struct records {
	struct records_sink sink;
	enum mode mode;
	bool dropping;   /* the line or the record is too long */
	bool has_handed; /* a record of the outermost value */
	bool enveloped;  /* the outermost object was an envelope */
	bool in_object;  /* at from there is one */
	bool has_rows;   /* the elements of the list may be arrays */
	size_t list;     /* depth of the array whose elements are records; 0: none */
	uint64_t line;   /* the number of the line at `at` */
	uint64_t first;  /* the line where the outermost value starts */
	uint64_t record; /* the line where the record starts */
	size_t at;       /* all before is walked */
	size_t end;
	size_t from;    /* where the line or the record starts; NONE: between two */
	size_t line_at; /* where the line starts; NONE: no longer here */
	struct json_walk walk;
	size_t head_n;
	char head[RECORDS_HEAD_BYTES];
	size_t limit;
	size_t room; /* in bytes */
	char bytes[];
};

int records_new(const struct records_sink *sink, size_t limit, struct records **out)
{
	struct records *r = malloc(sizeof(*r) + limit + MORE_BYTES);

	if (!r)
		return -ENOMEM;
	memset(r, 0, sizeof(*r));
	r->limit = limit;
	r->room = limit + MORE_BYTES;
	r->sink = *sink;
	r->line = 1;
	r->from = NONE;
	*out = r;
	return 0;
}

void records_free(struct records *r)
{
	free(r);
}

static void complain(const struct records *r, uint64_t line, const char *why)
{
	r->sink.complain(r->sink.context, line, why);
}

static int hand_over(struct records *r, size_t end, bool is_object, uint64_t line)
{
	const struct record record = {.text = r->bytes + r->from,
	    .n = end - r->from,
	    .is_object = is_object,
	    .is_row = r->mode == MODE_JSON && r->list && r->has_rows && !is_object,
	    .head = r->head,
	    .head_n = r->list ? r->head_n : 0,
	    .line = line};

	r->has_handed |= record.is_object || record.is_row;
	return r->sink.take(r->sink.context, &record);
}

/* --- text ------------------------------------------------------------------------------
 */

/* A line from r->from on, as far as it is here. 1: it is over; 0: it needs more. */
static int text_line(struct records *r, bool is_last)
{
	char *newline = memchr(r->bytes + r->at, '\n', r->end - r->at);
	size_t end = newline ? (size_t)(newline - r->bytes) : r->end;
	size_t cut = end;
	int err = 0;

	r->at = end;
	if (!newline && !is_last)
		return 0;
	while (r->from != NONE && cut > r->from && r->bytes[cut - 1] == '\r')
		cut--;
	if (!r->dropping && r->from != NONE && cut > r->from)
		err = hand_over(r, cut, false, r->line);
	if (newline) {
		r->at++;
		r->line++;
		r->line_at = r->at;
	}
	r->dropping = false;
	r->from = NONE;
	r->mode = MODE_BETWEEN;
	return err ? err : 1;
}

/* --- JSON ------------------------------------------------------------------------------
 */

static bool is_key(const struct json_walk *w, const char *name)
{
	return strlen(name) == w->key_n && memcmp(name, w->key, w->key_n) == 0;
}

/* Whether an array that was opened holds arrays that are records: {"tables":[{"rows":[,
 * {"results":[. */
static bool is_list_of_rows(const struct json_walk *w)
{
	return (w->depth == ROWS_DEPTH && is_key(w, "rows")) ||
	       (w->depth == 2 && is_key(w, "results"));
}

/* Whether one that was opened holds records: the outermost one, or that of an envelope or
 * of a table. */
static bool is_list(const struct json_walk *w)
{
	static const char *const names[] = {"logEvents", "events", "records"};

	if (w->depth != 2)
		return w->depth == 1 || is_list_of_rows(w);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_key(w, names[i]))
			return true;
	}
	return is_list_of_rows(w);
}

static void keep_head(struct records *r)
{
	size_t n = r->from == NONE || r->dropping ? 0 : r->at - r->from;

	r->head_n = n <= sizeof(r->head) ? n : 0;
	if (r->head_n)
		memcpy(r->head, r->bytes + r->from, r->head_n);
}

/* A container has just been opened; r->at is behind its bracket. */
static void opened(struct records *r)
{
	const struct json_walk *w = &r->walk;
	bool is_object = json_walk_in_object(w);

	if (!is_object && r->list == 0 && !r->enveloped && is_list(w)) {
		keep_head(r);
		r->enveloped = w->depth > 1;
		r->has_rows = is_list_of_rows(w);
		r->list = w->depth;
		r->from = NONE;
		r->dropping = false;
		return;
	}
	if (w->depth == r->list + 1 && !(r->enveloped && r->list == 0)) {
		r->from = r->at - 1;
		r->in_object = is_object;
		r->record = r->line;
		r->dropping = false;
	}
}

/* A container has just been closed. */
static int closed(struct records *r)
{
	size_t depth = r->walk.depth;
	int err = 0;

	if (r->list > 0 && depth == r->list - 1) {
		r->list = 0;
		r->from = NONE;
	} else if (depth == r->list && r->from != NONE) {
		if ((r->in_object || (r->list && r->has_rows)) && !r->dropping)
			err = hand_over(r, r->at, r->in_object, r->record);
		r->from = NONE;
		r->dropping = false;
	}
	if (depth == 0) {
		r->mode = MODE_BETWEEN;
		r->enveloped = false;
		r->head_n = 0;
	}
	return err;
}

/* A value that started on an earlier line is none. May it be text, its first line is. */
static int give_up(struct records *r)
{
	const char *newline;

	if (r->has_handed || !r->sink.may_be_text) {
		complain(r, r->first, "JSON that is malformed or breaks off");
		return 0;
	}
	newline = r->from != NONE && !r->dropping
		      ? memchr(r->bytes + r->from, '\n', r->at - r->from)
		      : NULL;
	return newline ? hand_over(r, (size_t)(newline - r->bytes), false, r->first) : 0;
}

/* It is no JSON: the line where that was seen is a line of text. */
static int malformed(struct records *r)
{
	int err = r->first != r->line ? give_up(r) : 0;

	r->mode = MODE_TEXT;
	r->list = 0;
	r->enveloped = false;
	r->dropping = r->line_at == NONE;
	r->from = r->line_at;
	return err ? err : 1;
}

static int json_value(struct records *r)
{
	enum json_step step = json_walk_on(&r->walk, r->bytes, r->end, &r->at);
	int err = 0;

	switch (step) {
	case JSON_STEP_MORE:
		return 0;
	case JSON_STEP_LINE:
		r->line++;
		r->line_at = r->at;
		return 1;
	case JSON_STEP_OPEN:
		opened(r);
		return 1;
	case JSON_STEP_CLOSE:
		err = closed(r);
		return err ? err : 1;
	case JSON_STEP_BAD:
		return malformed(r);
	}
	return 1;
}

/* --- both ------------------------------------------------------------------------------
 */

/* 1: something has started; 0: there is nothing more. */
static int between(struct records *r)
{
	for (; r->at < r->end; r->at++) {
		char c = r->bytes[r->at];

		if (c == '\n') {
			r->line++;
			r->line_at = r->at + 1;
		} else if (c != ' ' && c != '\t' && c != '\r' && c != ',') {
			break;
		}
	}
	if (r->at == r->end)
		return 0;
	r->first = r->line;
	r->dropping = false;
	if (r->bytes[r->at] == '{' || r->bytes[r->at] == '[') {
		r->mode = MODE_JSON;
		r->list = 0;
		r->enveloped = false;
		r->has_handed = false;
		json_walk_start(&r->walk);
		return 1;
	}
	r->mode = MODE_TEXT;
	r->from = r->at;
	return 1;
}

static int run(struct records *r, bool is_last)
{
	int more = 1;

	while (more > 0) {
		switch (r->mode) {
		case MODE_BETWEEN:
			more = between(r);
			break;
		case MODE_TEXT:
			more = text_line(r, is_last);
			break;
		case MODE_JSON:
			more = json_value(r);
			break;
		}
	}
	return more;
}

/* Lets go of what is done with. */
static void make_room(struct records *r)
{
	size_t keep = r->from < r->at ? r->from : r->at;

	if (r->from != NONE && r->at - keep > r->limit) {
		if (!r->dropping)
			complain(r, r->mode == MODE_TEXT ? r->line : r->record,
			    "a line or record that is too long");
		r->dropping = true;
		r->from = r->at;
		keep = r->at;
	}
	/* a line of JSON that turns out to be text is needed from its start */
	if (r->mode == MODE_JSON && r->first == r->line && r->line_at != NONE &&
	    r->line_at < keep && r->at - r->line_at <= r->limit && r->list == 0)
		keep = r->line_at;
	if (keep == 0)
		return;
	memmove(r->bytes, r->bytes + keep, r->end - keep);
	r->line_at = r->line_at != NONE && r->line_at >= keep ? r->line_at - keep : NONE;
	r->from = r->from != NONE ? r->from - keep : NONE;
	r->at -= keep;
	r->end -= keep;
}

int records_push(struct records *r, const void *bytes, size_t n)
{
	const char *from = bytes;
	int err = 0;

	while (!err && n > 0) {
		size_t some;

		if (r->end == r->room)
			make_room(r);
		some = r->room - r->end;
		some = n < some ? n : some;
		memcpy(r->bytes + r->end, from, some);
		r->end += some;
		from += some;
		n -= some;
		err = run(r, false);
	}
	return err;
}

int records_end(struct records *r)
{
	int err = run(r, true);

	if (!err && r->mode == MODE_JSON)
		err = give_up(r);
	return err;
}
