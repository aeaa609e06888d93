/* What the readers of all kinds share: functions that are collected, and their figures.
 */
#ifndef COLDMETER_MANIFEST_READER_H
#define COLDMETER_MANIFEST_READER_H

#include "manifest/manifest.h"
#include "manifest/node.h"

struct reader {
	struct manifest *manifest;
	struct manifest_error *error;
	size_t room;   /* functions */
	bool is_known; /* a document of manifest->kind was read */
};

/* A new function; key is the node that names it. NULL: too many (*error says so), or no
 * memory (error->why stays ""). */
struct manifest_function *reader_add(
    struct reader *reader, struct fy_node *key, enum platform platform);

/* How a figure is written. */
enum figure {
	FIGURE_COUNT,   /* a whole number: MiB, instances */
	FIGURE_MEMORY,  /* "256Mi", "1G", "134217728": bytes, as Kubernetes writes them */
	FIGURE_DOCKER,  /* the same, and "256m" is 256 MiB */
	FIGURE_SECONDS, /* a whole number; in ms */
	FIGURE_SPAN     /* "30s", "1m30s", "500ms", "30"; in ms */
};

/* Sets it from a node; NULL leaves it as it is. What cannot be read so is UNKNOWN. */
void setting_take(struct manifest_setting *setting, struct fy_node *node,
    enum figure figure, enum setting_from from);

/* Sets it to a default while it is ABSENT. */
void setting_default(struct manifest_setting *setting, uint64_t value);

/* Each kind of trigger once; what is beyond the limit is left out. */
void reader_trigger(struct manifest_function *function, const char *kind, int line);

/* Adds the pairs of a mapping whose values are plain; a key that is there stays. */
void reader_tags(struct manifest_function *function, struct fy_node *map);

/* One reader a kind. Each takes the root of a document: 0 and *is_known set when it is of
 * its kind, -EBADMSG with *error, or -ENOMEM. */
int read_serverless(struct reader *reader, struct fy_node *root);
int read_cloudformation(struct reader *reader, struct fy_node *root);
int read_sst(struct reader *reader, struct fy_node *root);
int read_terraform(struct reader *reader, struct fy_node *root);
int read_knative(struct reader *reader, struct fy_node *root);
int read_openfaas(struct reader *reader, struct fy_node *root);

#endif
