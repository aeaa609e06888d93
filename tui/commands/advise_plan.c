#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "manifest/trigger.h"
#include "tui/commands/advise.h"
#include "tui/field.h"
#include "tui/manifest/view.h"
#include "tui/rows.h"
#include "tui/wrap.h"

#define WHY_BYTES 768
#define NEAR_PCT 80 /* of the timeout that is set: it is close */
#define NAME_BYTES 48
#define TEXT_COLUMN 25

static bool find_place(
    const struct manifest_files *files, const json_t *one, struct manifest_place *place)
{
	char name[FUNCTION_NAME_BYTES];
	char platform[NAME_BYTES];

	(void)field_text(one, "function", name, sizeof(name));
	(void)field_text(one, "platform", platform, sizeof(platform));
	return manifest_files_find(files, name, platform_find(platform), place);
}

/* Which services only one provider has call the function. NULL: out of memory, or none;
 * a manifest without any is a finding too. */
static json_t *find_lock_in(const struct manifest_place *place)
{
	const struct manifest_function *function = place->function;
	json_t *services = json_array();
	char why[WHY_BYTES] = "";
	size_t used = 0;

	for (size_t i = 0; i < function->triggers_n; i++) {
		const struct manifest_word *trigger = &function->triggers[i];
		const char *service = trigger_service(trigger->key);

		if (!service)
			continue;
		(void)json_array_append_new(services,
		    json_pack("{s:s,s:i}", "service", service, "line", trigger->line));
		if (used < sizeof(why))
			used += (size_t)snprintf(why + used, sizeof(why) - used,
			    "%s%s (line %d)", used ? ", " : "", service, trigger->line);
	}
	if (!used)
		return json_pack("{s:s,s:s,s:o,s:s}", "check", "lock-in", "verdict",
		    "fits", "services", services, "why",
		    "Its manifest names no trigger that only one provider has.");
	return json_pack("{s:s,s:s,s:s,s:o,s:s+,s:s}", "check", "lock-in", "verdict",
	    "consider", "file", place->file->path, "services", services, "why",
	    "Only one provider has what calls it: ", why, "do",
	    "Keep the handler apart from the event's shape, so that another queue or "
	    "store "
	    "can call it.");
}

/* The longest duration against the timeout that the manifest sets; NULL: either is not
 * known. */
static json_t *find_timeout(const json_t *findings, const struct manifest_place *place)
{
	const struct manifest_setting *timeout = &place->function->timeout_ms;
	double set_s = (double)timeout->value / 1000;
	double max_s = NAN;
	char why[WHY_BYTES];
	const json_t *finding;
	bool is_near;
	size_t i;

	json_array_foreach(findings, i, finding)
	{
		if (isnan(max_s))
			max_s = field_number(finding, "max_s");
	}
	if (!timeout->value || isnan(max_s))
		return NULL;
	is_near = max_s * 100 >= set_s * NEAR_PCT;
	(void)snprintf(why, sizeof(why),
	    "It takes %.3g s at most, and %s ends it at %.3g s.", max_s,
	    timeout->line ? "its manifest" : "the default of its manifest", set_s);
	return json_pack("{s:s,s:s,s:f,s:f,s:i,s:s,s:s*}", "check", "set-timeout",
	    "verdict", is_near ? "act" : "fits", "max_s", max_s, "limit_s", set_s, "line",
	    timeout->line ? timeout->line : place->function->line, "why", why, "do",
	    is_near ? "Set a longer timeout, or split the work." : NULL);
}

static void add_place(json_t *one, const struct manifest_place *place)
{
	(void)json_object_set_new(one, "file", json_string(place->file->path));
	(void)json_object_set_new(one, "line", json_integer(place->function->line));
	if (place->function->memory_mb.line)
		(void)json_object_set_new(
		    one, "memory_line", json_integer(place->function->memory_mb.line));
}

static size_t gravity(const char *verdict)
{
	static const char *const verdicts[] = {"fits", "unknown", "consider", "act"};
	size_t i = sizeof(verdicts) / sizeof(verdicts[0]);

	while (i > 0 && strcmp(verdicts[i - 1], verdict) != 0)
		i--;
	return i;
}

