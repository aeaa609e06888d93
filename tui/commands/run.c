/* The parent watches; the dashboard is a child as well, so that whatever becomes of it,
 * agent and collector are stopped. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "tui/commands/command.h"
#include "tui/dashboard.h"
#include "tui/dashboard/screen.h"
#include "tui/format.h"
#include "tui/functions_table.h"
#include "tui/run.h"

#define READY_MS 15000
#define STEP_MS 50

struct run_options {
	const char *data, *listen, *max_overhead, *config;
	int64_t interval_ns, for_ns;
	bool json;
};

#define AT(member) offsetof(struct run_options, member)
static const struct option_row rows[] = {
    {"data", "DIR", "its state (~/.local/state/coldmeter; root: /var/lib/coldmeter/run)",
	OPTION_TEXT, AT(data)},
    {"listen", "ADDR:PORT", "where the collector listens (127.0.0.1:7077)", OPTION_TEXT,
	AT(listen)},
    {"max-overhead", "PERCENT",
	"of all CPUs that watching may take before it leaves out detail (1)", OPTION_TEXT,
	AT(max_overhead)},
    {"config", "FILE", "rules that name functions; see coldmeter-agent(8)", OPTION_TEXT,
	AT(config)},
    {"interval", "SPAN", "without a terminal: how often the table is printed (5s)",
	OPTION_SPAN, AT(interval_ns)},
    {"for", "SPAN", "end by itself after that time", OPTION_SPAN, AT(for_ns)},
    {"json", NULL, "no dashboard: the answer of `functions --json`, one a line",
	OPTION_FLAG, AT(json)},
};
#undef AT

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wanted_signals(sigset_t *set)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};

	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		(void)sigaddset(set, wanted[i]);
}

/* Waits at most so long; whether a signal asks us to end. */
static bool is_told_to_end(int64_t most_ms)
{
	const struct timespec most = {most_ms / 1000, most_ms % 1000 * 1000000};
	sigset_t set;
	int got;

	wanted_signals(&set);
	got = sigtimedwait(&set, NULL, most_ms > 0 ? &most : &(struct timespec){0, 0});
	return got > 0 && got != SIGCHLD;
}

/* Whether the agent says in its log that its probes are in place, which takes the kernel
 * a second or two. */
static bool agent_measures(const char *path)
{
	char text[2048];
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[n] = '\0';
	return strstr(text, CHILD_AGENT_MEASURES) != NULL;
}

/* ask: until the collector is ready; otherwise until the agent measures. */
static int wait_ready(struct call *call, struct run *run, bool ask)
{
	int64_t end_ms = clock_ms() + READY_MS;
	char why[CLIENT_WHY_BYTES * 2];

	while (clock_ms() < end_ms) {
		struct reply reply = {0};
		long status;

		if (run_has_lost(run, why, sizeof(why)))
			return command_failed(call, "%s", why);
		if (ask) {
			(void)client_call(run->client, "GET", "/readyz", NULL, &reply);
			status = reply.status;
			reply_done(&reply);
			if (status == 200)
				return COMMAND_DONE;
		}
		if (!ask && agent_measures(run->children[RUN_AGENT].log))
			return COMMAND_DONE;
		if (is_told_to_end(STEP_MS))
			return COMMAND_FAILED;
	}
	return ask ? command_failed(call, "the collector is not ready after %d s: see %s",
			 READY_MS / 1000, run->children[RUN_COLLECTOR].log)
		   : COMMAND_DONE;
}

static int check_free(struct call *call, struct run *run)
{
	AUTO(reply) struct reply reply = {0};

	(void)client_call(run->client, "GET", "/healthz", NULL, &reply);
	if (!reply.status)
		return COMMAND_DONE;
	return command_failed(call,
	    "something answers at %s already: `coldmeter --url %s` shows it if it is a "
	    "collector; --listen 127.0.0.1:PORT chooses another port",
	    run->endpoint.url, run->endpoint.url);
}

