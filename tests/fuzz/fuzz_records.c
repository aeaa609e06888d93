/* Records of the kernel with any bytes in their texts and figures: the input is a list of
 * them, each one byte of kind (3 bits) and sandbox (2 bits), then the bytes, as far as
 * they go. Whatever comes out can be shipped and told. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sandboxes.h"
#include "tests/fuzz/checks.h"
#include "wire/batch.h"
#include "wire/json.h"

#define TIME_MASK ((UINT64_C(1) << 60) - 1) /* the kernel's clock, for 36 years */
#define WALL_NS 1700000000000000000LL

union record {
	struct record_exec exec;
	struct record_ready ready;
	struct record_invocation invocation;
	struct record_targeted targeted;
	struct record_end end;
	struct record_blind blind;
	struct record_coldstart coldstart;
	struct record_name name;
};

static const struct {
	uint32_t kind;
	size_t bytes;
} kinds[8] = {{RECORD_EXEC, sizeof(struct record_exec)},
    {RECORD_READY, sizeof(struct record_ready)},
    {RECORD_INVOCATION, sizeof(struct record_invocation)},
    {RECORD_INVOCATION, sizeof(struct record_targeted)},
    {RECORD_END, sizeof(struct record_end)}, {RECORD_BLIND, sizeof(struct record_blind)},
    {RECORD_COLDSTART, sizeof(struct record_coldstart)},
    {RECORD_NAME, sizeof(struct record_name)}};

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_coldstart(const struct coldstart *c)
{
	if (c->phases_n > COLDSTART_PHASES_MAX || c->peers_n > COLDSTART_PEERS_MAX)
		abort();
	for (size_t i = 0; i < c->phases_n; i++)
		check_text(c->phases[i].name, sizeof(c->phases[i].name));
	for (size_t i = 0; i < c->peers_n; i++)
		check_text(c->peers[i].peer, sizeof(c->peers[i].peer));
}

static void emit(void *context, const struct invocation *inv)
{
	struct batch_writer *w = context;
	const struct function *function = inv->function;
	char line[JSON_LINE_MAX_BYTES];

	check_text(function->name, sizeof(function->name));
	check_text(function->version, sizeof(function->version));
	check_text(function->region, sizeof(function->region));
	check_text(inv->request_id, sizeof(inv->request_id));
	check_text(inv->trace_id, sizeof(inv->trace_id));
	check_text(inv->sandbox, sizeof(inv->sandbox));
	if (!function->name[0] || inv->concurrency == 0 ||
	    !inv->coldstart != !(inv->has & HAS_COLDSTART))
		abort();
	if (inv->coldstart)
		check_coldstart(inv->coldstart);
	if (json_format_invocation(inv, "host", line) > sizeof(line))
		abort();
	if (batch_writer_add(w, inv) < 0)
		abort();
}

static void bound_mark(struct coldstart_mark *mark)
{
	mark->at_ns &= TIME_MASK;
	mark->cpu_ns &= TIME_MASK;
	mark->running_ns = (int64_t)((uint64_t)mark->running_ns & TIME_MASK);
}

/* Times are the kernel's own: they are as large as its clock makes them. No process is
 * looked at: this host is none of the input's. */
static void bound(union record *r)
{
	switch ((enum record_kind)r->exec.kind) {
	case RECORD_EXEC:
		r->exec.start_ns &= TIME_MASK;
		break;
	case RECORD_READY:
		r->ready.ready_ns &= TIME_MASK;
		r->ready.first_exec_ns &= TIME_MASK;
		r->ready.last_exec_ns &= TIME_MASK;
		break;
	case RECORD_INVOCATION:
		r->invocation.start_ns &= TIME_MASK;
		r->invocation.end_ns &= TIME_MASK;
		r->invocation.response_ns &= TIME_MASK;
		break;
	case RECORD_COLDSTART:
		r->coldstart.cgroup_ns &= TIME_MASK;
		for (size_t i = 0; i < COLDSTART_EXECS; i++)
			bound_mark(&r->coldstart.execs[i].mark);
		for (size_t i = 0; i < COLDSTART_MARKS; i++)
			bound_mark(&r->coldstart.marks[i]);
		break;
	case RECORD_END:
		r->end.end_ns &= TIME_MASK;
		break;
	case RECORD_BLIND:
	case RECORD_SAMPLE:
	case RECORD_NAME:
		break;
	}
}

/* The bytes of a record come from the input, where it has any. Returns how many. */
static size_t take(struct sandboxes *s, uint8_t what, const uint8_t *in, size_t size)
{
	static union record r;
	size_t bytes = kinds[what & 7].bytes;
	size_t given = size < bytes ? size : bytes;
	int err;

	memset(&r, 0, sizeof(r));
	memcpy(&r, in, given);
	r.exec.kind = kinds[what & 7].kind;
	r.exec.pid = 0;
	r.exec.sandbox = what >> 3 & 3;
	bound(&r);
	err = sandboxes_take(s, &r, bytes, WALL_NS);
	if (err && err != -ENOENT && !(err == -EBADMSG && r.exec.kind == RECORD_BLIND))
		abort();
	return given;
}

static void check_batch(struct batch_writer *w)
{
	const struct batch_head head = {.host = "host"};
	size_t n = batch_writer_count(w);
	struct batch *batch = NULL;
	uint8_t *sealed;
	size_t bytes;

	if (batch_writer_seal(w, &head, &sealed, &bytes) < 0 ||
	    batch_decode(sealed, bytes, &batch, NULL) < 0 || batch->invocations_n != n)
		abort();
	batch_free(batch);
	free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct sandboxes *s;
	struct batch_writer *w;

	check_quiet();
	if (batch_writer_new(&w) < 0 || sandboxes_new(emit, w, &s) < 0)
		abort();
	while (size > 0) {
		size_t used = 1 + take(s, in[0], in + 1, size - 1);

		in += used;
		size -= used;
	}
	if (sandboxes_count(s) > 4)
		abort();
	sandboxes_free(s);
	check_batch(w);
	batch_writer_free(w);
	return 0;
}
