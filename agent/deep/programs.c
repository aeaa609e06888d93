/* A few programs are remembered, and the symbols of each file once for all of them. */
#include "agent/deep/programs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "agent/deep/perf_map.h"
#include "agent/deep/symbols.h"
#include "agent/names/seen_file.h"
#include "base/cleanup.h"
#include "base/text.h"

#define PROGRAMS_MAX 32 /* beyond, the one that was asked for longest ago goes */
#define MAPS_MAX 1024   /* executable ones of a program */
#define MODULES_MAX 256
#define MODULES_BYTES_MAX (256U << 20) /* of their symbols, one module more or less */
#define PERF_BYTES_MAX (64U << 20)     /* of the file of one program */
#define PERF_BYTES_ALL (128U << 20)    /* of memory, for those of all */
#define PIECE_BYTES 65536

struct module {
	uint64_t device, inode;
	struct symbols *symbols; /* NULL: it has none that can be read */
};

struct program {
	uint32_t pid; /* 0: free */
	uint64_t memory;
	uint64_t used;
	struct program_map *maps;
	size_t maps_n;
	struct perf_map *perf;
	size_t perf_bytes;     /* of its file, that were read */
	uint64_t maps_turn;    /* when they were read */
	uint64_t follows_turn; /* when its file was */
};

struct programs {
	struct program each[PROGRAMS_MAX];
	uint64_t clock;
	uint64_t turn; /* 1 is the first */
	size_t perf_budget;
	struct module modules[MODULES_MAX];
	size_t modules_n;
	size_t modules_bytes;
};

int programs_new(struct programs **out)
{
	struct programs *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->turn = 1;
	all->perf_budget = PERF_BYTES_ALL;
	*out = all;
	return 0;
}

static void forget(struct program *p)
{
	free(p->maps);
	perf_map_free(p->perf);
	memset(p, 0, sizeof(*p));
}

void programs_free(struct programs *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < PROGRAMS_MAX; i++)
		forget(&all->each[i]);
	for (size_t i = 0; i < all->modules_n; i++)
		symbols_free(all->modules[i].symbols);
	free(all);
}

void programs_turn(struct programs *all)
{
	all->turn++;
}

bool program_map_parse(const char *line, struct program_map *out)
{
	struct program_map map = {.start = 0};
	unsigned long long start, end, offset, inode;
	unsigned int major, minor;
	char permissions[5];
	int path = 0;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote these numbers */
	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, permissions,
		&offset, &major, &minor, &inode, &path) < 7 ||
	    end <= start)
		return false;
	map.start = start;
	map.end = end;
	map.offset = offset;
	map.device = (uint64_t)major << 32 | minor;
	map.inode = inode;
	map.executable = permissions[2] == 'x';
	if (path > 0) {
		size_t n = strcspn(line + path, "\n");

		if (n >= sizeof(map.path))
			path += (int)(n - (sizeof(map.path) - 1));
		(void)text_copy_bytes(
		    map.path, sizeof(map.path), line + path, strcspn(line + path, "\n"));
	}
	*out = map;
	return true;
}

static void load_maps(struct program *p, uint64_t turn)
{
	AUTO(file) FILE *file = NULL;
	AUTO(free) struct program_map *maps = calloc(MAPS_MAX, sizeof(*maps));
	char line[4352]; /* a path of PATH_MAX behind 100 characters */
	size_t n = 0;

	p->maps_turn = turn;
	(void)snprintf(line, sizeof(line), "/proc/%u/maps", p->pid);
	file = fopen(line, "re");
	while (file && maps && n < MAPS_MAX && fgets(line, sizeof(line), file))
		if (program_map_parse(line, &maps[n]) && maps[n].executable)
			n++;
	if (n == 0) /* it has gone: what is known stays */
		return;
	free(p->maps);
	p->maps = TAKE(maps);
	p->maps_n = n;
}

static struct program *program_of(struct programs *all, uint32_t pid, uint64_t memory)
{
	struct program *oldest = &all->each[0];

	for (size_t i = 0; i < PROGRAMS_MAX; i++) {
		struct program *p = &all->each[i];

		if (p->pid == pid && p->memory == memory) {
			p->used = ++all->clock;
			return p;
		}
		if (p->used < oldest->used)
			oldest = p;
	}
	forget(oldest);
	oldest->pid = pid;
	oldest->memory = memory;
	oldest->used = ++all->clock;
	load_maps(oldest, all->turn);
	return oldest;
}

