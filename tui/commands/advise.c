#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/acts.h"
#include "tui/commands/advise.h"
#include "tui/commands/command.h"
#include "tui/format.h"
#include "tui/table.h"

struct advise_options {
	const char *function, *since, *target_ms;
	struct option_list manifests;
	bool patch, json;
};

#define AT(member) offsetof(struct advise_options, member)
static const struct option_row rows[] = {
    {"function", "NAME", "only for this function", OPTION_TEXT, AT(function)},
    {"since", "T", "on what was measured from then on (the collector's choice)",
	OPTION_TEXT, AT(since)},
    {"target-ms", "MS", "plan: the P95 that is wanted (100)", OPTION_TEXT, AT(target_ms)},
    {"manifest", "PATH", "memory, plan: a deployment manifest or folder; may be repeated",
	OPTION_LIST, AT(manifests)},
    {"patch", NULL, "memory: the change of the manifests, as a unified diff", OPTION_FLAG,
	AT(patch)},
    {"json", NULL, "the collector's answer, and the place in a manifest", OPTION_FLAG,
	AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"PROVISION", TABLE_RIGHT},
    {"NOW/MONTH", TABLE_RIGHT},
    {"THEN/MONTH", TABLE_RIGHT},
    {"SAVES/MONTH", TABLE_RIGHT},
    {"COLD NOW", TABLE_RIGHT},
    {"COLD THEN", TABLE_RIGHT},
    {"AVOIDED", TABLE_RIGHT},
    {"WHY", TABLE_LEFT},
};

static const char *per_month(double count, char *out)
{
	return count >= 0 ? format_count((uint64_t)(count + 0.5), out) : "-";
}

static int add_row(struct table *table, const struct advice_row *row)
{
	char text[FORMAT_BYTES];
	int err = table_add(table, row->function);

	err |= table_add(
	    table, row->enough ? format_count(row->provisioned, text) : "not yet");
	err |= table_add(table, row->enough ? format_money(row->cost_now, text) : "-");
	err |= table_add(table, row->enough ? format_money(row->cost_then, text) : "-");
	err |= table_add(table, row->enough ? format_money(row->saving, text) : "-");
	err |= table_add(table, row->enough ? per_month(row->cold_now, text) : "-");
	err |= table_add(table, row->enough ? per_month(row->cold_then, text) : "-");
	err |= table_add(table, row->enough ? per_month(row->cold_avoided, text) : "-");
	err |= table_add(table, row->why);
	return err;
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows list = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (rows_parse(root, &advice_kind, &list) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < list.items_n; i++)
		if (!table || add_row(table, (const struct advice_row *)list.items + i))
			return command_failed(call, "out of memory");
	if (!list.items_n)
		puts("no advice yet: it needs measured invocations of a function");
	else if (table)
		table_print(table, call->colour, stdout);
	return COMMAND_DONE;
}

/* What is advised, and how its answer is shown. */
static const struct kind {
	const char *name;
	bool joins; /* manifests */
	int (*show)(struct call *call, const struct reply *reply, const struct path *path,
	    const struct manifest_files *files);
} kinds[] = {
    {"concurrency", false, NULL},
    {"memory", true, advise_memory_show},
    {"plan", true, advise_plan_show},
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* Which options go with which kind; COMMAND_DONE or a status. */
static int check_options(const struct call *call, const struct kind *kind)
{
	const struct advise_options *options = call->options;
	bool is_memory = strcmp(kind->name, "memory") == 0;

	if (options->manifests.items_n && !kind->joins)
		return command_misused(call,
		    "--manifest goes with memory and plan, not with %s", kind->name);
	if (options->target_ms && strcmp(kind->name, "plan") != 0)
		return command_misused(
		    call, "--target-ms goes with plan, not with %s", kind->name);
	if (options->patch && !is_memory)
		return command_misused(
		    call, "--patch goes with memory, not with %s", kind->name);
	if (options->patch && (!options->manifests.items_n || options->json))
		return command_misused(call, "--patch needs --manifest, and no --json");
	return COMMAND_DONE;
}

static int answer(struct call *call, const struct kind *kind, const struct reply *reply,
    const struct path *path)
{
	const struct advise_options *options = call->options;
	AUTO(manifest_files) struct manifest_files files = {0};
	int status = COMMAND_DONE;

	for (size_t i = 0; i < options->manifests.items_n && status == COMMAND_DONE; i++)
		status = manifest_files_add(call, &files, options->manifests.items[i]);
	if (status != COMMAND_DONE)
		return status;
	if (options->manifests.items_n && !files.n)
		return command_failed(call, "no manifest is there");
	if (options->patch)
		return advise_memory_patch(call, reply, path, &files);
	if (options->json)
		return advise_print_json(call, reply, path, &files);
	return kind->show ? kind->show(call, reply, path, &files)
			  : show(call, reply, path);
}

static int run(struct call *call)
{
	const struct advise_options *options = call->options;
	const char *name = call->operands_n ? call->operands[0] : kinds[0].name;
	const struct kind *kind = find_kind(name);
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	if (call->operands_n > 1)
		return command_misused(
		    call, "takes one kind, not also %s", call->operands[1]);
	if (!kind)
		return command_misused(call,
		    "no advice is called %s: say concurrency, memory or plan", name);
	status = check_options(call, kind);
	if (status != COMMAND_DONE)
		return status;
	path_start(&path, "/v1/advice");
	path_query(&path, "kind", kind->name);
	path_query(&path, "function", options->function);
	path_query(&path, "since", options->since);
	path_query(&path, "target_ms", options->target_ms);
	status = command_ask(call, "GET", &path, NULL, &reply);
	return status == COMMAND_DONE ? answer(call, kind, &reply, &path) : status;
}

const struct command command_advise = {
    .name = "advise",
    .group = "Act",
    .summary = "provisioned concurrency, memory size, and whether serverless fits",
    .usage = "[concurrency|memory|plan] [options]",
    .help =
	"concurrency: how many slots to reserve, what that costs and avoids.\n"
	"memory: the highest peak and a fifth; not so little that it gets a tenth "
	"slower.\n"
	"plan: is serverless still right: steady load, the target of the P95, timeouts,\n"
	"open connections, state in memory, what it calls, and (with --manifest) "
	"lock-in.\n"
	"\n"
	"  coldmeter advise\n"
	"  coldmeter advise concurrency --function hello --json\n"
	"  coldmeter advise memory --manifest serverless.yml --patch | patch -p1\n"
	"  coldmeter advise plan --target-ms 250\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct advise_options),
    .run = run,
};