static int start_all(struct call *call, struct run *run)
{
	char why[CLIENT_WHY_BYTES * 2];
	int status = check_free(call, run);

	if (status != COMMAND_DONE)
		return status;
	if (run_start(run, RUN_COLLECTOR, why, sizeof(why)) < 0)
		return command_failed(call, "%s", why);
	status = wait_ready(call, run, true);
	if (status != COMMAND_DONE)
		return status;
	if (run_start(run, RUN_AGENT, why, sizeof(why)) < 0)
		return command_failed(call, "%s", why);
	return wait_ready(call, run, false);
}

/* The dashboard reads strangers' names and needs no right of ours. */
static int start_dashboard(struct run *run, int notices_fd)
{
	const struct dashboard_options options = {
	    &run->endpoint, true, notices_fd, run->for_ms};
	pid_t parent = getpid();
	int status;

	(void)fflush(NULL);
	run->dashboard.name = "coldmeter";
	run->dashboard.pid = fork();
	if (run->dashboard.pid != 0)
		return run->dashboard.pid < 0 ? -errno : 0;
	if (owner_become(&run->owner) < 0)
		_exit(COMMAND_FAILED);
	child_prepare();
	(void)signal(SIGPIPE, SIG_IGN);
	if (getppid() != parent)
		_exit(COMMAND_FAILED);
	status = dashboard_run(&options);
	(void)fflush(NULL);
	_exit(status);
}

/* Watches until the dashboard ends. Who was lost is started again; that is told there at
 * once and, when the screen is free again, on standard error. */
static int watch_dashboard(struct call *call, struct run *run, int notices_fd)
{
	char why[CLIENT_WHY_BYTES * 2], when[FORMAT_BYTES];
	char lost[sizeof(why) + 64] = "";

	while (run->dashboard.pid > 0) {
		if (run_has_lost(run, why, sizeof(why))) {
			(void)snprintf(lost, sizeof(lost), "%s UTC, started again: %s",
			    format_clock(clock_wall_ns(), 0, when), why);
			(void)!write(notices_fd, lost, strlen(lost));
		}
		run_revive(run, clock_ms());
		(void)child_reap(&run->dashboard, 1);
		if (run->dashboard.pid > 0 && is_told_to_end(500))
			(void)kill(run->dashboard.pid, SIGTERM);
	}
	if (WIFSIGNALED(run->dashboard.status))
		screen_rescue();
	if (lost[0])
		return command_failed(call, "%s", lost);
	if (WIFSIGNALED(run->dashboard.status))
		return command_failed(call, "the dashboard was killed by signal %d",
		    WTERMSIG(run->dashboard.status));
	return WEXITSTATUS(run->dashboard.status);
}

