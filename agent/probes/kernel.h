/* What a kernel must have for any probe. */
#ifndef COLDMETER_AGENT_PROBES_KERNEL_H
#define COLDMETER_AGENT_PROBES_KERNEL_H

struct btf;

/* The first tracepoint that it lacks, or NULL. */
const char *kernel_missing(const struct btf *kernel);

/* Opens the types of the running kernel; the caller frees them with btf__free(). Needs
 * root. 0 or a negative errno after one line that says what is missing and what to do. */
int kernel_open(struct btf **kernel);

#endif
