/* What a process says of itself. The first byte tells what the others are: 0, its
 * environment; 1, the name of its cgroup; 2, its command line; 3, a line of its maps. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deep/programs.h"
#include "agent/names.h"
#include "agent/names/foreign.h"
#include "agent/names/front_door.h"
#include "tests/fuzz/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void try_environment(const char *block, size_t bytes)
{
	static struct record_exec record;
	struct function function;
	struct function again;

	memset(&record, 0xff, sizeof(record)); /* what is not present is not read */
	names_read_environment(block, bytes, &record);
	names_function(&record, &function);
	check_text(function.name, sizeof(function.name));
	check_text(function.version, sizeof(function.version));
	check_text(function.region, sizeof(function.region));
	if (!function.name[0])
		abort();
	names_function(&record, &again);
	if (!function_is_same(&function, &again))
		abort();
	if (!names_is_function(&record) && function.platform != PLATFORM_GENERIC &&
	    function.platform != PLATFORM_AWS_LAMBDA)
		abort();
}

static void try_cgroup(const char *name, size_t bytes)
{
	char id[NAMES_CONTAINER_BYTES];

	if (names_container(name, bytes, id) &&
	    strspn(id, "0123456789abcdef") != NAMES_CONTAINER_BYTES - 1)
		abort();
}

static void try_command_line(const char *words, size_t bytes)
{
	char comm[RECORD_PROCESS_BYTES];

	(void)text_copy_bytes(comm, sizeof(comm), words, bytes);
	(void)front_door_shown(words, bytes);
	if (foreign_of(comm, words, bytes) >= FOREIGN_KINDS)
		abort();
}

static void try_map(const char *line)
{
	struct program_map map;

	if (program_map_parse(line, &map) &&
	    (map.end <= map.start ||
		strnlen(map.path, sizeof(map.path)) == sizeof(map.path)))
		abort();
}

/* Whole and terminated where the kernel gives text so, else exactly as long as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = calloc(1, size);
	if (!text)
		return 0;
	memcpy(text, in + 1, size - 1);
	if (in[0] == 0)
		try_environment((const char *)in + 1, size - 1);
	else if (in[0] == 1)
		try_cgroup((const char *)in + 1, size - 1);
	else if (in[0] == 2)
		try_command_line(text, size - 1);
	else
		try_map(text);
	free(text);
	return 0;
}
