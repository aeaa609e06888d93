#include <stdlib.h>
#include <string.h>

char *bad_copy(const char *s);

char *bad_copy(const char *s)
{
	char *copy = malloc(strlen(s + 1));

	if (copy)
		memcpy(copy, s, strlen(s));
	return copy;
}
