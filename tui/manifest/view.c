#include "tui/manifest/view.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "manifest/trigger.h"
#include "tui/format.h"
#include "tui/table.h"

#define NEAR_PCT 80 /* of a limit: it is close */
#define TRIGGERS_BYTES 160

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"PLACE", TABLE_LEFT},
    {"MEMORY", TABLE_RIGHT},
    {"PEAK", TABLE_RIGHT},
    {"TIMEOUT", TABLE_RIGHT},
    {"P99", TABLE_RIGHT},
    {"ARCH", TABLE_LEFT},
    {"READY", TABLE_RIGHT},
    {"COUNT", TABLE_RIGHT},
    {"COLD", TABLE_RIGHT},
    {"TRIGGERS", TABLE_LEFT},
};

const char *manifest_view_place(
    const struct manifest_file *file, int line, char out[MANIFEST_PLACE_BYTES])
{
	(void)snprintf(out, MANIFEST_PLACE_BYTES, "%s:%d", file->path, line);
	return out;
}

static bool is_figure(const struct manifest_setting *setting)
{
	return setting->from == SETTING_OWN || setting->from == SETTING_SHARED ||
	       setting->from == SETTING_DEFAULT;
}

/* The measured function with the most invocations that can be this one; NULL: none. */
static const struct function_row *find_measured(
    const struct snapshot *snapshot, const struct manifest_function *function)
{
	const struct function_row *best = NULL;

	for (size_t i = 0; snapshot && i < snapshot->functions.items_n; i++) {
		const struct function_row *row = snapshot_at(snapshot, i);

		if (manifest_is_of(function, row->name, platform_find(row->platform)) &&
		    (!best || row->invocations > best->invocations))
			best = row;
	}
	return best;
}

enum figure_kind { AS_MEMORY, AS_TIME, AS_COUNT };

static int add_setting(
    struct table *table, const struct manifest_setting *setting, enum figure_kind kind)
{
	char text[FORMAT_BYTES];
	char cell[2 * FORMAT_BYTES];

	if (setting->from == SETTING_UNKNOWN) {
		(void)snprintf(cell, sizeof(cell), "? :%d", setting->line);
		return table_add(table, cell);
	}
	if (!is_figure(setting))
		return table_add(table, "-");
	if (kind == AS_MEMORY)
		(void)format_memory((double)setting->value, text);
	else if (kind == AS_TIME)
		(void)format_duration((double)setting->value, text);
	else
		(void)format_count(setting->value, text);
	(void)snprintf(cell, sizeof(cell), "%s%s", text,
	    setting->from == SETTING_DEFAULT ? " default" : "");
	return table_add(table, cell);
}

static const char *list_triggers(
    const struct manifest_function *function, char out[TRIGGERS_BYTES])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < function->triggers_n && used < TRIGGERS_BYTES - 1; i++)
		used += (size_t)snprintf(out + used, TRIGGERS_BYTES - used, "%s%s",
		    i ? ", " : "", function->triggers[i].key);
	return out;
}

static int add_row(struct table *table, const struct manifest_file *file,
    const struct manifest_function *function, const struct function_row *row)
{
	char place[MANIFEST_PLACE_BYTES];
	char triggers[TRIGGERS_BYTES];
	char text[FORMAT_BYTES];
	int err = table_add(table, function->name);

	err |= table_add(table, manifest_view_place(file, function->line, place));
	err |= add_setting(table, &function->memory_mb, AS_MEMORY);
	err |= table_add(table, row ? format_memory(row->memory_max_mb, text) : "-");
	err |= add_setting(table, &function->timeout_ms, AS_TIME);
	err |= table_add(table, row ? format_duration(row->duration.p99, text) : "-");
	err |= table_add(
	    table, function->arch == ARCH_UNKNOWN ? "-" : arch_name(function->arch));
	err |= add_setting(table, &function->provisioned, AS_COUNT);
	err |= table_add(table, row ? format_count(row->invocations, text) : "-");
	err |= table_add(table, row ? format_percent(row->cold_pct, text) : "-");
	err |= table_add(table, list_triggers(function, triggers));
	return err ? -ENOMEM : 0;
}

