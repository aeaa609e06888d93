#include "tui/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

json_t *rows_root(const char *body, size_t body_bytes)
{
	json_t *root = body ? json_loadb(body, body_bytes, 0, NULL) : NULL;

	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

int rows_parse(const json_t *root, const struct row_kind *kind, struct rows *rows)
{
	const json_t *array = json_object_get(root, kind->key);
	size_t n = json_array_size(array);
	AUTO(free) char *items = NULL;
	size_t at = 0;

	if (!json_is_array(array))
		return -EBADMSG;
	if (n > kind->limit)
		n = kind->limit;
	items = calloc(n ? n : 1, kind->item_bytes);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *object = json_array_get(array, i);

		if (json_is_object(object))
			kind->parse(object, items + kind->item_bytes * at++);
	}
	rows_done(rows);
	rows->items = TAKE(items);
	rows->items_n = at;
	rows->cut = json_array_size(array) > kind->limit;
	return 0;
}

void rows_done(struct rows *rows)
{
	free(rows->items);
	memset(rows, 0, sizeof(*rows));
}