/* Adds a finding that there is; the gravest is the verdict on the function. */
static void add_finding(json_t *one, json_t *findings, json_t *finding)
{
	char verdict[NAME_BYTES];
	char gravest[NAME_BYTES];

	if (json_array_append_new(findings, finding))
		return;
	(void)field_text(finding, "verdict", verdict, sizeof(verdict));
	(void)field_text(one, "verdict", gravest, sizeof(gravest));
	if (gravity(verdict) > gravity(gravest))
		(void)json_object_set_new(one, "verdict", json_string(verdict));
}

/* Adds what the manifests say to each advice of the answer. */
static void join(json_t *root, const struct manifest_files *files)
{
	json_t *list = json_object_get(root, "advice");
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		json_t *findings = json_object_get(one, "findings");
		struct manifest_place place;

		if (!json_is_object(one) || !find_place(files, one, &place))
			continue;
		add_place(one, &place);
		if (!json_is_array(findings))
			continue;
		add_finding(one, findings, find_timeout(findings, &place));
		add_finding(one, findings, find_lock_in(&place));
	}
}

int advise_print_json(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files)
{
	AUTO(json) json_t *root = NULL;

	if (!files->n)
		return command_print_json(reply);
	root = rows_root(reply->body, reply->body_bytes);
	if (!json_is_array(json_object_get(root, "advice")))
		return command_strange(call, path);
	join(root, files);
	if (json_dumpf(root, stdout, JSON_COMPACT))
		return command_failed(call, "cannot write the answer");
	(void)putchar('\n');
	return COMMAND_DONE;
}

/* "  consider  lock-in      Only one provider has ...", the text below itself. */
static void print_row(const char *verdict, const char *check, const char *mark,
    const char *text, size_t columns)
{
	size_t indent = TEXT_COLUMN + strlen(mark);

	printf("  %-9s %-12s %s", verdict, check, mark);
	wrap_put(stdout, text, indent, indent, columns);
	printf("\n");
}

static void print_finding(const json_t *finding, size_t columns)
{
	char check[NAME_BYTES];
	char verdict[NAME_BYTES];
	char text[WHY_BYTES];

	(void)field_text(finding, "check", check, sizeof(check));
	(void)field_text(finding, "verdict", verdict, sizeof(verdict));
	print_row(
	    verdict, check, "", field_text(finding, "why", text, sizeof(text)), columns);
	if (*field_text(finding, "do", text, sizeof(text)))
		print_row("", "", "-> ", text, columns);
}

static void print_head(const json_t *one, size_t columns)
{
	char name[FUNCTION_NAME_BYTES];
	char platform[NAME_BYTES];
	char verdict[NAME_BYTES];
	char file[PATH_MAX];
	char place[PATH_MAX + 16] = "";
	char head[PATH_MAX + FUNCTION_NAME_BYTES + 2 * NAME_BYTES + 16];

	(void)field_text(one, "function", name, sizeof(name));
	(void)field_text(one, "platform", platform, sizeof(platform));
	(void)field_text(one, "verdict", verdict, sizeof(verdict));
	if (*field_text(one, "file", file, sizeof(file)))
		(void)snprintf(
		    place, sizeof(place), ", %s:%d", file, (int)field_count(one, "line"));
	(void)snprintf(
	    head, sizeof(head), "%s (%s): %s%s", name, platform, verdict, place);
	wrap_put(stdout, head, 0, 4, columns);
	printf("\n");
}

static void print_one(const json_t *one, size_t columns)
{
	const json_t *findings = json_object_get(one, "findings");
	const json_t *finding;
	size_t i;

	print_head(one, columns);
	if (!field_is_true(one, "enough_data"))
		printf("  too little was seen: 50 invocations over 1 hour are needed\n");
	json_array_foreach(findings, i, finding)
	{
		print_finding(finding, columns);
	}
}

int advise_plan_show(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	const json_t *list = json_object_get(root, "advice");
	size_t columns = wrap_columns(80, 60, 120);
	const json_t *one;
	size_t i;

	if (!json_is_array(list))
		return command_strange(call, path);
	join(root, files);
	json_array_foreach(list, i, one)
	{
		print_one(one, columns);
	}
	if (!json_array_size(list))
		puts("no advice yet: it needs measured invocations of a function");
	return COMMAND_DONE;
}
