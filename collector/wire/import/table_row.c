#include "wire/import/table_row.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "wire/json/pick.h"
#include "wire/json/scan.h"

/* In front of the array of columns. */
static bool find_columns(const char *head, size_t n, struct json_scan *columns)
{
	static const char mark[] = "\"columns\"";
	const char *at = memmem(head, n, mark, sizeof(mark) - 1);

	if (!at)
		return false;
	*columns = (struct json_scan){at + sizeof(mark) - 1, head + n};
	return json_scan_take(columns, ':') && json_scan_take(columns, '[');
}

/* The next value, as it stands there. */
static bool take_piece(struct json_scan *scan, struct json_piece *piece)
{
	(void)json_scan_peek(scan);
	piece->at = scan->at;
	if (!json_scan_skip(scan))
		return false;
	piece->n = (size_t)(scan->at - piece->at);
	return true;
}

static bool take_name(struct json_scan *columns, struct json_piece *name)
{
	static const char *const path[] = {"name"};
	struct json_piece column;

	return take_piece(columns, &column) &&
	       json_pick(column.at, column.n, path, 1, name) && name->n > 0 &&
	       *name->at == '"';
}

ssize_t table_row_object(
    const char *head, size_t head_n, const char *row, size_t n, char *out, size_t room)
{
	struct json_scan columns;
	struct json_scan values = {row, row + n};
	char *at = out;
	bool more = true;

	if (!find_columns(head, head_n, &columns) || !json_scan_take(&values, '['))
		return -EBADMSG;
	while (more) {
		struct json_piece name;
		struct json_piece value;

		if (!take_name(&columns, &name) || !take_piece(&values, &value))
			return -EBADMSG;
		if (name.n + value.n + 3 > room - (size_t)(at - out))
			return -EMSGSIZE;
		*at = at == out ? '{' : ',';
		memcpy(at + 1, name.at, name.n);
		at += 1 + name.n;
		*at = ':';
		memcpy(at + 1, value.at, value.n);
		at += 1 + value.n;
		more = json_scan_take(&columns, ',');
		if (more != json_scan_take(&values, ','))
			return -EBADMSG;
	}
	*at++ = '}';
	return at - out;
}
