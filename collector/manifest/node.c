#include "manifest/node.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define MERGES_MAX 8

/* The size of what an alias stands for, counted once. */
struct anchor {
	struct fy_node *node;
	size_t nodes; /* 0: it is being counted, so that it holds itself */
	int depth;
};

struct guard {
	struct anchor anchors[NODE_MAX_ANCHORS];
	size_t anchors_n;
	size_t aliases;
	struct manifest_error *error;
};

struct extent {
	size_t nodes;
	int depth;
};

static struct fy_node *follow(struct fy_node *node)
{
	return node && fy_node_is_alias(node) ? fy_node_resolve_alias(node) : node;
}

static const struct fy_mark *mark_of(struct fy_node *node)
{
	struct fy_token *token;

	for (int i = 0; node && i < NODE_MAX_DEPTH && !fy_node_is_scalar(node); i++)
		node = fy_node_is_mapping(node)
			   ? fy_node_pair_key(fy_node_mapping_get_by_index(node, 0))
			   : fy_node_sequence_get_by_index(node, 0);
	token = node && fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
	return token ? fy_token_start_mark(token) : NULL;
}

static int refuse(struct guard *guard, struct fy_node *node, const char *why)
{
	const struct fy_mark *mark = mark_of(node);

	guard->error->line = mark ? mark->line + 1 : 1;
	guard->error->column = mark ? mark->column + 1 : 1;
	(void)snprintf(guard->error->why, sizeof(guard->error->why), "%s", why);
	return -EBADMSG;
}

/* A key of a mapping, not terminated. */
struct key {
	const char *text;
	size_t bytes;
	struct fy_node *node;
	int place; /* in the mapping */
};

static int by_text(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;
	size_t n = x->bytes < y->bytes ? x->bytes : y->bytes;
	int order = memcmp(x->text, y->text, n);

	if (!order && x->bytes != y->bytes)
		order = x->bytes < y->bytes ? -1 : 1;
	return order ? order : x->place - y->place;
}

/* libfyaml compares each key with each other one: a second for a thousand of them. */
static int check_keys(struct guard *guard, struct fy_node *map)
{
	int count = fy_node_mapping_item_count(map);
	AUTO(free) struct key *keys = NULL;
	struct fy_node_pair *pair;
	size_t n = 0;
	void *at = NULL;

	if (count > NODE_MAX_KEYS)
		return refuse(guard, map, "has more than 10000 keys in one mapping");
	keys = calloc((size_t)count + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	while (n < (size_t)count && (pair = fy_node_mapping_iterate(map, &at))) {
		struct key *key = &keys[n];

		key->node = fy_node_pair_key(pair);
		key->place = (int)n;
		if (key->node && fy_node_is_scalar(key->node) &&
		    !fy_node_is_alias(key->node))
			key->text = fy_node_get_scalar(key->node, &key->bytes);
		n += key->text != NULL;
	}
	qsort(keys, n, sizeof(*keys), by_text);
	for (size_t i = 1; i < n; i++)
		if (keys[i].bytes == keys[i - 1].bytes &&
		    memcmp(keys[i].text, keys[i - 1].text, keys[i].bytes) == 0)
			return refuse(guard, keys[i].node, "duplicate key");
	return 0;
}

static int measure(struct guard *guard, struct fy_node *node, struct extent *out);

static int measure_alias(struct guard *guard, struct fy_node *alias, struct extent *out)
{
	struct fy_node *node;
	struct anchor *anchor;
	size_t i = 0;

	if (++guard->aliases > NODE_MAX_ALIASES)
		return refuse(guard, alias, "has more than 10000 aliases");
	node = fy_node_resolve_alias(alias);
	if (!node)
		return refuse(
		    guard, alias, "an alias names nothing that comes before it");
	while (i < guard->anchors_n && guard->anchors[i].node != node)
		i++;
	if (i == NODE_MAX_ANCHORS)
		return refuse(guard, alias, "has aliases of more than 256 anchors");
	anchor = &guard->anchors[i];
	if (i == guard->anchors_n) {
		struct extent extent = {0};
		int err;

		guard->anchors_n++;
		*anchor = (struct anchor){.node = node};
		err = measure(guard, node, &extent);
		if (err)
			return err;
		anchor->nodes = extent.nodes;
		anchor->depth = extent.depth;
	}
	if (!anchor->nodes)
		return refuse(guard, alias, "an alias stands inside what it names");
	*out = (struct extent){anchor->nodes, anchor->depth};
	return 0;
}

static int add_child(struct guard *guard, struct fy_node *child, struct extent *sum)
{
	struct extent extent = {0};
	int err = child ? measure(guard, child, &extent) : 0;

	if (err)
		return err;
	sum->nodes += extent.nodes;
	if (extent.depth + 1 > sum->depth)
		sum->depth = extent.depth + 1;
	if (sum->nodes > NODE_MAX_NODES)
		return refuse(guard, child,
		    "stands for more than 1000000 values with its aliases in place");
	if (sum->depth > NODE_MAX_DEPTH)
		return refuse(guard, child, "is nested more than 128 levels deep");
	return 0;
}

/* Recurses at most as deep as libfyaml reads, once for each anchor on the way. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int measure(struct guard *guard, struct fy_node *node, struct extent *out)
{
	struct extent sum = {.nodes = 1};
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *at = NULL;
	int err = 0;

	if (fy_node_is_alias(node))
		return measure_alias(guard, node, out);
	if (fy_node_is_mapping(node))
		err = check_keys(guard, node);
	while (!err && fy_node_is_mapping(node) &&
	       (pair = fy_node_mapping_iterate(node, &at))) {
		err = add_child(guard, fy_node_pair_key(pair), &sum);
		if (!err)
			err = add_child(guard, fy_node_pair_value(pair), &sum);
	}
	while (!err && fy_node_is_sequence(node) &&
	       (item = fy_node_sequence_iterate(node, &at)))
		err = add_child(guard, item, &sum);
	*out = sum;
	return err;
}

static int visit_document(
    struct fy_node *root, node_visit visit, void *context, struct manifest_error *error)
{
	struct guard guard = {.error = error};
	struct extent extent;
	int err = root ? measure(&guard, root, &extent) : 0;

	return err || !root ? err : visit(context, root);
}

/* What libfyaml found wrong; 0 when that is nothing. */
static int say_malformed(struct fy_diag *diag, bool failed, struct manifest_error *error)
{
	void *at = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);

	if (!first && !failed)
		return 0;
	error->line = first && first->line > 0 ? first->line : 1;
	error->column = first && first->column > 0 ? first->column : 1;
	(void)snprintf(error->why, sizeof(error->why), "%s",
	    first && first->msg ? first->msg : "is not YAML");
	text_make_printable(error->why);
	return -EBADMSG;
}

