/* Symbols of ELF files, of those too that somebody made to cost memory and time. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/deep/symbols.h"

#define MB ((uint64_t)1 << 20)

/* A file of one segment and, in this order, no section, symbols, strings. */
struct crafted {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Shdr sections[3];
	int fd;
};

static void put(int fd, const void *bytes, size_t n, uint64_t at)
{
	assert_int_equal(pwrite(fd, bytes, n, (off_t)at), (ssize_t)n);
}

/* Symbol i is a function of one byte at address i, which is the offset i; its name is at
 * the i-th byte of the strings, modulo stride. */
static void craft(
    struct crafted *c, size_t symbols, const char *strings, size_t bytes, size_t stride)
{
	char path[] = "/tmp/coldmeter-test-XXXXXX";
	uint64_t strings_at = sizeof(*c) + symbols * sizeof(Elf64_Sym);

	*c = (struct crafted){.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64,
					     ELFDATA2LSB, EV_CURRENT},
				  .e_type = ET_DYN,
				  .e_machine = EM_X86_64,
				  .e_version = EV_CURRENT,
				  .e_phoff = offsetof(struct crafted, segment),
				  .e_shoff = offsetof(struct crafted, sections),
				  .e_ehsize = sizeof(Elf64_Ehdr),
				  .e_phentsize = sizeof(Elf64_Phdr),
				  .e_phnum = 1,
				  .e_shentsize = sizeof(Elf64_Shdr),
				  .e_shnum = 3},
	    .segment = {.p_type = PT_LOAD, .p_flags = PF_X | PF_R, .p_filesz = MB},
	    .sections = {{.sh_type = SHT_NULL},
		{.sh_type = SHT_SYMTAB,
		    .sh_offset = sizeof(*c),
		    .sh_size = symbols * sizeof(Elf64_Sym),
		    .sh_entsize = sizeof(Elf64_Sym),
		    .sh_link = 2},
		{.sh_type = SHT_STRTAB, .sh_offset = strings_at, .sh_size = bytes}},
	    .fd = mkstemp(path)};
	assert_true(c->fd >= 0);
	(void)unlink(path);
	for (size_t i = 0; i < symbols; i++) {
		const Elf64_Sym symbol = {.st_name = (Elf64_Word)(i % stride),
		    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		    .st_shndx = 1,
		    .st_value = i,
		    .st_size = 1};

		put(c->fd, &symbol, sizeof(symbol), sizeof(*c) + i * sizeof(symbol));
	}
	put(c->fd, strings, bytes, strings_at);
}

static int read_crafted(const struct crafted *c, struct symbols **symbols)
{
	*symbols = NULL;
	put(c->fd, c, offsetof(struct crafted, fd), 0);
	return symbols_read(c->fd, symbols);
}

static void test_names_end_where_their_section_does(void **state)
{
	static const char strings[] = {'a', 'b', '\0', 'c', 'd'};
	struct symbols *symbols;
	struct crafted c;

	(void)state;
	craft(&c, 6, strings, sizeof(strings), 6);
	assert_int_equal(read_crafted(&c, &symbols), 0);
	assert_string_equal(symbols_find(symbols, 0), "ab");
	assert_string_equal(symbols_find(symbols, 1), "b");
	assert_null(symbols_find(symbols, 2));
	assert_string_equal(symbols_find(symbols, 3), "cd");
	assert_string_equal(symbols_find(symbols, 4), "d");
	assert_null(symbols_find(symbols, 5)); /* its name is behind the section */
	symbols_free(symbols);
	(void)close(c.fd);
}

static void test_a_long_name_is_cut(void **state)
{
	static char strings[100000];
	struct symbols *symbols;
	struct crafted c;

	(void)state;
	memset(strings, 'x', sizeof(strings) - 1);
	craft(&c, 1, strings, sizeof(strings), 1);
	assert_int_equal(read_crafted(&c, &symbols), 0);
	assert_int_equal(strlen(symbols_find(symbols, 0)), 199);
	assert_true(symbols_bytes(symbols) < 50000);
	symbols_free(symbols);
	(void)close(c.fd);
}

static void test_names_together_are_bounded(void **state)
{
	static char strings[1200];
	const size_t n = 64 * MB / 200 + 1000;
	struct symbols *symbols;
	struct crafted c;

	(void)state;
	memset(strings, 'x', sizeof(strings));
	craft(&c, n, strings, sizeof(strings), 1000);
	assert_int_equal(read_crafted(&c, &symbols), 0);
	assert_non_null(symbols_find(symbols, n - 1001));
	assert_null(symbols_find(symbols, n - 1));
	symbols_free(symbols);
	(void)close(c.fd);
}

static void test_huge_sections_are_not_read(void **state)
{
	struct symbols *symbols;
	struct crafted c;

	(void)state;
	craft(&c, 1, "name", 5, 1);
	assert_int_equal(ftruncate(c.fd, (off_t)(1024 * MB)), 0); /* sparse */
	assert_int_equal(read_crafted(&c, &symbols), 0);
	assert_string_equal(symbols_find(symbols, 0), "name");
	symbols_free(symbols);
	c.sections[2].sh_size = 257 * MB;
	assert_int_equal(read_crafted(&c, &symbols), 0);
	assert_null(symbols_find(symbols, 0));
	symbols_free(symbols);
	c.sections[2].sh_size = 5;
	c.sections[1].sh_size = 100 * MB;
	assert_int_equal(read_crafted(&c, &symbols), 0);
	assert_null(symbols_find(symbols, 0));
	symbols_free(symbols);
	(void)close(c.fd);
}

static void test_counts_elsewhere_are_not_believed(void **state)
{
	struct symbols *symbols;
	struct crafted c;

	(void)state;
	craft(&c, 1, "name", 5, 1);
	c.header.e_shnum = 0;
	c.sections[0].sh_size = 3; /* as of a file of very many sections */
	assert_int_equal(read_crafted(&c, &symbols), -ENOEXEC);
	c.header.e_shnum = 3;
	c.header.e_phnum = PN_XNUM;
	c.sections[0].sh_info = 1;
	assert_int_equal(read_crafted(&c, &symbols), -ENOEXEC);
	assert_null(symbols);
	(void)close(c.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_end_where_their_section_does),
	    cmocka_unit_test(test_a_long_name_is_cut),
	    cmocka_unit_test(test_names_together_are_bounded),
	    cmocka_unit_test(test_huge_sections_are_not_read),
	    cmocka_unit_test(test_counts_elsewhere_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