static const struct program_map *map_at(const struct program *p, uint64_t address)
{
	for (size_t i = 0; i < p->maps_n; i++)
		if (address >= p->maps[i].start && address < p->maps[i].end)
			return &p->maps[i];
	return NULL;
}

static struct symbols *module_symbols(
    struct programs *all, const struct program *p, const struct program_map *map)
{
	AUTO(fd) int fd = -EBADF;
	struct module *module;

	for (size_t i = 0; i < all->modules_n; i++)
		if (all->modules[i].inode == map->inode &&
		    all->modules[i].device == map->device)
			return all->modules[i].symbols;
	if (all->modules_n == MODULES_MAX || all->modules_bytes > MODULES_BYTES_MAX ||
	    map->path[0] != '/')
		return NULL;
	fd = seen_file_open_mapped(p->pid, map->path, map->inode);
	if (fd < 0)
		return NULL; /* perhaps another process can */
	module = &all->modules[all->modules_n++];
	*module = (struct module){.device = map->device, .inode = map->inode};
	(void)symbols_read(fd, &module->symbols);
	all->modules_bytes += symbols_bytes(module->symbols);
	return module->symbols;
}

/* The pid that the process itself sees, the last of NSpid, and its effective user. False
 * when it has gone. */
static bool read_identity(uint32_t pid, unsigned int *own_pid, uid_t *user)
{
	AUTO(file) FILE *file = NULL;
	char line[256];
	bool found = false;

	*own_pid = pid;
	(void)snprintf(line, sizeof(line), "/proc/%u/status", pid);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file)) {
		const char *last = strrchr(line, '\t');

		if (strncmp(line, "NSpid:", 6) == 0 && last)
			*own_pid = (unsigned int)strtoul(last + 1, NULL, 10);
		/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
		found |= sscanf(line, "Uid: %*u %u", user) == 1;
	}
	return found;
}

/* What the runtime has written since. */
static void follow_perf_map(struct programs *all, struct program *p)
{
	static char piece[PIECE_BYTES];
	AUTO(fd) int fd = -EBADF;
	unsigned int own_pid;
	char path[64];
	uid_t user;
	ssize_t n;

	if (!read_identity(p->pid, &own_pid, &user))
		return;
	(void)snprintf(path, sizeof(path), "/tmp/perf-%u.map", own_pid);
	fd = seen_file_open_owned(p->pid, path, user);
	if (fd < 0 || (!p->perf && perf_map_new(&all->perf_budget, &p->perf) < 0))
		return;
	while (p->perf_bytes < PERF_BYTES_MAX &&
	       (n = pread(fd, piece, sizeof(piece), (off_t)p->perf_bytes)) > 0) {
		long used = perf_map_add(p->perf, piece, (size_t)n);

		if (used <= 0)
			return;
		p->perf_bytes += (size_t)used;
	}
}

static const char *made_name(struct programs *all, struct program *p, uint64_t address)
{
	const char *name = p->perf ? perf_map_find(p->perf, address) : NULL;

	if (name || p->follows_turn == all->turn)
		return name;
	p->follows_turn = all->turn;
	follow_perf_map(all, p);
	return p->perf ? perf_map_find(p->perf, address) : NULL;
}

void programs_name(struct programs *all, uint32_t pid, uint64_t memory, uint64_t address,
    char *out, size_t size)
{
	struct program *p = program_of(all, pid, memory);
	const struct program_map *map = map_at(p, address);
	const struct symbols *symbols;
	const char *name;
	const char *base;

	if (!map && p->maps_turn != all->turn) { /* a library that was loaded since */
		load_maps(p, all->turn);
		map = map_at(p, address);
	}
	if (!map) {
		(void)text_copy(out, size, "[unknown]");
		return;
	}
	symbols = map->inode ? module_symbols(all, p, map) : NULL;
	name = map->inode ? NULL : made_name(all, p, address);
	if (symbols)
		name = symbols_find(symbols, address - map->start + map->offset);
	base = strrchr(map->path, '/');
	base = base ? base + 1 : map->path;
	if (name)
		(void)text_copy(out, size, name);
	else
		(void)snprintf(out, size, "[%.64s+0x%" PRIx64 "]",
		    *base ? base : "anonymous", address - map->start + map->offset);
}
