#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/commands/command.h"
#include "tui/field.h"
#include "tui/format.h"
#include "tui/rows.h"
#include "tui/waterfall.h"
#include "tui/wrap.h"

#define WIDTH_DEFAULT 100 /* where the output is no terminal */
#define WIDTH_LEAST 60
#define WIDTH_MOST 200
#define LINE_BYTES (WIDTH_MOST * 4 + 1)
#define LOOK_AROUND_NS (60 * CLOCK_NS_PER_S)

struct coldstart_options {
	const char *function, *request, *since;
	bool latest, json;
};

#define AT(member) offsetof(struct coldstart_options, member)
static const struct option_row rows[] = {
    {"function", "NAME", "only of this function", OPTION_TEXT, AT(function)},
    {"request", "ID", "the start that this request was the first in", OPTION_TEXT,
	AT(request)},
    {"latest", NULL, "the latest cold start (so it is without --request)", OPTION_FLAG,
	AT(latest)},
    {"since", "T", "look back to then: 15m, 1h, a date or a time (24h)", OPTION_TEXT,
	AT(since)},
    {"json", NULL, "the invocation object with its init_phases", OPTION_FLAG, AT(json)},
};
#undef AT

static bool is_utf8(void)
{
	const char *bar = "\xe2\x96\x88";

	return mblen(bar, strlen(bar)) == 3;
}

static int print_picture(const struct waterfall *w)
{
	struct area area = {0, 0, waterfall_rows(w),
	    (int)wrap_columns(WIDTH_DEFAULT, WIDTH_LEAST, WIDTH_MOST)};
	struct canvas canvas;
	char line[LINE_BYTES];

	if (canvas_init(&canvas, area.rows, area.cols, is_utf8()) < 0)
		return -ENOMEM;
	waterfall_draw(w, &canvas, &area);
	for (int row = 0; row < area.rows; row++)
		puts(canvas_line(&canvas, row, line, sizeof(line)));
	canvas_done(&canvas);
	return 0;
}

/* Others whose request lay in the socket of that sandbox meanwhile. */
static void print_waiting(const struct waterfall *w, const json_t *root)
{
	const json_t *list = json_object_get(root, "invocations");

	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *object = json_array_get(list, i);
		char sandbox[INVOCATION_ID_BYTES], id[INVOCATION_ID_BYTES];
		char wait[FORMAT_BYTES], when[FORMAT_BYTES];
		double wait_ms = field_number(object, "wait_ms");

		(void)field_text(object, "sandbox", sandbox, sizeof(sandbox));
		if (isnan(wait_ms) || strcmp(sandbox, w->sandbox) != 0)
			continue;
		printf("an invocation at %s waited %s %s\n",
		    format_time(field_time(object, "start"), 1, when),
		    format_duration(wait_ms, wait),
		    field_text(object, "request_id", id, sizeof(id)));
	}
}

static int ask_who_waited(struct call *call, const struct waterfall *w)
{
	AUTO(reply) struct reply reply = {0};
	AUTO(json) json_t *root = NULL;
	char since[CLOCK_RFC3339_BYTES], until[CLOCK_RFC3339_BYTES];
	int64_t end_ns = w->start_ns + (w->duration_ms > 0 && w->duration_ms < 1e9
					       ? (int64_t)(w->duration_ms * 1e6)
					       : 0);
	struct path path;
	int status;

	clock_format_rfc3339(w->start_ns - LOOK_AROUND_NS, since);
	clock_format_rfc3339(end_ns + 1, until);
	path_start(&path, "/v1/invocations");
	path_query(&path, "function", w->function);
	path_query(&path, "since", since);
	path_query(&path, "until", until);
	path_query(&path, "limit", "10000");
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	root = rows_root(reply.body, reply.body_bytes);
	if (!root)
		return command_strange(call, &path);
	print_waiting(w, root);
	return COMMAND_DONE;
}

static int show(struct call *call, const struct waterfall *w)
{
	char title[200], when[FORMAT_BYTES];

	printf("%s  %s  %s\n%s\n", w->function, format_time(w->start_ns, 1, when),
	    w->request_id, waterfall_title(w, title, sizeof(title)));
	if (print_picture(w) < 0)
		return command_failed(call, "out of memory");
	return ask_who_waited(call, w);
}

static int print_object(const json_t *object)
{
	(void)json_dumpf(
	    object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
	return putchar('\n') == EOF ? COMMAND_FAILED : COMMAND_DONE;
}

static int run(struct call *call)
{
	const struct coldstart_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	AUTO(json) json_t *root = NULL;
	const json_t *object;
	struct waterfall w;
	struct path path;
	int status;

	if (call->operands_n)
		return command_misused(
		    call, "takes no %s: say --function NAME", call->operands[0]);
	if (options->latest && options->request)
		return command_misused(call, "--latest and --request exclude each other");
	path_start(&path, "/v1/invocations");
	path_query(&path, "since", options->since ? options->since : "24h");
	path_query(&path, "function", options->function);
	/* the first of a prewarmed sandbox can be asked for by its id */
	path_query(&path, "cold", options->request ? NULL : "true");
	path_query(&path, "limit", options->request ? "10000" : "100");
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	root = rows_root(reply.body, reply.body_bytes);
	if (!json_is_array(json_object_get(root, "invocations")))
		return command_strange(call, &path);
	object = waterfall_find(root, options->request, &w);
	if (!object)
		return command_failed(call,
		    options->request ? "no request of that id, in this window, was the "
				       "first of a sandbox whose start was seen"
				     : "no cold start with phases in this window: look "
				       "further back with --since 7d");
	return options->json ? print_object(object) : show(call, &w);
}

const struct command command_coldstart = {
    .name = "coldstart",
    .group = "Look",
    .summary = "what one cold start was spent on, phase by phase",
    .usage = "[options]",
    .help =
	"One line a phase: its cgroup is made, its first process forks, each program of "
	"the\nchain is in place, it is ready (listen or next), its first event until the "
	"response;\nwith CPU time, waits for a CPU (QUEUE), bytes from a disk and major "
	"faults. Below it\nwhom the init waited for, and which requests waited for "
	"it.\n\n"
	"  coldmeter coldstart --function hello\n"
	"  coldmeter coldstart --request 8476a536-e9f4-11e8-9739-2dfe598c3fcd --json\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct coldstart_options),
    .run = run,
};
