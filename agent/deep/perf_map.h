/* Names of code that a runtime made: /tmp/perf-PID.map, as `node --perf-basic-prof` and
 * `python3 -X perf` write it: a line each, "START SIZE name", the numbers hexadecimal. */
#ifndef COLDMETER_AGENT_DEEP_PERF_MAP_H
#define COLDMETER_AGENT_DEEP_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

struct perf_map;

/* budget is what several maps may take together, in bytes of memory, and lives longer:
 * entries take of it, perf_map_free() gives back. 0 or -ENOMEM. */
int perf_map_new(size_t *budget, struct perf_map **out);
void perf_map_free(struct perf_map *map);

/* Adds the whole lines of the text; others are left. What is no such line is skipped.
 * Returns the bytes that were used, also of entries that the budget has no room for, or
 * -ENOMEM. */
long perf_map_add(struct perf_map *map, const char *text, size_t n);

/* The name of the code at that address, of several the one that came last; NULL: none.
 * Lives until the next perf_map_add(). */
const char *perf_map_find(struct perf_map *map, uint64_t address);

#endif
