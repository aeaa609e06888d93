/* What memory knows since this process began of invocations lost, by function, host and
 * reason. */
#ifndef COLDMETER_SERVE_INGEST_LOSSES_H
#define COLDMETER_SERVE_INGEST_LOSSES_H

#include "wire/batch.h"

/* Safe on any thread. Holds at most 100 000 functions of hosts; more are not counted. */
struct losses;

int losses_new(struct losses **out); /* 0 or -ENOMEM */
void losses_free(struct losses *losses);
void losses_count(struct losses *losses, const struct batch_loss *loss, const char *host);

/* Held while it visits, so visit must not call back. lost is by enum lost_reason. */
typedef void (*losses_visit)(void *context, const struct function *function,
    const char *host, const uint64_t lost[LOST_REASONS]);
void losses_scan(struct losses *losses, losses_visit visit, void *context);

#endif
