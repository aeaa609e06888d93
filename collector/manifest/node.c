#include "manifest/node.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "manifest/guard.h"

#define MERGES_MAX 8

/* What is left of the look-ups of a document; its root points to it. */
struct budget {
	size_t keys;
};

static struct fy_node *follow(struct fy_node *node)
{
	return node && fy_node_is_alias(node) ? fy_node_resolve_alias(node) : node;
}

const struct fy_mark *node_mark(struct fy_node *node)
{
	struct fy_token *token;

	for (int i = 0; node && i < NODE_MAX_DEPTH && !fy_node_is_scalar(node); i++)
		node = fy_node_is_mapping(node)
			   ? fy_node_pair_key(fy_node_mapping_get_by_index(node, 0))
			   : fy_node_sequence_get_by_index(node, 0);
	token = node && fy_node_is_scalar(node) ? fy_node_get_scalar_token(node) : NULL;
	return token ? fy_token_start_mark(token) : NULL;
}

static int visit_document(
    struct fy_node *root, node_visit visit, void *context, struct manifest_error *error)
{
	struct budget budget = {NODE_MAX_LOOK_UPS};
	int err = root ? guard_document(root, error) : 0;

	if (err || !root)
		return err;
	if (fy_node_set_meta(root, &budget) < 0)
		return -ENOMEM;
	err = visit(context, root);
	if (budget.keys || err == -ENOMEM)
		return err;
	*error = (struct manifest_error){.line = node_line(root),
	    .column = 1,
	    .why =
		"takes more than 20000000 look-ups of keys: its keys name each other too "
		"often"};
	return -EBADMSG;
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

int node_each_document(const char *text, size_t text_bytes, node_visit visit,
    void *context, struct manifest_error *error)
{
	const struct fy_diag_cfg quiet = {.fp = NULL, .level = FYET_ERROR};
	struct fy_parse_cfg cfg = {
	    .flags = FYPCF_COLLECT_DIAG | FYPCF_ALLOW_DUPLICATE_KEYS};
	struct fy_parser *parser;
	int err = guard_text(text, text_bytes, error);

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

static struct budget *budget_of(struct fy_node *node)
{
	return fy_node_get_meta(fy_document_root(fy_node_document(node)));
}

/* Its own key, else NULL and what it merges, which is a mapping or a list of them. */
static struct fy_node *get_own(
    struct fy_node *map, const char *key, struct fy_node **merged)
{
	struct fy_node *found_key;
	struct fy_node *value;
	struct budget *budget = node_is_map(map) ? budget_of(follow(map)) : NULL;
	void *at = NULL;

	*merged = NULL;
	while (node_next(map, &at, &found_key, &value)) {
		if (budget && !budget->keys)
			return NULL;
		if (budget)
			budget->keys--;
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
	const struct fy_mark *mark = node_mark(node);

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
