/* Snappy's block format, as Prometheus's remote write wants its bodies. */
#ifndef COLDMETER_WIRE_SNAPPY_H
#define COLDMETER_WIRE_SNAPPY_H

#include "base/buffer.h"

/* Appends the n bytes (below 4 GiB) compressed. */
void snappy_compress(const uint8_t *in, size_t n, struct buffer *out);

#endif
