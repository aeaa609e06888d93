/* Ids that all have the same shape of 16 bytes of digits: their first bytes together,
 * then their second bytes, and so on. What of a shape is always alike, the version of a
 * UUID or the time of a trace, is so set apart from what is chance. */
#ifndef COLDMETER_WIRE_BATCH_PLANES_H
#define COLDMETER_WIRE_BATCH_PLANES_H

#include "wire/batch/frame.h"
#include "wire/batch/text.h"

/* Whether the texts in those bytes, n of them, are such ids. */
bool batch_planes_fit(const uint8_t *texts, size_t bytes, size_t n);

/* Writes their shape's tag and the planes: 1 + BATCH_TEXT_DIGITS * n bytes, from
 * body + at on, and ends blocks where planes become of another kind. Returns the place
 * behind them, from body on. */
size_t batch_planes_put(const uint8_t *texts, size_t n, uint8_t *body, size_t at,
    struct batch_frame_blocks *blocks);

/* Reads the text of a record from n planes of that tag. */
static inline void batch_planes_get(
    uint8_t tag, const uint8_t *planes, size_t n, size_t record, char *out)
{
	uint8_t digits[BATCH_TEXT_DIGITS];

	for (size_t i = 0; i < BATCH_TEXT_DIGITS; i++)
		digits[i] = planes[i * n + record];
	batch_text_of_digits(tag, digits, out);
}

#endif
