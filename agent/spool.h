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

/* Takes a sealed batch; the bytes are the spool's from then on, but on failure. 0,
 * -ENOSPC when the limit or the disk is reached, or -errno. */
int spool_put(struct spool *spool, uint8_t *batch, size_t bytes);

/* The oldest batch, or -ENOENT. The bytes live until spool_pop(). */
int spool_peek(struct spool *spool, const uint8_t **batch, size_t *bytes);
void spool_pop(struct spool *spool); /* the oldest is done with */

/* Whether what waits outlives the agent. */
bool spool_is_kept(const struct spool *spool);

size_t spool_waiting(const struct spool *spool);

#endif
