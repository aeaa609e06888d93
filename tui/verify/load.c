/* One thread, a few connections, each with one request at a time. A request that is due
 * while all of them wait goes out as soon as one is free: how long it waited is the
 * load's affair, not the function's. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tui/verify.h"

#define CONNECTIONS 16
#define ANSWER_BYTES 256
#define PATIENCE_NS (5 * CLOCK_NS_PER_S)

struct load {
	const struct verify_work *work;
	struct pollfd connections[CONNECTIONS];
	bool waits[CONNECTIONS];
	uint64_t next_id;
	uint64_t asked;
	int64_t answered;
};

static int connect_to(int port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		int err = -errno;

		(void)close(fd);
		return err;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

static int ask(struct load *load, int i)
{
	char head[256];
	int n = snprintf(head, sizeof(head),
	    "GET /?cpu_us=%u&memory_kb=%llu HTTP/1.1\r\nHost: verify\r\n"
	    "traceparent: 00-c01d4e7e00000000%016llx-0000000000000001-00\r\n\r\n",
	    load->work->cpu_us, load->work->memory_kb * (load->asked + 1ULL),
	    (unsigned long long)load->next_id);

	if (send(load->connections[i].fd, head, (size_t)n, MSG_NOSIGNAL) != n)
		return -EPIPE;
	load->next_id++;
	load->asked++;
	load->waits[i] = true;
	return 0;
}

static int take_answers(struct load *load, int wait_ms)
{
	char answer[ANSWER_BYTES];

	if (poll(load->connections, CONNECTIONS, wait_ms) < 0)
		return -errno;
	for (int i = 0; i < CONNECTIONS; i++) {
		if (!load->connections[i].revents)
			continue;
		if (read(load->connections[i].fd, answer, sizeof(answer)) <= 0)
			return -ECONNRESET;
		load->waits[i] = false;
		load->answered++;
	}
	return 0;
}

static int free_connection(const struct load *load)
{
	for (int i = 0; i < CONNECTIONS; i++)
		if (!load->waits[i])
			return i;
	return -1;
}

static bool is_waiting(const struct load *load)
{
	for (int i = 0; i < CONNECTIONS; i++)
		if (load->waits[i])
			return true;
	return false;
}

/* Until the span is over; gap_ns 0: no request waits for its moment. */
static int run(struct load *load, int64_t gap_ns, int64_t span_ns)
{
	int64_t begun_ns = clock_wall_ns();
	int64_t sent = 0;
	int err = 0;

	while (!err && clock_wall_ns() < begun_ns + span_ns) {
		int64_t wait_ns = begun_ns + sent * gap_ns - clock_wall_ns();
		int free_one = free_connection(load);

		if (free_one >= 0 && wait_ns <= 0) {
			err = ask(load, free_one);
			sent++;
		} else {
			err = take_answers(
			    load, wait_ns > 1000000 ? (int)(wait_ns / 1000000) : 0);
		}
	}
	for (int64_t until_ns = clock_wall_ns() + PATIENCE_NS;
	     !err && is_waiting(load) && clock_wall_ns() < until_ns;)
		err = take_answers(load, 100);
	return err;
}

int64_t verify_load(int port, unsigned int per_second, int64_t span_ns,
    const struct verify_work *work, uint64_t first_id)
{
	struct load load = {.work = work, .next_id = first_id};
	int err = 0;
	int n = 0;

	for (; n < CONNECTIONS && !err; n++) {
		int fd = connect_to(port);

		load.connections[n] = (struct pollfd){.fd = fd, .events = POLLIN};
		err = fd < 0 ? fd : 0;
	}
	if (!err)
		err = run(&load, per_second ? CLOCK_NS_PER_S / per_second : 0, span_ns);
	for (int i = 0; i < n; i++)
		if (load.connections[i].fd >= 0)
			(void)close(load.connections[i].fd);
	return err ? err : load.answered;
}
