#include "wire/batch/planes.h"

#define TEXT_BYTES (1 + BATCH_TEXT_DIGITS)

bool batch_planes_fit(const uint8_t *texts, size_t bytes, size_t n)
{
	if (n == 0 || bytes != n * TEXT_BYTES || !batch_text_has_digits(texts[0]))
		return false;
	for (size_t i = 1; i < n; i++)
		if (texts[i * TEXT_BYTES] != texts[0])
			return false;
	return true;
}

size_t batch_planes_put(const uint8_t *texts, size_t n, uint8_t *body, size_t at,
    struct batch_frame_blocks *blocks)
{
	unsigned int edges = batch_text_edges(texts[0]);

	body[at++] = texts[0];
	for (size_t plane = 0; plane < BATCH_TEXT_DIGITS; plane++) {
		if (edges & 1U << plane)
			batch_frame_end_block(blocks, at);
		for (size_t i = 0; i < n; i++)
			body[at++] = texts[i * TEXT_BYTES + 1 + plane];
	}
	return at;
}
