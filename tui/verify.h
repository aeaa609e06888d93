/* Ground truth for the meter: a function that times itself, a load on it, and how far the
 * agent's figures are from its own. */
#ifndef COLDMETER_TUI_VERIFY_H
#define COLDMETER_TUI_VERIFY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a request asks of the function. */
struct verify_work {
	unsigned int cpu_us;
	unsigned int memory_kb; /* each request takes so much more than the one before,
				   touches it and keeps it until its answer is written */
};

/* One request as the function saw it; wall clock, its own CPU time, its own peak. */
struct verify_truth {
	uint64_t id; /* the last 16 digits of its trace id */
	int64_t begin_ns;
	int64_t end_ns;
	int64_t cpu_ns;
	int64_t peak_bytes; /* 0: not asked for */
	int64_t held_ns; /* that its read and its write took: its clock is that vague */
};

#define VERIFY_TRUTH_FORMAT "%016llx %lld %lld %lld %lld %lld\n"

/* A request whose read and write took longer was waiting for a CPU at the very moments
 * that are compared: set aside, and counted as such. */
#define VERIFY_HELD_NS 300000

/* The function itself: an HTTP/1.1 server on 127.0.0.1, any free port. Prints "listening
 * PORT NS" once it listens and, when it is told to stop, a line of VERIFY_TRUTH_FORMAT
 * for each request. Returns an exit status. */
int verify_serve(void);

/* Sends requests for span_ns: per_second of them, at moments fixed beforehand, or, with
 * 0, as fast as the connections get their answers. Ids count from first_id. Returns how
 * many were answered, or a negative errno. */
int64_t verify_load(int port, unsigned int per_second, int64_t span_ns,
    const struct verify_work *work, uint64_t first_id);

/* How far figures are from the truth: sorted on first use. */
struct verify_errors {
	double *each;
	size_t n;
	size_t room;
};

int verify_errors_add(struct verify_errors *errors, double error);
/* share 0 to 1; NAN when there is none. */
double verify_errors_at(struct verify_errors *errors, double share);
void verify_errors_done(struct verify_errors *errors);

/* What one rate came to. */
struct verify_row {
	unsigned int rate; /* 0: as fast as it goes */
	double reached;    /* a second */
	uint64_t asked;
	uint64_t measured;
	uint64_t set_aside; /* of measured: see VERIFY_HELD_NS */
	struct verify_errors duration_ms;
	struct verify_errors init_ms;
	struct verify_errors memory_mb;
	struct verify_errors cpu_ms;
};

/* Reads what the agent printed (seen) and what the function did (truth), pairs them by
 * trace id and fills the row's counts and errors. started_ns: just before the function
 * was started. 0 or a negative errno. */
int verify_compare(FILE *seen, FILE *truth, const char *function, int64_t started_ns,
    struct verify_row *row);

#endif
