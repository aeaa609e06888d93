#include "wire/json/walk.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <string.h>

void json_walk_start(struct json_walk *w)
{
	*w = (struct json_walk){.want = JSON_WANT_VALUE};
}

bool json_walk_in_object(const struct json_walk *w)
{
	return w->objects & 1;
}

static void add_to_key(struct json_walk *w, const char *bytes, size_t n)
{
	size_t room = w->key_n < sizeof(w->key) ? sizeof(w->key) - w->key_n : 0;

	memcpy(w->key + sizeof(w->key) - room, bytes, n < room ? n : room);
	w->key_n += n;
}

/* Where a quote, a backslash or the line's end comes, sixteen bytes at a time; or end. */
static size_t pass_plain(const char *bytes, size_t at, size_t end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i escape = _mm_set1_epi8('\\');
	const __m128i line = _mm_set1_epi8('\n');

	for (; end - at >= sizeof(quote); at += sizeof(quote)) {
		__m128i chunk = _mm_loadu_si128((const __m128i_u *)(bytes + at));
		__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(chunk, quote),
		    _mm_or_si128(
			_mm_cmpeq_epi8(chunk, escape), _mm_cmpeq_epi8(chunk, line)));
		int found = _mm_movemask_epi8(marks);

		if (found)
			return at + (size_t)__builtin_ctz((unsigned int)found);
	}
#endif
	while (at < end && bytes[at] != '"' && bytes[at] != '\\' && bytes[at] != '\n')
		at++;
	return at;
}

/* Inside a string, up to its end. False at what no string has. */
static bool walk_string(struct json_walk *w, const char *bytes, size_t end, size_t *at)
{
	size_t i = *at;
	bool is_over = false;

	if (w->is_escaped && i < end) {
		w->is_escaped = false;
		i += bytes[i] != '\n';
	}
	i = pass_plain(bytes, i, end);
	while (i < end && bytes[i] == '\\') {
		w->is_escaped = i + 1 == end;
		i++;
		i += i < end && bytes[i] != '\n';
		i = pass_plain(bytes, i, end);
	}
	if (w->in_key)
		add_to_key(w, bytes + *at, i - *at);
	if (i < end) {
		is_over = bytes[i] == '"';
		w->in_string = !is_over;
		w->want = w->in_key ? JSON_WANT_COLON : JSON_WANT_COMMA_OR_END;
	}
	*at = i + is_over;
	return i == end || is_over;
}

static enum json_step open_container(struct json_walk *w, char c)
{
	if (w->depth == JSON_WALK_DEPTH)
		return JSON_STEP_BAD;
	w->objects = w->objects << 1 | (c == '{');
	w->depth++;
	w->want = c == '{' ? JSON_WANT_KEY_OR_END : JSON_WANT_VALUE_OR_END;
	return JSON_STEP_OPEN;
}

static enum json_step close_container(struct json_walk *w, char c)
{
	bool may = w->want == JSON_WANT_COMMA_OR_END || w->want == JSON_WANT_KEY_OR_END ||
		   w->want == JSON_WANT_VALUE_OR_END;

	if (!may || w->depth == 0 || json_walk_in_object(w) != (c == '}'))
		return JSON_STEP_BAD;
	w->objects >>= 1;
	w->depth--;
	w->want = JSON_WANT_COMMA_OR_END;
	return JSON_STEP_CLOSE;
}

static bool start_string(struct json_walk *w)
{
	w->in_key = w->want == JSON_WANT_KEY || w->want == JSON_WANT_KEY_OR_END;
	if (!w->in_key && w->want != JSON_WANT_VALUE && w->want != JSON_WANT_VALUE_OR_END)
		return false;
	w->in_string = true;
	w->is_escaped = false;
	if (w->in_key)
		w->key_n = 0;
	return true;
}

static bool punctuation(struct json_walk *w, char c)
{
	if (c == ':' && w->want == JSON_WANT_COLON)
		w->want = JSON_WANT_VALUE;
	else if (c == ',' && w->want == JSON_WANT_COMMA_OR_END && w->depth > 0)
		w->want = json_walk_in_object(w) ? JSON_WANT_KEY : JSON_WANT_VALUE;
	else
		return false;
	return true;
}

/* Of a number or word: what it may start with, and go on with. */
enum { BARE_START = 1, BARE_ON = 2 };
static const uint8_t bare[256] = {
    ['0' ... '9'] = BARE_START | BARE_ON,
    ['-'] = BARE_START | BARE_ON,
    ['t'] = BARE_START | BARE_ON,
    ['f'] = BARE_START | BARE_ON,
    ['n'] = BARE_START | BARE_ON,
    ['+'] = BARE_ON,
    ['.'] = BARE_ON,
    ['E'] = BARE_ON,
    ['a'] = BARE_ON,
    ['e'] = BARE_ON,
    ['l'] = BARE_ON,
    ['r'] = BARE_ON,
    ['s'] = BARE_ON,
    ['u'] = BARE_ON,
};

/* A number or word: its first byte tells, the others are passed over. It may come in two
 * pieces, of which the second starts with any of its bytes. */
static bool walk_bare(struct json_walk *w, const char *bytes, size_t end, size_t *at)
{
	bool is_start = w->want == JSON_WANT_VALUE || w->want == JSON_WANT_VALUE_OR_END;
	uint8_t class = bare[(uint8_t)bytes[*at]];
	size_t i = *at;

	if (!(class & (is_start ? BARE_START : BARE_ON)) ||
	    (!is_start && w->want != JSON_WANT_COMMA_OR_END))
		return false;
	while (i < end && bare[(uint8_t)bytes[i]])
		i++;
	*at = i;
	w->want = JSON_WANT_COMMA_OR_END;
	return true;
}

static enum json_step walk_byte(
    struct json_walk *w, const char *bytes, size_t end, size_t *at)
{
	char c = bytes[*at];

	switch (c) {
	case '\n':
		(*at)++;
		return JSON_STEP_LINE;
	case '{':
	case '[':
		if (w->want != JSON_WANT_VALUE && w->want != JSON_WANT_VALUE_OR_END)
			return JSON_STEP_BAD;
		(*at)++;
		return open_container(w, c);
	case '}':
	case ']':
		(*at)++;
		return close_container(w, c);
	case ' ':
	case '\t':
	case '\r':
		break;
	case '"':
		if (!start_string(w))
			return JSON_STEP_BAD;
		break;
	case ':':
	case ',':
		if (!punctuation(w, c))
			return JSON_STEP_BAD;
		break;
	default:
		return walk_bare(w, bytes, end, at) ? JSON_STEP_MORE : JSON_STEP_BAD;
	}
	(*at)++;
	return JSON_STEP_MORE;
}

enum json_step json_walk_on(
    struct json_walk *w, const char *bytes, size_t end, size_t *at)
{
	enum json_step step = JSON_STEP_MORE;

	while (step == JSON_STEP_MORE && *at < end) {
		if (!w->in_string)
			step = walk_byte(w, bytes, end, at);
		else if (!walk_string(w, bytes, end, at))
			return JSON_STEP_BAD;
	}
	return step;
}
