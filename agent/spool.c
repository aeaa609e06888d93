/* One file a batch, named by time and count so that the names sort in order of their
 * making. A file is written under another name first: a kill leaves no half batch to
 * send. */
#include "agent/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/complaint.h"
#include "base/log.h"
#include "wire/batch.h"

#define NAME_BYTES 48
#define ID_FILE "agent-id"

struct waiting {
	struct waiting *next;
	uint8_t *batch; /* NULL: still on disk */
	size_t bytes;
	uint64_t n;
	char name[NAME_BYTES]; /* "" in memory */
};

struct spool {
	int directory; /* -1: in memory */
	uint64_t limit_bytes;
	uint64_t waiting_bytes;
	size_t waiting_n;
	size_t unkept_n; /* without a name; they are the last ones */
	uint64_t made;
	uint64_t named_ns; /* the latest time that is in a name */
	struct complaint complaint;
	uint8_t agent_id[16];
	struct waiting *oldest;
	struct waiting **end;
};

/* Without a name. */
static struct waiting *append(struct spool *spool, size_t bytes)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->bytes = bytes;
	spool->unkept_n++;
	*spool->end = w;
	spool->end = &w->next;
	spool->waiting_bytes += bytes;
	spool->waiting_n++;
	return w;
}

static int is_batch(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".batch") == 0 && strlen(entry->d_name) < NAME_BYTES;
}

/* A name behind all that are there, also when the wall clock went back. */
static void make_name(struct spool *spool, char name[NAME_BYTES])
{
	uint64_t now_ns = (uint64_t)clock_wall_ns();

	spool->named_ns = now_ns > spool->named_ns ? now_ns : spool->named_ns + 1;
	(void)snprintf(name, NAME_BYTES, "%016llx-%08llx.batch",
	    (unsigned long long)spool->named_ns, (unsigned long long)spool->made++);
}

static void set_name(struct spool *spool, struct waiting *w, const char *name)
{
	uint64_t named_ns = strtoull(name, NULL, 16);

	memcpy(w->name, name, strlen(name) + 1);
	spool->unkept_n--;
	if (named_ns > spool->named_ns && named_ns < INT64_MAX)
		spool->named_ns = named_ns;
}

/* Queues what an earlier agent left. */
static int adopt(struct spool *spool)
{
	struct dirent **names;
	int n = scandirat(spool->directory, ".", &names, is_batch, alphasort);
	int err = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		struct stat st;
		struct waiting *w = NULL;

		if (fstatat(spool->directory, names[i]->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_size > 0 &&
		    st.st_size <= BATCH_MAX_BYTES) {
			w = append(spool, (size_t)st.st_size);
			err = w ? err : -ENOMEM;
		}
		if (w) /* is_batch() knows that it fits */
			set_name(spool, w, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return err;
}

static int write_file(int directory, const char *name, const void *bytes, size_t n)
{
	int fd = openat(directory, "new.part",
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t done;
	int err = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, bytes, n);
	if (done < 0 || (size_t)done != n)
		err = done < 0 ? -errno : -ENOSPC;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(directory, "new.part", directory, name) < 0)
		err = -errno;
	if (err)
		(void)unlinkat(directory, "new.part", 0);
	return err;
}

static int load_id(struct spool *spool)
{
	AUTO(fd)
	int fd = openat(spool->directory, ID_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && read(fd, spool->agent_id, sizeof(spool->agent_id)) ==
			   (ssize_t)sizeof(spool->agent_id))
		return 0;
	if (getrandom(spool->agent_id, sizeof(spool->agent_id), 0) < 0)
		return -errno;
	return write_file(
	    spool->directory, ID_FILE, spool->agent_id, sizeof(spool->agent_id));
}

static int open_directory(struct spool *spool, const char *directory)
{
	int err;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return log_error(-errno, "cannot make the spool folder %s", directory);
	spool->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->directory < 0)
		return log_error(-errno, "cannot open the spool folder %s", directory);
	err = load_id(spool);
	if (!err)
		err = adopt(spool);
	return err ? log_error(err, "cannot use the spool folder %s", directory) : 0;
}

int spool_open(const char *directory, uint64_t limit_bytes, struct spool **out)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int err = 0;

	if (!spool)
		return -ENOMEM;
	spool->directory = -1;
	spool->limit_bytes = limit_bytes;
	spool->end = &spool->oldest;
	if (directory)
		err = open_directory(spool, directory);
	else if (getrandom(spool->agent_id, sizeof(spool->agent_id), 0) < 0)
		err = -errno;
	if (err) {
		spool_close(spool);
		return err;
	}
	*out = spool;
	return 0;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	while (spool->oldest) {
		struct waiting *w = spool->oldest;

		spool->oldest = w->next;
		free(w->batch);
		free(w);
	}
	if (spool->directory >= 0)
		(void)close(spool->directory);
	free(spool);
}

