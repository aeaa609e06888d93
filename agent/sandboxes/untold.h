/* Losses by function, until they are in a batch. */
#ifndef COLDMETER_AGENT_SANDBOXES_UNTOLD_H
#define COLDMETER_AGENT_SANDBOXES_UNTOLD_H

#include "wire/batch.h"

struct untold;

int untold_new(struct untold **out); /* 0 or -ENOMEM */
void untold_free(struct untold *untold);

/* n invocations of a function were lost. At most 4096 functions are kept: of more, those
 * of whom all was told are forgotten. While there are none, and without memory, only the
 * ledger of the host tells. */
void untold_add(struct untold *untold, const struct function *function,
    enum lost_reason reason, uint64_t n);

/* What a batch held that is lost itself: its records, for that reason, and its losses. */
void untold_add_batch(
    struct untold *untold, const struct batch *batch, enum lost_reason reason);

/* Moves what there is into the batch in the making, as far as it has room. */
void untold_tell(struct untold *untold, struct batch_writer *w);

/* All that was lost of the functions that are kept, told or not. */
typedef void (*untold_visit)(
    void *context, const struct function *function, const uint64_t lost[LOST_REASONS]);
void untold_scan(const struct untold *untold, untold_visit visit, void *context);

#endif
