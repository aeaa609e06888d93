#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void buffer_done(struct buffer *b)
{
	free(b->at);
	*b = (struct buffer){0};
}

void buffer_clear(struct buffer *b)
{
	b->n = 0;
	b->failed = false;
}

int buffer_reserve(struct buffer *b, size_t n)
{
	size_t room = b->room ? b->room : 256;
	uint8_t *more;

	if (b->n + n <= b->room)
		return 0;
	while (room < b->n + n)
		room *= 2;
	more = realloc(b->at, room);
	if (!more)
		return -ENOMEM;
	b->at = more;
	b->room = room;
	return 0;
}

uint8_t *buffer_extend(struct buffer *b, size_t n)
{
	b->failed |= buffer_reserve(b, n) < 0;
	if (b->failed)
		return NULL;
	b->n += n;
	return b->at + b->n - n;
}

void buffer_put(struct buffer *b, const void *bytes, size_t n)
{
	uint8_t *to = n > 0 ? buffer_extend(b, n) : NULL;

	if (to)
		memcpy(to, bytes, n);
}

void buffer_put_text(struct buffer *b, const char *text)
{
	buffer_put(b, text, strlen(text));
}

void buffer_put_count(struct buffer *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buffer_put(b, digits + i, sizeof(digits) - i);
}
