/* Reads members of JSON objects that strangers sent: absent or of the wrong type is
 * "unknown", never an error, and text is bounded and printable. */
#ifndef COLDMETER_TUI_FIELD_H
#define COLDMETER_TUI_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/money.h"

/* NAN when it is no number. */
double field_number(const json_t *object, const char *key);

/* 0 when it is no number, or negative. */
uint64_t field_count(const json_t *object, const char *key);

bool field_is_true(const json_t *object, const char *key);

/* A string, or a number's digits; "" when it is neither; cut to fit. Returns out. */
const char *field_text(const json_t *object, const char *key, char *out, size_t size);

/* RFC 3339 text as nanoseconds since the epoch; 0 when there is none. */
int64_t field_time(const json_t *object, const char *key);

/* A decimal string (or a number, as printed); whether there is one. */
bool field_money(const json_t *object, const char *key, struct money *out);

#endif
