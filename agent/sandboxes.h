/* Records in, invocations out: remembers each sandbox and what its records add up to. */
#ifndef COLDMETER_AGENT_SANDBOXES_H
#define COLDMETER_AGENT_SANDBOXES_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/record.h"
#include "model/invocation.h"
#include "model/loss.h"

struct sandboxes;

/* n more invocations of a function were lost in the kernel. */
typedef void (*sandboxes_lose)(
    void *context, const struct function *function, enum lost_reason reason, uint64_t n);

/* What the kernel has counted of a sandbox: ended without room in the ring, and shed. 0,
 * or -ENOENT when it has gone. */
typedef int (*sandboxes_read)(
    void *context, uint64_t sandbox, uint64_t *lost, uint64_t *shed);

/* The invocation and its function live during the call. */
typedef void (*sandboxes_emit)(void *context, const struct invocation *invocation);

int sandboxes_new(sandboxes_emit emit, void *context, struct sandboxes **out);
void sandboxes_free(struct sandboxes *sandboxes);

/* lose is called, with the context of emit, for what the last record of a sandbox tells,
 * and from sandboxes_read_losses(). Without it nothing is told. */
void sandboxes_on_loss(struct sandboxes *sandboxes, sandboxes_lose lose);

struct rules;

/* Names are given by these rules first, also to sandboxes that are known. They must live
 * until others are set. NULL: there are none. */
void sandboxes_set_rules(struct sandboxes *sandboxes, const struct rules *rules);

/* The kinds of enum foreign, as bits, that were said already. */
void sandboxes_said_foreign(struct sandboxes *sandboxes, uint32_t said);

/* Asks for what was lost in each sandbox that lives. */
void sandboxes_read_losses(
    struct sandboxes *sandboxes, sandboxes_read read, void *context);

/* Takes what the kernel kept of a sandbox, end->sandbox, whose end had no room in the
 * ring, and fills the record. 0, or -ENOENT: there is nothing. */
typedef int (*sandboxes_read_end)(void *context, struct record_end *end);

/* Asks so for each sandbox that lives, to be called after the ring was drained. What
 * ended in it may have come into the ring since then: it is dropped by the next call,
 * after another drain. Returns how many wait for that. */
size_t sandboxes_read_ends(
    struct sandboxes *sandboxes, sandboxes_read_end read, void *context);

/* Takes one record, aligned as the ring aligns it (8 bytes); bytes must be its whole
 * size. Pure but for memory: boot_to_wall_ns turns the record's times into wall time.
 * Returns 0, -EBADMSG for a record of a wrong size or kind, -ENOENT when an invocation's
 * sandbox is not known (it is counted as lost by the caller), -ECHILD when it is none
 * (see sandboxes_adopt_process), -ENOMEM. */
int sandboxes_take(struct sandboxes *sandboxes, const void *record, size_t bytes,
    int64_t boot_to_wall_ns);

/* A sandbox that is older than the agent: its init is not known. */
int sandboxes_adopt(struct sandboxes *sandboxes, const struct record_exec *exec);

/* A process of an adopted sandbox. What such a process started while the agent was still
 * looking around is part of that sandbox, although the kernel could not know; what it
 * records is nobody's invocation: sandboxes_take() returns -ECHILD for it. */
int sandboxes_adopt_process(struct sandboxes *sandboxes, uint32_t pid, uint64_t sandbox);

/* All that began meanwhile has been taken: from now on the kernel knows. */
void sandboxes_settle(struct sandboxes *sandboxes);

/* Sandboxes and functions are bounded: 16384 and 4096 without a sandbox; beyond, those
 * that were silent longest are forgotten. */
size_t sandboxes_count(const struct sandboxes *sandboxes);

#endif