static int on_screen(struct call *call, struct run *run)
{
	int fds[2];
	int status = COMMAND_FAILED;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return command_failed(call, "cannot make a pipe: %s", strerror(errno));
	screen_remember();
	if (start_dashboard(run, fds[0]) == 0)
		status = watch_dashboard(call, run, fds[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return status;
}

static int show_table(struct call *call, struct run *run, const struct reply *reply)
{
	struct snapshot snapshot = {0};
	char when[FORMAT_BYTES];

	if (snapshot_parse(reply->body, reply->body_bytes, &snapshot) < 0)
		return command_failed(
		    call, "the collector's answer is not what it should be");
	printf("%s UTC, last hour\n", format_time(clock_wall_ns(), 0, when));
	if (!snapshot.functions.items_n)
		puts("no functions seen yet: start one with COLDMETER_FUNCTION=name in "
		     "its "
		     "environment, or see `make demo`");
	else
		(void)functions_table_print(
		    &snapshot, ORDER_INVOCATIONS, false, run->colour, stdout);
	(void)putchar('\n');
	snapshot_done(&snapshot);
	return COMMAND_DONE;
}

static int print_once(struct call *call, struct run *run)
{
	const struct run_options *options = call->options;
	AUTO(reply) struct reply reply = {0};
	int status;

	if (client_call(run->client, "GET", "/v1/functions?since=1h", NULL, &reply) < 0)
		return command_failed(call, "%s", reply.why);
	status =
	    options->json ? command_print_json(&reply) : show_table(call, run, &reply);
	return fflush(stdout) ? COMMAND_FAILED : status;
}

/* Without a terminal: a table every few seconds. */
static int in_text(struct call *call, struct run *run)
{
	int64_t end_ms = run->for_ms ? clock_ms() + run->for_ms : INT64_MAX;
	int64_t next_ms = clock_ms() + run->interval_ms;
	char why[CLIENT_WHY_BYTES * 2];

	while (clock_ms() < end_ms) {
		int64_t until_ms = next_ms < end_ms ? next_ms : end_ms;

		if (is_told_to_end(until_ms - clock_ms()))
			return COMMAND_DONE;
		if (run_has_lost(run, why, sizeof(why)))
			return command_failed(call, "%s", why);
		if (clock_ms() < next_ms && clock_ms() < end_ms)
			continue;
		next_ms += run->interval_ms;
		if (print_once(call, run) != COMMAND_DONE)
			return COMMAND_FAILED;
	}
	return COMMAND_DONE;
}

static int prepare(struct call *call, struct run *run)
{
	const struct run_options *options = call->options;
	char why[CLIENT_WHY_BYTES * 2], url[CLIENT_URL_BYTES];

	run->listen = options->listen ? options->listen : "127.0.0.1:7077";
	run->max_overhead = options->max_overhead ? options->max_overhead : "1";
	run->config = options->config;
	run->interval_ms = options->interval_ns ? options->interval_ns / 1000000 : 5000;
	run->for_ms = options->for_ns / 1000000;
	run->colour = call->colour;
	if (run->interval_ms < 100)
		return command_misused(call, "--interval is at least 100ms");
	(void)snprintf(url, sizeof(url), "http://%.400s", run->listen);
	if (endpoint_init(
		&run->endpoint, url, &(struct endpoint_files){0}, why, sizeof(why)) < 0 ||
	    !strrchr(run->listen, ':'))
		return command_misused(
		    call, "--listen wants ADDR:PORT, not %s", run->listen);
	if (geteuid() != 0)
		return command_failed(call,
		    "the agent needs root to load its probes: say `sudo coldmeter run`");
	if (run_place(run, options->data, why, sizeof(why)) < 0)
		return command_failed(call, "%s", why);
	run->client = client_open(&run->endpoint);
	return run->client ? COMMAND_DONE : command_failed(call, "out of memory");
}

static int run_command(struct call *call)
{
	const struct run_options *options = call->options;
	struct run run = {0};
	sigset_t set;
	int status;

	if (call->operands_n)
		return command_misused(call, "takes no %s", call->operands[0]);
	status = prepare(call, &run);
	if (status != COMMAND_DONE)
		return status;
	wanted_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	status = start_all(call, &run);
	if (status == COMMAND_DONE)
		status = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !options->json
			     ? on_screen(call, &run)
			     : in_text(call, &run);
	run_stop(&run);
	client_close(run.client);
	return status;
}

const struct command command_run = {
    .name = "run",
    .group = "Start",
    .summary = "measure this host: agent, collector and dashboard together (needs root)",
    .usage = "[options]",
    .help =
	"The agent runs as root, the collector and the dashboard as the user who called "
	"sudo.\nAgent and collector are started again should one end, and stopped when "
	"the dashboard\nends. Without a terminal it prints a table every few seconds "
	"until it is interrupted.\n\n"
	"  sudo coldmeter run\n"
	"  sudo coldmeter run --for 60s --interval 10s > table.txt\n",
    .options = rows,
    .options_n = sizeof(rows) / sizeof(rows[0]),
    .options_bytes = sizeof(struct run_options),
    .run = run_command,
};
