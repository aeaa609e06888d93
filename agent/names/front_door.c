#include "agent/names/front_door.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_LINE_BYTES 4096 /* of it; the words that count stand early */

/* The words that follow a program, in that order: what release 3 of the Serverless
 * Framework is started as, what its release 4 starts with the same words (sf-core.js),
 * and "sam local start-lambda" of AWS's manual of the SAM command line. */
static const struct door {
	const char *program;
	const char *word[2];
} doors[] = {
    {"serverless", {"offline", NULL}},
    {"serverless.js", {"offline", NULL}},
    {"sls", {"offline", NULL}},
    {"sf-core.js", {"offline", NULL}},
    {"sam", {"local", "start-lambda"}},
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* text: words, each with its NUL. */
static bool is_door(const struct door *door, const char *text, const char *end)
{
	bool is_program = false;
	size_t next = 0;

	for (; text < end; text += strlen(text) + 1) {
		if (!is_program)
			is_program = strcmp(base_of(text), door->program) == 0;
		else if (strcmp(text, door->word[next]) == 0)
			next++;
		if (next == 2 || (next == 1 && !door->word[1]))
			return true;
	}
	return false;
}

bool front_door_shown(const char *command_line, size_t bytes)
{
	char text[COMMAND_LINE_BYTES + 1];

	if (bytes > COMMAND_LINE_BYTES)
		bytes = COMMAND_LINE_BYTES;
	memcpy(text, command_line, bytes);
	text[bytes] = '\0';
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		if (is_door(&doors[i], text, text + bytes))
			return true;
	return false;
}

bool front_door_process(uint32_t pid)
{
	char path[64];
	char text[COMMAND_LINE_BYTES];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text), f);
	(void)fclose(f);
	return front_door_shown(text, n);
}
