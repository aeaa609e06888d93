/* An answer's array of objects as an array of structs, within a limit. */
#ifndef COLDMETER_TUI_ROWS_H
#define COLDMETER_TUI_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct rows {
	void *items; /* items_n structs; owned */
	size_t items_n;
	bool cut; /* there were more than the limit */
};

/* How one object becomes one struct. */
struct row_kind {
	const char *key; /* of the array: "functions" */
	size_t item_bytes;
	size_t limit;
	void (*parse)(const json_t *object, void *item); /* item is zeroed */
};

/* Parses the text of an answer. The caller drops the reference. NULL: it is no JSON
 * object.
 */
json_t *rows_root(const char *body, size_t body_bytes);

/* Replaces *rows by what root holds; what is no object is skipped. 0, -EBADMSG when root
 * holds no such array, or -ENOMEM; *rows is untouched then. */
int rows_parse(const json_t *root, const struct row_kind *kind, struct rows *rows);
void rows_done(struct rows *rows);

static inline void cleanup_rows(struct rows *rows)
{
	rows_done(rows);
}

static inline void cleanup_json(json_t **root)
{
	json_decref(*root);
}

#endif
