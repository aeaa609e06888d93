/* The minutes of one function's hour as one compressed string of bytes. */
#ifndef COLDMETER_STORE_SQLITE_SUMS_BLOCK_H
#define COLDMETER_STORE_SQLITE_SUMS_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "model/rollup_hour.h"

#define BLOCK_MINUTES 60

/* One minute: of a row, or of a block of version 1, the two byte strings of
 * rollup_encode_*(), borrowed; of another block, its place in that. */
struct block_minute {
	uint32_t minute; /* of the hour, 0 to 59 */
	const uint8_t *counters;
	size_t counters_bytes;
	const uint8_t *histograms;
	size_t histograms_bytes;
	const struct rollup_hour *hour; /* NULL: bytes */
	size_t at;
};

/* Adds a minute to into, or its counters alone, or tells how many invocations it has. 0,
 * -ENOMEM, -EOVERFLOW or -EBADMSG, and then into must be thrown away. */
int block_minute_add(const struct block_minute *minute, struct rollup *into);
int block_minute_count(const struct block_minute *minute, struct rollup *into);
int block_minute_invocations(const struct block_minute *minute, uint64_t *invocations);

/* What is needed again and again: zstd's memory and what was last decoded. */
struct block_coder;

int block_coder_new(const struct hour_tables *tables, struct block_coder **out);
void block_coder_free(struct block_coder *coder);

/* Minutes rise, n is 1 to 60; those of a block must be another coder's. *out lives until
 * the coder's next call. 0; -ENOMEM, -EOVERFLOW or -EBADMSG of the minutes. */
int block_encode(struct block_coder *coder, const struct block_minute *minutes, size_t n,
    const uint8_t **out, size_t *out_bytes);

/* The minutes live until the coder's next call, and as long as in. 0, -ENOMEM or
 * -EBADMSG; of version 2 some damage is only seen when a minute is asked for. */
int block_decode(struct block_coder *coder, const uint8_t *in, size_t in_bytes,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n);

#endif
