#include "base/config.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define CONFIG_MAX_BYTES (1 << 20)

int config_text(const char *value, void *field, const char **why)
{
	char copy[CONFIG_TEXT_BYTES];

	*why = "must be a text of 1 to 1023 bytes";
	if (!*value || !text_copy(copy, sizeof(copy), value))
		return -EINVAL;
	memcpy(field, copy, sizeof(copy));
	return 0;
}

int config_switch(const char *value, void *field, const char **why)
{
	bool on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0;

	*why = "must be on or off";
	if (!on && strcmp(value, "off") != 0 && strcmp(value, "false") != 0)
		return -EINVAL;
	*(bool *)field = on;
	return 0;
}

static int take_number(const char *value, long most, int *field)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno || end == value || *end || number < 1 || number > most)
		return -EINVAL;
	*field = (int)number;
	return 0;
}

int config_days(const char *value, void *field, const char **why)
{
	*why = "must be a whole number of days from 1 to 3650";
	return take_number(value, 3650, field);
}

int config_limit(const char *value, void *field, const char **why)
{
	*why = "must be a whole number from 1 to 1000000";
	return take_number(value, 1000000, field);
}

int config_megabytes(const char *value, void *field, const char **why)
{
	char *end;
	long mb;

	*why = "must be a whole number of megabytes from 100 to 2000000000";
	errno = 0;
	mb = strtol(value, &end, 10);
	if (errno || end == value || *end || mb < 100 || mb > 2000000000)
		return -EINVAL;
	*(int *)field = (int)mb;
	return 0;
}

/* Where a node begins, counted from 1 as editors do. */
static void place_of(struct fy_node *node, int *line, int *column)
{
	struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	*line = mark ? mark->line + 1 : 1;
	*column = mark ? mark->column + 1 : 1;
}

static int take_pair(const char *path, struct fy_node_pair *pair,
    const struct config_key *keys, size_t n, void *settings)
{
	struct fy_node *key_node = fy_node_pair_key(pair);
	struct fy_node *value_node = fy_node_pair_value(pair);
	const char *key = key_node ? fy_node_get_scalar0(key_node) : NULL;
	const char *value = value_node ? fy_node_get_scalar0(value_node) : NULL;
	const char *why = NULL;
	size_t i = 0;
	int line;
	int column;

	place_of(key_node, &line, &column);
	if (!key) {
		(void)log_error(
		    0, "%s:%d:%d: a key must be a plain word", path, line, column);
		return -EINVAL;
	}
	while (i < n && strcmp(keys[i].key, key) != 0)
		i++;
	if (i == n) {
		(void)log_error(
		    0, "%s:%d:%d: %s: there is no such setting", path, line, column, key);
		return -EINVAL;
	}
	if (!keys[i].parse)
		return 0;
	if (value && keys[i].parse(value, (char *)settings + keys[i].offset, &why) == 0)
		return 0;
	if (value)
		place_of(value_node, &line, &column);
	(void)log_error(0, "%s:%d:%d: %s: %s", path, line, column, key,
	    value ? why : "must be a single value");
	return -EINVAL;
}

struct flat {
	const struct config_key *keys;
	size_t n;
	void *settings;
};

static int take_flat(const char *path, struct fy_node *root, void *context)
{
	const struct flat *flat = context;
	struct fy_node_pair *pair;
	void *at = NULL;
	int err = 0;

	while (!err && (pair = fy_node_mapping_iterate(root, &at)))
		err = take_pair(path, pair, flat->keys, flat->n, flat->settings);
	return err;
}

static int take_root(
    const char *path, struct fy_document *document, config_taker take, void *context)
{
	struct fy_node *root = fy_document_root(document);

	if (!root || (fy_node_is_scalar(root) && !*fy_node_get_scalar0(root)))
		return 0; /* empty, or comments alone */
	if (!fy_node_is_mapping(root)) {
		(void)log_error(0, "%s:1:1: must be a list of `key: value` lines", path);
		return -EINVAL;
	}
	return take(path, root, context);
}

