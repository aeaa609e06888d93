/* Manifests for people and for programs: each setting with its place, and what was
 * measured of the function beside it. */
#ifndef COLDMETER_TUI_MANIFEST_VIEW_H
#define COLDMETER_TUI_MANIFEST_VIEW_H

#include <stdio.h>

#include "tui/manifest/files.h"
#include "tui/snapshot.h"

/* snapshot NULL: nothing is known of what was measured. 0 or -ENOMEM. */
int manifest_view_table(const struct manifest_files *files,
    const struct snapshot *snapshot, bool colour, FILE *out);
int manifest_view_json(
    const struct manifest_files *files, const struct snapshot *snapshot, FILE *out);

/* "dir/serverless.yml:17". */
#define MANIFEST_PLACE_BYTES (PATH_MAX + 16)
const char *manifest_view_place(
    const struct manifest_file *file, int line, char out[MANIFEST_PLACE_BYTES]);

#endif
