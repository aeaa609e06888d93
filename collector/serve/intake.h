/* A request's body as batches for the store: one batch as sent, or NDJSON made into
 * batches. */
#ifndef COLDMETER_SERVE_INTAKE_H
#define COLDMETER_SERVE_INTAKE_H

#include <jansson.h>

#include "store/store.h"

#define INTAKE_REJECTED_MAX 100 /* reasons that are told; all are counted */

struct intake {
	struct batch **decoded; /* n of each */
	uint8_t **sealed;       /* NULL: raw is borrowed from the request */
	struct store_batch *batches;
	size_t n;
	size_t room;
	size_t records;
	bool made_here;   /* from NDJSON */
	json_t *rejected; /* [{"line","reason"}]; NULL when none */
	size_t rejected_n;
};

/* Where batches made here take their ids from. */
struct intake_ids {
	struct batch_id next; /* moved on with each batch */
	int64_t sent_ns;      /* 0: outside the ledger */
};

/* body must live as long as the intake. 0; -EBADMSG or -EPROTONOSUPPORT with *why;
 * -ENOMEM. Release with intake_done(), also after a failure. */
int intake_batch(
    struct intake *in, const uint8_t *body, size_t body_bytes, const char **why);

/* Bad lines are rejected one by one, the rest is taken. 0 or -ENOMEM. */
int intake_ndjson(
    struct intake *in, const uint8_t *body, size_t body_bytes, struct intake_ids *ids);

void intake_done(struct intake *in);

/* The agent of batches made here, and whether an id is of one of those: nobody beats
 * behind them. */
#define INTAKE_LINES "coldmeter-lines"
#define INTAKE_KEYED "coldmeter-keyed"
bool intake_is_made_here(const struct batch_id *id);

/* An id that the same body under the same key always gets. */
struct batch_id intake_keyed_id(const char *key, const uint8_t *body, size_t body_bytes);

#endif
