/* Bytes that grow as they are written. */
#ifndef COLDMETER_BASE_BUFFER_H
#define COLDMETER_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty and valid. Writers after a failed one do nothing, so that a
 * long series of them needs one look at failed. */
struct buffer {
	uint8_t *at; /* owned: buffer_done(), or taken over from here */
	size_t n;
	size_t room;
	bool failed; /* out of memory; what is there is of no use */
};

void buffer_done(struct buffer *b);
void buffer_clear(struct buffer *b); /* empty, keeps its memory */

/* Makes sure that n more bytes can be put: for who must not fail half way. 0 or -ENOMEM,
 * which is no failure of the buffer. */
int buffer_reserve(struct buffer *b, size_t n);

/* Room for n more bytes at the end, counted as written; NULL when there is no memory. */
uint8_t *buffer_extend(struct buffer *b, size_t n);

void buffer_put(struct buffer *b, const void *bytes, size_t n);
void buffer_put_text(struct buffer *b, const char *text);
/* Decimal. */
void buffer_put_count(struct buffer *b, uint64_t n);

#endif
