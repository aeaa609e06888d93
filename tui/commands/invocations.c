#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/commands/command.h"
#include "tui/detail.h"
#include "tui/format.h"
#include "tui/table.h"

#define FOLLOW_EVERY_NS 500000000L
#define FOLLOW_LIMIT                                                                     \
	1000 /* invocations asked for at once; more than that are cut, and said */
#define FOLLOW_SEEN 4096 /* invocations remembered, so that none is printed twice */
/* An invocation is reported at its end: one that began this long ago may still come. */
#define FOLLOW_LOOK_BACK_NS (900 * CLOCK_NS_PER_S)

struct invocations_options {
	const char *function, *status, *since, *trace;
	unsigned int limit;
	bool cold, warm, follow, json;
};

#define AT(member) offsetof(struct invocations_options, member)
static const struct option_row rows[] = {
    {"function", "NAME", "only of this function", OPTION_TEXT, AT(function)},
    {"cold", NULL, "only cold starts", OPTION_FLAG, AT(cold)},
    {"warm", NULL, "only those that were not cold", OPTION_FLAG, AT(warm)},
    {"status", "S", "ok, error, timeout, oom, crash, init_error or aborted", OPTION_TEXT,
	AT(status)},
    {"trace", "ID", "only of the event with that trace id, and what it cost", OPTION_TEXT,
	AT(trace)},
    {"since", "T", "from then on: 15m, 1h, a date or a time (1h)", OPTION_TEXT,
	AT(since)},
    {"limit", "N", "at most so many, the newest (50)", OPTION_COUNT, AT(limit)},
    {"follow", NULL, "print new ones as they end, until interrupted", OPTION_FLAG,
	AT(follow)},
    {"json", NULL, "the collector's answer; with --follow one object a line", OPTION_FLAG,
	AT(json)},
};
#undef AT

static const struct table_column columns[] = {
    {"TIME (UTC)", TABLE_LEFT},
    {"FUNCTION", TABLE_LEFT},
    {"START", TABLE_LEFT},
    {"DURATION", TABLE_RIGHT},
    {"INIT", TABLE_RIGHT},
    {"MEMORY", TABLE_RIGHT},
    {"CPU", TABLE_RIGHT},
    {"STATUS", TABLE_LEFT},
    {"REQUEST ID", TABLE_LEFT},
};

static const char *start_word(const struct invocation_row *row, char *out, size_t size)
{
	if (row->cold)
		(void)snprintf(
		    out, size, "cold%s%.16s", row->cause[0] ? ": " : "", row->cause);
	else
		(void)snprintf(out, size, "%s",
		    row->prewarmed     ? "prewarmed"
		    : row->start_known ? "warm"
				       : "-");
	return out;
}

static int add_row(struct table *table, const struct invocation_row *row)
{
	char text[FORMAT_BYTES];
	int err = table_add(table, format_time(row->start_ns, 1, text));

	err |= table_add(table, row->function);
	err |= table_add(table, start_word(row, text, sizeof(text)));
	err |= table_add(table, format_duration(row->duration_ms, text));
	err |= table_add(table, format_duration(row->init_ms, text));
	err |= table_add(
	    table, format_memory_of(row->memory_mb, row->memory_limit_mb, text));
	err |= table_add(table, format_duration(row->cpu_ms, text));
	err |= table_add(table, row->status);
	err |= table_add(table, row->request_id);
	return err;
}

/* What one event cost, over all the functions that it went through. */
static void print_total(const json_t *total)
{
	const char *cost = json_string_value(json_object_get(total, "cost_usd"));
	json_int_t invocations =
	    json_integer_value(json_object_get(total, "invocations"));
	json_int_t functions = json_integer_value(json_object_get(total, "functions"));
	char together[FORMAT_BYTES], span[FORMAT_BYTES];

	if (!json_is_object(total))
		return;
	printf(
	    "total: %" JSON_INTEGER_FORMAT " invocation%s of %" JSON_INTEGER_FORMAT
	    " function%s, %s together, %s from the first start to the last end, %s%s\n",
	    invocations, invocations == 1 ? "" : "s", functions,
	    functions == 1 ? "" : "s",
	    format_duration(
		json_number_value(json_object_get(total, "duration_ms")), together),
	    format_duration(json_number_value(json_object_get(total, "span_ms")), span),
	    cost ? "$" : "its cost is not known", cost ? cost : "");
}

static int show(struct call *call, const struct reply *reply, const struct path *path)
{
	const struct invocations_options *options = call->options;
	AUTO(json) json_t *root = rows_root(reply->body, reply->body_bytes);
	AUTO(rows) struct rows list = {0};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const struct invocation_row *items;

	if (rows_parse(root, &invocation_kind, &list) < 0)
		return command_strange(call, path);
	items = list.items;
	for (size_t i = list.items_n; table && i-- > 0;)
		if (add_row(table, &items[i]))
			return command_failed(call, "out of memory");
	if (table)
		table_print(table, call->colour, stdout);
	if (list.items_n && options->trace)
		print_total(json_object_get(root, "total"));
	if (!list.items_n)
		puts("none in this window: look further back with --since 24h");
	else if (json_is_true(json_object_get(root, "truncated")))
		puts("there are more before these: --limit or --since choose how many");
	return COMMAND_DONE;
}

