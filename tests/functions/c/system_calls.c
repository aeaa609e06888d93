/* A server that reads and writes with the system calls it is told: system_calls PORT READ
 * WRITE LOG. Requests have no body and come whole; several may come at once. Each is
 * answered after 20 ms with "ok", and leaves a line with when it was read and answered.
 *
 * READ: read recvfrom readv recvmsg recvmmsg uring. WRITE: write sendto writev sendmsg
 * sendmmsg uring; dup: write on another descriptor of the socket; batch: all answers to
 * what came in one read in one write; split: the same in one writev, a piece for each. */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 64
#define WORK_US 20000

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
#define ANSWER_BYTES (sizeof(answer) - 1)
#define CUT 9 /* of the answer: behind "HTTP/1.1 " */

static long long wall_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- one ring, one request in it at a time ------------------------------------------ */

static struct {
	int fd;
	struct io_uring_params params;
	char *sq;
	char *cq;
	struct io_uring_sqe *sqes;
} ring;

static void ring_open(void)
{
	size_t sq_bytes;

	ring.fd = (int)syscall(SYS_io_uring_setup, 4, &ring.params);
	if (ring.fd < 0)
		fail("io_uring_setup");
	sq_bytes = ring.params.sq_off.array + ring.params.sq_entries * sizeof(unsigned);
	ring.sq = mmap(NULL, sq_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
	    IORING_OFF_SQ_RING);
	ring.cq = mmap(NULL,
	    ring.params.cq_off.cqes +
		ring.params.cq_entries * sizeof(struct io_uring_cqe),
	    PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, ring.params.sq_entries * sizeof(struct io_uring_sqe),
	    PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	if (ring.sq == MAP_FAILED || ring.cq == MAP_FAILED || ring.sqes == MAP_FAILED)
		fail("mmap of the ring");
}

static uint32_t *ring_word(char *base, uint32_t offset)
{
	return (uint32_t *)(void *)(base + offset);
}

static ssize_t ring_move(uint8_t opcode, int fd, const void *text, size_t n)
{
	uint32_t *tail = ring_word(ring.sq, ring.params.sq_off.tail);
	uint32_t at = *tail & *ring_word(ring.sq, ring.params.sq_off.ring_mask);
	uint32_t *head = ring_word(ring.cq, ring.params.cq_off.head);
	const struct io_uring_cqe *done = (void *)(ring.cq + ring.params.cq_off.cqes);
	int result;

	ring.sqes[at] = (struct io_uring_sqe){.opcode = opcode,
	    .fd = fd,
	    .addr = (uint64_t)(uintptr_t)text,
	    .len = (uint32_t)n};
	ring_word(ring.sq, ring.params.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) <
	    0)
		fail("io_uring_enter");
	done += *head & *ring_word(ring.cq, ring.params.cq_off.ring_mask);
	result = done->res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

/* --- each call -----------------------------------------------------------------------
 */

static ssize_t read_by(const char *how, int fd, char *to, size_t size)
{
	struct iovec pieces[2] = {{to, 20}, {to + 20, size - 20}};
	struct mmsghdr several = {.msg_hdr = {.msg_iov = pieces, .msg_iovlen = 2}};

	if (strcmp(how, "read") == 0)
		return read(fd, to, size);
	if (strcmp(how, "recvfrom") == 0)
		return recv(fd, to, size, 0);
	if (strcmp(how, "readv") == 0)
		return readv(fd, pieces, 2);
	if (strcmp(how, "recvmsg") == 0)
		return recvmsg(fd, &several.msg_hdr, 0);
	if (strcmp(how, "recvmmsg") == 0)
		return recvmmsg(fd, &several, 1, 0, NULL) == 1 ? (ssize_t)several.msg_len
							       : -1;
	if (strcmp(how, "uring") == 0)
		return ring_move(IORING_OP_RECV, fd, to, size);
	(void)fprintf(stderr, "%s is no way to read\n", how);
	exit(2);
}

static void write_by(const char *how, int fd, const char *text, size_t n)
{
	struct iovec pieces[2] = {{(void *)text, CUT}, {(void *)(text + CUT), n - CUT}};
	struct mmsghdr several = {.msg_hdr = {.msg_iov = pieces, .msg_iovlen = 2}};
	ssize_t sent = (ssize_t)n;

	if (strcmp(how, "write") == 0 || strcmp(how, "batch") == 0) {
		sent = write(fd, text, n);
	} else if (strcmp(how, "sendto") == 0) {
		sent = send(fd, text, n, MSG_NOSIGNAL);
	} else if (strcmp(how, "writev") == 0) {
		sent = writev(fd, pieces, 2);
	} else if (strcmp(how, "sendmsg") == 0) {
		sent = sendmsg(fd, &several.msg_hdr, MSG_NOSIGNAL);
	} else if (strcmp(how, "sendmmsg") == 0) {
		if (sendmmsg(fd, &several, 1, MSG_NOSIGNAL) == 1)
			sent = (ssize_t)several.msg_len;
	} else if (strcmp(how, "uring") == 0) {
		sent = ring_move(IORING_OP_SEND, fd, text, n);
	} else if (strcmp(how, "dup") == 0) {
		int other = dup(fd);

		sent = write(other, text, n);
		(void)close(other);
	} else {
		(void)fprintf(stderr, "%s is no way to write\n", how);
		exit(2);
	}
	if (sent != (ssize_t)n)
		fail(how);
}

static void write_split(int fd, int n)
{
	struct iovec pieces[BATCH_MAX];

	for (int i = 0; i < n; i++)
		pieces[i] = (struct iovec){(void *)answer, ANSWER_BYTES};
	if (writev(fd, pieces, n) != (ssize_t)(n * ANSWER_BYTES))
		fail("writev");
}

static int requests_in(const char *text)
{
	int n = 0;

	for (; (text = strstr(text, "\r\n\r\n")); text += 4)
		n++;
	return n > BATCH_MAX ? BATCH_MAX : n;
}

static void write_batch(int fd, int n)
{
	char text[BATCH_MAX * ANSWER_BYTES];

	for (int i = 0; i < n; i++)
		memcpy(text + i * ANSWER_BYTES, answer, ANSWER_BYTES);
	write_by("batch", fd, text, n * ANSWER_BYTES);
}

static void serve(int fd, char **how, FILE *log)
{
	bool at_once = strcmp(how[1], "batch") == 0 || strcmp(how[1], "split") == 0;
	char text[8192];
	ssize_t got;

	while ((got = read_by(how[0], fd, text, sizeof(text) - 1)) > 0) {
		long long read_ns = wall_ns();
		int n;

		text[got] = '\0';
		n = requests_in(text);
		(void)usleep(WORK_US);
		if (strcmp(how[1], "batch") == 0)
			write_batch(fd, n);
		else if (at_once)
			write_split(fd, n);
		for (int i = 0; i < n; i++) {
			if (!at_once)
				write_by(how[1], fd, answer, ANSWER_BYTES);
			(void)fprintf(log, "{\"read_ns\":%lld,\"sent_ns\":%lld}\n",
			    read_ns, wall_ns());
		}
		(void)fflush(log);
	}
	(void)close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *log = argc == 5 ? fopen(argv[4], "ae") : NULL;
	int on = 1;

	if (!log) {
		(void)fprintf(stderr, "usage: system_calls PORT READ WRITE LOG\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	if (strcmp(argv[2], "uring") == 0 || strcmp(argv[3], "uring") == 0)
		ring_open();
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 64) < 0)
		fail("listen");
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			fail("accept");
		serve(fd, argv + 2, log);
	}
}
