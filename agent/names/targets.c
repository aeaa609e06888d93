#include "agent/names/targets.h"

#include <stdlib.h>
#include <string.h>

#include "agent/names/front_door.h"
#include "base/text.h"

/* Whether the server is a front door: a rule says so, or what it was started as. A server
 * that answers any path, as catch-all routes do, must not let its clients name others. */
static bool is_door(struct targets *targets, const struct rules *rules,
    const struct rules_subject *subject, uint32_t pid)
{
	if (rules_front_door(rules, subject))
		return true;
	if (targets->pid != pid) {
		targets->pid = pid;
		targets->is_door = front_door_process(pid);
	}
	return targets->is_door;
}

/* One more name, when the door answered for it and unless there are too many. */
static bool admit(
    struct targets *targets, uint64_t hash, const struct record_invocation *record)
{
	if (record->http_status == 404)
		return false;
	for (size_t i = 0; i < targets->n; i++)
		if (targets->hash[i] == hash)
			return true;
	if (targets->n == TARGETS_FRONT_DOORS_MAX ||
	    !(record->flags & INVOCATION_RESPONDED) || record->http_status / 100 != 2)
		return false;
	if (!targets->hash)
		targets->hash = calloc(TARGETS_FRONT_DOORS_MAX, sizeof(*targets->hash));
	if (!targets->hash)
		return false;
	targets->hash[targets->n++] = hash;
	return true;
}

void targets_done(struct targets *targets)
{
	free(targets->hash);
	*targets = (struct targets){0};
}

/* "NAME/invocations HTTP/1.1": NAME, or "arn:aws:lambda:REGION:ACCOUNT:function:NAME",
 * and
 * ":QUALIFIER" behind either. */
static bool name_at_door(char *text, struct function *function)
{
	char *end = strchr(text, '/');
	char *name = text;
	char *qualifier;

	if (!end || strncmp(end, "/invo", 5) != 0)
		return false;
	*end = '\0';
	if (strncmp(text, "arn:", 4) == 0) {
		name = strstr(text, ":function:");
		if (!name)
			return false;
		name += 10;
	}
	qualifier = strchr(name, ':');
	if (qualifier)
		*qualifier++ = '\0';
	if (!*name)
		return false;
	(void)text_copy(function->name, sizeof(function->name), name);
	(void)text_copy(
	    function->version, sizeof(function->version), qualifier ? qualifier : "");
	text_make_printable(function->name);
	text_make_printable(function->version);
	function->platform = PLATFORM_AWS_LAMBDA;
	return true;
}

/* Method and path of "GET /path?query HTTP/1.1", in place. */
static void split(char *text, struct rules_subject *subject)
{
	char *path = strchr(text, ' ');

	if (!path)
		return;
	*path++ = '\0';
	path[strcspn(path, "? \r\n")] = '\0';
	subject->method = text;
	subject->path = path;
}

void targets_name(struct targets *targets, const struct rules *rules,
    const struct record_targeted *record, struct rules_subject subject,
    struct function *function)
{
	bool at_door = record->invocation.flags & INVOCATION_FRONT_DOOR;
	struct function asked = *function;
	char text[RECORD_TARGET_BYTES + sizeof("POST /2015-03-31/functions/")];
	const char *name;
	size_t n = 0;

	if (at_door)
		n = text_copy(text, sizeof(text), "POST /2015-03-31/functions/")
			? strlen(text)
			: 0;
	(void)text_copy_bytes(
	    text + n, sizeof(text) - n, record->target, RECORD_TARGET_BYTES);
	if (at_door) {
		char door[RECORD_TARGET_BYTES + 1];

		(void)text_copy(door, sizeof(door), text + n);
		at_door = name_at_door(door, &asked);
	}
	split(text, &subject);
	name = rules_name(rules, &subject);
	if (name) {
		(void)text_copy(function->name, sizeof(function->name), name);
	} else if (at_door && is_door(targets, rules, &subject, record->invocation.pid) &&
		   admit(targets, function_hash(&asked), &record->invocation)) {
		*function = asked;
	}
}

/* The plain string behind a key, or false: of strangers' JSON no more is understood. */
static bool string_behind(const char *text, const char *key, char *to, size_t size)
{
	const char *at = strstr(text, key);
	size_t n;

	if (!at)
		return false;
	at += strlen(key);
	at += strspn(at, " \t\r\n:");
	if (*at != '"')
		return false;
	n = strcspn(++at, "\"\\");
	if (at[n] != '"' || n == 0 || n >= size)
		return false;
	(void)text_copy_bytes(to, size, at, n);
	text_make_printable(to);
	return true;
}

bool targets_became(const char text[RECORD_NAME_BYTES], struct function *function)
{
	char copy[RECORD_NAME_BYTES + 1];
	char name[FUNCTION_NAME_BYTES];
	const char *metadata;

	(void)text_copy_bytes(copy, sizeof(copy), text, RECORD_NAME_BYTES);
	metadata = strstr(copy, "\"FunctionMetadata\"");
	if (!string_behind(metadata ? metadata : copy, "\"name\"", name, sizeof(name)))
		return false;
	(void)text_copy(function->name, sizeof(function->name), name);
	function->platform = metadata ? PLATFORM_FISSION : PLATFORM_OPENWHISK;
	return true;
}
