/* Nodes of a YAML text (JSON is YAML) from a stranger: bounded, aliases followed. */
#ifndef COLDMETER_MANIFEST_NODE_H
#define COLDMETER_MANIFEST_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "manifest/manifest.h"

/* libfyaml's own limit is 64 levels of what is written; these hold with every alias put
 * in its place, so that a few lines cannot stand for a billion. */
#define NODE_MAX_DEPTH 128
#define NODE_MAX_NODES 1000000
#define NODE_MAX_ALIASES 10000
#define NODE_MAX_ANCHORS 256
#define NODE_MAX_KEYS 10000 /* of one mapping */
#define NODE_MAX_DOCUMENTS 1000
#define NODE_MAX_LOOK_UPS 20000000 /* keys compared in one document: 1 s */

struct fy_node;
struct fy_mark;

/* Reads each document of the text in turn. 0; -EBADMSG with *error; -ENOMEM; or what
 * visit returned, which ends it. root lives during the visit only. */
typedef int (*node_visit)(void *context, struct fy_node *root);
int node_each_document(const char *text, size_t text_bytes, node_visit visit,
    void *context, struct manifest_error *error);

/* The value of a key, also by way of a merge ("<<"); NULL: there is none, or map is none.
 * NULL is taken for any node here. */
struct fy_node *node_get(struct fy_node *map, const char *key);

/* The same down a path of keys, which are parted by spaces: "spec template spec". */
struct fy_node *node_find(struct fy_node *map, const char *path);

/* Item i of a list, NULL beyond its end. It is counted to each time: of a long list
 * node_next_item() gives one after the other; *at starts as NULL. */
struct fy_node *node_item(struct fy_node *list, size_t i);
struct fy_node *node_next_item(struct fy_node *list, void **at);

/* The next pair of a mapping; *at starts as NULL. Aliases are followed. */
bool node_next(
    struct fy_node *map, void **at, struct fy_node **key, struct fy_node **value);

bool node_is_map(struct fy_node *node);
bool node_is_list(struct fy_node *node);
bool node_is_scalar(struct fy_node *node);

/* Copies a scalar, printable, cut to fit. False, and "", when it is none or empty. */
bool node_text(struct fy_node *node, char *out, size_t size);

/* Whether it is that word. */
bool node_is(struct fy_node *node, const char *word);

/* Its tag without the first "!": "Sub"; "" when it has none. */
void node_tag(struct fy_node *node, char *out, size_t size);

/* Where it begins: of a list or mapping its first word. 1 when that is not known. */
int node_line(struct fy_node *node);

/* The same, with its column; NULL when that is not known. */
const struct fy_mark *node_mark(struct fy_node *node);

/* Where a scalar stands in the text, without quotes. False when it is none. */
bool node_span(struct fy_node *node, size_t *at, size_t *bytes);

#endif
