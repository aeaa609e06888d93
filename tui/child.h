/* Programs of ours that run beside us: found, started, watched, stopped. */
#ifndef COLDMETER_TUI_CHILD_H
#define COLDMETER_TUI_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Who called us: the user behind sudo, or ourselves. */
struct owner {
	uid_t uid;
	gid_t gid;
	char name[64];
	char home[PATH_MAX / 2];
};

/* 0, or -ENOENT when that user does not exist. */
int owner_find(struct owner *owner);

/* Files are reached as the owner in between, so that a path of theirs cannot make root
 * write elsewhere. Only for a process with one thread. 0 or a negative errno. */
int owner_enter(const struct owner *owner);
int owner_leave(void);

/* For good: groups, gid and uid, checked. 0 or a negative errno. */
int owner_become(const struct owner *owner);

/* In the line that coldmeter-agent logs when its probes are in place (agent/agent.c). */
#define CHILD_AGENT_MEASURES "measuring by back-end "

struct child {
	const char *name; /* "coldmeter-agent" */
	pid_t pid;        /* 0: does not run */
	int status;       /* of waitpid(), once it has ended */
	bool ended;       /* by itself, or because it was told to */
	char log[PATH_MAX];
};

/* The path of a program of ours: next to this one, in ../sbin, or in PATH. 0 or -ENOENT.
 */
int child_find(const char *name, char *path, size_t size);

/* Starts argv with its output going to log_fd (which stays the caller's), in a process
 * group of its own, so that a terminal's interrupt does not reach it; it is told to stop
 * should we die. owner NULL keeps our identity. 0 or a negative errno. */
int child_start(
    struct child *child, char *const argv[], int log_fd, const struct owner *owner);

/* In a child after fork: unblocks signals and asks to be told when the parent dies. */
void child_prepare(void);

/* Takes note of every child that has ended. Returns how many did. */
int child_reap(struct child *children, size_t n);

/* SIGTERM, and SIGKILL after limit_ms; waits for the end. */
void child_stop(struct child *child, int limit_ms);

/* "ended with status 1", "was killed by signal 9". Returns out. */
const char *child_how(const struct child *child, char *out, size_t size);

/* The last line of its log, made printable; "" when there is none. Returns out. */
const char *child_last_line(const struct child *child, char *out, size_t size);

/* Runs argv and reads what it prints, at most size - 1 bytes and limit_ms long. Returns
 * the bytes, or a negative errno. *status is that of waitpid(). */
ssize_t child_read(char *const argv[], int limit_ms, char *out, size_t size, int *status);

#endif
