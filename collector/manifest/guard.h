/* What would keep libfyaml, or us, busy for too long is refused before it is read: 8 MiB
 * of some texts take hours. */
#ifndef COLDMETER_MANIFEST_GUARD_H
#define COLDMETER_MANIFEST_GUARD_H

#include <stddef.h>

#include "manifest/manifest.h"

/* libfyaml 0.7.12 compares each anchor with each other one, each %TAG likewise, and reads
 * a directive or an escape in a tag again for each of its bytes. */
#define GUARD_MAX_ANCHORS 10000 /* of a file: 0.2 s */
#define GUARD_MAX_DIRECTIVES 64 /* of a file */
#define GUARD_MAX_DIRECTIVE_BYTES 256
#define GUARD_MAX_TAG_BYTES 512

struct fy_node;

/* Whether the text is UTF-8, has no NUL and keeps to these bounds. 0, or -EBADMSG with
 * *error. */
int guard_text(const char *text, size_t text_bytes, struct manifest_error *error);

/* Whether a document keeps to the bounds of node.h, its aliases being in place. 0,
 * -EBADMSG with *error, or -ENOMEM. */
int guard_document(struct fy_node *root, struct manifest_error *error);

#endif