static int parse_all(struct fy_parser *parser, struct fy_diag *diag, node_visit visit,
    void *context, struct manifest_error *error)
{
	struct fy_document *document;
	int documents = 0;
	int err = 0;

	while (!err && (document = fy_parse_load_document(parser))) {
		if (++documents > NODE_MAX_DOCUMENTS) {
			*error = (struct manifest_error){
			    .why = "has more than 1000 documents"};
			err = -EBADMSG;
		} else {
			err = visit_document(
			    fy_document_root(document), visit, context, error);
		}
		fy_parse_document_destroy(parser, document);
	}
	return err ? err : say_malformed(diag, fy_parser_get_stream_error(parser), error);
}

/* libfyaml looks for ever for the end of some bytes that are no text. */
static int check_text(const char *text, size_t size, struct manifest_error *error)
{
	int line = 1;
	int column = 1;

	for (size_t at = 0; at < size; column++) {
		uint32_t c = 0;
		size_t bytes = text_utf8_bytes(text + at, size - at, &c);

		if (bytes == 0 || c == 0) {
			*error = (struct manifest_error){line, column, ""};
			(void)snprintf(error->why, sizeof(error->why), "%s",
			    bytes ? "must be text: there is a NUL" : "is not UTF-8");
			return -EBADMSG;
		}
		if (c == '\n') {
			line++;
			column = 0;
		}
		at += bytes;
	}
	return 0;
}

int node_each_document(const char *text, size_t text_bytes, node_visit visit,
    void *context, struct manifest_error *error)
{
	const struct fy_diag_cfg quiet = {.fp = NULL, .level = FYET_ERROR};
	struct fy_parse_cfg cfg = {
	    .flags = FYPCF_COLLECT_DIAG | FYPCF_ALLOW_DUPLICATE_KEYS};
	struct fy_parser *parser;
	int err = check_text(text, text_bytes, error);

	if (err || strspn(text, " \t\r\n") >= text_bytes)
		return err;
	cfg.diag = fy_diag_create(&quiet);
	if (!cfg.diag)
		return -ENOMEM;
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	err = parser && fy_parser_set_string(parser, text, text_bytes) == 0 ? 0 : -ENOMEM;
	if (!err)
		err = parse_all(parser, cfg.diag, visit, context, error);
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
	return err;
}

