/* A change of some figures of a manifest, or figures that it lacks, as a unified diff of
 * its text. */
#ifndef COLDMETER_MANIFEST_PATCH_H
#define COLDMETER_MANIFEST_PATCH_H

#include "base/buffer.h"
#include "manifest/manifest.h"

#define PATCH_TEXT_BYTES (2 * MANIFEST_GAP_BYTES + 32)

/* One figure, and what is to stand in its place. */
struct patch_edit {
	size_t at;    /* in the text */
	size_t bytes; /* 0: it is put in before that place, and may be of several lines */
	char text[PATCH_TEXT_BYTES];
};

/* A memory size written as the setting is written now: "512", "512Mi". False when the
 * setting stands nowhere in the file. */
bool patch_memory(
    const struct manifest_setting *setting, uint64_t memory_mb, struct patch_edit *edit);

/* The same where none is written yet. False when there is no place for it. */
bool patch_memory_in(
    const struct manifest_gap *gap, uint64_t memory_mb, struct patch_edit *edit);

/* Appends the text with the edits in it, as patch_put() takes them. */
void patch_apply(struct buffer *out, const struct manifest *manifest,
    struct patch_edit *edits, size_t edits_n);

/* Appends the diff of the edits, which it sorts and which lie within lines and apart from
 * each other; of two of the same place the first counts. Nothing when nothing changes.
 * Lines that stay keep every byte. Look at out->failed. */
void patch_put(struct buffer *out, const char *path, const struct manifest *manifest,
    struct patch_edit *edits, size_t edits_n);

#endif