/* Whether what was measured comes close to what is set; false: not, or not known. */
static bool is_near(double measured, const struct manifest_setting *setting)
{
	return isfinite(measured) && is_figure(setting) && setting->value &&
	       measured * 100 >= (double)setting->value * NEAR_PCT;
}

static void warn_memory(const struct manifest_file *file,
    const struct manifest_function *function, const struct function_row *row, FILE *out)
{
	char text[2][FORMAT_BYTES];

	if (is_near(row->memory_max_mb, &function->memory_mb))
		(void)fprintf(out,
		    "%s: its peak of %s is %.0f %% of its memory of %s (%s:%d)\n",
		    function->name, format_memory(row->memory_max_mb, text[0]),
		    100 * row->memory_max_mb / (double)function->memory_mb.value,
		    format_memory((double)function->memory_mb.value, text[1]), file->path,
		    function->memory_mb.line ? function->memory_mb.line : function->line);
}

static void warn_timeout(const struct manifest_file *file,
    const struct manifest_function *function, const struct function_row *row, FILE *out)
{
	char text[2][FORMAT_BYTES];

	if (is_near(row->duration.p99, &function->timeout_ms))
		(void)fprintf(out,
		    "%s: its P99 of %s is %.0f %% of its timeout of %s (%s:%d)\n",
		    function->name, format_duration(row->duration.p99, text[0]),
		    100 * row->duration.p99 / (double)function->timeout_ms.value,
		    format_duration((double)function->timeout_ms.value, text[1]),
		    file->path,
		    function->timeout_ms.line ? function->timeout_ms.line
					      : function->line);
}

static void warn_wrong(
    const struct manifest_file *file, const struct manifest_function *function, FILE *out)
{
	const struct {
		const char *name;
		const struct manifest_setting *setting;
	} settings[] = {{"memory", &function->memory_mb},
	    {"timeout", &function->timeout_ms},
	    {"provisioned concurrency", &function->provisioned}};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (settings[i].setting->why)
			(void)fprintf(out, "%s: its %s %s (%s:%d)\n", function->name,
			    settings[i].name, settings[i].setting->why, file->path,
			    settings[i].setting->line);
}

typedef int (*visit_function)(void *context, const struct manifest_file *file,
    const struct manifest_function *function);

static int each_function(
    const struct manifest_files *files, visit_function visit, void *context)
{
	int err = 0;

	for (size_t i = 0; i < files->n && !err; i++)
		for (size_t k = 0; k < files->items[i]->manifest.functions_n && !err; k++)
			err = visit(context, files->items[i],
			    &files->items[i]->manifest.functions[k]);
	return err;
}

struct view {
	const struct snapshot *snapshot;
	struct table *table;
	json_t *list;
	FILE *out;
};

static int show_row(void *context, const struct manifest_file *file,
    const struct manifest_function *function)
{
	struct view *view = context;

	return add_row(
	    view->table, file, function, find_measured(view->snapshot, function));
}

static int show_warnings(void *context, const struct manifest_file *file,
    const struct manifest_function *function)
{
	struct view *view = context;
	const struct function_row *row = find_measured(view->snapshot, function);

	warn_wrong(file, function, view->out);
	if (row) {
		warn_memory(file, function, row, view->out);
		warn_timeout(file, function, row, view->out);
	}
	return 0;
}

int manifest_view_table(const struct manifest_files *files,
    const struct snapshot *snapshot, bool colour, FILE *out)
{
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct view view = {.snapshot = snapshot, .table = table, .out = out};
	int err = table ? each_function(files, show_row, &view) : -ENOMEM;

	if (err)
		return err;
	if (table_rows(table))
		table_print(table, colour, out);
	else
		(void)fputs("no function is set up there\n", out);
	return each_function(files, show_warnings, &view);
}

