/* Fields of JSON objects in the house's words: names, money, moments; out and back. */
#ifndef COLDMETER_ALERTS_FIELDS_H
#define COLDMETER_ALERTS_FIELDS_H

#include <jansson.h>
#include <stdint.h>

#include "model/money.h"

/* Each adds one field; what goes wrong (no memory) is left in the object as a missing
 * field and found by fields_take(). Text that is not UTF-8 is made printable. */
void fields_text(json_t *object, const char *key, const char *value);
void fields_money(json_t *object, const char *key, struct money value);
void fields_moment(json_t *object, const char *key, int64_t wall_ns); /* RFC 3339 */
void fields_integer(json_t *object, const char *key, int64_t value);
void fields_real(json_t *object, const char *key, double value); /* three decimals */
void fields_bool(json_t *object, const char *key, int value);
void fields_array(json_t *object, const char *key, json_t *array); /* takes array */

/* Reads them back from our own documents: what is missing or of another type leaves the
 * fallback. */
int64_t fields_get_integer(const json_t *object, const char *key, int64_t fallback);
double fields_get_real(const json_t *object, const char *key, double fallback);
struct money fields_get_money(const json_t *object, const char *key);
void fields_get_text(const json_t *object, const char *key, char *out, size_t size);

/* The text of object, which is released; malloc'd, NULL when out of memory. */
char *fields_take(json_t *object);

/* Parses strictly: one object, no duplicate keys, no trailing bytes, no NUL characters.
 * NULL with *why (a sentence) when it is not. */
json_t *fields_parse(const char *text, size_t bytes, char *why, size_t why_size);

/* The first key of object that is none of the NULL-terminated list; NULL: all known. */
const char *fields_find_stranger(json_t *object, const char *const *known);

#endif
