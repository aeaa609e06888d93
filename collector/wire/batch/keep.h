/* What a writer was given, kept as the batch that a reader would make of its bytes. */
#ifndef COLDMETER_WIRE_BATCH_KEEP_H
#define COLDMETER_WIRE_BATCH_KEEP_H

#include "wire/batch.h"

#define BATCH_KEEP_NONE SIZE_MAX
#define BATCH_KEEP_SLOTS 2048 /* a power of two, for each kind */

/* Zero-initialised is empty and valid. The slots hold where a function or a sandbox was
 * seen last, plus 1, by a hash of its name: one that another has taken is only not found.
 */
struct batch_keep {
	struct batch *batch; /* NULL before the first reservation */
	size_t functions_room;
	size_t invocations_room;
	size_t sandboxes_n;
	size_t last_sandbox;
	uint32_t sandbox_record[BATCH_MAX_RECORDS]; /* the first record of each */
	uint16_t function_slots[BATCH_KEEP_SLOTS];
	uint16_t sandbox_slots[BATCH_KEEP_SLOTS];
};

void batch_keep_done(struct batch_keep *keep);

/* Makes sure that one more record can be added. 0 or -ENOMEM. */
int batch_keep_reserve(struct batch_keep *keep);

/* The index of a function with exactly that set-up, or of a sandbox; BATCH_KEEP_NONE when
 * it is not known to be there, which does not mean that it is not. */
size_t batch_keep_find_function(
    const struct batch_keep *keep, const struct function *function);
size_t batch_keep_find_sandbox(const struct batch_keep *keep, const char *sandbox);

/* Adds a copy of inv, with the indices of its function and sandbox: that of the last plus
 * one is a new one. Its texts are made printable, unless is_plain says that its ids and
 * its sandbox surely are. Figures that inv does not have must be 0.
 * Takes coldstart over, which is what is kept of inv->coldstart. */
void batch_keep_add(struct batch_keep *keep, const struct invocation *inv,
    size_t function, size_t sandbox, struct coldstart *coldstart, bool is_plain);

/* What was kept, of that head, or NULL when memory is short; empties the rest. */
struct batch *batch_keep_take(struct batch_keep *keep, const struct batch_head *head);

#endif