static void make_path(
    const struct invocations_options *options, const char *since, struct path *path)
{
	char limit[16];

	(void)snprintf(limit, sizeof(limit), "%u",
	    options->follow  ? FOLLOW_LIMIT
	    : options->limit ? options->limit
			     : 50);
	path_start(path, "/v1/invocations");
	path_query(path, "since", since);
	path_query(path, "function", options->function);
	path_query(path, "status", options->status);
	path_query(path, "cold", options->cold ? "true" : options->warm ? "false" : NULL);
	path_query(path, "trace_id", options->trace);
	path_query(path, "limit", limit);
}

/* The last invocations that were printed, as hashes of who and when, in a ring. */
struct seen {
	uint64_t hashes[FOLLOW_SEEN];
	size_t at;
};

static uint64_t hash_of(const struct invocation_row *row, const json_t *object)
{
	const char *texts[] = {row->function, row->request_id, row->host,
	    json_string_value(json_object_get(object, "start")),
	    json_string_value(json_object_get(object, "sandbox"))};
	uint64_t hash = 14695981039346656037U; /* FNV-1a */

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (const char *c = texts[i] ? texts[i] : ""; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211U;
	return hash ? hash : 1;
}

static bool is_new(struct seen *seen, uint64_t hash)
{
	for (size_t i = 0; i < FOLLOW_SEEN; i++)
		if (seen->hashes[i] == hash)
			return false;
	seen->hashes[seen->at++ % FOLLOW_SEEN] = hash;
	return true;
}

static void print_line(const struct invocation_row *row, const json_t *object, bool json)
{
	char when[FORMAT_BYTES], start[FORMAT_BYTES], duration[FORMAT_BYTES];
	char init[FORMAT_BYTES], memory[FORMAT_BYTES];

	if (json) {
		(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		(void)putchar('\n');
		return;
	}
	printf("%s  %-20s  %-15s %8s  init %8s  %11s  %-10s %s\n",
	    format_time(row->start_ns, 1, when), row->function,
	    start_word(row, start, sizeof(start)),
	    format_duration(row->duration_ms, duration),
	    format_duration(row->init_ms, init),
	    format_memory_of(row->memory_mb, row->memory_limit_mb, memory), row->status,
	    row->request_id);
}

/* Newest first in the answer, oldest first on the screen. quiet: only remember. */
static int follow_once(
    struct call *call, const char *since, struct seen *seen, bool quiet)
{
	const struct invocations_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	AUTO(json) json_t *root = NULL;
	const json_t *list;
	struct path path;
	int status;
	int fresh = 0;

	make_path(options, since, &path);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	root = rows_root(reply.body, reply.body_bytes);
	list = json_object_get(root, "invocations");
	if (!json_is_array(list))
		return command_strange(call, &path);
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *object = json_array_get(list, i);
		struct invocation_row row = {0};

		invocation_kind.parse(object, &row);
		if (!is_new(seen, hash_of(&row, object)))
			continue;
		fresh++;
		if (!quiet)
			print_line(&row, object, options->json);
	}
	if (fresh == FOLLOW_LIMIT && !quiet)
		(void)fprintf(stderr,
		    "%s: more than %d came at once, the oldest are not shown\n",
		    call->program, FOLLOW_LIMIT);
	return fflush(stdout) ? COMMAND_FAILED : COMMAND_DONE;
}

static int follow(struct call *call)
{
	const struct invocations_options *options = call->options;
	const struct timespec pause = {0, FOLLOW_EVERY_NS};
	static struct seen seen; /* 32 KiB: kept off the stack */
	char since[CLOCK_RFC3339_BYTES];
	int status;

	status = follow_once(
	    call, options->since ? options->since : "15m", &seen, !options->since);
	while (status == COMMAND_DONE) {
		(void)nanosleep(&pause, NULL);
		clock_format_rfc3339(clock_wall_ns() - FOLLOW_LOOK_BACK_NS, since);
		status = follow_once(call, since, &seen, false);
	}
	return status;
}

static int run(struct call *call)
{
	const struct invocations_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	if (call->operands_n)
		return command_misused(
		    call, "takes no %s: say --function NAME", call->operands[0]);
	if (options->cold && options->warm)
		return command_misused(call, "--cold and --warm leave nothing");
	if (options->status && invocation_status_find(options->status) == STATUS_COUNT)
		return command_misused(call, "no status is called %s", options->status);
	if (options->follow)
		return follow(call);
	make_path(options, options->since ? options->since : "1h", &path);
	status = command_ask(call, "GET", &path, NULL, &reply);
	if (status != COMMAND_DONE)
		return status;
	return options->json ? command_print_json(&reply) : show(call, &reply, &path);
}

const struct command command_invocations = {
    .name = "invocations",
    .group = "Look",
    .summary = "single invocations, the newest last",
    .usage = "[options]",
    .help = "With --json it prints {\"invocations\":[...]}, newest first; with --json "
	    "--follow one\nobject a line, as invocations end.\n\n"
	    "  coldmeter invocations --function hello --cold --since 24h\n"
	    "  coldmeter invocations --follow --status error\n"
	    "  coldmeter invocations --trace 4bf92f3577b34da6a3ce929d0e0e4736\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct invocations_options),
    .run = run,
};
