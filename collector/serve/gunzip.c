#include "serve/gunzip.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/cleanup.h"

#define GZIP_ONLY (MAX_WBITS + 16) /* inflateInit2(): neither zlib nor raw */
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

/* One member may follow another. Returns bytes, in *bytes, or an error; beyond limit - 1
 * bytes it stops. */
static ssize_t expand(z_stream *z, uint8_t **bytes, size_t room, size_t limit)
{
	size_t used = 0;

	for (;;) {
		int said;

		z->next_out = *bytes + used;
		z->avail_out = (uInt)(room - used);
		said = inflate(z, Z_NO_FLUSH);
		used = room - z->avail_out;
		if (said == Z_MEM_ERROR)
			return -ENOMEM;
		if (used == limit)
			return -EFBIG;
		if (said == Z_STREAM_END && z->avail_in == 0)
			return (ssize_t)used;
		if (said == Z_STREAM_END)
			said = inflateReset(z);
		if (said == Z_BUF_ERROR && used == room)
			said = Z_OK;
		if (said != Z_OK || (z->avail_in == 0 && used < room))
			return -EBADMSG;
		if (used == room && grow(bytes, &room, limit) < 0)
			return -ENOMEM;
	}
}

int gunzip(const uint8_t *in, size_t n, size_t max, uint8_t **out, size_t *out_bytes)
{
	size_t limit = max + 1; /* one more tells that it is too much */
	size_t room = FIRST_ROOM < limit ? FIRST_ROOM : limit;
	AUTO(free) uint8_t *bytes = malloc(room);
	z_stream z = {.next_in = (z_const Bytef *)in, .avail_in = (uInt)n};
	ssize_t got;

	if (!bytes)
		return -ENOMEM;
	if (n == 0 || n > UINT32_MAX || limit > UINT32_MAX)
		return -EBADMSG;
	if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
		return -ENOMEM;
	got = expand(&z, &bytes, room, limit);
	(void)inflateEnd(&z);
	if (got < 0)
		return (int)got;
	*out = bytes;
	*out_bytes = (size_t)got;
	bytes = NULL;
	return 0;
}
