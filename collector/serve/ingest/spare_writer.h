/* A batch writer that each thread keeps for its next request: a new one clears a hundred
 * kilobytes, which is much for the few records of a request. */
#ifndef COLDMETER_SERVE_INGEST_SPARE_WRITER_H
#define COLDMETER_SERVE_INGEST_SPARE_WRITER_H

#include "wire/batch.h"

/* A writer that keeps what it is given (batch_writer_new_keeping()), empty; the caller
 * owns it. 0 or -ENOMEM. */
int spare_writer_take(struct batch_writer **out);

/* Takes w over, which may be NULL: kept if it is empty and there is none, else freed. */
void spare_writer_give(struct batch_writer *w);

#endif
