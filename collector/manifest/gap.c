#include "manifest/gap.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define KEYS_MAX 4 /* of a path */

/* The mapping that is there, and the keys of the path that it lacks. */
struct place {
	const char *text;
	size_t text_bytes;
	struct fy_node *map;
	char keys[KEYS_MAX][MANIFEST_WORD_BYTES];
	size_t keys_n;
	bool is_quoted; /* keys are, as in JSON */
};

/* A scalar with its quotes. */
struct span {
	size_t at;
	size_t end;
	int line;
	int end_line;
};

static bool span_of(const struct place *place, struct fy_node *node, struct span *span)
{
	struct fy_token *token;
	const struct fy_mark *start;
	const struct fy_mark *end;
	enum fy_scalar_style style;

	token = node && fy_node_is_scalar(node) && !fy_node_is_alias(node)
		    ? fy_node_get_scalar_token(node)
		    : NULL;
	start = token ? fy_token_start_mark(token) : NULL;
	end = token ? fy_token_end_mark(token) : NULL;
	if (!start || !end || end->input_pos <= start->input_pos ||
	    end->input_pos > place->text_bytes)
		return false;
	*span = (struct span){start->input_pos, end->input_pos, start->line, end->line};
	style = fy_token_scalar_style(token);
	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) {
		if (!span->at || span->end >= place->text_bytes)
			return false;
		span->at--;
		span->end++;
	}
	return style != FYSS_LITERAL && style != FYSS_FOLDED;
}

/* The value of a key that the mapping itself has; one that a merge brings is none. */
static struct fy_node *own(struct fy_node *map, const char *key, bool *is_there)
{
	struct fy_node *found;
	struct fy_node *value;
	void *at = NULL;

	*is_there = false;
	while (node_next(map, &at, &found, &value)) {
		if (!node_is(found, key))
			continue;
		*is_there = true;
		return value;
	}
	return NULL;
}

/* Goes down as far as there are mappings. False: nothing can be added there. */
static bool descend(struct place *place, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, " ");
		bool is_last = path[n] == '\0';
		struct fy_node *next;
		bool is_there;
		char *key;

		if (place->keys_n == KEYS_MAX || n >= MANIFEST_WORD_BYTES)
			return false;
		key = place->keys[place->keys_n];
		(void)text_copy_bytes(key, MANIFEST_WORD_BYTES, path, n);
		next = place->keys_n ? NULL : own(place->map, key, &is_there);
		if (!place->keys_n && is_there) {
			if (is_last || !node_is_map(next))
				return false;
			place->map = next;
		} else {
			/* what a merge brings would be hidden as a whole */
			if (!place->keys_n && !is_last && node_get(place->map, key))
				return false;
			place->keys_n++;
		}
		path += n + !is_last;
	}
	return place->keys_n > 0;
}

static size_t line_start(const struct place *place, size_t at)
{
	while (at > 0 && place->text[at - 1] != '\n')
		at--;
	return at;
}

/* Whether only these characters stand before it in its line; *width: how many. */
static bool has_prefix(
    const struct place *place, size_t at, const char *of, size_t *width)
{
	size_t start = line_start(place, at);

	*width = at - start;
	for (size_t i = start; i < at; i++)
		if (!strchr(of, place->text[i]))
			return false;
	return *width <= GAP_MAX_INDENT;
}

static const char *line_end_of(const struct place *place, size_t at)
{
	const char *end = memchr(place->text + at, '\n', place->text_bytes - at);
	size_t start = line_start(place, at);

	if (!end && start > 0)
		end = place->text + start - 1;
	return end && end > place->text && end[-1] == '\r' ? "\r\n" : "\n";
}

__attribute__((format(printf, 3, 4))) static void append(
    char *out, size_t size, const char *format, ...)
{
	size_t at = strlen(out);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out + at, size - at, format, args);
	va_end(args);
}

/* "limits:\n  memory: ", each key a level deeper. */
static void put_block_keys(
    const struct place *place, size_t indent, const char *line_end, char *out)
{
	for (size_t i = 0; i < place->keys_n; i++) {
		bool is_last = i + 1 == place->keys_n;

		append(out, MANIFEST_GAP_BYTES, "%s:%s", place->keys[i],
		    is_last ? " " : line_end);
		if (!is_last)
			append(out, MANIFEST_GAP_BYTES, "%*s",
			    (int)(indent + 2 * (i + 1)), "");
	}
}

/* The first pair that is one line: what is added follows it. */
static bool find_line(const struct place *place, size_t *end, size_t *indent)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	while ((pair = fy_node_mapping_iterate(place->map, &at))) {
		const char *line_end;
		struct span key;
		struct span value;

		if (!span_of(place, fy_node_pair_key(pair), &key) ||
		    !span_of(place, fy_node_pair_value(pair), &value) ||
		    key.line != value.line || value.end_line != key.line ||
		    !has_prefix(place, key.at, " -", indent))
			continue;
		line_end =
		    memchr(place->text + value.end, '\n', place->text_bytes - value.end);
		*end = line_end ? (size_t)(line_end - place->text) : place->text_bytes;
		if (line_end && place->text[*end - 1] == '\r')
			--*end;
		return true;
	}
	return false;
}