static void set_setting(
    json_t *object, const char *key, const struct manifest_setting *setting)
{
	json_t *one;

	if (setting->from == SETTING_ABSENT)
		return;
	one = json_pack("{s:s}", "from", setting_from_name(setting->from));
	if (is_figure(setting))
		(void)json_object_set_new(
		    one, "value", json_integer((json_int_t)setting->value));
	if (setting->why)
		(void)json_object_set_new(one, "why", json_string(setting->why));
	if (setting->line)
		(void)json_object_set_new(one, "line", json_integer(setting->line));
	(void)json_object_set_new(object, key, one);
}

static void set_number(json_t *object, const char *key, double value)
{
	if (isfinite(value))
		(void)json_object_set_new(object, key, json_real(value));
}

static json_t *measured_json(const struct function_row *row)
{
	json_t *object = json_pack("{s:s,s:I,s:I}", "function", row->name, "invocations",
	    (json_int_t)row->invocations, "cold", (json_int_t)row->cold);

	set_number(object, "memory_p95_mb", row->memory_p95_mb);
	set_number(object, "memory_max_mb", row->memory_max_mb);
	set_number(object, "memory_limit_mb", row->memory_limit_mb);
	set_number(object, "duration_p99_ms", row->duration.p99);
	set_number(object, "duration_max_ms", row->duration.max);
	return object;
}

static json_t *words_json(const struct manifest_word *words, size_t n, bool are_tags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const char *service = trigger_service(words[i].key);
		json_t *one = json_pack("{s:s,s:i}", are_tags ? "key" : "trigger",
		    words[i].key, "line", words[i].line);

		if (are_tags)
			(void)json_object_set_new(
			    one, "value", json_string(words[i].value));
		else if (service)
			(void)json_object_set_new(one, "only", json_string(service));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static int show_json(void *context, const struct manifest_file *file,
    const struct manifest_function *function)
{
	struct view *view = context;
	const struct function_row *row = find_measured(view->snapshot, function);
	json_t *object =
	    json_pack("{s:s,s:b,s:s,s:s,s:s,s:i,s:s}", "function", function->name,
		"name_is_exact", manifest_name_is_exact(function), "key", function->key,
		"kind", manifest_kind_name(file->manifest.kind), "file", file->path,
		"line", function->line, "platform", platform_name(function->platform));

	if (!object)
		return -ENOMEM;
	if (function->region[0])
		(void)json_object_set_new(
		    object, "region", json_string(function->region));
	if (function->arch != ARCH_UNKNOWN)
		(void)json_object_set_new(
		    object, "arch", json_string(arch_name(function->arch)));
	set_setting(object, "memory_mb", &function->memory_mb);
	set_setting(object, "timeout_ms", &function->timeout_ms);
	set_setting(object, "provisioned", &function->provisioned);
	(void)json_object_set_new(object, "triggers",
	    words_json(function->triggers, function->triggers_n, false));
	(void)json_object_set_new(
	    object, "tags", words_json(function->tags, function->tags_n, true));
	if (row)
		(void)json_object_set_new(object, "measured", measured_json(row));
	return json_array_append_new(view->list, object) ? -ENOMEM : 0;
}

int manifest_view_json(
    const struct manifest_files *files, const struct snapshot *snapshot, FILE *out)
{
	struct view view = {.snapshot = snapshot, .list = json_array()};
	json_t *root = json_object();
	int err = root && view.list ? 0 : -ENOMEM;

	if (!err)
		err = each_function(files, show_json, &view);
	if (!err && json_object_set(root, "functions", view.list))
		err = -ENOMEM;
	if (!err && json_dumpf(root, out, JSON_COMPACT))
		err = -ENOMEM;
	if (!err)
		(void)fputc('\n', out);
	json_decref(view.list);
	json_decref(root);
	return err;
}
