/* A request's body as batches for the store: one batch as sent, or NDJSON or OTLP spans
 * made into batches. */
#ifndef COLDMETER_SERVE_INGEST_INTAKE_H
#define COLDMETER_SERVE_INGEST_INTAKE_H

#include <jansson.h>

#include "store/store.h"
#include "wire/otlp.h"

#define INTAKE_REJECTED_MAX 100 /* reasons that are told; all are counted */

/* What was sent, and so how it is answered. */
enum intake_form { INTAKE_BATCH, INTAKE_NDJSON, INTAKE_OTLP_PROTO, INTAKE_OTLP_JSON };

struct intake {
	enum intake_form
	    form; /* set by the caller of intake_otlp(), else by intake_*() */
	struct batch **decoded; /* n of each */
	uint8_t **sealed;       /* NULL: raw is borrowed from the request */
	struct store_batch *batches;
	size_t n;
	size_t room;
	size_t rows;      /* invocations and functions decoded: 440 and 268 bytes each */
	json_t *rejected; /* of NDJSON: [{"line","reason"}]; NULL when none */
	size_t rejected_n;
	struct otlp_tally spans; /* of OTLP */
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

/* in->form says which encoding; bad spans are rejected one by one. A batch is known by
 * the spans in it, whoever sends them again. 0; -EBADMSG, with in->spans.why and offset;
 * -EFBIG; -ENOMEM. */
int intake_otlp(struct intake *in, const uint8_t *body, size_t body_bytes);

/* One more batch, and its bytes; takes over batch and sealed, also on failure. 0 or
 * -ENOMEM. */
int intake_append(struct intake *in, struct batch *batch, const uint8_t *raw,
    size_t raw_bytes, uint8_t *sealed);

void intake_done(struct intake *in);

/* The agent of batches made here, and whether an id is of one of those: nobody beats
 * behind them. */
#define INTAKE_LINES "coldmeter-lines"
#define INTAKE_KEYED "coldmeter-keyed"
#define INTAKE_SPANS "coldmeter-spans"
bool intake_is_made_here(const struct batch_id *id);

/* An id that the same body under the same key always gets. */
struct batch_id intake_keyed_id(const char *key, const uint8_t *body, size_t body_bytes);

#endif
