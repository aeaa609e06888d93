#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/child.h"
#include "tui/commands/command.h"
#include "tui/rows.h"
#include "tui/table.h"
#include "tui/verify.h"

#define AGENT_PATIENCE_MS 30000
#define STOP_PATIENCE_MS 20000
#define SETTLE_MS 300 /* the agent prints within 100 ms */

/* What every host must reach for exit status 0; the table says how far it really was. */
#define DURATION_P99_MS 0.3
#define INIT_MS 15.0
#define MEMORY_MB 1.0
#define CPU_P99_MS 1.0

struct verify_options {
	bool json;
	int64_t span_ns;
};

static const struct option_row rows[] = {
    {"span", "T", "how long each rate is kept up (5s)", OPTION_SPAN,
	offsetof(struct verify_options, span_ns)},
    {"json", NULL, "{\"rates\":[...],\"lost\",\"passed\"}", OPTION_FLAG,
	offsetof(struct verify_options, json)},
};

/* A second; 0: as fast as it goes. The work asked for fits the rate. */
static const struct {
	unsigned int rate;
	struct verify_work work;
} steps[] = {
    {10, {5000, 256}},
    {100, {2000, 8}},
    {1000, {200, 0}},
    {0, {0, 0}},
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

struct verify {
	char folder[64];
	char seen_path[96];
	char truth_path[96];
	char function[64];
	struct child agent;
	struct child server;
	int64_t started_ns;
	uint64_t lost; /* by the agent, of all functions */
};

static void pause_ms(long ms)
{
	const struct timespec span = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&span, NULL);
}

/* The number behind what in the last line of a file that holds it, or -1. */
static int64_t find_number(const char *path, const char *what)
{
	AUTO(file) FILE *file = fopen(path, "re");
	char line[8192];
	int64_t number = -1;

	while (file && fgets(line, sizeof(line), file)) {
		const char *at = line[0] == '{' ? NULL : strstr(line, what);

		if (at)
			number = strtoll(at + strlen(what), NULL, 10);
	}
	return number;
}

/* Waits until what turns up in the file, or its writer ends. */
static int64_t wait_for(struct child *child, const char *path, const char *what)
{
	for (int waited = 0; waited < AGENT_PATIENCE_MS; waited += 20) {
		int64_t number = find_number(path, what);

		if (number >= 0)
			return number;
		if (child_reap(child, 1))
			return -1;
		pause_ms(20);
	}
	return -1;
}

static int start(
    struct child *child, const char *path, char *const argv[], const char *function)
{
	AUTO(fd)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	(void)snprintf(child->log, sizeof(child->log), "%s", path);
	if (function)
		(void)setenv("COLDMETER_FUNCTION", function, 1);
	err = child_start(child, argv, fd, NULL);
	(void)unsetenv("COLDMETER_FUNCTION");
	return err;
}

static int start_agent(struct verify *v, struct call *call)
{
	char program[PATH_MAX];
	char option[] = "--stdout";
	char limit[] = "--max-overhead=100"; /* it is exactness that is measured */
	char *argv[] = {program, option, limit, NULL};
	char last[512];
	int err = child_find("coldmeter-agent", program, sizeof(program));

	if (!err)
		err = start(&v->agent, v->seen_path, argv, NULL);
	if (err)
		return command_failed(
		    call, "cannot start coldmeter-agent: %s", strerror(-err));
	if (wait_for(&v->agent, v->seen_path, CHILD_AGENT_MEASURES) < 0)
		return command_failed(call, "the agent does not measure: %s",
		    child_last_line(&v->agent, last, sizeof(last)));
	return COMMAND_DONE;
}

/* The function's port, or -1. */
static int start_function(struct verify *v)
{
	char program[] = "/proc/self/exe";
	char command[] = "verify";
	char verb[] = "serve";
	char *argv[] = {program, command, verb, NULL};

	v->started_ns = clock_wall_ns();
	if (start(&v->server, v->truth_path, argv, v->function))
		return -1;
	return (int)wait_for(&v->server, v->truth_path, "listening ");
}

static int measure(struct verify *v, size_t step, int64_t span_ns, struct verify_row *row)
{
	int port = start_function(v);
	int64_t answered;

	row->rate = steps[step].rate;
	if (port <= 0)
		return -ECHILD;
	answered = verify_load(
	    port, row->rate, span_ns, &steps[step].work, (uint64_t)(step + 1) << 32);
	row->reached = (double)answered * 1e9 / (double)span_ns;
	child_stop(&v->server, STOP_PATIENCE_MS);
	pause_ms(SETTLE_MS);
	if (answered < 0)
		return (int)answered;
	AUTO(file) FILE *seen = fopen(v->seen_path, "re");
	AUTO(file) FILE *truth = fopen(v->truth_path, "re");

	if (!seen || !truth)
		return -errno;
	return verify_compare(seen, truth, v->function, v->started_ns, row);
}

