#include "agent/probes/refusals.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

int refusals_say(char why[REFUSAL_BYTES], int err, const char *what)
{
	(void)snprintf(why, REFUSAL_BYTES, "%s: %s", what, strerror(-err));
	return err;
}

const char *refusals_list(const struct refusals *refusals, char list[REFUSALS_BYTES])
{
	size_t at = 0;

	list[0] = '\0';
	for (enum backend b = 0; b < BACKENDS; b++) {
		if (!refusals->why[b][0])
			continue;
		at += (size_t)snprintf(list + at, REFUSALS_BYTES - at, "%s%s: %s",
		    at ? "; " : "", backend_name(b), refusals->why[b]);
	}
	return list;
}
