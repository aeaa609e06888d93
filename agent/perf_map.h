/* Names of code that a runtime made: /tmp/perf-PID.map, as `node --perf-basic-prof` and
 * `python3 -X perf` write it: a line each, "START SIZE name", the numbers hexadecimal. */
#ifndef COLDMETER_AGENT_PERF_MAP_H
#define COLDMETER_AGENT_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

struct perf_map;

int perf_map_new(struct perf_map **out); /* 0 or -ENOMEM */
void perf_map_free(struct perf_map *map);

/* Adds the whole lines of the text; others are left. What is no such line is skipped.
 * Returns the bytes that were used, or -ENOMEM. */
long perf_map_add(struct perf_map *map, const char *text, size_t n);

/* The name of the code at that address, of several the one that came last; NULL: none.
 * Lives until the next perf_map_add(). */
const char *perf_map_find(struct perf_map *map, uint64_t address);

#endif
