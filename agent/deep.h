/* Deep mode: samples of one function's inits become folded stacks for flame graphs. */
#ifndef COLDMETER_AGENT_DEEP_H
#define COLDMETER_AGENT_DEEP_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/record.h"

struct deep;

/* Opens the file, a regular one and no link, which keeps what it holds until something is
 * written; reads the kernel's symbols. Before privileges are dropped. 0 or -errno, said.
 */
int deep_open(const char *path, struct deep **out);

/* Takes a sample while its process lives, for its names. */
void deep_take(struct deep *deep, const struct record_sample *sample);

/* To be called before each drain; now_ns is boot time, deep may be NULL. Writes the file
 * anew when there is something new, every 30 s or when it has doubled: a line a stack,
 * "program;outer;inner count". */
void deep_turn(struct deep *deep, uint64_t now_ns);

/* CPU time that deep_take() and deep_turn() took; 0 for NULL. */
uint64_t deep_cpu_ns(const struct deep *deep);

/* Writes what is left. Returns the samples that were taken. */
uint64_t deep_close(struct deep *deep);

/* Appends a frame to a folded stack, behind ';' unless it is the first. Semicolons and
 * control characters of a name become ':' and '?'. 0, or -ENOSPC when it does not
 * fit: the stack then ends with a frame "[cut]" and takes no more. size is at least 7. */
int deep_add_frame(char *stack, size_t size, const char *frame);

#endif
