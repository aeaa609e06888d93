#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "manifest/patch.h"
#include "tui/advise.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/manifest_view.h"
#include "tui/rows.h"
#include "tui/table.h"

#define TEXT_BYTES 512
#define MEMORY_MAX_MB 1048576

struct memory_row {
	char function[FUNCTION_NAME_BYTES];
	char platform[24];
	char verdict[24];
	char why[TEXT_BYTES];
	double now_mb, peak_mb; /* NAN: not known */
	uint64_t then_mb;       /* 0: nothing is advised */
	double now_ms, then_ms;
	bool has_saving;
	struct money saving; /* a month */
};

static void parse_row(const json_t *object, void *item)
{
	struct memory_row *row = item;

	(void)field_text(object, "function", row->function, sizeof(row->function));
	(void)field_text(object, "platform", row->platform, sizeof(row->platform));
	(void)field_text(object, "verdict", row->verdict, sizeof(row->verdict));
	(void)field_text(object, "why", row->why, sizeof(row->why));
	row->now_mb = field_number(object, "memory_mb");
	row->peak_mb = field_number(object, "peak_mb");
	row->then_mb = field_count(object, "advised_mb");
	if (row->then_mb > MEMORY_MAX_MB)
		row->then_mb = 0;
	row->now_ms = field_number(object, "duration_ms_mean");
	row->then_ms = field_number(object, "advised_duration_ms_mean");
	row->has_saving = field_money(object, "saving_month_usd", &row->saving);
}

static const struct row_kind memory_kind = {
    "advice", sizeof(struct memory_row), 5000, parse_row};

static const struct table_column columns[] = {
    {"FUNCTION", TABLE_LEFT},
    {"ADVICE", TABLE_LEFT},
    {"MEMORY", TABLE_RIGHT},
    {"PEAK", TABLE_RIGHT},
    {"SET TO", TABLE_RIGHT},
    {"MEAN NOW", TABLE_RIGHT},
    {"MEAN THEN", TABLE_RIGHT},
    {"SAVES/MONTH", TABLE_RIGHT},
    {"PLACE", TABLE_LEFT},
    {"WHY", TABLE_LEFT},
};

static bool find_place(const struct manifest_files *files, const struct memory_row *row,
    struct manifest_place *place)
{
	return manifest_files_find(
	    files, row->function, platform_find(row->platform), place);
}

static const char *format_place(const struct manifest_files *files,
    const struct memory_row *row, char out[MANIFEST_PLACE_BYTES])
{
	struct manifest_place place;
	int line;

	if (!find_place(files, row, &place))
		return "-";
	line = place.function->memory_mb.line ? place.function->memory_mb.line
					      : place.function->line;
	return manifest_view_place(place.file, line, out);
}

static int add_row(
    struct table *table, const struct manifest_files *files, const struct memory_row *row)
{
	char place[MANIFEST_PLACE_BYTES];
	char text[FORMAT_BYTES];
	int err = table_add(table, row->function);

	err |= table_add(table, row->verdict);
	err |= table_add(table, format_memory(row->now_mb, text));
	err |= table_add(table, format_memory(row->peak_mb, text));
	(void)snprintf(text, sizeof(text), "%" PRIu64 " MB", row->then_mb);
	err |= table_add(table, row->then_mb ? text : "-");
	err |= table_add(table, format_duration(row->now_ms, text));
	err |= table_add(table, format_duration(row->then_ms, text));
	err |= table_add(table, row->has_saving ? format_money(row->saving, text) : "-");
	err |= table_add(table, format_place(files, row, place));
	err |= table_add(table, row->why);
	return err;
}

int advise_memory_show(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows list = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (rows_parse(root, &memory_kind, &list) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < list.items_n; i++)
		if (!table ||
		    add_row(table, files, (const struct memory_row *)list.items + i))
			return command_failed(call, "out of memory");
	if (!list.items_n)
		puts("no advice yet: it needs measured invocations of a function");
	else if (table)
		table_print(table, call->colour, stdout);
	return COMMAND_DONE;
}

#define LEFT_WHY_BYTES (FUNCTION_NAME_BYTES + 96)

/* What is advised for the functions of one file, in their order; 0: nothing is. */
struct sizes {
	const struct manifest *manifest;
	uint64_t *mb;
};

