/* Expands gzip (RFC 1952) as it comes, in pieces of any size. */
#ifndef COLDMETER_WIRE_INFLATER_H
#define COLDMETER_WIRE_INFLATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct inflater;

int inflater_new(struct inflater **out); /* 0 or -ENOMEM */
void inflater_free(struct inflater *z);

/* The next piece, borrowed until inflater_read() returned 0. At most 4 GiB - 1. */
void inflater_feed(struct inflater *z, const uint8_t *in, size_t n);

/* Expands into out, which has room for at most 4 GiB - 1. Returns bytes; 0 when all that
 * was fed is used; -EBADMSG when it is damaged or not gzip; -ENOMEM. One member may
 * follow another. */
ssize_t inflater_read(struct inflater *z, uint8_t *out, size_t room);

/* Whether what was fed so far ends where a member ends: else it is cut off. */
bool inflater_is_whole(const struct inflater *z);

static inline void cleanup_inflater(struct inflater *const *z)
{
	inflater_free(*z);
}

#endif
