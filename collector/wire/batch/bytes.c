#include "wire/batch/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void batch_bytes_done(struct batch_bytes *column)
{
	free(column->bytes);
	*column = (struct batch_bytes){0};
}

void batch_bytes_clear(struct batch_bytes *column)
{
	*column = (struct batch_bytes){.bytes = column->bytes, .room = column->room};
}

int batch_bytes_reserve(struct batch_bytes *column, size_t n)
{
	size_t room = column->room ? 2 * column->room : BATCH_BYTES_FIRST;
	uint8_t *grown;

	if (column->room - column->used >= n)
		return 0;
	grown = realloc(column->bytes, room);
	if (!grown)
		return -ENOMEM;
	column->bytes = grown;
	column->room = room;
	return 0;
}

void batch_bytes_add(struct batch_bytes *column, const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return;
	memcpy(column->bytes + column->used, bytes, n);
	column->used += n;
	column->is_written |= bytes[0] != 0;
}
