#include "tui/field.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"

double field_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

uint64_t field_count(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value) && json_integer_value(value) > 0)
		return (uint64_t)json_integer_value(value);
	if (json_is_real(value) && json_real_value(value) > 0 &&
	    json_real_value(value) < 1e18)
		return (uint64_t)json_real_value(value);
	return 0;
}

bool field_is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

const char *field_text(const json_t *object, const char *key, char *out, size_t size)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value))
		(void)snprintf(out, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(out, size, "%.6g", json_real_value(value));
	else
		(void)text_copy(
		    out, size, json_is_string(value) ? json_string_value(value) : "");
	text_make_printable(out);
	return out;
}

int64_t field_time(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	int64_t wall_ns = 0;

	if (json_is_string(value))
		(void)clock_parse_rfc3339(json_string_value(value), &wall_ns);
	return wall_ns;
}

bool field_money(const json_t *object, const char *key, struct money *out)
{
	const json_t *value = json_object_get(object, key);
	char text[MONEY_TEXT_BYTES];

	if (json_is_string(value))
		return money_parse(json_string_value(value), out) == 0;
	if (!json_is_number(value))
		return false;
	(void)snprintf(text, sizeof(text), "%.9f", json_number_value(value));
	return money_parse(text, out) == 0;
}
