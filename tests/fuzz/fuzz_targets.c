/* Requests of one server, each of RECORD_TARGET_BYTES, behind a byte of what is known of
 * all of them and their answer; and what a server is told when it becomes a function. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/names/targets.h"
#include "tests/fuzz/checks.h"

enum { AT_DOOR = 1, IS_DOOR = 2, FAILED = 4, BECOMES = 8 };

static const char config[] = "functions:\n"
			     "  - {match: {function: door}, front_door: true}\n"
			     "  - {match: {method: GET, path: /a*}, name: get-a}\n"
			     "  - {match: {path: '*/[b-d]?'}, name: other}\n";

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static const struct rules *the_rules(void)
{
	static struct rules *rules;
	char path[32];

	if (!rules) {
		(void)check_file((const uint8_t *)config, strlen(config), path);
		if (rules_load(path, &rules) < 0)
			abort();
	}
	return rules;
}

static void check_function(const struct function *function)
{
	check_text(function->name, sizeof(function->name));
	check_text(function->version, sizeof(function->version));
	if (!function->name[0])
		abort();
}

/* A stranger's name is one only at a door that answered for it. */
static void try_request(
    struct targets *targets, int flags, const uint8_t *text, size_t size)
{
	const char *own = flags & IS_DOOR ? "door" : "own";
	const struct rules_subject subject = {.function = own};
	struct record_targeted record = {.invocation = {.http_status = 200}};
	struct function function = {.name = "own", .platform = PLATFORM_GENERIC};

	memcpy(
	    record.target, text, size < RECORD_TARGET_BYTES ? size : RECORD_TARGET_BYTES);
	record.invocation.flags = INVOCATION_RESPONDED;
	if (flags & AT_DOOR)
		record.invocation.flags |= INVOCATION_FRONT_DOOR;
	if (flags & FAILED)
		record.invocation.http_status = 404;
	targets_name(targets, the_rules(), &record, subject, &function);
	check_function(&function);
	if (targets->n > TARGETS_FRONT_DOORS_MAX)
		abort();
	if (function.platform == PLATFORM_AWS_LAMBDA &&
	    ((flags & (AT_DOOR | IS_DOOR)) != (AT_DOOR | IS_DOOR) || flags & FAILED))
		abort();
}

static void try_becoming(const uint8_t *in, size_t size)
{
	struct record_name record = {.kind = RECORD_NAME};
	struct function function = {.name = "own"};

	memcpy(record.text, in, size < sizeof(record.text) ? size : sizeof(record.text));
	if (!targets_became(record.text, &function) && strcmp(function.name, "own") != 0)
		abort();
	check_function(&function);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct targets targets = {0};

	if (size == 0)
		return 0;
	if (in[0] & BECOMES)
		try_becoming(in + 1, size - 1);
	for (size_t at = 1; at < size; at += RECORD_TARGET_BYTES)
		try_request(&targets, in[0], in + at, size - at);
	targets_done(&targets);
	return 0;
}
