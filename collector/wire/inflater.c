#include "wire/inflater.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_ONLY (MAX_WBITS + 16) /* inflateInit2(): neither zlib nor raw */

struct inflater {
	z_stream z;
	bool at_end; /* of a member, and nothing of another was fed */
};

int inflater_new(struct inflater **out)
{
	struct inflater *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	if (inflateInit2(&z->z, GZIP_ONLY) != Z_OK) {
		free(z);
		return -ENOMEM;
	}
	*out = z;
	return 0;
}

void inflater_free(struct inflater *z)
{
	if (z)
		(void)inflateEnd(&z->z);
	free(z);
}

void inflater_feed(struct inflater *z, const uint8_t *in, size_t n)
{
	z->z.next_in = (z_const Bytef *)in;
	z->z.avail_in = (uInt)n;
}

ssize_t inflater_read(struct inflater *z, uint8_t *out, size_t room)
{
	z->z.next_out = out;
	z->z.avail_out = (uInt)room;
	while (z->z.avail_out == room) {
		int said;

		if (z->at_end && z->z.avail_in == 0)
			return 0;
		if (z->at_end)
			(void)inflateReset(&z->z);
		z->at_end = false;
		said = inflate(&z->z, Z_NO_FLUSH);
		if (said == Z_MEM_ERROR)
			return -ENOMEM;
		if (said == Z_STREAM_END)
			z->at_end = true;
		else if (said == Z_BUF_ERROR)
			return 0;
		else if (said != Z_OK && z->z.avail_out == room)
			return -EBADMSG; /* else what came before it, and it next time */
	}
	return (ssize_t)(room - z->z.avail_out);
}

bool inflater_is_whole(const struct inflater *z)
{
	return z->at_end && z->z.avail_in == 0;
}
