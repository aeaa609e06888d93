/* Pieces of a JSON object, written where `at` points; each returns the place behind it.
 * Nothing is measured while writing: the caller has room for the longest object. Members
 * begin with a comma: only the first one of an object is written by hand. */
#ifndef COLDMETER_WIRE_JSON_PUT_H
#define COLDMETER_WIRE_JSON_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a text of n bytes: a byte takes 6 at most (\u001b); one that is not UTF-8 becomes
 * U+FFFD. */
#define JSON_TEXT_MAX(n) (6 * (n))

char *json_put_plain(char *at, const char *s); /* as it stands */

/* A string, at most size - 1 bytes of it, quoted and escaped. */
char *json_put_string(char *at, const char *s, size_t size);
char *json_put_integer(char *at, uint64_t value);
char *json_put_ms_value(char *at, uint64_t ns); /* milliseconds */
char *json_put_key(char *at, const char *key);

/* Members. */
char *json_put_text(char *at, const char *key, const char *s, size_t size); /* not "" */
char *json_put_word(char *at, const char *key, const char *word);
char *json_put_count(char *at, const char *key, uint64_t value);
char *json_put_flag(char *at, const char *key, bool value);
char *json_put_ms(char *at, const char *key, bool is_known, uint64_t ns);
char *json_put_mib(char *at, const char *key, uint64_t bytes);

#endif