/* Of a list or mapping the place of the first word in it. */
int config_wrong(const char *path, struct fy_node *node, const char *what)
{
	int line;
	int column;

	while (node && !fy_node_is_scalar(node))
		node = fy_node_is_mapping(node)
			   ? fy_node_pair_key(fy_node_mapping_get_by_index(node, 0))
			   : fy_node_sequence_get_by_index(node, 0);
	place_of(node, &line, &column);
	(void)log_error(0, "%s:%d:%d: %s", path, line, column, what);
	return -EINVAL;
}

static int say_malformed(const char *path, struct fy_diag *diag)
{
	void *at = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);

	if (first)
		(void)log_error(
		    0, "%s:%d:%d: %s", path, first->line, first->column, first->msg);
	else
		(void)log_error(0, "%s:1:1: is not YAML", path);
	return -EINVAL;
}

/* For an empty text libfyaml makes no document and names no error. */
static bool is_empty(const char *text, size_t size)
{
	bool comment = false;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			comment = false;
		else if (text[i] == '#')
			comment = true;
		else if (!comment && !strchr(" \t\r", text[i]))
			return false;
	}
	return true;
}

/* Says where the first byte is that is no text, and returns -EINVAL. libfyaml would look
 * for the end of some of it for ever ("%" and a byte that is not UTF-8). */
static int check_text(const char *path, const char *text, size_t size)
{
	int line = 1;
	int column = 1;

	for (size_t at = 0; at < size; column++) {
		uint32_t c = 0;
		size_t bytes = text_utf8_bytes(text + at, size - at, &c);

		if (bytes == 0 || c == 0) {
			(void)log_error(0, "%s:%d:%d: %s", path, line, column,
			    bytes ? "must be text: there is a NUL" : "is not UTF-8");
			return -EINVAL;
		}
		if (c == '\n') {
			line++;
			column = 0;
		}
		at += bytes;
	}
	return 0;
}

/* text holds CONFIG_MAX_BYTES + 1. */
static int read_stream(FILE *f, char *text, size_t *size)
{
	errno = 0;
	*size = fread(text, 1, CONFIG_MAX_BYTES + 1, f);
	if (ferror(f))
		return errno ? -errno : -EIO;
	return *size > CONFIG_MAX_BYTES ? -EFBIG : 0;
}

/* The whole file in memory, so that a pipe or a huge file cannot surprise the parser. */
static int read_file(const char *path, char *text, size_t *size)
{
	FILE *f = fopen(path, "re");
	int err;

	if (!f)
		return log_error(-errno, "cannot read %s", path);
	err = read_stream(f, text, size);
	(void)fclose(f);
	return err ? log_error(err, "cannot read %s", path) : 0;
}

int config_load(const char *path, const struct config_key *keys, size_t n, void *settings)
{
	struct flat flat = {keys, n, settings};

	return config_read(path, take_flat, &flat);
}

int config_read(const char *path, config_taker take, void *context)
{
	const struct fy_diag_cfg quiet = {.fp = NULL, .level = FYET_ERROR};
	struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG | FYPCF_RESOLVE_DOCUMENT};
	AUTO(free) char *text = malloc(CONFIG_MAX_BYTES + 1);
	struct fy_document *document;
	size_t size = 0;
	int err;

	if (!text)
		return log_error(-ENOMEM, "cannot read %s", path);
	err = read_file(path, text, &size);
	if (!err)
		err = check_text(path, text, size);
	if (err || is_empty(text, size))
		return err;
	cfg.diag = fy_diag_create(&quiet);
	if (!cfg.diag)
		return log_error(-ENOMEM, "cannot read %s", path);
	fy_diag_set_collect_errors(cfg.diag, true);
	document = fy_document_build_from_string(&cfg, text, size);
	err = document ? take_root(path, document, take, context)
		       : say_malformed(path, cfg.diag);
	fy_document_destroy(document);
	fy_diag_destroy(cfg.diag);
	return err;
}
