/* Ids and names inside a batch: text that is hexadecimal is packed. */
#ifndef COLDMETER_WIRE_BATCH_TEXT_H
#define COLDMETER_WIRE_BATCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

/* Of the coding of a text of n bytes. */
#define BATCH_TEXT_MAX(n) ((n) + 2)

/* Writes s, at most size - 1 bytes of it; out holds BATCH_TEXT_MAX(size). Returns bytes.
 */
size_t batch_text_encode(const char *s, size_t size, uint8_t *out);

/* Whether what was written is nothing, or digits and what belongs between them. */
bool batch_text_is_packed(const uint8_t *written);

/* Bytes of the digits of the shapes that have so many. */
#define BATCH_TEXT_DIGITS 16

/* Whether the tag is that of such a shape; before which of its bytes another kind of
 * bytes begins, a bit for each; and its text and NUL of the digits, 37 bytes at most. */
bool batch_text_has_digits(uint64_t tag);
unsigned int batch_text_edges(uint8_t tag);
void batch_text_of_digits(uint8_t tag, const uint8_t *digits, char *out);

/* Reads one text and its NUL into out. False when it is malformed, holds a NUL, or does
 * not fit. Whatever its bytes are, what is read is fit to be shown and to be part of any
 * answer: text_make_printable(). This is the one place for that, as all that is stored
 * was in a batch. */
bool batch_text_decode(struct cursor *in, char *out, size_t size);

#endif
