/* Text from strangers: bounded copies, made safe to print. */
#ifndef COLDMETER_BASE_TEXT_H
#define COLDMETER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Replaces each byte of a control character (text_is_control()) and each byte that is not
 * valid UTF-8 by '?'. In place; the length never changes. */
void text_make_printable(char *s);

/* Whether all of n bytes are printable ASCII, as nearly all texts are: a quick way round
 * what takes UTF-8 apart. */
bool text_is_plain(const char *s, size_t n);

/* Bytes (1..4) of the valid UTF-8 sequence that s, of n bytes, starts with; its character
 * goes to *character. 0 when there is none: overlong forms, surrogates and characters
 * beyond U+10FFFF are none. */
size_t text_utf8_bytes(const char *s, size_t n, uint32_t *character);

/* Whether a character acts on a terminal or a reader instead of showing: C0, DEL, C1,
 * line and paragraph separators, and what turns the direction of writing. */
bool text_is_control(uint32_t character);

/* Copies at most size - 1 bytes of s, never splitting a UTF-8 sequence, and terminates.
 * Returns false when something was cut off. size must be at least 1. */
bool text_copy(char *to, size_t size, const char *s);

/* The same for n bytes that need not be terminated; stops at the first NUL. */
bool text_copy_bytes(char *to, size_t size, const char *s, size_t n);

#endif
