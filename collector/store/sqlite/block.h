/* The minutes of one function's hour as one compressed string of bytes. */
#ifndef COLDMETER_STORE_SQLITE_BLOCK_H
#define COLDMETER_STORE_SQLITE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_MINUTES 60

/* One minute's row: the two byte strings of rollup_encode_*(), borrowed. */
struct block_minute {
	uint32_t minute; /* of the hour, 0 to 59 */
	const uint8_t *counters;
	size_t counters_bytes;
	const uint8_t *histograms;
	size_t histograms_bytes;
};

/* What is needed again and again: zstd's memory and the bytes last decoded. */
struct block_coder;

int block_coder_new(struct block_coder **out);
void block_coder_free(struct block_coder *coder);

/* Minutes rise, n is 1 to 60. *out lives until the coder's next call. 0; -ENOMEM; -E2BIG
 * when they are larger than a block may be (16 MiB). */
int block_encode(struct block_coder *coder, const struct block_minute *minutes, size_t n,
    const uint8_t **out, size_t *out_bytes);

/* The minutes live until the coder's next call. 0, -ENOMEM or -EBADMSG. */
int block_decode(struct block_coder *coder, const uint8_t *in, size_t in_bytes,
    struct block_minute minutes[BLOCK_MINUTES], size_t *n);

#endif
