/* A function that speaks HTTP/2 in clear text, one connection after the other:
 * h2_function ADDRESS LOG. It answers each stream in 2 ms with 200, each tenth with 500,
 * and writes when it had read the request and sent the answer. Requests must have no
 * body. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "tests/functions/address.h"

#define PREFACE_BYTES 24
#define FRAME_BYTES 9
#define PAYLOAD_MAX_BYTES 16384
#define WORK_NS 2000000

enum { HEADERS = 1, SETTINGS = 4, PING = 6 };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

static long long wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static bool read_all(int fd, uint8_t *to, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, to, n);

		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return true;
}

/* A frame of at most 8 bytes. */
static bool send_frame(int fd, uint8_t type, uint8_t flags, uint32_t stream,
    const uint8_t *payload, uint8_t n)
{
	uint8_t frame[FRAME_BYTES + 8] = {0, 0, n, type, flags, (uint8_t)(stream >> 24),
	    (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};

	memcpy(frame + FRAME_BYTES, payload, n);
	return write(fd, frame, FRAME_BYTES + n) == FRAME_BYTES + n;
}

static bool answer(int fd, FILE *log, uint32_t stream)
{
	/* of HPACK's static table: ":status: 200" and ":status: 500" */
	const uint8_t status = stream / 2 % 10 == 9 ? 0x8e : 0x88;
	long long read_ns = wall_ns();

	(void)nanosleep(&(struct timespec){.tv_nsec = WORK_NS}, NULL);
	if (!send_frame(fd, HEADERS, END_STREAM | END_HEADERS, stream, &status, 1))
		return false;
	(void)fprintf(log, "{\"read_ns\":%lld,\"sent_ns\":%lld}\n", read_ns, wall_ns());
	return fflush(log) == 0;
}

static bool take_frame(int fd, FILE *log)
{
	uint8_t head[FRAME_BYTES];
	uint8_t payload[PAYLOAD_MAX_BYTES];
	uint32_t bytes;

	if (!read_all(fd, head, sizeof(head)))
		return false;
	bytes = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
	if (bytes > sizeof(payload) || !read_all(fd, payload, bytes))
		return false;
	if (head[3] == SETTINGS && !(head[4] & ACK))
		return send_frame(fd, SETTINGS, ACK, 0, payload, 0);
	if (head[3] == PING && !(head[4] & ACK) && bytes == 8)
		return send_frame(fd, PING, ACK, 0, payload, 8);
	if (head[3] == HEADERS)
		return answer(fd, log,
		    (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 |
			(uint32_t)head[7] << 8 | head[8]);
	return true;
}

int main(int argc, char **argv)
{
	FILE *log = argc == 3 ? fopen(argv[2], "we") : NULL;
	int listener = log ? address_bind(argv[1], SOCK_CLOEXEC) : -1;
	uint8_t preface[PREFACE_BYTES];
	int fd;

	if (listener < 0 || listen(listener, 16) < 0) {
		(void)fprintf(stderr, "usage: h2_function ADDRESS LOG\n");
		return 2;
	}
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (read_all(fd, preface, sizeof(preface)) &&
		    send_frame(fd, SETTINGS, 0, 0, preface, 0))
			while (take_frame(fd, log))
				;
		(void)close(fd);
	}
	return 1;
}