static bool find_in_block(const struct place *place, struct manifest_gap *gap)
{
	struct fy_node_pair *first = fy_node_mapping_get_by_index(place->map, 0);
	struct span key;
	const char *line_end;
	size_t indent;

	if (find_line(place, &gap->at, &indent)) {
		line_end = line_end_of(place, gap->at);
		append(
		    gap->before, sizeof(gap->before), "%s%*s", line_end, (int)indent, "");
		put_block_keys(place, indent, line_end, gap->before);
		return true;
	}
	if (!first || !span_of(place, fy_node_pair_key(first), &key) ||
	    !has_prefix(place, key.at, " -", &indent))
		return false;
	line_end = line_end_of(place, key.at);
	gap->at = key.at;
	put_block_keys(place, indent, line_end, gap->before);
	append(gap->after, sizeof(gap->after), "%s%*s", line_end, (int)indent, "");
	return true;
}

/* "limits: {memory: " and "}". */
static void put_flow_keys(
    const struct place *place, struct manifest_gap *gap, enum setting_unit unit)
{
	const char *quote = place->is_quoted ? "\"" : "";
	bool is_text = place->is_quoted && unit != SETTING_PLAIN;

	for (size_t i = 0; i < place->keys_n; i++)
		append(gap->before, sizeof(gap->before), "%s%s%s%s: ", i ? "{" : "",
		    quote, place->keys[i], quote);
	append(gap->before, sizeof(gap->before), "%s", is_text ? "\"" : "");
	append(gap->after, sizeof(gap->after), "%s", is_text ? "\"" : "");
	for (size_t i = 1; i < place->keys_n; i++)
		append(gap->after, sizeof(gap->after), "}");
}

static size_t skip_blanks(const struct place *place, size_t at)
{
	while (at < place->text_bytes && strchr(" \t\r\n", place->text[at]) &&
	       place->text[at])
		at++;
	return at;
}

/* An empty mapping stands behind the key that it is the value of. */
static bool find_empty(struct place *place, size_t *inside)
{
	struct fy_node *parent = fy_node_get_parent(place->map);
	struct fy_node_pair *pair;
	struct span key;
	void *at = NULL;
	size_t end;

	if (!parent || !fy_node_is_mapping(parent))
		return false;
	while ((pair = fy_node_mapping_iterate(parent, &at)) &&
	       fy_node_pair_value(pair) != place->map) {
	}
	if (!pair || !span_of(place, fy_node_pair_key(pair), &key))
		return false;
	place->is_quoted = place->text[key.at] == '"';
	end = skip_blanks(place, key.end);
	if (end >= place->text_bytes || place->text[end] != ':')
		return false;
	end = skip_blanks(place, end + 1);
	if (end >= place->text_bytes || place->text[end] != '{')
		return false;
	*inside = end + 1;
	end = skip_blanks(place, end + 1);
	return end < place->text_bytes && place->text[end] == '}';
}

static bool find_in_flow(
    struct place *place, struct manifest_gap *gap, enum setting_unit unit)
{
	struct fy_node_pair *first = fy_node_mapping_get_by_index(place->map, 0);
	struct span key;
	size_t before;
	size_t width;

	if (!first) {
		if (!find_empty(place, &gap->at))
			return false;
		put_flow_keys(place, gap, unit);
		return true;
	}
	if (!span_of(place, fy_node_pair_key(first), &key))
		return false;
	before = key.at;
	while (before > 0 && strchr(" \t\r\n", place->text[before - 1]))
		before--;
	if (!before || place->text[before - 1] != '{')
		return false;
	gap->at = key.at;
	place->is_quoted = place->text[key.at] == '"';
	put_flow_keys(place, gap, unit);
	if (has_prefix(place, key.at, " \t", &width))
		append(gap->after, sizeof(gap->after), ",%s%.*s",
		    line_end_of(place, key.at), (int)width, place->text + key.at - width);
	else
		append(gap->after, sizeof(gap->after), ", ");
	return true;
}

void gap_find(struct manifest_gap *gap, const struct manifest *manifest,
    struct fy_node *map, const char *path, enum setting_unit unit)
{
	struct place place = {
	    .text = manifest->text, .text_bytes = manifest->text_bytes, .map = map};

	*gap = (struct manifest_gap){.unit = unit};
	if (!node_is_map(map) || fy_node_is_alias(map) || !descend(&place, path) ||
	    fy_node_get_nearest_anchor(place.map))
		return;
	gap->is_there = fy_node_get_style(place.map) == FYNS_FLOW
			    ? find_in_flow(&place, gap, unit)
			    : find_in_block(&place, gap);
}
