#include "alerts/fields.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

void fields_text(json_t *object, const char *key, const char *value)
{
	AUTO(free) char *safe = NULL;
	json_t *text = json_string(value);

	if (!text && value) {
		safe = strdup(value);
		if (!safe)
			return;
		text_make_printable(safe);
		text = json_string(safe);
	}
	(void)json_object_set_new(object, key, text);
}

void fields_money(json_t *object, const char *key, struct money value)
{
	char text[MONEY_TEXT_BYTES];

	money_format(value, text);
	fields_text(object, key, text);
}

void fields_moment(json_t *object, const char *key, int64_t wall_ns)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(wall_ns, text);
	fields_text(object, key, text);
}

void fields_integer(json_t *object, const char *key, int64_t value)
{
	(void)json_object_set_new(object, key, json_integer(value));
}

void fields_real(json_t *object, const char *key, double value)
{
	if (isfinite(value))
		(void)json_object_set_new(
		    object, key, json_real(round(value * 1000) / 1000));
}

void fields_bool(json_t *object, const char *key, int value)
{
	(void)json_object_set_new(object, key, json_boolean(value));
}

void fields_array(json_t *object, const char *key, json_t *array)
{
	(void)json_object_set_new(object, key, array);
}

int64_t fields_get_integer(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double fields_get_real(const json_t *object, const char *key, double fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : fallback;
}

struct money fields_get_money(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	struct money value = {0};

	if (text)
		(void)money_parse(text, &value);
	return value;
}

void fields_get_text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	(void)text_copy(out, size, text ? text : "");
}

char *fields_take(json_t *object)
{
	char *text =
	    object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

	json_decref(object);
	return text;
}

json_t *fields_parse(const char *text, size_t bytes, char *why, size_t why_size)
{
	json_error_t error;
	json_t *object =
	    bytes ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error) : NULL;

	if (!bytes) {
		(void)snprintf(why, why_size, "not JSON: there is nothing");
		return NULL;
	}
	if (!object) {
		(void)snprintf(why, why_size, "not JSON: line %d column %d: %s",
		    error.line, error.column, error.text);
		text_make_printable(why);
		return NULL;
	}
	if (!json_is_object(object)) {
		(void)snprintf(why, why_size, "not a JSON object");
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool is_known(const char *key, const char *const *known)
{
	for (size_t i = 0; known[i]; i++)
		if (strcmp(known[i], key) == 0)
			return true;
	return false;
}

const char *fields_find_stranger(json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (!is_known(key, known))
			return key;
	}
	return NULL;
}
