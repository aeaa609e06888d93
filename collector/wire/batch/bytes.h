/* A column of bytes in the making: texts, cold starts, losses. */
#ifndef COLDMETER_WIRE_BATCH_BYTES_H
#define COLDMETER_WIRE_BATCH_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The room that a column begins with, and the most that it is asked for at once. */
#define BATCH_BYTES_FIRST 2048

/* Zero-initialised is empty and valid. */
struct batch_bytes {
	uint8_t *bytes;
	size_t used;
	size_t room;
	bool is_written; /* what was added does not all begin with 0, as "" does */
};

void batch_bytes_done(struct batch_bytes *column);
void batch_bytes_clear(struct batch_bytes *column); /* keeps its room */

/* Makes sure that n more bytes can be added. 0 or -ENOMEM. */
int batch_bytes_reserve(struct batch_bytes *column, size_t n);

/* Adds n bytes that there is room for. */
void batch_bytes_add(struct batch_bytes *column, const uint8_t *bytes, size_t n);

#endif