static bool row_passes(struct verify_row *row)
{
	return row->asked == row->measured && row->asked > 0 &&
	       verify_errors_at(&row->duration_ms, 0.99) <= DURATION_P99_MS &&
	       !(verify_errors_at(&row->init_ms, 1) > INIT_MS) &&
	       !(verify_errors_at(&row->memory_mb, 1) > MEMORY_MB) &&
	       !(verify_errors_at(&row->cpu_ms, 0.99) > CPU_P99_MS);
}

static json_t *errors_json(struct verify_errors *errors)
{
	if (!errors->n)
		return json_null();
	return json_pack("{s:f, s:f, s:f}", "p50", verify_errors_at(errors, 0.5), "p99",
	    verify_errors_at(errors, 0.99), "max", verify_errors_at(errors, 1));
}

static json_t *row_json(struct verify_row *row)
{
	return json_pack("{s:f, s:b, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:b}",
	    "rate", row->rate ? (double)row->rate : row->reached, "as_fast_as_it_goes",
	    row->rate == 0, "count_asked", (json_int_t)row->asked, "count_measured",
	    (json_int_t)row->measured, "count_set_aside", (json_int_t)row->set_aside,
	    "duration_error_ms", errors_json(&row->duration_ms), "init_error_ms",
	    errors_json(&row->init_ms), "memory_error_mb", errors_json(&row->memory_mb),
	    "cpu_error_ms", errors_json(&row->cpu_ms), "lost",
	    (json_int_t)(row->asked > row->measured ? row->asked - row->measured : 0),
	    "passed", row_passes(row));
}

static int print_json(
    struct call *call, struct verify *v, struct verify_row row[STEPS], bool passed)
{
	AUTO(json) json_t *root = json_object();
	json_t *rates = json_array();

	for (size_t i = 0; i < STEPS; i++) {
		if (json_array_append_new(rates, row_json(&row[i])))
			return command_failed(call, "out of memory");
	}
	(void)json_object_set_new(root, "rates", rates);
	(void)json_object_set_new(root, "lost", json_integer((json_int_t)v->lost));
	(void)json_object_set_new(root, "passed", json_boolean(passed));
	if (json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)))
		return COMMAND_FAILED;
	(void)putchar('\n');
	return passed ? COMMAND_DONE : COMMAND_FAILED;
}

static void add_errors(struct table *table, struct verify_errors *errors)
{
	char text[64];

	if (!errors->n) {
		(void)table_add(table, "-");
		return;
	}
	(void)snprintf(text, sizeof(text), "%.3f %.3f %.3f",
	    verify_errors_at(errors, 0.5), verify_errors_at(errors, 0.99),
	    verify_errors_at(errors, 1));
	(void)table_add(table, text);
}

static int print_table(
    struct call *call, struct verify *v, struct verify_row row[STEPS], bool passed)
{
	static const struct table_column columns[] = {{"RATE/S", TABLE_RIGHT},
	    {"ASKED", TABLE_RIGHT}, {"MEASURED", TABLE_RIGHT}, {"ASIDE", TABLE_RIGHT},
	    {"DURATION MS", TABLE_RIGHT}, {"INIT MS", TABLE_RIGHT},
	    {"MEMORY MB", TABLE_RIGHT}, {"CPU MS", TABLE_RIGHT}, {"", TABLE_LEFT}};
	AUTO(table)
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char text[64];

	if (!table)
		return command_failed(call, "out of memory");
	for (size_t i = 0; i < STEPS; i++) {
		(void)snprintf(text, sizeof(text), "%.0f%s",
		    row[i].rate ? (double)row[i].rate : row[i].reached,
		    row[i].rate ? "" : " (all)");
		(void)table_add(table, text);
		(void)snprintf(text, sizeof(text), "%" PRIu64, row[i].asked);
		(void)table_add(table, text);
		(void)snprintf(text, sizeof(text), "%" PRIu64, row[i].measured);
		(void)table_add(table, text);
		(void)snprintf(text, sizeof(text), "%" PRIu64, row[i].set_aside);
		(void)table_add(table, text);
		add_errors(table, &row[i].duration_ms);
		add_errors(table, &row[i].init_ms);
		add_errors(table, &row[i].memory_mb);
		add_errors(table, &row[i].cpu_ms);
		(void)table_add(table, row_passes(&row[i]) ? "ok" : "FAILED");
	}
	printf("how far the meter is from the function's own figures: P50 P99 max\n");
	table_print(table, call->colour, stdout);
	printf("lost %" PRIu64 "; %s\n", v->lost,
	    passed ? "passed" : "FAILED: see above, and what else this host was doing");
	return passed ? COMMAND_DONE : COMMAND_FAILED;
}

