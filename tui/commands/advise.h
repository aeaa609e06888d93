/* The kinds of `coldmeter advise` that may be joined with manifests. */
#ifndef COLDMETER_TUI_COMMANDS_ADVISE_H
#define COLDMETER_TUI_COMMANDS_ADVISE_H

#include "tui/commands/command.h"
#include "tui/manifest/files.h"

/* Each shows the collector's answer, files joined in; files->n may be 0. An exit status.
 */
int advise_memory_show(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files);
int advise_plan_show(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files);

/* The diff of the manifests that sets what is advised, on standard output; what is left
 * alone is said on standard error. */
int advise_memory_patch(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files);

/* The answer with what the manifests say of each function in it, as JSON. */
int advise_print_json(struct call *call, const struct reply *reply,
    const struct path *path, const struct manifest_files *files);

#endif
