/* Runs a command again and again as a process of one and the same pid: same_pid PID N
 * NAME...
 * -- COMMAND... starts it N times, the i-th with the environment NAME[i % names], "-" for
 * none of these. Needs CAP_CHECKPOINT_RESTORE. */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t fork_as(pid_t pid)
{
	struct clone_args args = {.exit_signal = SIGCHLD,
	    .set_tid = (uint64_t)(uintptr_t)&pid,
	    .set_tid_size = 1};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* The environment in a process that has just begun, and its program. */
static void become(char *setting, char **command)
{
	if (strcmp(setting, "-") != 0 && putenv(setting) != 0)
		_exit(126);
	(void)execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	long wanted = argc > 5 ? strtol(argv[1], NULL, 10) : 0;
	long times = argc > 5 ? strtol(argv[2], NULL, 10) : 0;
	int names = 0;

	while (3 + names < argc && strcmp(argv[3 + names], "--") != 0)
		names++;
	if (wanted <= 1 || times < 1 || names < 1 || 4 + names >= argc) {
		(void)fprintf(stderr, "usage: same_pid PID N NAME... -- COMMAND...\n");
		return 2;
	}
	for (long i = 0; i < times; i++) {
		pid_t pid = fork_as((pid_t)wanted);

		if (pid == 0)
			become(argv[3 + i % names], argv + 4 + names);
		if (pid < 0) {
			perror("same_pid");
			return errno == EEXIST ? 3 : 1;
		}
		(void)waitpid(pid, NULL, 0);
	}
	return 0;
}
