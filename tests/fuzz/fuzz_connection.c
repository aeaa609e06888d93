/* The kernel's state machines on any bytes in any pieces: the input is a list of moves,
 * each one byte of what (2 bits) and how many (6 bits), and then the bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "bpf/control.h"
#include "tests/unit/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n);

static void check(const struct replay *r)
{
	int open = r->begun - r->ended;

	/* one invocation at a time on a connection, and none that ends twice */
	if (open < 0 || open > 1)
		abort();
	if (open == 0 && r->e.phase != PHASE_IDLE && r->e.phase != PHASE_IGNORE &&
	    r->e.phase != PHASE_HTTP2)
		abort();
	if (r->e.left < -1)
		abort();
}

/* What is asked of a request that begins, as bpf/http.bpf.h does. */
static void check_request(struct replay *r)
{
	(void)is_runtime_call(&r->m);
	http1_keep_target(&r->e, &r->m, 1);
	for (__u32 speaks = 0; speaks <= (SPEAKS_OPENWHISK | SPEAKS_OPENFAAS); speaks++)
		if (http_control_of(&r->m, speaks) == CONTROL_INIT &&
		    r->m.end >= r->m.head_len)
			abort();
}

static void receive(struct replay *r, const uint8_t *bytes, size_t n)
{
	int begun = r->begun;

	replay_receive(r, bytes, n);
	if (r->begun > begun)
		check_request(r);
}

static void move(struct replay *server, struct replay *runtime, int what,
    const uint8_t *bytes, size_t n)
{
	if (what == 0) {
		receive(server, bytes, n);
		(void)replay_runtime_receives(runtime, bytes, n);
	} else if (what == 1) {
		replay_send(server, bytes, n, NULL, 0);
		(void)replay_runtime_sends(runtime, bytes, n);
	} else if (what == 2) {
		replay_send(server, bytes, n / 2, bytes + n / 2, n - n / 2);
	} else if (n > 32) {
		replay_close(server, n & 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct replay server = {0};
	struct replay runtime = {0};

	while (n > 1) {
		int what = input[0] >> 6;
		size_t bytes = (size_t)(input[0] & 63) * 32 + 1;

		input++;
		n--;
		if (bytes > n)
			bytes = n;
		move(&server, &runtime, what, input, bytes);
		check(&server);
		input += bytes;
		n -= bytes;
	}
	return 0;
}
