#include "manifest/guard.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "manifest/node.h"

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

static int refuse(struct guard *guard, struct fy_node *node, const char *why)
{
	const struct fy_mark *mark = node_mark(node);

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

int guard_document(struct fy_node *root, struct manifest_error *error)
{
	struct guard guard = {.error = error};
	struct extent extent;

	return measure(&guard, root, &extent);
}

/* How far a text is looked through. */
struct look {
	const char *text;
	size_t size;
	size_t at;
	int line;
	int column;
	bool begins_line;
	bool begins_word;
	size_t anchors;
	size_t directives;
	struct manifest_error *error;
};

static int refuse_here(const struct look *look, const char *why)
{
	*look->error = (struct manifest_error){look->line, look->column, ""};
	(void)snprintf(look->error->why, sizeof(look->error->why), "%s", why);
	return -EBADMSG;
}

/* Whether more bytes than that stand before one of these. */
static bool is_longer(const struct look *look, const char *ends, size_t most)
{
	size_t n = 0;

	while (n <= most && look->at + n < look->size &&
	       !strchr(ends, look->text[look->at + n]))
		n++;
	return n > most;
}

/* What begins a word may be an anchor or a tag, and of a line a directive. */
static int check_word(struct look *look)
{
	char c = look->text[look->at];

	if (c == '&' && ++look->anchors > GUARD_MAX_ANCHORS)
		return refuse_here(look, "has more than 10000 anchors");
	if (c == '!' && is_longer(look, " \t\r\n", GUARD_MAX_TAG_BYTES))
		return refuse_here(look, "has a tag of more than 512 bytes");
	if (c != '%' || !look->begins_line)
		return 0;
	if (++look->directives > GUARD_MAX_DIRECTIVES)
		return refuse_here(look, "has more than 64 directives");
	if (is_longer(look, "\r\n", GUARD_MAX_DIRECTIVE_BYTES))
		return refuse_here(look, "has a directive of more than 256 bytes");
	return 0;
}

/* To the next character; a line ends where it does in YAML 1.1, which has more ends. */
static void step(struct look *look, uint32_t c, size_t bytes)
{
	bool is_mark = c == 0xfeff; /* of the order of bytes; it is not there */

	if (!is_mark) {
		look->begins_line =
		    c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
		look->begins_word =
		    look->begins_line || (c < 0x80 && strchr(" \t[{,:", (int)c));
	}
	look->at += bytes;
	look->column++;
	if (c == '\n') {
		look->line++;
		look->column = 1;
	}
}

int guard_text(const char *text, size_t text_bytes, struct manifest_error *error)
{
	struct look look = {.text = text,
	    .size = text_bytes,
	    .line = 1,
	    .column = 1,
	    .begins_line = true,
	    .begins_word = true,
	    .error = error};

	while (look.at < text_bytes) {
		uint32_t c = 0;
		size_t bytes = text_utf8_bytes(text + look.at, text_bytes - look.at, &c);
		int err;

		/* libfyaml looks for ever for the end of some bytes that are no text */
		if (bytes == 0 || c == 0)
			return refuse_here(&look,
			    bytes ? "must be text: there is a NUL" : "is not UTF-8");
		err = look.begins_word ? check_word(&look) : 0;
		if (err)
			return err;
		step(&look, c, bytes);
	}
	return 0;
}