bool node_is_map(struct fy_node *node)
{
	node = follow(node);
	return node && fy_node_is_mapping(node);
}

bool node_is_list(struct fy_node *node)
{
	node = follow(node);
	return node && fy_node_is_sequence(node);
}

bool node_is_scalar(struct fy_node *node)
{
	node = follow(node);
	return node && fy_node_is_scalar(node);
}

bool node_is(struct fy_node *node, const char *word)
{
	size_t n = 0;
	const char *text =
	    node_is_scalar(node) ? fy_node_get_scalar(follow(node), &n) : NULL;

	return text && n == strlen(word) && memcmp(text, word, n) == 0;
}

bool node_next(
    struct fy_node *map, void **at, struct fy_node **key, struct fy_node **value)
{
	struct fy_node_pair *pair =
	    node_is_map(map) ? fy_node_mapping_iterate(follow(map), at) : NULL;

	if (!pair)
		return false;
	*key = fy_node_pair_key(pair);
	*value = follow(fy_node_pair_value(pair));
	return true;
}

struct fy_node *node_item(struct fy_node *list, size_t i)
{
	return node_is_list(list) && i <= INT32_MAX
		   ? follow(fy_node_sequence_get_by_index(follow(list), (int)i))
		   : NULL;
}

struct fy_node *node_next_item(struct fy_node *list, void **at)
{
	return node_is_list(list) ? follow(fy_node_sequence_iterate(follow(list), at))
				  : NULL;
}

/* Its own key, else NULL and what it merges, which is a mapping or a list of them. */
static struct fy_node *get_own(
    struct fy_node *map, const char *key, struct fy_node **merged)
{
	struct fy_node *found_key;
	struct fy_node *value;
	void *at = NULL;

	*merged = NULL;
	while (node_next(map, &at, &found_key, &value)) {
		if (node_is(found_key, key))
			return value;
		if (node_is(found_key, "<<"))
			*merged = value;
	}
	return NULL;
}

struct fy_node *node_get(struct fy_node *map, const char *key)
{
	struct fy_node *merged;
	struct fy_node *value = get_own(map, key, &merged);

	for (int i = 0; !value && merged && i < MERGES_MAX; i++) {
		struct fy_node *from = merged;
		struct fy_node *next = NULL;

		merged = NULL;
		for (size_t k = 0; !value && k < MERGES_MAX; k++) {
			struct fy_node *map_k =
			    node_is_list(from) ? node_item(from, k) : from;

			value = get_own(map_k, key, &next);
			if (next && !merged)
				merged = next;
			if (map_k == from)
				break;
		}
	}
	return value;
}

struct fy_node *node_find(struct fy_node *map, const char *path)
{
	char key[MANIFEST_WORD_BYTES];

	while (map && *path) {
		size_t n = strcspn(path, " ");

		(void)text_copy_bytes(
		    key, n + 1 < sizeof(key) ? n + 1 : sizeof(key), path, n);
		map = node_get(map, key);
		path += n + (path[n] == ' ');
	}
	return map;
}

bool node_text(struct fy_node *node, char *out, size_t size)
{
	size_t n = 0;
	const char *text =
	    node_is_scalar(node) ? fy_node_get_scalar(follow(node), &n) : NULL;

	out[0] = '\0';
	if (!text || !n)
		return false;
	(void)text_copy_bytes(out, size, text, n);
	text_make_printable(out);
	return out[0] != '\0';
}

void node_tag(struct fy_node *node, char *out, size_t size)
{
	size_t n = 0;
	const char *tag = NULL;

	node = follow(node);
	tag = node ? fy_node_get_tag(node, &n) : NULL;
	out[0] = '\0';
	if (tag && n > 1 && tag[0] == '!')
		(void)text_copy_bytes(out, size, tag + 1, n - 1);
}

int node_line(struct fy_node *node)
{
	const struct fy_mark *mark = mark_of(node);

	return mark ? mark->line + 1 : 1;
}

bool node_span(struct fy_node *node, size_t *at, size_t *bytes)
{
	struct fy_token *token;
	const struct fy_mark *start;
	const struct fy_mark *end;

	node = follow(node);
	token = node && fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
	start = token ? fy_token_start_mark(token) : NULL;
	end = token ? fy_token_end_mark(token) : NULL;
	if (!start || !end || end->input_pos < start->input_pos)
		return false;
	*at = start->input_pos;
	*bytes = end->input_pos - start->input_pos;
	return true;
}
