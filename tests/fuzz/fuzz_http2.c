/* The kernel's reading of HTTP/2 on any bytes in any pieces: the input is a list of
 * moves, each one byte of direction (1 bit) and how many (7 bits), and then the bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/replay_http2.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static void check(const struct replay_http2 *r, const struct http2_direction *d)
{
	if (d->have > HTTP2_FRAME_BYTES && !d->in_frame)
		abort();
	if (d->block > HPACK_BLOCK_BYTES || (d->in_frame && d->have > d->block))
		abort();
	if (d->pass > 1 << 24)
		abort();
	/* streams begin with rising odd numbers */
	for (int i = 0, last = 0; i < r->n; i++) {
		if (r->events[i].step != HTTP2_BEGINS)
			continue;
		if (!(r->events[i].stream & 1) || (int)r->events[i].stream <= last)
			abort();
		last = (int)r->events[i].stream;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct replay_http2 r = {0};

	http2_open(&r.h, 1);
	r.h.received.pass = 0; /* what is behind the preface is what matters */
	while (n > 1) {
		bool is_sent = input[0] & 0x80;
		size_t bytes = (size_t)(input[0] & 0x7f) * 8 + 1;

		input++;
		n--;
		if (bytes > n)
			bytes = n;
		replay_http2_move(&r, is_sent, input, bytes);
		check(&r, http2_direction(&r.h, is_sent));
		input += bytes;
		n -= bytes;
	}
	return 0;
}
