#include "tui/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define RUN_STOP_MS 5000
#define RUN_AGAIN_MS 1000
#define RUN_AGAIN_DOUBLINGS 6 /* 64 s */
#define RUN_LASTED_MS 60000
#define RUN_STATE_DIR "/var/lib/coldmeter"

static const char *const names[RUN_CHILDREN] = {"coldmeter-collector", "coldmeter-agent"};

static int make_dirs(const char *path, mode_t mode)
{
	char part[PATH_MAX];

	if (!text_copy(part, sizeof(part), path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST && errno != EROFS)
			return -errno;
		*slash = '/';
	}
	if (mkdir(part, mode) < 0 && errno != EEXIST)
		return -errno;
	return access(part, W_OK | X_OK) < 0 ? -errno : 0;
}

static int make_data(struct run *run, char *why, size_t why_size)
{
	int err = owner_enter(&run->owner);

	/* access() asks for the real user, so it is checked by doing */
	if (!err) {
		char probe[PATH_MAX];
		int fd;

		err = make_dirs(run->data, 0700);
		(void)snprintf(probe, sizeof(probe), "%s/.writable", run->data);
		fd = err ? -1
			 : open(probe, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (!err && fd < 0)
			err = -errno;
		if (fd >= 0) {
			(void)close(fd);
			(void)unlink(probe);
		}
	}
	if (owner_leave() < 0)
		err = -EPERM;
	if (err)
		(void)snprintf(why, why_size,
		    "user %s cannot keep state in %.200s: %s (choose another with --data "
		    "DIR)",
		    run->owner.name, run->data, strerror(-err));
	return err;
}

int run_place(struct run *run, const char *data, char *why, size_t why_size)
{
	int err = owner_find(&run->owner);

	if (err) {
		(void)snprintf(why, why_size, "SUDO_UID names no user of this machine");
		return err;
	}
	if (data)
		(void)snprintf(run->data, sizeof(run->data), "%s", data);
	else if (run->owner.uid == 0)
		(void)snprintf(run->data, sizeof(run->data), "%s/run", RUN_STATE_DIR);
	else
		(void)snprintf(run->data, sizeof(run->data),
		    "%.1900s/.local/state/coldmeter", run->owner.home);
	/* the agent has given up the right to enter a closed home when it writes there */
	(void)snprintf(
	    run->spool, sizeof(run->spool), "%s/spool", data ? run->data : RUN_STATE_DIR);
	err = make_data(run, why, why_size);
	if (err)
		return err;
	err = make_dirs(run->spool, 0700);
	if (err)
		(void)snprintf(why, why_size, "cannot keep batches in %.200s: %s",
		    run->spool, strerror(-err));
	return err;
}

/* A fresh log, as the owner; the one of the run before is kept beside it. */
static int open_log(const struct run *run, struct child *child)
{
	char before[PATH_MAX + 4];
	int fd;

	(void)snprintf(
	    child->log, sizeof(child->log), "%s/%s.log", run->data, child->name);
	(void)snprintf(before, sizeof(before), "%s.1", child->log);
	if (owner_enter(&run->owner) < 0)
		return -EPERM;
	(void)rename(child->log, before);
	fd = open(child->log,
	    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		fd = -errno;
	if (owner_leave() < 0) {
		if (fd >= 0)
			(void)close(fd);
		return -EPERM;
	}
	return fd;
}

int run_start(struct run *run, int which, char *why, size_t why_size)
{
	struct child *child = &run->children[which];
	char program[PATH_MAX];
	char *collector[] = {
	    program, "--listen", (char *)run->listen, "--data", run->data, NULL};
	char *agent[] = {program, "--collector", run->endpoint.url, "--spool", run->spool,
	    "--max-overhead", (char *)run->max_overhead, run->config ? "--config" : NULL,
	    (char *)run->config, NULL};
	int log_fd;
	int err;

	child->name = names[which];
	if (child_find(child->name, program, sizeof(program)) < 0) {
		(void)snprintf(why, why_size,
		    "cannot find %s next to this program or in PATH: `make` builds it",
		    child->name);
		return -ENOENT;
	}
	log_fd = open_log(run, child);
	if (log_fd < 0) {
		(void)snprintf(why, why_size, "cannot write %.200s: %s", child->log,
		    strerror(-log_fd));
		return log_fd;
	}
	err = child_start(child, which == RUN_AGENT ? agent : collector, log_fd,
	    which == RUN_AGENT ? NULL : &run->owner);
	(void)close(log_fd);
	if (err)
		(void)snprintf(
		    why, why_size, "cannot start %s: %s", program, strerror(-err));
	return err;
}

bool run_has_lost(struct run *run, char *why, size_t why_size)
{
	char how[64], line[CLIENT_WHY_BYTES];

	(void)child_reap(run->children, RUN_CHILDREN);
	for (int i = 0; i < RUN_CHILDREN; i++) {
		struct child *child = &run->children[i];

		if (!child->ended || run->said[i])
			continue;
		run->said[i] = true;
		(void)child_last_line(child, line, sizeof(line));
		(void)snprintf(why, why_size, "%s %s: %s", child->name,
		    child_how(child, how, sizeof(how)),
		    line[0] ? line : "its log is empty");
		return true;
	}
	return false;
}

static void revive(struct run *run, int which, int64_t now_ms)
{
	struct run_again *again = &run->again[which];
	char why[CLIENT_WHY_BYTES * 2];
	int doublings;

	if (!again->due_ms) {
		if (now_ms - again->started_ms >= RUN_LASTED_MS)
			again->tries = 0;
		doublings = again->tries < RUN_AGAIN_DOUBLINGS ? again->tries
							       : RUN_AGAIN_DOUBLINGS;
		again->tries++;
		again->due_ms = now_ms + ((int64_t)RUN_AGAIN_MS << doublings);
	} else if (now_ms >= again->due_ms) {
		again->due_ms = 0;
		again->started_ms = now_ms;
		if (run_start(run, which, why, sizeof(why)) == 0)
			run->said[which] = false;
	}
}

void run_revive(struct run *run, int64_t now_ms)
{
	for (int i = 0; i < RUN_CHILDREN; i++)
		if (run->children[i].ended)
			revive(run, i, now_ms);
}

void run_stop(struct run *run)
{
	child_stop(&run->dashboard, RUN_STOP_MS);
	child_stop(&run->children[RUN_AGENT], RUN_STOP_MS);
	child_stop(&run->children[RUN_COLLECTOR], RUN_STOP_MS);
}
