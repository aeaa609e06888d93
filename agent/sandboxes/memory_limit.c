/* Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst of the kernel:
 *   version 1  "N:memory:/path" and memory.limit_in_bytes, a large number for none
 *   version 2  "0::/path" and memory.max, "max" for none */
#include "agent/sandboxes/memory_limit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 1024
#define NO_LIMIT_BYTES (1ULL << 60)

/* A path up to the part that holds the id; its length, 0: none does. */
static int container_path(const char *path, size_t bytes, const char *id)
{
	const char *at = memmem(path, bytes, id, strlen(id));
	const char *end;

	if (!at)
		return 0;
	end = memchr(at, '/', bytes - (size_t)(at - path));
	return (int)(end ? (size_t)(end - path) : bytes);
}

static uint64_t read_number(const char *path)
{
	uint64_t bytes = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote this number */
	if (fscanf(f, "%" SCNu64, &bytes) != 1 || bytes >= NO_LIMIT_BYTES)
		bytes = 0;
	(void)fclose(f);
	return bytes;
}

/* Whether "memory" is one of the controllers, which commas part. */
static bool has_memory(const char *controllers, size_t bytes)
{
	const char *at = memmem(controllers, bytes, "memory", 6);

	return at && (at == controllers || at[-1] == ',') &&
	       (at + 6 == controllers + bytes || at[6] == ',');
}

/* One line: "N:controllers:/path". */
static uint64_t read_line(
    const char *root, const char *line, size_t bytes, const char *id)
{
	const char *controllers = memchr(line, ':', bytes);
	const char *end = line + bytes;
	const char *path =
	    controllers ? memchr(controllers + 1, ':', (size_t)(end - controllers - 1))
			: NULL;
	char file[PATH_BYTES];
	bool is_v2;
	int len;
	int n;

	if (!path)
		return 0;
	controllers++;
	is_v2 = path == controllers;
	if (!is_v2 && !has_memory(controllers, (size_t)(path - controllers)))
		return 0;
	path++;
	n = container_path(path, (size_t)(end - path), id);
	len = snprintf(file, sizeof(file), "%s/sys/fs/cgroup%s%.*s/%s", root,
	    is_v2 ? "" : "/memory", n, path,
	    is_v2 ? "memory.max" : "memory.limit_in_bytes");
	return n && len > 0 && (size_t)len < sizeof(file) ? read_number(file) : 0;
}

uint64_t memory_limit_read(const char *root, const char *cgroups, const char *id)
{
	uint64_t bytes = 0;

	while (*cgroups && !bytes) {
		size_t n = strcspn(cgroups, "\n");

		bytes = read_line(root, cgroups, n, id);
		cgroups += n + (cgroups[n] == '\n');
	}
	return bytes;
}
