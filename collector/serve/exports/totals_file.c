/* The coding: varints but where said. "CMTOTAL1"; then start_ns, the number of functions,
 * each of them; 0 or 1, and the overflow when it is 1. A function: platform, name and
 * version each behind its length, last_ns, invocations, cold, errors, timeouts, and
 * duration, init, cpu, memory: high and low half of the sum, histogram_encode().
 * The file has before it: 1 when it was the last one of its process, else 0, and the 36
 * bytes of the kernel's boot id. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/varint.h"
#include "serve/exports/totals_rows.h"

#define MAGIC "CMTOTAL1"
#define MAGIC_BYTES 8
#define BOOT_BYTES 36
#define HEAD_BYTES (1 + BOOT_BYTES)
#define FILE_MAX_BYTES ((off_t)1 << 30)
#define PATH_BYTES 4096

/* --- writing ----------------------------------------------------------------------- */

static void put(struct buffer *b, uint64_t value)
{
	uint8_t bytes[VARINT_MAX_BYTES];

	buffer_put(b, bytes, (size_t)varint_encode(value, bytes, sizeof(bytes)));
}

static void put_text(struct buffer *b, const char *text)
{
	put(b, strlen(text));
	buffer_put_text(b, text);
}

static void put_measure(struct buffer *b, const struct totals_measure *m)
{
	size_t max = histogram_encoded_max(&m->histogram);
	uint8_t *to;
	ssize_t n;

	put(b, (uint64_t)(m->sum >> 64));
	put(b, (uint64_t)m->sum);
	to = buffer_extend(b, max);
	if (!to)
		return;
	n = histogram_encode(&m->histogram, to, max);
	b->failed |= n < 0;
	b->n -= max - (n < 0 ? 0 : (size_t)n);
}

static void put_function(struct buffer *b, const struct totals_function *f)
{
	put(b, (uint64_t)f->function.platform);
	put_text(b, f->function.name);
	put_text(b, f->function.version);
	put(b, (uint64_t)f->last_ns);
	put(b, f->invocations);
	put(b, f->cold);
	put(b, f->errors);
	put(b, f->timeouts);
	put_measure(b, &f->duration);
	put_measure(b, &f->init);
	put_measure(b, &f->cpu);
	put_measure(b, &f->memory);
}

bool totals_encode(struct totals *t, struct buffer *out, bool *changed)
{
	(void)pthread_mutex_lock(&t->mutex);
	*changed = t->changed;
	buffer_put(out, MAGIC, MAGIC_BYTES);
	put(out, (uint64_t)t->start_ns);
	put(out, t->n);
	for (size_t i = 0; i < t->n; i++)
		put_function(out, t->rows[i]);
	put(out, t->overflow != NULL);
	if (t->overflow)
		put_function(out, t->overflow);
	t->changed = false;
	(void)pthread_mutex_unlock(&t->mutex);
	return !out->failed;
}

/* --- reading ----------------------------------------------------------------------- */

struct reader {
	const uint8_t *at;
	size_t left;
	int err;
};

static uint64_t get(struct reader *r)
{
	uint64_t value = 0;
	ssize_t n = r->err ? 0 : varint_decode(r->at, r->left, &value);

	if (n <= 0) {
		r->err = r->err ? r->err : -EBADMSG;
		return 0;
	}
	r->at += n;
	r->left -= (size_t)n;
	return value;
}

static void get_text(struct reader *r, char *to, size_t size)
{
	uint64_t n = get(r);

	if (!r->err && (n >= size || n > r->left))
		r->err = -EBADMSG;
	if (r->err)
		return;
	memcpy(to, r->at, n);
	to[n] = '\0';
	r->at += n;
	r->left -= n;
}

static void get_measure(struct reader *r, struct totals_measure *m)
{
	unsigned __int128 high = get(r);
	ssize_t n;

	m->sum = high << 64 | get(r);
	if (r->err)
		return;
	n = histogram_decode(r->at, r->left, &m->histogram);
	if (n < 0) {
		r->err = (int)n;
		return;
	}
	r->at += n;
	r->left -= (size_t)n;
}

static void get_figures(struct reader *r, struct totals_function *f)
{
	f->last_ns = (int64_t)get(r);
	f->invocations = get(r);
	f->cold = get(r);
	f->errors = get(r);
	f->timeouts = get(r);
	get_measure(r, &f->duration);
	get_measure(r, &f->init);
	get_measure(r, &f->cpu);
	get_measure(r, &f->memory);
}

static void get_identity(struct reader *r, struct function *function)
{
	uint64_t platform = get(r);

	if (platform >= PLATFORM_COUNT)
		r->err = -EBADMSG;
	function->platform = (enum platform)platform;
	get_text(r, function->name, sizeof(function->name));
	get_text(r, function->version, sizeof(function->version));
}

