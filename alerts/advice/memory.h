/* Which memory size a function needs: its measured peak with headroom, and what that does
 * to its duration and bill. Pure. */
#ifndef COLDMETER_ALERTS_ADVICE_MEMORY_H
#define COLDMETER_ALERTS_ADVICE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/advice/measured.h"
#include "model/money.h"

#define ADVICE_MEMORY_HEADROOM_PCT 20 /* above the highest peak that was seen */
#define ADVICE_MEMORY_OOM_PCT 50      /* above the size at which memory ran out */
#define ADVICE_MEMORY_SLOWDOWN_PCT                                                       \
	10 /* of the mean duration, the most for a lower bill */
#define ADVICE_MEMORY_WHY_BYTES 384

/* How a platform sells memory. */
struct memory_terms {
	uint32_t min_mb;
	uint32_t max_mb;
	uint32_t step_mb; /* of what is advised */
	uint32_t
	    full_cpu_mb; /* the size at which a thread has a CPU; 0: apart from memory */
	struct money window; /* what the memory cost over the window at now_mb */
	bool has_price;
};

enum memory_verdict {
	MEMORY_TOO_LITTLE_SEEN,
	MEMORY_NOT_SEEN,       /* no peak is known */
	MEMORY_NOTHING_TO_SET, /* the platform bills what is used */
	MEMORY_KEEP,
	MEMORY_LOWER,
	MEMORY_RAISE,
	MEMORY_SET /* no size is configured, or none is known */
};

/* "too_little_seen", "not_seen", "nothing_to_set", "keep", "lower", "raise", "set". */
const char *memory_verdict_name(enum memory_verdict verdict);

struct memory_advice {
	enum memory_verdict verdict;
	uint32_t now_mb;   /* 0: not known */
	uint32_t floor_mb; /* peak and headroom; 0 when there is no peak */
	uint32_t then_mb;  /* 0: nothing is advised */
	double peak_mb;
	double now_ms;    /* mean duration, measured; 0: not known */
	double then_ms;   /* the same times what the model says of the change */
	struct money now; /* a month; only with terms->has_price and now_mb */
	struct money then;
	char why[ADVICE_MEMORY_WHY_BYTES];
};

/* The terms of the function's platform but for the price. False: it bills what is used,
 * so there is nothing to set. */
bool advice_memory_terms(enum platform platform, struct memory_terms *terms);

/* A function that waits is slower by nothing when its memory is less; one that computes
 * is, where the CPU goes by the memory: mean duration = waiting + CPU time x
 * max(1, full_cpu_mb / size), one thread taken for granted. */
void advice_memory(const struct measured *measured, const struct memory_terms *terms,
    struct memory_advice *out);

#endif
