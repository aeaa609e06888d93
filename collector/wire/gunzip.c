#include "wire/gunzip.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "wire/inflater.h"

#define FIRST_ROOM 4096

/* Room for more, at most limit bytes. */
static int grow(uint8_t **bytes, size_t *room, size_t limit)
{
	size_t wanted = *room < limit / 2 ? *room * 2 : limit;
	uint8_t *more = realloc(*bytes, wanted);

	if (!more)
		return -ENOMEM;
	*bytes = more;
	*room = wanted;
	return 0;
}

/* Returns bytes, in *bytes, or an error; beyond limit - 1 bytes it stops. */
static ssize_t expand(struct inflater *z, uint8_t **bytes, size_t room, size_t limit)
{
	size_t used = 0;

	for (;;) {
		ssize_t got = inflater_read(z, *bytes + used, room - used);

		if (got < 0)
			return got;
		if (got == 0)
			return inflater_is_whole(z) ? (ssize_t)used : -EBADMSG;
		used += (size_t)got;
		if (used == limit)
			return -EFBIG;
		if (used == room && grow(bytes, &room, limit) < 0)
			return -ENOMEM;
	}
}

int gunzip(const uint8_t *in, size_t n, size_t max, uint8_t **out, size_t *out_bytes)
{
	size_t limit = max + 1; /* one more tells that it is too much */
	size_t room = FIRST_ROOM < limit ? FIRST_ROOM : limit;
	AUTO(inflater) struct inflater *z = NULL;
	AUTO(free) uint8_t *bytes = malloc(room);
	ssize_t got;
	int err;

	if (!bytes)
		return -ENOMEM;
	if (n == 0 || n > UINT32_MAX || limit > UINT32_MAX)
		return -EBADMSG;
	err = inflater_new(&z);
	if (err)
		return err;
	inflater_feed(z, in, n);
	got = expand(z, &bytes, room, limit);
	if (got < 0)
		return (int)got;
	*out = bytes;
	*out_bytes = (size_t)got;
	bytes = NULL;
	return 0;
}
