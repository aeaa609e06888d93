/* Stacks are counted in a hash table by their text. */
#include "agent/deep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/deep/programs.h"
#include "agent/deep/symbols.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define BUCKETS 4096
#define STACKS_BYTES_MAX (16U << 20) /* of memory; beyond, samples are "[other]" */
#define WRITE_EVERY_NS 30000000000ULL
#define STACK_BYTES 16384
#define FRAME_BYTES 200
#define CUT ";[cut]" /* the end of a stack that had no room for more */

struct stack {
	struct stack *next;
	uint64_t samples;
	char text[];
};

struct deep {
	FILE *file;
	struct programs *programs;
	struct symbols *kernel; /* NULL: its names cannot be read */
	uint64_t samples;
	uint64_t written;     /* samples that are in the file */
	uint64_t written_ns;  /* when */
	size_t written_bytes; /* of stacks_bytes, then */
	size_t stacks_bytes;
	uint64_t cpu_ns;
	struct stack *stacks[BUCKETS];
};

/* What is there stays until there is something to write. */
static int open_output(const char *path)
{
	int fd =
	    open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	struct stat status;

	if (fd < 0)
		return log_error(-errno, "cannot write --deep-out %s%s", path,
		    errno == ELOOP ? ": it is a symbolic link" : "");
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	(void)close(fd);
	return log_error(
	    -EINVAL, "cannot write --deep-out %s: it is no regular file", path);
}

int deep_open(const char *path, struct deep **out)
{
	struct deep *deep;
	int fd = open_output(path);

	if (fd < 0)
		return fd;
	deep = calloc(1, sizeof(*deep));
	if (!deep || programs_new(&deep->programs) < 0) {
		(void)close(fd);
		free(deep);
		return -ENOMEM;
	}
	deep->file = fdopen(fd, "w");
	if (!deep->file) {
		(void)close(fd);
		programs_free(deep->programs);
		free(deep);
		return -ENOMEM;
	}
	if (symbols_read_kernel(&deep->kernel) < 0)
		log_warn("the kernel's symbols cannot be read: its frames stay "
			 "addresses");
	*out = deep;
	return 0;
}

static bool is_cut(const char *stack, size_t n)
{
	return n >= strlen(CUT) && strcmp(stack + n - strlen(CUT), CUT) == 0;
}

int deep_add_frame(char *stack, size_t size, const char *frame)
{
	size_t at = strlen(stack);
	size_t n = strlen(frame);
	char *name;

	if (is_cut(stack, at))
		return -ENOSPC;
	if (at + n + 2 + strlen(CUT) > size) {
		(void)snprintf(stack + at, size - at, "%s", CUT);
		return -ENOSPC;
	}
	if (at > 0)
		stack[at++] = ';';
	name = stack + at;
	memcpy(name, frame, n + 1);
	for (; *name; name++)
		if (*name == ';')
			*name = ':';
	text_make_printable(stack + at);
	return 0;
}

static int add_user_frame(
    struct deep *deep, const struct record_sample *sample, uint64_t address, char *stack)
{
	char name[FRAME_BYTES];

	programs_name(
	    deep->programs, sample->pid, sample->memory, address, name, sizeof(name));
	return deep_add_frame(stack, STACK_BYTES, name);
}

static int add_kernel_frame(const struct deep *deep, uint64_t address, char *stack)
{
	const char *name = deep->kernel ? symbols_find(deep->kernel, address) : NULL;
	char frame[FRAME_BYTES];

	/* _[k] as in perf's folded stacks, for the colours of flame graphs */
	if (name)
		(void)snprintf(frame, sizeof(frame), "%.180s_[k]", name);
	else
		(void)snprintf(frame, sizeof(frame), "[kernel+0x%llx]_[k]",
		    (unsigned long long)address);
	return deep_add_frame(stack, STACK_BYTES, frame);
}

