/* Names with "${...}" in them, as several tools write them. */
#ifndef COLDMETER_MANIFEST_VARIABLE_H
#define COLDMETER_MANIFEST_VARIABLE_H

#include <stdbool.h>
#include <stddef.h>

#define VARIABLE_MAX_DEPTH 8
#define VARIABLE_BYTES 256 /* of what stands between the braces */

/* Writes what a variable stands for; false when only a deployment can tell. depth counts
 * up from 0: a resolver that fills its answer again passes depth + 1. */
typedef bool (*variable_resolver)(
    void *context, const char *inside, int depth, char *out, size_t size);

struct variables {
	variable_resolver resolve;
	void *context;
};

/* Copies text, with each variable in its place, "*" where that is not known. Cut to fit.
 * Below VARIABLE_MAX_DEPTH every variable is unknown. */
void variable_fill(const struct variables *variables, const char *text, int depth,
    char *out, size_t size);

/* The text of one variable and nothing else, "${self:custom.size}": writes what stands
 * between the braces. */
bool variable_is_whole(const char *text, char *inside, size_t size);

#endif
