/* A flat YAML file of settings into a struct, by a table of keys. */
#ifndef COLDMETER_BASE_CONFIG_H
#define COLDMETER_BASE_CONFIG_H

#include <stddef.h>

#define CONFIG_TEXT_BYTES 1024

/* Reads value into the field. 0, or -EINVAL with *why a constant phrase that says what is
 * wanted: "must be on or off". */
typedef int (*config_parser)(const char *value, void *field, const char **why);

/* One row a setting: its name in the file (the unit in it), and where it goes. */
struct config_key {
	const char *key;
	config_parser parse; /* NULL: a block of any shape, that config_read() reads */
	size_t offset;
};

/* Reads a file into *settings; keys that it does not name stay as they are. 0, or
 * -EINVAL, -ENOENT, ... after one line through log_error with file, line, column and key.
 * *settings may be partly filled then. */
int config_load(
    const char *path, const struct config_key *keys, size_t n, void *settings);

struct fy_node;

/* Takes the root of a file. 0, or -errno after one line through log_error. */
typedef int (*config_taker)(const char *path, struct fy_node *root, void *context);

/* Reads a file whose shape is not that flat, at most 1 MiB of YAML in UTF-8. take is not
 * called for an empty one. 0, or what take returned, or as config_load(). */
int config_read(const char *path, config_taker take, void *context);

/* Says what is wrong with a node, with its place. Returns -EINVAL. */
int config_wrong(const char *path, struct fy_node *node, const char *what);

/* Parsers; each names the type of its field. */
int config_text(
    const char *value, void *field, const char **why); /* char[CONFIG_TEXT_BYTES] */
int config_switch(
    const char *value, void *field, const char **why); /* bool: on, off, true, false */
int config_limit(
    const char *value, void *field, const char **why);             /* int: 1 to 1000000 */
int config_days(const char *value, void *field, const char **why); /* int: 1 to 3650 */
int config_megabytes(
    const char *value, void *field, const char **why); /* int: 100 to 2000000000 */

#endif
