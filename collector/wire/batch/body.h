/* The records of a batch, inflated. */
#ifndef COLDMETER_WIRE_BATCH_BODY_H
#define COLDMETER_WIRE_BATCH_BODY_H

#include "wire/batch.h"
#include "wire/cursor.h"

/* How a column holds its values. */
enum batch_encoding {
	ENCODING_EACH,  /* one after the other, as many as records have one */
	ENCODING_SAME,  /* one number that stands for all of them */
	ENCODING_PARTS, /* in units and in two parts: batch/parts.h */
	ENCODING_FEW,   /* a list of different numbers, and the place of each in it */
	ENCODING_PLANES /* ids of one shape: batch/planes.h */
};

/* What numbers in parts that may be negative are: in a column of others none is. */
enum batch_signs {
	SIGNS_NONE, /* as they are: none is below 0 */
	SIGNS_ALL,  /* none is above 0: without their signs */
	SIGNS_EACH  /* zigzagged */
};

/* Reads an inflated body, the whole of it, with BATCH_PARTS_MARGIN bytes to spare behind
 * it, into batch's functions and invocations, which are allocated. 0, -EBADMSG with *why
 * set, or -ENOMEM; what was allocated until then stays in batch. */
int batch_body_decode(struct cursor body, struct batch *batch, const char **why);

#endif