const uint8_t *spool_agent_id(const struct spool *spool)
{
	return spool->agent_id;
}

size_t spool_waiting(const struct spool *spool)
{
	return spool->waiting_n;
}

/* What waits long is read from disk again, so that memory stays bounded; but not the
 * oldest, which may be on its way. */
static void unload(const struct spool *spool, struct waiting *w)
{
	if (w == spool->oldest || spool->waiting_n <= SPOOL_MEMORY_MAX)
		return;
	free(w->batch);
	w->batch = NULL;
}

static int write_waiting(struct spool *spool, struct waiting *w)
{
	char name[NAME_BYTES];
	int err;

	make_name(spool, name);
	err = write_file(spool->directory, name, w->batch, w->bytes);
	if (err)
		return err;
	set_name(spool, w, name);
	unload(spool, w);
	return 0;
}

/* Writes what the disk did not take before, as far as it takes it now. */
static int keep(struct spool *spool)
{
	int err = 0;

	if (spool->directory < 0 || spool->unkept_n == 0)
		return 0;
	for (struct waiting *w = spool->oldest; w && !err; w = w->next)
		if (!w->name[0])
			err = write_waiting(spool, w);
	switch (complaint_look(&spool->complaint, err, clock_boot_ns())) {
	case COMPLAINT_BEGINS:
		log_warn(
		    "the spool folder cannot be written (%s): batches wait in memory",
		    strerror(-err));
		break;
	case COMPLAINT_ENDS:
		log_note("the spool folder is written again");
		break;
	case COMPLAINT_NOTHING:
		break;
	}
	return err;
}

/* Takes one out, whose bytes it leaves. */
static void unlink_waiting(struct spool *spool, struct waiting **at)
{
	struct waiting *w = *at;

	*at = w->next;
	if (!w->next)
		spool->end = at;
	spool->waiting_bytes -= w->bytes;
	spool->waiting_n--;
	if (w->name[0])
		(void)unlinkat(spool->directory, w->name, 0);
	else
		spool->unkept_n--;
}

int spool_put(struct spool *spool, uint8_t *batch, size_t bytes, uint64_t n)
{
	struct waiting **at = spool->end;
	struct waiting *w;
	int err;

	if (spool->waiting_bytes + bytes > spool->limit_bytes)
		return -ENOSPC;
	w = append(spool, bytes);
	if (!w)
		return -ENOMEM;
	w->batch = batch;
	w->n = n;
	err = keep(spool);
	if (err && spool->unkept_n > SPOOL_MEMORY_MAX) {
		unlink_waiting(spool, at);
		free(w);
		return err;
	}
	return 0;
}

/* Of a batch that waits -ENOENT would say that there is none. */
static int cannot_open(int err)
{
	if (err == EMFILE || err == ENFILE)
		return -ENOMEM;
	return err == ENOENT ? -ESTALE : -err;
}

static int load(struct spool *spool, struct waiting *w)
{
	AUTO(fd)
	int fd = openat(spool->directory, w->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return cannot_open(errno);
	w->batch = malloc(w->bytes);
	if (!w->batch)
		return -ENOMEM;
	if (read(fd, w->batch, w->bytes) == (ssize_t)w->bytes)
		return 0;
	free(w->batch);
	w->batch = NULL;
	return -EIO;
}

int spool_peek(struct spool *spool, const uint8_t **batch, size_t *bytes)
{
	struct waiting *w = spool->oldest;
	int err;

	if (!w)
		return -ENOENT;
	if (!w->batch) {
		err = load(spool, w);
		if (err)
			return err;
	}
	*batch = w->batch;
	*bytes = w->bytes;
	return 0;
}

uint64_t spool_pop(struct spool *spool)
{
	struct waiting *w = spool->oldest;
	uint64_t n = w ? w->n : 0;

	if (!w)
		return 0;
	unlink_waiting(spool, &spool->oldest);
	free(w->batch);
	free(w);
	return n;
}

bool spool_take_unkept(struct spool *spool, uint8_t **batch, size_t *bytes, uint64_t *n)
{
	struct waiting **at = &spool->oldest;
	struct waiting *w;

	if (keep(spool) == 0 && spool->unkept_n == 0)
		return false;
	while ((*at)->name[0])
		at = &(*at)->next;
	w = *at;
	unlink_waiting(spool, at);
	*batch = w->batch;
	*bytes = w->bytes;
	*n = w->n;
	free(w);
	return true;
}
