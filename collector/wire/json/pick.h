/* Takes a few members out of a JSON object, wherever they are nested. */
#ifndef COLDMETER_WIRE_JSON_PICK_H
#define COLDMETER_WIRE_JSON_PICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_PICK_MAX                                                                    \
	32 /* paths that are asked for at a time, none of which leads into another */

/* A value as it stands in the text; n is 0 where there is none, or null. Of a member that
 * comes twice the last one counts. */
struct json_piece {
	const char *at;
	size_t n;
};

/* Looks for paths such as "record.metrics.durationMs": names of members, joined by dots.
 * pieces has one for each, borrowed from the text. False when the text is not one whole
 * object; then pieces holds what stood before that place. */
bool json_pick(const char *text, size_t n, const char *const *paths, size_t paths_n,
    struct json_piece *pieces);

/* The text of a string, cut at size - 1 bytes at a character, printable; "" and false
 * when it is none, or too long. */
bool json_piece_text(const struct json_piece *piece, char *out, size_t size);

/* A number, or a string that holds one, times unit, as a whole number, rounded. False
 * when it is neither, or negative, or too large. unit is at most 2^20. */
bool json_piece_number(const struct json_piece *piece, uint32_t unit, uint64_t *out);

/* true, false, or a string that says so. False when it is neither. */
bool json_piece_bool(const struct json_piece *piece, bool *out);

#endif