static int run_steps(struct verify *v, struct call *call, struct verify_row row[STEPS])
{
	const struct verify_options *options = call->options;
	int64_t span_ns = options->span_ns ? options->span_ns : 5 * CLOCK_NS_PER_S;

	for (size_t i = 0; i < STEPS; i++) {
		int err;

		(void)snprintf(v->function, sizeof(v->function), "verify-%d-%zu",
		    (int)getpid(), i + 1);
		if (isatty(STDERR_FILENO))
			(void)fprintf(stderr, "verify: step %zu of %zu, %.0f s\r", i + 1,
			    STEPS, (double)span_ns / 1e9);
		err = measure(v, i, span_ns, &row[i]);
		if (err)
			return command_failed(call, "step %zu of the load failed: %s",
			    i + 1, strerror(-err));
	}
	return COMMAND_DONE;
}

static int verify_all(struct verify *v, struct call *call, struct verify_row row[STEPS])
{
	const struct verify_options *options = call->options;
	int status = start_agent(v, call);
	char last[512];
	int64_t lost;
	bool passed;

	if (status == COMMAND_DONE)
		status = run_steps(v, call, row);
	child_stop(&v->server, STOP_PATIENCE_MS);
	child_stop(&v->agent, STOP_PATIENCE_MS);
	if (status != COMMAND_DONE)
		return status;
	lost = find_number(v->seen_path, "lost=");
	if (lost < 0)
		return command_failed(call, "the agent did not last: it %s",
		    child_how(&v->agent, last, sizeof(last)));
	v->lost = (uint64_t)lost;
	passed = lost == 0;
	for (size_t i = 0; i < STEPS; i++)
		passed &= row_passes(&row[i]);
	return options->json ? print_json(call, v, row, passed)
			     : print_table(call, v, row, passed);
}

static int run(struct call *call)
{
	struct verify v = {
	    .agent = {.name = "coldmeter-agent"}, .server = {.name = "the function"}};
	struct verify_row row[STEPS] = {0};
	int status;

	if (call->operands_n == 1 && strcmp(call->operands[0], "serve") == 0)
		return verify_serve();
	if (call->operands_n)
		return command_misused(call, "takes no %s", call->operands[0]);
	if (geteuid() != 0)
		return command_failed(
		    call, "needs root, as the agent does: sudo coldmeter verify");
	(void)snprintf(v.folder, sizeof(v.folder), "/tmp/coldmeter-verify-XXXXXX");
	if (!mkdtemp(v.folder))
		return command_failed(call, "%s: %s", v.folder, strerror(errno));
	(void)snprintf(v.seen_path, sizeof(v.seen_path), "%s/seen", v.folder);
	(void)snprintf(v.truth_path, sizeof(v.truth_path), "%s/truth", v.folder);
	status = verify_all(&v, call, row);
	for (size_t i = 0; i < STEPS; i++) {
		verify_errors_done(&row[i].duration_ms);
		verify_errors_done(&row[i].init_ms);
		verify_errors_done(&row[i].memory_mb);
		verify_errors_done(&row[i].cpu_ms);
	}
	(void)unlink(v.seen_path);
	(void)unlink(v.truth_path);
	(void)rmdir(v.folder);
	return status;
}

const struct command command_verify = {
    .name = "verify",
    .group = "Start",
    .summary = "how exact the meter is on this host, against a function's own figures",
    .usage = "[options]",
    .help =
	"Starts an agent of its own and a function that times itself, asks it 10, 100\n"
	"and 1000 times a second and then as fast as it answers, and prints how far the\n"
	"meter's figures are from the function's. Needs root; takes four spans.\n"
	"A request that waited for a CPU within its read or write, more than 0.1 ms, "
	"has\n"
	"no exact clock of its own: it is counted, and its duration is set aside.\n"
	"Exit status 0: every request was counted, none lost; at P99 durations are "
	"within\n"
	"0.3 ms and CPU time within 1 ms; init is within 15 ms, memory within 1 MB.\n"
	"`coldmeter verify serve` is the function alone: 127.0.0.1, any free port.\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct verify_options),
    .run = run,
};
