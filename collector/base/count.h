/* Sums of counts that strangers sent. */
#ifndef COLDMETER_BASE_COUNT_H
#define COLDMETER_BASE_COUNT_H

#include <stdint.h>

/* Adds n to *sum, which stays at UINT64_MAX rather than begin again at 0. */
static inline void count_add(uint64_t *sum, uint64_t n)
{
	*sum = *sum > UINT64_MAX - n ? UINT64_MAX : *sum + n;
}

#endif
