/* The square root of a whole number, cut to one: for spreads without floating point. */
#ifndef COLDMETER_PRICE_SQUARE_ROOT_H
#define COLDMETER_PRICE_SQUARE_ROOT_H

#include <stdint.h>

static inline uint64_t square_root(unsigned __int128 x)
{
	unsigned __int128 root = 0;

	for (int bit = 63; bit >= 0; bit--) {
		unsigned __int128 with = root | ((unsigned __int128)1 << bit);

		if (with * with <= x)
			root = with;
	}
	return (uint64_t)root;
}

#endif
