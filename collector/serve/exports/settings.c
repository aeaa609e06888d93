/* How settings of exports are read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/exports.h"

#define INTERVAL_MAX_S 3600
#define FUNCTIONS_MAX 100000

int exports_url(const char *value, void *field, const char **why)
{
	if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) {
		*why = "must be a URL that begins with http:// or https://";
		return -EINVAL;
	}
	return config_text(value, field, why);
}

static int read_number(const char *value, int *field, long min, long max)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || value[0] == ' ' || n < min || n > max)
		return -EINVAL;
	*field = (int)n;
	return 0;
}

int exports_interval(const char *value, void *field, const char **why)
{
	*why = "must be 1 to 3600 seconds";
	return read_number(value, field, 1, INTERVAL_MAX_S);
}

int exports_functions(const char *value, void *field, const char **why)
{
	*why = "must be 1 to 100000 functions";
	return read_number(value, field, 1, FUNCTIONS_MAX);
}

int exports_histograms(const char *value, void *field, const char **why)
{
	static const char *const names[] = {[REMOTE_NATIVE] = "native",
	    [REMOTE_CLASSIC] = "classic",
	    [REMOTE_VMRANGE] = "vmrange"};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		*(int *)field = i;
		return 0;
	}
	*why = "must be native, classic or vmrange";
	return -EINVAL;
}