static size_t frames_in(int32_t bytes, size_t most)
{
	size_t n = bytes > 0 ? (size_t)bytes / sizeof(uint64_t) : 0;

	return n < most ? n : most;
}

static struct stack **find(struct deep *deep, const char *text)
{
	uint64_t hash = 14695981039346656037U; /* FNV-1a */
	struct stack **at;

	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211U;
	at = &deep->stacks[hash % BUCKETS];
	while (*at && strcmp((*at)->text, text) != 0)
		at = &(*at)->next;
	return at;
}

static void count(struct deep *deep, const char *text)
{
	struct stack **at = find(deep, text);
	size_t bytes;

	if (!*at && deep->stacks_bytes >= STACKS_BYTES_MAX)
		at = find(deep, text = "[other]");
	if (!*at) {
		bytes = strlen(text) + 1;
		*at = calloc(1, sizeof(**at) + bytes);
		if (!*at)
			return;
		memcpy((*at)->text, text, bytes);
		deep->stacks_bytes += sizeof(**at) + bytes;
	}
	(*at)->samples++;
	deep->samples++;
}

static uint64_t thread_cpu_ns(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
}

void deep_take(struct deep *deep, const struct record_sample *sample)
{
	uint64_t began_ns = thread_cpu_ns();
	static char stack[STACK_BYTES];
	char name[COLDSTART_NAME_BYTES + 1];
	int err = 0;
	size_t i;

	stack[0] = '\0';
	(void)text_copy_bytes(name, sizeof(name), sample->name, COLDSTART_NAME_BYTES);
	(void)deep_add_frame(stack, sizeof(stack), name[0] ? name : "[no name]");
	for (i = frames_in(sample->user_bytes, SAMPLE_USER_FRAMES); !err && i-- > 0;)
		err = add_user_frame(deep, sample, sample->user[i], stack);
	for (i = frames_in(sample->kernel_bytes, SAMPLE_KERNEL_FRAMES); !err && i-- > 0;)
		err = add_kernel_frame(deep, sample->kernel[i], stack);
	count(deep, stack);
	deep->cpu_ns += thread_cpu_ns() - began_ns;
}

static void write_stacks(struct deep *deep)
{
	if (deep->written == deep->samples || fseek(deep->file, 0, SEEK_SET) < 0)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct stack *s = deep->stacks[i]; s; s = s->next)
			(void)fprintf(deep->file, "%s %llu\n", s->text,
			    (unsigned long long)s->samples);
	if (fflush(deep->file) == 0 &&
	    ftruncate(fileno(deep->file), ftell(deep->file)) == 0)
		deep->written = deep->samples;
	deep->written_bytes = deep->stacks_bytes;
}

void deep_turn(struct deep *deep, uint64_t now_ns)
{
	uint64_t began_ns;

	if (!deep)
		return;
	programs_turn(deep->programs);
	if (deep->written == deep->samples ||
	    (deep->stacks_bytes < 2 * deep->written_bytes &&
		now_ns - deep->written_ns < WRITE_EVERY_NS))
		return;
	began_ns = thread_cpu_ns();
	write_stacks(deep);
	deep->written_ns = now_ns;
	deep->cpu_ns += thread_cpu_ns() - began_ns;
}

uint64_t deep_cpu_ns(const struct deep *deep)
{
	return deep ? deep->cpu_ns : 0;
}

uint64_t deep_close(struct deep *deep)
{
	uint64_t samples;

	if (!deep)
		return 0;
	write_stacks(deep);
	samples = deep->samples;
	if (deep->written != samples)
		(void)log_error(-EIO, "cannot write the folded stacks");
	(void)fclose(deep->file);
	for (size_t i = 0; i < BUCKETS; i++)
		while (deep->stacks[i]) {
			struct stack *s = deep->stacks[i];

			deep->stacks[i] = s->next;
			free(s);
		}
	programs_free(deep->programs);
	symbols_free(deep->kernel);
	free(deep);
	return samples;
}
