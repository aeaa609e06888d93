/* Where a setting that a mapping lacks can be written, so that comments, order and
 * indentation stay. */
#ifndef COLDMETER_MANIFEST_GAP_H
#define COLDMETER_MANIFEST_GAP_H

#include "manifest/manifest.h"
#include "manifest/node.h"

#define GAP_MAX_INDENT 64 /* columns; what is deeper is left to the user */

/* Looks for the place of a setting down a path of keys, of which only the first ones need
 * be there: "resources limits memory". In a block it follows the first pair that is one
 * line, else it comes first; in a flow mapping ("{...}", JSON) it comes first.
 * gap->is_there stays false where the setting is there, where an anchor would hand it on
 * to others, and where the text is written in a way that is not understood. */
void gap_find(struct manifest_gap *gap, const struct manifest *manifest,
    struct fy_node *map, const char *path, enum setting_unit unit);

#endif
