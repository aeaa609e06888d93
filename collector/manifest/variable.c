#include "manifest/variable.h"

#include <string.h>

#include "base/text.h"

/* The brace that closes the one before text; NULL: none does. */
static const char *find_end(const char *text)
{
	int open = 1;

	for (; *text; text++) {
		if (text[0] == '$' && text[1] == '{')
			open++;
		else if (*text == '}' && --open == 0)
			return text;
	}
	return NULL;
}

static void append(char *out, size_t size, const char *text, size_t n)
{
	size_t used = strlen(out);

	if (size - used > 1)
		(void)text_copy_bytes(out + used, size - used, text, n);
}

/* Resolvers call variable_fill() again, at most VARIABLE_MAX_DEPTH times. */
/* NOLINTNEXTLINE(misc-no-recursion) */
void variable_fill(const struct variables *variables, const char *text, int depth,
    char *out, size_t size)
{
	char inside[VARIABLE_BYTES];
	char value[VARIABLE_BYTES];

	out[0] = '\0';
	while (*text) {
		const char *start = strstr(text, "${");
		const char *end = start ? find_end(start + 2) : NULL;

		if (!end) {
			append(out, size, text, strlen(text));
			return;
		}
		append(out, size, text, (size_t)(start - text));
		if (depth < VARIABLE_MAX_DEPTH &&
		    text_copy_bytes(
			inside, sizeof(inside), start + 2, (size_t)(end - start - 2)) &&
		    variables->resolve(
			variables->context, inside, depth, value, sizeof(value)))
			append(out, size, value, strlen(value));
		else
			append(out, size, "*", 1);
		text = end + 1;
	}
}

bool variable_is_whole(const char *text, char *inside, size_t size)
{
	const char *end;

	if (strncmp(text, "${", 2) != 0)
		return false;
	end = find_end(text + 2);
	return end && end[1] == '\0' &&
	       text_copy_bytes(inside, size, text + 2, (size_t)(end - text - 2));
}
