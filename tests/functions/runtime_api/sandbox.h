/* The one sandbox of the Runtime API server: its settings, its process, its end. */
#ifndef COLDMETER_TESTS_SANDBOX_H
#define COLDMETER_TESTS_SANDBOX_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/functions/runtime_api/event.h"

struct settings {
	const char *listen;
	const char *log;
	const char *function;
	const char *version;
	const char *region;
	const char *handler; /* NULL: as in our own environment */
	long memory_mb;
	int64_t timeout_ns;
	int64_t init_timeout_ns;
	int64_t idle_life_ns; /* 0: for ever */
	bool provisioned;
	char **command;
};

struct sandbox {
	pid_t pid;          /* 0: none */
	int64_t spawned_ns; /* wall clock */
	int64_t ready_ns;
	int64_t init_by_ns; /* monotonic */
	int64_t idle_since_ns;
	bool had_event;
	bool timed_out;
	bool init_failed; /* it said so itself */
};

/* In the child. The names carry what the published contract promises a runtime. */
static inline void sandbox_environment(
    const struct settings *s, const char *api, bool provisioned)
{
	char memory[24];
	char group[300];
	char folder[4096];

	(void)snprintf(memory, sizeof(memory), "%ld", s->memory_mb);
	(void)snprintf(group, sizeof(group), "/aws/lambda/%.250s", s->function);
	(void)setenv("AWS_LAMBDA_RUNTIME_API", api, 1);
	(void)setenv("AWS_LAMBDA_FUNCTION_NAME", s->function, 1);
	(void)setenv("AWS_LAMBDA_FUNCTION_VERSION", s->version, 1);
	(void)setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory, 1);
	(void)setenv("AWS_LAMBDA_INITIALIZATION_TYPE",
	    provisioned ? "provisioned-concurrency" : "on-demand", 1);
	(void)setenv("AWS_LAMBDA_LOG_GROUP_NAME", group, 1);
	(void)setenv("AWS_LAMBDA_LOG_STREAM_NAME", s->version, 1);
	(void)setenv("AWS_REGION", s->region, 1);
	(void)setenv("AWS_DEFAULT_REGION", s->region, 1);
	if (getcwd(folder, sizeof(folder)))
		(void)setenv("LAMBDA_TASK_ROOT", folder, 0);
	if (s->handler)
		(void)setenv("_HANDLER", s->handler, 1);
}

static inline void sandbox_exec(
    const struct settings *s, const char *api, bool provisioned, pid_t parent)
{
	sigset_t none;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	sandbox_environment(s, api, provisioned);
	(void)execvp(s->command[0], s->command);
	(void)fprintf(
	    stderr, "runtime_api: cannot run %s: %s\n", s->command[0], strerror(errno));
	_exit(127);
}

static inline int sandbox_start(
    struct sandbox *sandbox, const struct settings *s, const char *api, bool provisioned)
{
	pid_t parent = getpid();
	pid_t pid;

	*sandbox = (struct sandbox){.spawned_ns = wall_ns()};
	sandbox->init_by_ns = monotonic_ns() + s->init_timeout_ns;
	pid = fork();
	if (pid == 0)
		sandbox_exec(s, api, provisioned, parent);
	if (pid < 0)
		return -errno;
	(void)setpgid(pid, pid);
	sandbox->pid = pid;
	return 0;
}

static inline void sandbox_kill(const struct sandbox *sandbox)
{
	if (sandbox->pid)
		(void)kill(-sandbox->pid, SIGKILL);
}

/* True once its process has ended and was waited for; what it left behind is killed. */
static inline bool sandbox_ended(const struct sandbox *sandbox, int flags)
{
	if (!sandbox->pid || waitpid(sandbox->pid, NULL, flags) != sandbox->pid)
		return false;
	sandbox_kill(sandbox);
	return true;
}

#endif
