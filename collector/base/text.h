/* Text from strangers: bounded copies, made safe to print. */
#ifndef COLDMETER_BASE_TEXT_H
#define COLDMETER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Replaces each control character (C0, DEL, and the C1 range when it is encoded as UTF-8)
 * and each byte that is not valid UTF-8 by '?'. In place; the length never grows. */
void text_make_printable(char *s);

/* Copies at most size - 1 bytes of s, never splitting a UTF-8 sequence, and terminates.
 * Returns false when something was cut off. size must be at least 1. */
bool text_copy(char *to, size_t size, const char *s);

/* The same for n bytes that need not be terminated; stops at the first NUL. */
bool text_copy_bytes(char *to, size_t size, const char *s, size_t n);

#endif
