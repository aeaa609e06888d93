#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "manifest/patch.h"
#include "tui/commands/advise.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/manifest/view.h"
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

/* What the functions need that take their size from one place, which may be the own size
 * of one of them. */
struct need {
	uint64_t most;
	bool differs;        /* not all need as much */
	const char *missing; /* one of them that has no advice; NULL: none */
};

static struct need need_at(
    const struct sizes *sizes, const struct manifest_setting *setting)
{
	struct need need = {0};

	for (size_t i = 0; i < sizes->manifest->functions_n; i++) {
		const struct manifest_function *other = &sizes->manifest->functions[i];

		if (!is_written(&other->memory_mb) || other->memory_mb.at != setting->at)
			continue;
		if (!sizes->mb[i])
			need.missing = other->name;
		need.differs |= need.most && sizes->mb[i] != need.most;
		need.most = sizes->mb[i] > need.most ? sizes->mb[i] : need.most;
	}
	return need;
}

/* The change of one function's size. */
struct change {
	struct patch_edit edit;
	uint64_t then_mb; /* 0: it is left alone */
	char why[LEFT_WHY_BYTES];
};

/* Puts a size of its own into a function that takes it from where others do, or from
 * nowhere. */
static void plan_own(
    const struct manifest_function *function, uint64_t mb, struct change *change)
{
	const struct manifest_setting *setting = &function->memory_mb;

	if (!patch_memory_in(&function->memory_gap, mb, &change->edit)) {
		(void)text_copy(change->why, sizeof(change->why),
		    "no size is written there, and no place for one is found");
		return;
	}
	change->then_mb = mb;
	if (is_written(setting))
		(void)snprintf(change->why, sizeof(change->why),
		    "gets its own size: that of line %d is also the size of others",
		    setting->line);
}

static void plan_shared(const struct sizes *sizes,
    const struct manifest_function *function, uint64_t mb, struct change *change)
{
	const struct manifest_setting *setting = &function->memory_mb;
	struct need need = need_at(sizes, setting);
	bool has_gap = function->memory_gap.is_there;

	if (has_gap && (need.missing || need.differs)) {
		if (mb != setting->value)
			plan_own(function, mb, change);
	} else if (need.missing) {
		(void)snprintf(change->why, sizeof(change->why),
		    "is left alone: its size is also that of %s, which has no advice",
		    need.missing);
	} else if (patch_memory(setting, need.most, &change->edit)) {
		change->then_mb = need.most;
	}
}

/* A change that changes nothing may be among them. */
static void plan_change(const struct sizes *sizes,
    const struct manifest_function *function, uint64_t mb, struct change *change)
{
	const struct manifest_setting *setting = &function->memory_mb;

	*change = (struct change){.then_mb = 0};
	if (manifest_is_generated(sizes->manifest->kind))
		(void)text_copy(change->why, sizeof(change->why),
		    "is left alone: a tool wrote the file, which is only read: change "
		    "what it was made from");
	else if (setting->from == SETTING_UNKNOWN)
		(void)snprintf(change->why, sizeof(change->why),
		    "is left alone: its size %s",
		    setting->why ? setting->why : "is no figure there");
	else if (is_written(setting))
		plan_shared(sizes, function, mb, change);
	else if (setting->from != SETTING_DEFAULT || setting->value != mb)
		plan_own(function, mb, change);
}

/* What is to change in one file. */
struct plan {
	struct patch_edit *edits;
	size_t edits_n;
	uint64_t *then_mb; /* of each function; 0: not changed */
};

static void plan_done(struct plan *plan)
{
	free(plan->edits);
	free(plan->then_mb);
}

static void plan_file(const struct call *call, const struct manifest_file *file,
    const struct sizes *sizes, struct plan *plan)
{
	for (size_t i = 0; i < sizes->manifest->functions_n; i++) {
		const struct manifest_function *function = &sizes->manifest->functions[i];
		struct change change;

		if (!sizes->mb[i])
			continue;
		plan_change(sizes, function, sizes->mb[i], &change);
		if (change.why[0])
			(void)fprintf(stderr, "%s: %s:%d: %s %s\n", call->program,
			    file->path, function->line, function->name, change.why);
		if (!change.then_mb)
			continue;
		plan->then_mb[i] = change.then_mb;
		plan->edits[plan->edits_n++] = change.edit;
	}
}

/* Whether the changed text is read as it is meant. */
static bool is_read_back(const struct manifest *manifest, const struct plan *plan)
{
	struct manifest_error error;
	struct manifest then;
	struct buffer text = {0};
	bool is_so;

	patch_apply(&text, manifest, plan->edits, plan->edits_n);
	is_so = !text.failed &&
		manifest_parse((const char *)text.at, text.n, &then, &error) == 0;
	buffer_done(&text);
	if (!is_so)
		return false;
	is_so = then.functions_n == manifest->functions_n;
	for (size_t i = 0; i < then.functions_n && is_so; i++) {
		const struct manifest_setting *now = &then.functions[i].memory_mb;
		const struct manifest_setting *was = &manifest->functions[i].memory_mb;

		is_so = plan->then_mb[i]
			    ? is_written(now) && now->value == plan->then_mb[i]
			    : now->value == was->value;
	}
	manifest_done(&then);
	return is_so;
}

static int patch_file(struct call *call, const struct manifest_files *files,
    const struct rows *list, const struct manifest_file *file, struct buffer *out)
{
	const struct manifest *manifest = &file->manifest;
	struct plan plan = {calloc(manifest->functions_n + 1, sizeof(*plan.edits)), 0,
	    calloc(manifest->functions_n + 1, sizeof(*plan.then_mb))};
	struct sizes sizes = {0};
	int status = COMMAND_DONE;

	if (!plan.edits || !plan.then_mb || find_sizes(files, list, file, &sizes) < 0) {
		status = command_failed(call, "out of memory");
	} else {
		plan_file(call, file, &sizes, &plan);
		if (plan.edits_n && !is_read_back(manifest, &plan))
			status = command_failed(call,
			    "%s: the changed file would be read as something else: it is "
			    "left alone",
			    file->path);
		else
			patch_put(out, file->path, manifest, plan.edits, plan.edits_n);
	}
	free(sizes.mb);
	plan_done(&plan);
	if (status == COMMAND_DONE && out->failed)
		status = command_failed(call, "out of memory");
	return status;
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
