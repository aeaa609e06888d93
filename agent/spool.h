/* Sealed batches until the collector has them: on disk, or in memory where no folder is
 * given. */
#ifndef COLDMETER_AGENT_SPOOL_H
#define COLDMETER_AGENT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

/* directory NULL: in memory. Otherwise it is made with mode 0700 when missing, and what
 * an earlier agent left there comes first. limit_bytes bounds what waits. 0 or -errno,
 * said. */
int spool_open(const char *directory, uint64_t limit_bytes, struct spool **out);
void spool_close(struct spool *spool);

/* 16 random bytes that stay the same as long as the folder does. */
const uint8_t *spool_agent_id(const struct spool *spool);

/* Takes a sealed batch of n invocations; the bytes are the spool's from then on, but on
 * failure. A batch that the disk does not take waits in memory, and so do those behind
 * it, SPOOL_MEMORY_MAX at most, until the disk takes them: what is lost with the agent is
 * always the newest. 0, -ENOSPC when the limit is reached, or what the disk said. */
#define SPOOL_MEMORY_MAX 64 /* 4 MiB; an agent that is not busy seals two a second */
int spool_put(struct spool *spool, uint8_t *batch, size_t bytes, uint64_t n);

/* The oldest batch; -ENOENT: none waits; -ENOMEM: not now, for want of memory or of
 * descriptors; or it cannot be read, -ESTALE when its file is gone. The bytes live until
 * spool_pop(). */
int spool_peek(struct spool *spool, const uint8_t **batch, size_t *bytes);

/* The oldest is done with. Returns how many invocations were put with it; 0 of one that
 * an earlier agent left. */
uint64_t spool_pop(struct spool *spool);

/* Takes out the oldest batch that would be lost with the agent, after another attempt to
 * write it to the folder: the caller frees it. False: there is none. */
bool spool_take_unkept(struct spool *spool, uint8_t **batch, size_t *bytes, uint64_t *n);

size_t spool_waiting(const struct spool *spool);

#endif