/* One of the file; what a smaller limit has no room for is left out: its series end. */
static void get_function(struct reader *r, struct totals *t)
{
	struct function function = {0};
	struct totals_function *row;

	get_identity(r, &function);
	if (r->err)
		return;
	row = t->n < t->max ? totals_row(t, &function, 0) : NULL;
	if (row && row->last_ns == 0 && row->invocations == 0) {
		get_figures(r, row);
		return;
	}
	row = calloc(1, sizeof(*row));
	if (!row) {
		r->err = -ENOMEM;
		return;
	}
	get_figures(r, row);
	totals_function_free(row);
}

static void get_overflow(struct reader *r, struct totals *t)
{
	struct function nobody;

	if (get(r) != 1)
		return;
	t->overflow = calloc(1, sizeof(*t->overflow));
	if (!t->overflow) {
		r->err = -ENOMEM;
		return;
	}
	get_identity(r, &nobody);
	if (!r->err)
		get_figures(r, t->overflow);
}

int totals_decode(struct totals *t, const uint8_t *in, size_t n)
{
	struct reader r = {in + MAGIC_BYTES, n - MAGIC_BYTES, 0};
	uint64_t functions;
	int64_t start_ns;

	if (n < MAGIC_BYTES || memcmp(in, MAGIC, MAGIC_BYTES) != 0)
		return -EBADMSG;
	(void)pthread_mutex_lock(&t->mutex);
	start_ns = (int64_t)get(&r);
	functions = get(&r);
	for (uint64_t i = 0; !r.err && i < functions; i++)
		get_function(&r, t);
	if (!r.err)
		get_overflow(&r, t);
	if (!r.err && r.left > 0)
		r.err = -EBADMSG;
	if (r.err)
		totals_clear(t);
	else
		t->start_ns = start_ns;
	(void)pthread_mutex_unlock(&t->mutex);
	return r.err;
}

/* --- the file ---------------------------------------------------------------------- */

static int path_of(const char *directory, const char *name, char path[PATH_BYTES])
{
	return snprintf(path, PATH_BYTES, "%s/%s", directory, name) < PATH_BYTES
		   ? 0
		   : -ENAMETOOLONG;
}

/* Zeros where the kernel does not tell: then one boot is like another. */
static void read_boot(uint8_t boot[BOOT_BYTES])
{
	AUTO(fd) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(boot, 0, BOOT_BYTES);
	if (fd >= 0 && read(fd, boot, BOOT_BYTES) != BOOT_BYTES)
		memset(boot, 0, BOOT_BYTES);
}

static int write_file(const char *path, const struct buffer *b, bool finally)
{
	AUTO(fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < b->n;) {
		ssize_t n = write(fd, b->at + done, b->n - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return finally && fdatasync(fd) < 0 ? -errno : 0;
}

static void make_stale(struct totals *t)
{
	(void)pthread_mutex_lock(&t->mutex);
	t->changed = true;
	(void)pthread_mutex_unlock(&t->mutex);
}

int totals_save(struct totals *t, const char *directory, bool finally)
{
	char path[PATH_BYTES];
	char made[PATH_BYTES];
	uint8_t head[HEAD_BYTES] = {finally};
	struct buffer b = {0};
	bool changed;
	int err = path_of(directory, "totals", path);

	if (!err)
		err = path_of(directory, "totals.new", made);
	if (err)
		return err;
	read_boot(head + 1);
	buffer_put(&b, head, sizeof(head));
	err = totals_encode(t, &b, &changed) ? 0 : -ENOMEM;
	if (!err && !changed && !finally) {
		buffer_done(&b);
		return 0;
	}
	if (!err)
		err = write_file(made, &b, finally);
	if (!err && rename(made, path) < 0)
		err = -errno;
	if (err)
		make_stale(t);
	buffer_done(&b);
	return err;
}

static int read_file(const char *path, struct buffer *b)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > FILE_MAX_BYTES || !buffer_extend(b, (size_t)st.st_size + 1))
		return -EFBIG;
	n = read(fd, b->at, b->n);
	if (n < 0)
		return -errno;
	b->n = (size_t)n;
	return 0;
}

int totals_load(struct totals *t, const char *directory)
{
	char path[PATH_BYTES];
	uint8_t boot[BOOT_BYTES];
	struct buffer b = {0};
	int err = path_of(directory, "totals", path);

	if (!err)
		err = read_file(path, &b);
	read_boot(boot);
	if (!err && b.n < HEAD_BYTES)
		err = -EBADMSG;
	if (!err && (b.at[0] == 1 || memcmp(b.at + 1, boot, BOOT_BYTES) == 0))
		err = totals_decode(t, b.at + HEAD_BYTES, b.n - HEAD_BYTES);
	buffer_done(&b);
	return err == -ENOENT ? 0 : err;
}