static int find_sizes(const struct manifest_files *files, const struct rows *list,
    const struct manifest_file *file, struct sizes *out)
{
	out->manifest = &file->manifest;
	out->mb = calloc(file->manifest.functions_n + 1, sizeof(*out->mb));
	if (!out->mb)
		return -1;
	for (size_t i = 0; i < list->items_n; i++) {
		const struct memory_row *row = (const struct memory_row *)list->items + i;
		struct manifest_place place;
		uint64_t *mb;

		if (!row->then_mb || !find_place(files, row, &place) ||
		    place.file != file)
			continue;
		mb = &out->mb[place.function - file->manifest.functions];
		*mb = row->then_mb > *mb ? row->then_mb : *mb;
	}
	return 0;
}

/* Whether a size is written in the file: its own, or one that it shares. */
static bool is_written(const struct manifest_setting *setting)
{
	return setting->from == SETTING_OWN || setting->from == SETTING_SHARED;
}

/* The size that is enough for every function that takes it from the same place, which
 * may be the own size of one of them. 0: one of them has no advice, whose name goes to
 * *missing. */
static uint64_t enough_for_all(const struct sizes *sizes,
    const struct manifest_setting *setting, const char **missing)
{
	uint64_t most = 0;

	for (size_t i = 0; i < sizes->manifest->functions_n; i++) {
		const struct manifest_function *other = &sizes->manifest->functions[i];

		if (!is_written(&other->memory_mb) || other->memory_mb.at != setting->at)
			continue;
		if (!sizes->mb[i]) {
			*missing = other->name;
			return 0;
		}
		most = sizes->mb[i] > most ? sizes->mb[i] : most;
	}
	return most;
}

/* False: the function's size is left alone, and why is said. */
static bool plan_edit(const struct sizes *sizes, const struct manifest_function *function,
    struct patch_edit *edit, char why[LEFT_WHY_BYTES])
{
	const struct manifest_setting *setting = &function->memory_mb;
	const char *missing = NULL;
	uint64_t mb = 0;

	if (setting->from == SETTING_ABSENT || setting->from == SETTING_DEFAULT)
		(void)text_copy(why, LEFT_WHY_BYTES, "no size is written there");
	else if (setting->from == SETTING_UNKNOWN)
		(void)snprintf(why, LEFT_WHY_BYTES, "its size %s",
		    setting->why ? setting->why : "is no figure there");
	else if (manifest_is_generated(sizes->manifest->kind))
		(void)text_copy(why, LEFT_WHY_BYTES,
		    "a tool wrote the file: change what it was made from");
	else
		mb = enough_for_all(sizes, setting, &missing);
	if (missing)
		(void)snprintf(why, LEFT_WHY_BYTES,
		    "its size is also that of %s, which has no advice", missing);
	return mb && patch_memory(setting, mb, edit);
}

static size_t plan_edits(const struct call *call, const struct manifest_file *file,
    const struct sizes *sizes, struct patch_edit *edits)
{
	char why[LEFT_WHY_BYTES] = "";
	size_t n = 0;

	for (size_t i = 0; i < sizes->manifest->functions_n; i++) {
		const struct manifest_function *function = &sizes->manifest->functions[i];

		if (!sizes->mb[i])
			continue;
		if (plan_edit(sizes, function, &edits[n], why))
			n++;
		else
			(void)fprintf(stderr, "%s: %s:%d: %s is left alone: %s\n",
			    call->program, file->path, function->line, function->name,
			    why);
	}
	return n;
}

static int patch_file(struct call *call, const struct manifest_files *files,
    const struct rows *list, const struct manifest_file *file, struct buffer *out)
{
	AUTO(free) struct patch_edit *edits = NULL;
	struct sizes sizes;

	edits = calloc(file->manifest.functions_n + 1, sizeof(*edits));
	if (!edits || find_sizes(files, list, file, &sizes) < 0)
		return command_failed(call, "out of memory");
	patch_put(out, file->path, &file->manifest, edits,
	    plan_edits(call, file, &sizes, edits));
	free(sizes.mb);
	return out->failed ? command_failed(call, "out of memory") : COMMAND_DONE;
}

int advise_memory_patch(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files)
{
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows list = {0};
	struct buffer out = {0};
	int status = COMMAND_DONE;

	if (rows_parse(root, &memory_kind, &list) < 0)
		return command_strange(call, path);
	for (size_t i = 0; i < files->n && status == COMMAND_DONE; i++)
		status = patch_file(call, files, &list, files->items[i], &out);
	if (status == COMMAND_DONE && !out.n)
		(void)fprintf(stderr, "%s: nothing to change\n", call->program);
	else if (status == COMMAND_DONE)
		(void)fwrite(out.at, 1, out.n, stdout);
	buffer_done(&out);
	return status;
}
