#include "agent/deep/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/room.h"

#define SYMBOLS_MAX 2000000 /* of one file; Chrome has a million */
#define SEGMENTS_MAX 16
#define NAME_BYTES 200              /* of a name, with its NUL; C++ has longer ones */
#define NAMES_BYTES_MAX (64U << 20) /* of one file */
#define STRINGS_BYTES_MAX                                                                \
	(256U << 20) /* of the section that holds them, longer ones too */

struct symbol {
	uint64_t start;
	uint64_t size; /* 0: until the next one */
	size_t name;   /* its place in names */
};

struct segment {
	uint64_t offset, bytes; /* in the file */
	uint64_t address;
};

struct symbols {
	struct symbol *each; /* sorted by start */
	size_t n;
	size_t room;
	char *names;
	size_t names_bytes;
	size_t names_room;
	struct segment segments[SEGMENTS_MAX]; /* none: offsets are addresses */
	size_t segments_n;
};

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	free(s->each);
	free(s->names);
	free(s);
}

static void cleanup_symbols(struct symbols **s)
{
	symbols_free(*s);
}

static int reserve(struct symbols *s, size_t name_bytes)
{
	size_t names_room = 2 * (s->names_room + name_bytes) + 4096;
	char *names;

	if (ROOM_FOR_ONE(s->each, s->n, s->room) < 0)
		return -ENOMEM;
	if (s->names && s->names_room - s->names_bytes >= name_bytes)
		return 0;
	names = realloc(s->names, names_room);
	if (!names)
		return -ENOMEM;
	s->names = names;
	s->names_room = names_room;
	return 0;
}

/* A name need not be terminated within the room of its section. */
static int add(
    struct symbols *s, uint64_t start, uint64_t size, const char *name, size_t room)
{
	size_t n = strnlen(name, room < NAME_BYTES - 1 ? room : NAME_BYTES - 1);

	if (n == 0 || s->n == SYMBOLS_MAX || n >= NAMES_BYTES_MAX - s->names_bytes)
		return 0;
	if (reserve(s, n + 1) < 0)
		return -ENOMEM;
	s->each[s->n++] = (struct symbol){start, size, s->names_bytes};
	memcpy(s->names + s->names_bytes, name, n);
	s->names[s->names_bytes + n] = '\0';
	s->names_bytes += n + 1;
	return 0;
}

size_t symbols_bytes(const struct symbols *s)
{
	return s ? sizeof(*s) + s->room * sizeof(*s->each) + s->names_room : 0;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a;
	const struct symbol *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void settle(struct symbols *s)
{
	if (s->n > 0)
		qsort(s->each, s->n, sizeof(*s->each), by_start);
}

/* What a section holds as it is in the file; NULL when it is larger than that, or not in
 * the file. A section that is compressed is no exception. */
static const Elf_Data *read_bytes(Elf_Scn *section, uint64_t most)
{
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
	    header.sh_size > most)
		return NULL;
	return elf_getdata(section, NULL);
}

static int read_section(Elf *elf, Elf_Scn *section, struct symbols *s)
{
	GElf_Shdr header;
	const Elf_Data *data =
	    read_bytes(section, SYMBOLS_MAX * (uint64_t)sizeof(Elf64_Sym));
	const Elf_Data *strings;

	if (!data || !gelf_getshdr(section, &header) || header.sh_entsize == 0)
		return 0;
	strings = read_bytes(elf_getscn(elf, header.sh_link), STRINGS_BYTES_MAX);
	if (!strings || !strings->d_buf)
		return 0;
	for (size_t i = 0; i < header.sh_size / header.sh_entsize; i++) {
		GElf_Sym symbol;

		if (i > INT32_MAX || !gelf_getsym((Elf_Data *)data, (int)i, &symbol))
			break;
		if ((GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
			GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC) ||
		    symbol.st_shndx == SHN_UNDEF || symbol.st_name >= strings->d_size)
			continue;
		if (add(s, symbol.st_value, symbol.st_size,
			(const char *)strings->d_buf + symbol.st_name,
			strings->d_size - symbol.st_name) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The symbols of the first section of that type. */
static int read_type(Elf *elf, GElf_Word type, struct symbols *s)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_type == type)
			return read_section(elf, section, s);
	}
	return 0;
}

