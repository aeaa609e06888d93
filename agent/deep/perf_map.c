/* Entries are sorted when one is looked for after some were added. */
#include "agent/deep/perf_map.h"
#include "base/room.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 1000000 /* a runtime that writes more is not followed further */
#define NAME_BYTES_MAX 255

struct entry {
	uint64_t start;
	uint64_t size;
	size_t order; /* as they came */
	char *name;
};

/* Of an entry but its name: room for two, as the array grows twofold, and what malloc()
 * adds to the name. */
#define ENTRY_BYTES (2 * sizeof(struct entry) + 2 * sizeof(size_t))

struct perf_map {
	size_t *budget;
	size_t taken; /* of it */
	struct entry *entries;
	size_t n;
	size_t room;
	bool sorted;
};

int perf_map_new(size_t *budget, struct perf_map **out)
{
	struct perf_map *map = calloc(1, sizeof(*map));

	if (!map)
		return -ENOMEM;
	map->budget = budget;
	*out = map;
	return 0;
}

void perf_map_free(struct perf_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->n; i++)
		free(map->entries[i].name);
	*map->budget += map->taken;
	free(map->entries);
	free(map);
}

/* The number in hexadecimal digits at *at, which moves behind it and a blank. */
static bool take_number(const char **at, const char *end, uint64_t *number)
{
	const char *s = *at;

	*number = 0;
	for (; s < end; s++) {
		if (!isxdigit((unsigned char)*s) || s - *at > 15)
			break;
		*number = *number << 4 |
			  (uint64_t)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);
	}
	if (s == *at || s == end || *s != ' ')
		return false;
	*at = s + 1;
	return true;
}

static int add_line(struct perf_map *map, const char *line, const char *end)
{
	struct entry entry = {.order = map->n};
	size_t name_bytes;
	size_t cost;

	if (map->n == ENTRIES_MAX || !take_number(&line, end, &entry.start) ||
	    !take_number(&line, end, &entry.size) || entry.size == 0 || line == end)
		return 0;
	name_bytes = (size_t)(end - line);
	if (name_bytes > NAME_BYTES_MAX)
		name_bytes = NAME_BYTES_MAX;
	cost = ENTRY_BYTES + name_bytes;
	if (cost > *map->budget)
		return 0;
	if (ROOM_FOR_ONE(map->entries, map->n, map->room) < 0)
		return -ENOMEM;
	entry.name = strndup(line, name_bytes);
	if (!entry.name)
		return -ENOMEM;
	*map->budget -= cost;
	map->taken += cost;
	map->entries[map->n++] = entry;
	map->sorted = false;
	return 0;
}

long perf_map_add(struct perf_map *map, const char *text, size_t n)
{
	const char *at = text;
	const char *end;

	while ((end = memchr(at, '\n', n - (size_t)(at - text)))) {
		if (add_line(map, at, end) < 0)
			return -ENOMEM;
		at = end + 1;
	}
	return at - text;
}

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

#define OVERLAPS_MAX 64 /* entries before the address that are looked at */

const char *perf_map_find(struct perf_map *map, uint64_t address)
{
	const struct entry *found = NULL;
	size_t low = 0;
	size_t high = map->n;

	if (!map->sorted && map->n > 0)
		qsort(map->entries, map->n, sizeof(*map->entries), by_start);
	map->sorted = true;
	while (low < high) { /* the first behind the address */
		size_t middle = low + (high - low) / 2;

		if (map->entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i-- > 0 && low - i <= OVERLAPS_MAX;) {
		const struct entry *e = &map->entries[i];

		if (address - e->start < e->size && (!found || e->order > found->order))
			found = e;
	}
	return found ? found->name : NULL;
}
