/* What lets the same code be compiled for the kernel and, for tests, fuzzing and the
 * agent, for user space. */
#ifndef COLDMETER_BPF_PURE_H
#define COLDMETER_BPF_PURE_H

#include "bpf/state.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
/* What each invocation goes through stands together: the cache for code is small, and the
 * function has use for it. */
#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

#ifdef __bpf__
/* A function that the verifier looks at by itself and not again at each call. To it any
 * pointer may be NULL. */
#define VERIFIED_ONCE __noinline

/* The kernel's machine loads from any address. */
static __always_inline __u64 load_u64(const char *at)
{
	return *(const __u64 *)at;
}

static __always_inline __u32 load_u32(const char *at)
{
	return *(const __u32 *)at;
}

#else
#include <stdbool.h>
#define VERIFIED_ONCE static inline

static inline __u64 load_u64(const char *at)
{
	__u64 word;

	__builtin_memcpy(&word, at, sizeof(word));
	return word;
}

static inline __u32 load_u32(const char *at)
{
	__u32 word;

	__builtin_memcpy(&word, at, sizeof(word));
	return word;
}

/* As the helper of that name does it, in user space. */
#define bpf_loop(n, step, context, flags)                                                \
	do {                                                                             \
		for (__u32 step_i = 0; step_i < (n); step_i++) {                         \
			if (step(step_i, context))                                       \
				break;                                                   \
		}                                                                        \
	} while (0)
#endif

#endif
