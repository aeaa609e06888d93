#include "price/json_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define STRING_MAX_BYTES 200

int check_refuse(const struct check *c, const struct place *at, const char *member,
    const char *format, ...)
{
	char reason[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	(void)snprintf(c->why, c->why_size, "%s%s%s%s%s", at->path,
	    at->path[0] && member ? "." : "", member ? member : "",
	    at->path[0] || member ? ": " : "", reason);
	if (c->why_size > 0)
		text_make_printable(c->why);
	return -EBADMSG;
}

int check_is_object(const struct check *c, const struct place *at)
{
	if (json_is_object(at->object))
		return 0;
	return check_refuse(c, at, NULL, "must be an object");
}

int check_members(
    const struct check *c, const struct place *at, const char *const *allowed)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)at->object, name, value)
	{
		const char *const *known = allowed;

		while (*known && strcmp(*known, name) != 0)
			known++;
		if (!*known)
			return check_refuse(
			    c, at, NULL, "unknown member \"%.60s\"", name);
	}
	return 0;
}

static int is_plain(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return 0;
	}
	return 1;
}

int check_string(
    const struct check *c, const struct place *at, const char *member, const char **out)
{
	const json_t *value = json_object_get(at->object, member);

	if (!value)
		return check_refuse(c, at, member, "is missing");
	if (!json_is_string(value))
		return check_refuse(c, at, member, "must be a string");

	size_t bytes = json_string_length(value);

	if (bytes == 0 || bytes > STRING_MAX_BYTES)
		return check_refuse(
		    c, at, member, "must be of 1 to %d bytes", STRING_MAX_BYTES);
	if (!is_plain(json_string_value(value)))
		return check_refuse(c, at, member, "holds a control character");
	*out = json_string_value(value);
	return 0;
}

int check_count(
    const struct check *c, const struct place *at, const char *member, uint64_t *out)
{
	const json_t *value = json_object_get(at->object, member);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return check_refuse(c, at, member, "must be a whole number, 0 or more");
	*out = (uint64_t)json_integer_value(value);
	return 0;
}
