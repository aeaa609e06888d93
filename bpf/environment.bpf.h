/* The environment of a program that begins: whether it makes the process a function, and
 * which. */
#ifndef COLDMETER_BPF_ENVIRONMENT_BPF_H
#define COLDMETER_BPF_ENVIRONMENT_BPF_H

#include "bpf/deep.bpf.h"
#include "bpf/http_head.h"
#include "bpf/sandbox.bpf.h"

#define NAME_HASH_BYTES 64      /* of a name that tell it from another */
#define ENVIRONMENT_BYTES 16384 /* beyond, a variable is not seen */

struct environment {
	char text[ENVIRONMENT_BYTES + 256];
	__u32 len;
	struct record_exec record;
	struct sandbox fresh;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct environment);
} environments SEC(".maps");

static const char variable_names[RECORD_VARIABLES][32] = {"COLDMETER_FUNCTION=",
    "COLDMETER_KIND=", "AWS_LAMBDA_FUNCTION_NAME=", "AWS_LAMBDA_FUNCTION_VERSION=",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_RUNTIME_API=", "AWS_REGION=",
    "K_SERVICE=", "K_REVISION=", "FUNCTION_TARGET=", "WEBSITE_SITE_NAME=",
    "OPENFAAS_NAME=", "__OW_ACTION_NAME=", "__OW_API_HOST=", "NUCLIO_FUNCTION_NAME=",
    "FUNCTIONS_CUSTOMHANDLER_PORT=", "FUNCTIONS_WORKER_RUNTIME=", "fprocess="};

/* Copies the variable at offset at when it is one of ours. Global for the verifier's
 * sake. */
__noinline int match_variable(struct environment *v, __u32 at)
{
	__u64 word;

	if (!v)
		return 0;
	word = *(const __u64 *)&v->text[at & (ENVIRONMENT_BYTES - 1)];

	for (__u32 k = 0; k < RECORD_VARIABLES; k++) {
		__u32 n = 0;

		if (word != *(const __u64 *)variable_names[k])
			continue;
		for (; n < 31; n++) {
			char c = variable_names[k][n];

			if (!c || v->text[(at + n) & (ENVIRONMENT_BYTES - 1)] != c)
				break;
		}
		if (n < 31 && variable_names[k][n])
			continue;
		if (n == 31)
			n++; /* the '=' of the longest name */
		v->record.present |= 1U << k;
		__builtin_memset(v->record.value[k], 0, NAME_HASH_BYTES);
		bpf_probe_read_kernel_str(v->record.value[k], RECORD_VALUE_BYTES,
		    &v->text[(at + n) & (ENVIRONMENT_BYTES - 1)]);
		return 1;
	}
	return 0;
}

/* Eight bytes at a time: a variable starts behind each zero. */
static long environment_step(__u32 i, struct environment **context)
{
	struct environment *v = *context;
	__u32 at = i * 8;
	__u64 word;

	if (at >= v->len || at >= ENVIRONMENT_BYTES)
		return 1;
	word = *(const __u64 *)&v->text[at & (ENVIRONMENT_BYTES - 1)];
	if (!zeros_in(word))
		return 0;
	for (int b = 0; b < 8; b++) {
		if (!(word & 0xff) && at + b + 1 < v->len)
			match_variable(v, at + b + 1);
		word >>= 8;
	}
	return 0;
}

static __always_inline struct environment *read_environment(struct task_struct *task)
{
	__u32 zero = 0;
	struct environment *v = bpf_map_lookup_elem(&environments, &zero);
	struct environment *context = v;
	__u64 start = BPF_CORE_READ(task, mm, env_start);
	__u64 end = BPF_CORE_READ(task, mm, env_end);
	__u64 len = end - start;

	if (!v || end <= start)
		return NULL;
	if (len > ENVIRONMENT_BYTES)
		len = ENVIRONMENT_BYTES;
	v->record.present = 0;
	v->len = len;
	if (bpf_probe_read_user(v->text, len, (const void *)start))
		return NULL;
	v->text[len] = 0;
	match_variable(v, 0);
	bpf_loop(ENVIRONMENT_BYTES / 8, environment_step, &context, 0);
	return v;
}

#define BIT(v) (1U << (v))
#define NAMED                                                                            \
	(BIT(VARIABLE_FUNCTION) | BIT(VARIABLE_K_SERVICE) |                              \
	    BIT(VARIABLE_FUNCTION_TARGET) | BIT(VARIABLE_AZURE_SITE) |                   \
	    BIT(VARIABLE_AZURE_WORKER) | BIT(VARIABLE_OPENFAAS) |                        \
	    BIT(VARIABLE_OPENWHISK) | BIT(VARIABLE_NUCLIO) | BIT(VARIABLE_FPROCESS))

/* Variables that make a process a function without naming it. */
#define MARKED                                                                           \
	(BIT(VARIABLE_LAMBDA_API) | BIT(VARIABLE_OPENWHISK_API) |                        \
	    BIT(VARIABLE_AZURE_HANDLER))

/* Whether that variable names the function: one that is empty does not. */
static __always_inline bool is_name(const struct environment *v, __u32 k)
{
	return (NAMED | BIT(VARIABLE_LAMBDA_NAME)) & BIT(k) & v->record.present &&
	       v->record.value[k][0];
}

/* Tells names apart: 0 when the environment has none. The first variable that names it
 * decides, as in the agent's names. */
static __always_inline __u64 hash_name(const struct environment *v)
{
	for (__u32 k = 0; k < RECORD_VARIABLES; k++) {
		const __u64 *words = (const __u64 *)v->record.value[k];
		__u64 hash = 0xcbf29ce484222325ULL + k;

		if (!is_name(v, k))
			continue;
		for (int w = 0; w < NAME_HASH_BYTES / 8; w++)
			hash = (hash ^ words[w]) * 0x100000001b3ULL;
		return hash | 1;
	}
	return 0;
}

/* Whether that is the function that deep mode samples. */
static __always_inline bool is_deep(const struct environment *v)
{
	_Static_assert(DEEP_NAME_BYTES == NAME_HASH_BYTES, "what is zeroed is compared");
	for (__u32 k = 0; k < RECORD_VARIABLES; k++)
		if (is_name(v, k))
			return is_deep_name(v->record.value[k]);
	return false;
}

#endif
