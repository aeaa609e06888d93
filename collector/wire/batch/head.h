/* The plain head of a batch, ahead of the compressed records. */
#ifndef COLDMETER_WIRE_BATCH_HEAD_H
#define COLDMETER_WIRE_BATCH_HEAD_H

#include "wire/batch.h"
#include "wire/cursor.h"

#define BATCH_HEAD_MAX_BYTES 512

/* Writes the head; out holds BATCH_HEAD_MAX_BYTES. Returns bytes. */
size_t batch_head_encode(const struct batch_head *head, uint8_t *out);

/* Reads the head at *in and moves behind it. 0, -EBADMSG or -EPROTONOSUPPORT, with *why
 * set; head is untouched then. */
int batch_head_read(struct cursor *in, struct batch_head *head, const char **why);

#endif
