/* The manifests under some paths, and the function of one that was measured. */
#ifndef COLDMETER_TUI_MANIFEST_FILES_H
#define COLDMETER_TUI_MANIFEST_FILES_H

#include <limits.h>
#include <stddef.h>

#include "manifest/manifest.h"
#include "tui/commands/command.h"

#define MANIFEST_FILES_MAX 256
#define MANIFEST_WALK_DEPTH 8
#define MANIFEST_WALK_ENTRIES 20000

struct manifest_file {
	char path[PATH_MAX]; /* as given, or below what was given; printable */
	struct manifest manifest;
};

struct manifest_files {
	struct manifest_file **items; /* in the order of the paths, a folder's by name */
	size_t n;
	size_t unread; /* files of a folder that look like manifests and are broken */
	char first_unread[PATH_MAX + MANIFEST_WHY_BYTES + 32];
};

/* Reads a file, or every manifest in a folder and those below it, which are not followed
 * through links, hidden ones or node_modules. A file that was named must be a manifest;
 * in a folder only those that bear a tool's own name must be whole. An exit status; a
 * failure was said, with file, line and reason. */
int manifest_files_add(
    const struct call *call, struct manifest_files *files, const char *path);
void manifest_files_done(struct manifest_files *files);

static inline void cleanup_manifest_files(struct manifest_files *files)
{
	manifest_files_done(files);
}

/* One function of one file. */
struct manifest_place {
	const struct manifest_file *file;
	const struct manifest_function *function;
};

/* The function that a measured one is: the one with the same name before one whose name
 * the deployment completes. False: none. */
bool manifest_files_find(const struct manifest_files *files, const char *name,
    enum platform platform, struct manifest_place *out);

#endif
