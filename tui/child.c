#include "tui/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

static int sudo_number(const char *name, unsigned long *out)
{
	const char *text = getenv(name);
	char *end = NULL;

	if (!text || !*text)
		return -ENOENT;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno || *end || *out >= (unsigned int)-1 ? -EINVAL : 0;
}

int owner_find(struct owner *owner)
{
	unsigned long uid = getuid();
	unsigned long gid = getgid();
	const struct passwd *entry;

	if (geteuid() == 0 && sudo_number("SUDO_UID", &uid) == 0 &&
	    sudo_number("SUDO_GID", &gid) < 0)
		return -ENOENT;
	entry = getpwuid((uid_t)uid);
	if (!entry)
		return -ENOENT;
	owner->uid = (uid_t)uid;
	owner->gid = (gid_t)gid;
	(void)text_copy(owner->name, sizeof(owner->name), entry->pw_name);
	(void)text_copy(owner->home, sizeof(owner->home), entry->pw_dir);
	return 0;
}

int owner_enter(const struct owner *owner)
{
	if (setegid(owner->gid) < 0 || seteuid(owner->uid) < 0)
		return -errno;
	return 0;
}

int owner_leave(void)
{
	if (seteuid(getuid()) < 0 || setegid(getgid()) < 0)
		return -errno;
	return 0;
}

int owner_become(const struct owner *owner)
{
	if (geteuid() == owner->uid)
		return 0;
	if (setgroups(1, &owner->gid) < 0 ||
	    setresgid(owner->gid, owner->gid, owner->gid) < 0 ||
	    setresuid(owner->uid, owner->uid, owner->uid) < 0)
		return -errno;
	return setuid(0) == 0 ? -EPERM : 0;
}

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

static int find_in_path(const char *name, char *path, size_t size)
{
	const char *dir = getenv("PATH");

	while (dir && *dir) {
		size_t n = strcspn(dir, ":");

		(void)snprintf(path, size, "%.*s/%s", (int)n, dir, name);
		if (n && dir[0] == '/' && is_program(path))
			return 0;
		dir += n + (dir[n] == ':');
	}
	return -ENOENT;
}

int child_find(const char *name, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		(void)snprintf(path, size, "%s/%s", self, name);
		if (is_program(path))
			return 0;
		(void)snprintf(path, size, "%s/../sbin/%s", self, name);
		if (is_program(path))
			return 0;
	}
	return find_in_path(name, path, size);
}

void child_prepare(void)
{
	static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		(void)signal(ours[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* Never returns. A change of identity clears the death signal, so it comes first. */
__attribute__((noreturn)) static void become(
    char *const argv[], int log_fd, const struct owner *owner, pid_t parent)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int err = owner ? owner_become(owner) : 0;

	(void)setpgid(0, 0);
	child_prepare();
	if (getppid() != parent)
		_exit(126);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0)
		_exit(126);
	if (err)
		(void)fprintf(
		    stderr, "cannot become the calling user: %s\n", strerror(-err));
	else
		(void)execv(argv[0], argv);
	(void)fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(errno));
	_exit(126);
}

int child_start(
    struct child *child, char *const argv[], int log_fd, const struct owner *owner)
{
	pid_t parent = getpid();
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(argv, log_fd, owner, parent);
	child->pid = pid;
	child->ended = false;
	return 0;
}

int child_reap(struct child *children, size_t n)
{
	int ended = 0;

	for (size_t i = 0; i < n; i++)
		if (children[i].pid > 0 && waitpid(children[i].pid, &children[i].status,
					       WNOHANG) == children[i].pid) {
			children[i].pid = 0;
			children[i].ended = true;
			ended++;
		}
	return ended;
}

static void pause_ms(long ms)
{
	const struct timespec span = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&span, NULL);
}

void child_stop(struct child *child, int limit_ms)
{
	if (child->pid <= 0)
		return;
	(void)kill(child->pid, SIGTERM);
	for (int waited = 0; child->pid > 0 && waited < limit_ms; waited += 20) {
		if (child_reap(child, 1))
			return;
		pause_ms(20);
	}
	if (child->pid <= 0)
		return;
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, &child->status, 0);
	child->pid = 0;
	child->ended = true;
}

const char *child_how(const struct child *child, char *out, size_t size)
{
	if (WIFSIGNALED(child->status))
		(void)snprintf(
		    out, size, "was killed by signal %d", WTERMSIG(child->status));
	else
		(void)snprintf(
		    out, size, "ended with status %d", WEXITSTATUS(child->status));
	return out;
}

const char *child_last_line(const struct child *child, char *out, size_t size)
{
	AUTO(file) FILE *log = fopen(child->log, "re");
	char line[512];

	out[0] = '\0';
	while (log && fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0])
			(void)text_copy(out, size, line);
	}
	text_make_printable(out);
	return out;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the end, the limit, or a full buffer. */
static size_t read_until(int fd, int64_t end_ms, char *out, size_t size)
{
	size_t at = 0;

	while (at + 1 < size) {
		struct pollfd ready = {fd, POLLIN, 0};
		int64_t left = end_ms - clock_ms();
		ssize_t n;

		if (left <= 0 || poll(&ready, 1, (int)left) <= 0)
			break;
		n = read(fd, out + at, size - 1 - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	out[at] = '\0';
	return at;
}

ssize_t child_read(char *const argv[], int limit_ms, char *out, size_t size, int *status)
{
	struct child child = {.name = argv[0]};
	int pipe_fds[2];
	size_t n;
	int err;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	err = child_start(&child, argv, pipe_fds[1], NULL);
	(void)close(pipe_fds[1]);
	n = err ? 0 : read_until(pipe_fds[0], clock_ms() + limit_ms, out, size);
	(void)close(pipe_fds[0]);
	if (err)
		return err;
	for (int waited = 0; waited < 500 && !child_reap(&child, 1); waited += 10)
		pause_ms(10); /* its output has ended: so will it */
	child_stop(&child, 1000);
	*status = child.status;
	return (ssize_t)n;
}
