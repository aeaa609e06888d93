/* Decimals of a JSON text, exactly. */
#ifndef COLDMETER_WIRE_JSON_NUMBER_H
#define COLDMETER_WIRE_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

struct json_scan;

/* A decimal: digits * 10^exponent, or a little more when digits were dropped. */
struct json_number {
	unsigned __int128 digits; /* below 10^30 */
	int exponent;
	bool is_negative;
	bool is_cut;
};

/* Takes one, as the functions of json/scan.h do. */
bool json_scan_number(struct json_scan *s, struct json_number *number);

/* number * unit as a whole number, rounded half to even; *exact says whether it was whole
 * by itself. unit is at most 2^20. False when it is negative or above 2^64 - 1. */
bool json_number_scale(
    const struct json_number *number, uint32_t unit, uint64_t *whole, bool *exact);

#endif
