#include "manifest/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "manifest/reader.h"

static const struct kind {
	const char *name;
	bool is_generated;
	int (*read)(struct reader *reader, struct fy_node *root);
} kinds[MANIFEST_KINDS] = {
    [MANIFEST_SERVERLESS] = {"serverless", false, read_serverless},
    [MANIFEST_CLOUDFORMATION] = {"cloudformation", false, read_cloudformation},
    [MANIFEST_SST] = {"sst", true, read_sst},
    [MANIFEST_TERRAFORM] = {"terraform", true, read_terraform},
    [MANIFEST_KNATIVE] = {"knative", false, read_knative},
    [MANIFEST_OPENFAAS] = {"openfaas", false, read_openfaas},
};

const char *manifest_kind_name(enum manifest_kind kind)
{
	return kinds[kind].name;
}

bool manifest_is_generated(enum manifest_kind kind)
{
	return kinds[kind].is_generated;
}

const char *setting_from_name(enum setting_from from)
{
	static const char *const names[] = {
	    "absent", "function", "shared", "default", "unknown"};

	return names[from];
}

/* Whether a word stands in it that every manifest of one of the kinds has: a folder holds
 * many files that are none, and to read one of 8 MiB takes seconds and 500 MB. */
static bool may_be_known(const char *text, size_t text_bytes)
{
	static const char *const words[] = {"provider", "Resources", "aws:lambda/",
	    "root_module", "serving.knative.dev/"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(text, text_bytes, words[i], strlen(words[i])))
			return true;
	return false;
}

/* The first document that is of a kind settles that of the file. */
static int take_document(void *context, struct fy_node *root)
{
	struct reader *reader = context;
	int err = 0;

	if (reader->is_known)
		return kinds[reader->manifest->kind].read(reader, root);
	for (int kind = 0; kind < MANIFEST_KINDS && !reader->is_known && !err; kind++) {
		reader->manifest->kind = (enum manifest_kind)kind;
		err = kinds[kind].read(reader, root);
	}
	return err;
}

void manifest_done(struct manifest *manifest)
{
	free(manifest->text);
	free(manifest->functions);
	*manifest = (struct manifest){0};
}

int manifest_parse(const char *text, size_t text_bytes, struct manifest *out,
    struct manifest_error *error)
{
	struct manifest manifest = {0};
	struct reader reader = {.manifest = &manifest, .error = error};
	int err;

	*error = (struct manifest_error){0};
	if (!may_be_known(text, text_bytes))
		return -EMEDIUMTYPE;
	if (text_bytes > MANIFEST_MAX_BYTES) {
		(void)snprintf(error->why, sizeof(error->why), "is larger than 8 MiB");
		return -EBADMSG;
	}
	manifest.text = malloc(text_bytes + 1);
	if (!manifest.text)
		return -ENOMEM;
	memcpy(manifest.text, text, text_bytes);
	manifest.text[text_bytes] = '\0';
	manifest.text_bytes = text_bytes;
	err =
	    node_each_document(manifest.text, text_bytes, take_document, &reader, error);
	if (!err && !reader.is_known)
		err = -EMEDIUMTYPE;
	if (err)
		manifest_done(&manifest);
	else
		*out = manifest;
	return err;
}

/* Returns what errno says, as a negative number. */
static int say_unreadable(struct manifest_error *error)
{
	int err = -errno;

	(void)snprintf(error->why, sizeof(error->why), "%s", strerror(-err));
	return err;
}

int manifest_load(const char *path, struct manifest *out, struct manifest_error *error)
{
	AUTO(free) char *text = malloc(MANIFEST_MAX_BYTES + 1);
	AUTO(file) FILE *file = fopen(path, "re");
	size_t size;

	*error = (struct manifest_error){0};
	if (!text)
		return -ENOMEM;
	if (!file)
		return say_unreadable(error);
	errno = EIO;
	size = fread(text, 1, MANIFEST_MAX_BYTES + 1, file);
	if (ferror(file))
		return say_unreadable(error);
	return manifest_parse(text, size, out, error);
}

/* "*" in the pattern stands for any text, and nothing else is special. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = NULL;
	const char *retry = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

bool manifest_name_is_exact(const struct manifest_function *function)
{
	return !strchr(function->name, '*');
}

bool manifest_is_of(
    const struct manifest_function *function, const char *name, enum platform platform)
{
	if (platform != function->platform && platform != PLATFORM_GENERIC &&
	    platform != PLATFORM_UNKNOWN)
		return false;
	/* a name of which nothing is known is nobody's */
	if (function->name[strspn(function->name, "*-_.")] &&
	    matches(function->name, name))
		return true;
	/* `sam local` and the emulators call it as the template does */
	return !manifest_name_is_exact(function) && strcmp(function->key, name) == 0;
}
