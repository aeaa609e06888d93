#include "tui/manifest/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

struct walk {
	const struct call *call;
	struct manifest_files *files;
	size_t entries;
};

enum read_how {
	READ_NAMED,    /* by the user: it must be a manifest */
	READ_OWN_NAME, /* found by a tool's own name: it must be whole */
	READ_FOUND
};

static int read_one(struct walk *walk, const char *path, enum read_how how);

static bool has_ending(const char *name, const char *const *endings)
{
	size_t n = strlen(name);

	for (; *endings; endings++) {
		size_t m = strlen(*endings);

		if (n > m && strcmp(name + n - m, *endings) == 0)
			return true;
	}
	return false;
}

/* A name that only a manifest has. */
static bool is_own_name(const char *path)
{
	static const char *const names[] = {
	    "serverless.yml", "serverless.yaml", "template.yaml", "template.yml", NULL};
	const char *slash = strrchr(path, '/');

	for (const char *const *name = names; *name; name++)
		if (strcmp(slash ? slash + 1 : path, *name) == 0)
			return true;
	return false;
}

static int select_entry(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "node_modules") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk_folder(struct walk *walk, const char *path, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most MANIFEST_WALK_DEPTH deep */
static int take_entry(struct walk *walk, const char *folder, const char *name, int depth)
{
	static const char *const endings[] = {".yml", ".yaml", ".json", NULL};
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s%s%s", folder,
	    folder[strlen(folder) - 1] == '/' ? "" : "/", name);

	if (n < 0 || (size_t)n >= sizeof(path) || lstat(path, &st) < 0)
		return COMMAND_DONE;
	if (++walk->entries > MANIFEST_WALK_ENTRIES)
		return command_failed(walk->call,
		    "%s: more than %d files below it: name the manifests", folder,
		    MANIFEST_WALK_ENTRIES);
	if (S_ISDIR(st.st_mode))
		return depth < MANIFEST_WALK_DEPTH ? walk_folder(walk, path, depth + 1)
						   : COMMAND_DONE;
	if (!S_ISREG(st.st_mode) || !has_ending(name, endings))
		return COMMAND_DONE;
	return read_one(walk, path, is_own_name(path) ? READ_OWN_NAME : READ_FOUND);
}

/* NOLINTNEXTLINE(misc-no-recursion): likewise */
static int walk_folder(struct walk *walk, const char *path, int depth)
{
	struct dirent **entries;
	int n = scandir(path, &entries, select_entry, by_name);
	int status = COMMAND_DONE;

	if (n < 0)
		return command_failed(walk->call, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (status == COMMAND_DONE)
			status = take_entry(walk, path, entries[i]->d_name, depth);
		free(entries[i]);
	}
	free(entries);
	return status;
}

/* "path:7:3: reason". */
static void describe(
    const char *path, const struct manifest_error *error, char *out, size_t size)
{
	if (error->line)
		(void)snprintf(out, size, "%s:%d:%d: %s", path, error->line,
		    error->column, error->why);
	else
		(void)snprintf(out, size, "%s: %s", path, error->why);
}

static int keep(struct walk *walk, const char *path, struct manifest *manifest)
{
	struct manifest_files *files = walk->files;
	struct manifest_file **grown;
	struct manifest_file *file;

	if (files->n == MANIFEST_FILES_MAX) {
		manifest_done(manifest);
		return command_failed(
		    walk->call, "more than %d manifests", MANIFEST_FILES_MAX);
	}
	grown = reallocarray(files->items, files->n + 1, sizeof(struct manifest_file *));
	file = grown ? calloc(1, sizeof(*file)) : NULL;
	if (grown)
		files->items = grown;
	if (!file) {
		manifest_done(manifest);
		return command_failed(walk->call, "out of memory");
	}
	(void)text_copy(file->path, sizeof(file->path), path);
	text_make_printable(file->path);
	file->manifest = *manifest;
	files->items[files->n++] = file;
	return COMMAND_DONE;
}

static int read_one(struct walk *walk, const char *path, enum read_how how)
{
	struct manifest_files *files = walk->files;
	struct manifest manifest;
	struct manifest_error error;
	char text[sizeof(files->first_unread)];
	int err = manifest_load(path, &manifest, &error);

	if (!err)
		return keep(walk, path, &manifest);
	if (err == -ENOMEM)
		return command_failed(walk->call, "out of memory");
	if (err == -EMEDIUMTYPE && how != READ_NAMED)
		return COMMAND_DONE;
	if (err == -EMEDIUMTYPE)
		return command_failed(walk->call,
		    "%s: is no manifest of the Serverless Framework, SAM, "
		    "CloudFormation, "
		    "SST, Terraform (show -json), Knative or OpenFaaS",
		    path);
	describe(path, &error, text, sizeof(text));
	if (how != READ_FOUND)
		return command_failed(walk->call, "%s", text);
	if (!files->unread++)
		(void)text_copy(files->first_unread, sizeof(files->first_unread), text);
	return COMMAND_DONE;
}

int manifest_files_add(
    const struct call *call, struct manifest_files *files, const char *path)
{
	struct walk walk = {.call = call, .files = files};
	struct stat st;

	if (!*path)
		return command_misused(call, "a path of a manifest is empty");
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return walk_folder(&walk, path, 0);
	return read_one(&walk, path, READ_NAMED);
}

void manifest_files_done(struct manifest_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		manifest_done(&files->items[i]->manifest);
		free(files->items[i]);
	}
	free(files->items);
	*files = (struct manifest_files){0};
}

bool manifest_files_find(const struct manifest_files *files, const char *name,
    enum platform platform, struct manifest_place *out)
{
	bool found = false;

	for (size_t i = 0; i < files->n; i++) {
		const struct manifest *manifest = &files->items[i]->manifest;

		for (size_t k = 0; k < manifest->functions_n; k++) {
			const struct manifest_function *f = &manifest->functions[k];

			if (!manifest_is_of(f, name, platform) ||
			    (found && !manifest_name_is_exact(f)))
				continue;
			*out = (struct manifest_place){files->items[i], f};
			if (manifest_name_is_exact(f))
				return true;
			found = true;
		}
	}
	return found;
}
