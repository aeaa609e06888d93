/* The records of a batch, inflated. */
#ifndef COLDMETER_WIRE_BATCH_BODY_H
#define COLDMETER_WIRE_BATCH_BODY_H

#include "wire/batch.h"
#include "wire/cursor.h"

/* How a column holds its values. */
enum batch_encoding {
	ENCODING_EACH, /* one after the other, as many as records have one */
	ENCODING_SAME  /* one number that stands for all of them */
};

/* Reads an inflated body, the whole of it, into batch's functions and invocations, which
 * are allocated. 0, -EBADMSG with *why set, or -ENOMEM; what was allocated until then
 * stays in batch. */
int batch_body_decode(struct cursor body, struct batch *batch, const char **why);

#endif