static int read_segments(Elf *elf, struct symbols *s)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return -ENOEXEC;
	for (size_t i = 0; i < n && s->segments_n < SEGMENTS_MAX; i++) {
		GElf_Phdr header;

		if (i <= INT32_MAX && gelf_getphdr(elf, (int)i, &header) &&
		    header.p_type == PT_LOAD && header.p_flags & PF_X)
			s->segments[s->segments_n++] = (struct segment){
			    header.p_offset, header.p_filesz, header.p_vaddr};
	}
	return s->segments_n > 0 ? 0 : -ENOEXEC;
}

static void cleanup_elf(Elf **elf)
{
	(void)elf_end(*elf);
}

/* Whether the header says its counts itself: those of 65,280 sections or 65,535 segments
 * and more are elsewhere in the file, of any size, and libelf makes room for as many. No
 * program has so many. */
static bool counts_are_small(int fd)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header = {.ident = {0}};

	if (pread(fd, &header, sizeof(header), 0) < (ssize_t)sizeof(header.narrow))
		return false;
	if (header.ident[EI_CLASS] == ELFCLASS32)
		return (header.narrow.e_shnum != 0 || header.narrow.e_shoff == 0) &&
		       header.narrow.e_phnum != PN_XNUM;
	return (header.wide.e_shnum != 0 || header.wide.e_shoff == 0) &&
	       header.wide.e_phnum != PN_XNUM;
}

/* Not mapped, so that a file that is cut meanwhile is an error and no signal. */
int symbols_read(int fd, struct symbols **out)
{
	AUTO(symbols) struct symbols *s = NULL;
	AUTO(elf) Elf *elf = NULL;
	int err;

	(void)elf_version(EV_CURRENT);
	if (!counts_are_small(fd))
		return -ENOEXEC;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return -ENOEXEC;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	err = read_segments(elf, s);
	if (!err)
		err = read_type(elf, SHT_SYMTAB, s);
	if (!err && s->n == 0)
		err = read_type(elf, SHT_DYNSYM, s);
	if (err)
		return err;
	settle(s);
	*out = TAKE(s);
	return 0;
}

int symbols_read_kernel(struct symbols **out)
{
	AUTO(symbols) struct symbols *s = calloc(1, sizeof(*s));
	AUTO(file) FILE *file = fopen("/proc/kallsyms", "re");
	char line[512];

	if (!file)
		return -errno;
	while (s && fgets(line, sizeof(line), file)) {
		char *end;
		uint64_t start = strtoull(line, &end, 16);
		char *name = *end ? end + 3 : end;

		if (start == 0) /* for a reader without CAP_SYSLOG all are */
			continue;
		name[strcspn(name, " \t\n")] = '\0';
		if (strchr("tTwW", end[1]) && add(s, start, 0, name, NAME_BYTES) < 0)
			return -ENOMEM;
	}
	if (!s)
		return -ENOMEM;
	if (s->n == 0)
		return -EPERM;
	settle(s);
	*out = TAKE(s);
	return 0;
}

const char *symbols_find(const struct symbols *s, uint64_t offset)
{
	uint64_t address = offset;
	size_t low = 0;
	size_t high = s->n;
	const struct symbol *found;

	for (size_t i = 0; i < s->segments_n; i++)
		if (offset - s->segments[i].offset < s->segments[i].bytes) {
			address = offset - s->segments[i].offset + s->segments[i].address;
			break;
		}
	while (low < high) { /* the first behind the address */
		size_t middle = low + (high - low) / 2;

		if (s->each[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	found = &s->each[low - 1];
	if (found->size > 0 && address - found->start >= found->size)
		return NULL;
	return s->names + found->name;
}
