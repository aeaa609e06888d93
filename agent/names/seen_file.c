/* A path is looked up as O_PATH, which opens nothing; what it led to is then opened. */
#include "agent/names/seen_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A descriptor that stands for the file, which is not open, or -errno. */
static int look_up(uint32_t pid, const char *path, uint64_t resolve, struct stat *status)
{
	const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
	    .resolve = RESOLVE_IN_ROOT | resolve};
	AUTO(fd) int root = -EBADF;
	char name[64];
	int place;
	int err = 0;

	(void)snprintf(name, sizeof(name), "/proc/%u/root", pid);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	place = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (place < 0)
		return -errno;
	if (fstat(place, status) < 0)
		err = -errno;
	else if (S_ISLNK(status->st_mode))
		err = -ELOOP;
	else if (!S_ISREG(status->st_mode) || status->st_size == 0)
		err = -EINVAL;
	if (!err)
		return place;
	(void)close(place);
	return err;
}

static int open_place(int place)
{
	char name[64];
	int fd;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int seen_file_open_mapped(uint32_t pid, const char *path, uint64_t inode)
{
	struct stat status = {.st_ino = 0};
	AUTO(fd) int place = look_up(pid, path, RESOLVE_NO_SYMLINKS, &status);

	if (place < 0)
		return place;
	return status.st_ino == inode ? open_place(place) : -EINVAL;
}

int seen_file_open_owned(uint32_t pid, const char *path, uid_t owner)
{
	struct stat status = {.st_ino = 0};
	AUTO(fd) int place = look_up(pid, path, 0, &status);

	if (place < 0)
		return place;
	return status.st_uid == owner || status.st_uid == 0 ? open_place(place) : -EINVAL;
}
