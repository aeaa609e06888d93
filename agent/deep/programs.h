/* What lies at the addresses of running programs: names of their functions. */
#ifndef COLDMETER_AGENT_DEEP_PROGRAMS_H
#define COLDMETER_AGENT_DEEP_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct programs;

int programs_new(struct programs **out); /* 0 or -ENOMEM */
void programs_free(struct programs *programs);

/* Begins a turn. What a process has mapped and what its runtime made is read at most once
 * a turn, so that addresses without a name do not cost a look each. */
void programs_turn(struct programs *programs);

/* Writes the name of the function at an address of a process, "[module+0x1f]" when the
 * module has no name for it, or "[unknown]", cut to fit. memory tells the programs apart
 * that the process becomes. Reads /proc/PID of a process that lives, and files as that
 * process sees them. */
void programs_name(struct programs *programs, uint32_t pid, uint64_t memory,
    uint64_t address, char *out, size_t size);

/* One line of /proc/PID/maps. */
struct program_map {
	uint64_t start, end, offset;
	uint64_t device, inode; /* inode 0: no file */
	bool executable;
	char path[256]; /* its end, when it is longer; "" when there is none */
};

/* False when it is no such line. */
bool program_map_parse(const char *line, struct program_map *out);

#endif
