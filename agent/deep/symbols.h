/* Names of the functions in an ELF file, or of the kernel. */
#ifndef COLDMETER_AGENT_DEEP_SYMBOLS_H
#define COLDMETER_AGENT_DEEP_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols;

/* Reads the symbols of the ELF file behind fd, which stays the caller's: of .symtab or,
 * in a stripped file, .dynsym. Of a name 199 bytes are kept; what is beyond 2 million
 * symbols or 64 MB of names is not, nor is anything of larger sections than a program
 * has. 0, -ENOEXEC when it is no such file, or -ENOMEM. */
int symbols_read(int fd, struct symbols **out);

/* Reads /proc/kallsyms; needs CAP_SYSLOG. 0, -EPERM when the addresses are hidden, ... */
int symbols_read_kernel(struct symbols **out);
void symbols_free(struct symbols *symbols);

/* The memory that they take. */
size_t symbols_bytes(const struct symbols *symbols);

/* The function at an offset of the file; of the kernel's, at an address. NULL: none that
 * is known. Lives as long as symbols. */
const char *symbols_find(const struct symbols *symbols, uint64_t offset);

#endif
