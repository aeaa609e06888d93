#include "price/stated.h"

#include <stddef.h>

bool stated_add(struct stated *stated, enum stated_item item, uint64_t quantity)
{
	uint64_t *sum = &stated->item[item - STATED_FIRST];

	if (__builtin_add_overflow(*sum, quantity, &quantity))
		return false;
	*sum = quantity;
	stated->given |= 1ULL << (item - STATED_FIRST);
	return true;
}

bool stated_merge(struct stated *into, const struct stated *from)
{
	struct stated sum = {.given = into->given | from->given};

	for (size_t i = 0; i < STATED_ITEMS; i++) {
		if (__builtin_add_overflow(into->item[i], from->item[i], &sum.item[i]))
			return false;
	}
	*into = sum;
	return true;
}

bool stated_is_given(const struct stated *stated, enum stated_item item)
{
	return stated && (stated->given >> (item - STATED_FIRST) & 1);
}

uint64_t stated_quantity(
    const struct usage *usage, const struct stated *stated, unsigned int item)
{
	if (item < USAGE_ITEMS)
		return usage->item[item];
	return stated ? stated->item[item - STATED_FIRST] : 0;
}
