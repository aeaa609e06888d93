/* Any file that a function has mapped as a program; whatever is asked of what was read
 * has an answer within its bounds. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/deep/symbols.h"
#include "tests/fuzz/checks.h"

#define NAME_BYTES 200 /* as agent/deep/symbols.h promises */

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void ask(const struct symbols *symbols, uint64_t offset)
{
	const char *name = symbols_find(symbols, offset);

	if (name && (!*name || strnlen(name, NAME_BYTES) == NAME_BYTES))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct symbols *symbols = NULL;
	char path[32];
	int fd = check_file(in, size, path);
	int err = symbols_read(fd, &symbols);

	if (err) {
		if ((err != -ENOEXEC && err != -ENOMEM) || symbols)
			abort();
		return 0;
	}
	/* a name may be used again by other symbols, but takes as much room each time */
	if (symbols_bytes(symbols) > 65536 + size * 2 * NAME_BYTES)
		abort();
	for (size_t at = 0; at + 8 <= size; at += 8) {
		uint64_t offset;

		memcpy(&offset, in + at, sizeof(offset));
		ask(symbols, offset);
		ask(symbols, at);
	}
	symbols_free(symbols);
	return 0;
}
