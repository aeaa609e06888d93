/* The first byte says what the others are: 0, a batch as received; 1, an inflated body;
 * 2, the fields of a head; around these the rest of a sound batch is put, so that checks
 * are not all that is ever tried. What decodes is encoded to what decodes to the same. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/varint.h"
#include "tests/fuzz/checks.h"
#include "tests/unit/sample.h"
#include "wire/batch.h"

#define BODY_MAX 60000 /* fits the wire, compressed or not */

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void check_same(const struct batch *a, const struct batch *b, size_t n)
{
	if (b->invocations_n != n ||
	    memcmp(&a->head.ledger, &b->head.ledger, sizeof(a->head.ledger)) != 0 ||
	    memcmp(a->head.id.agent, b->head.id.agent, sizeof(a->head.id.agent)) != 0 ||
	    memcmp(&a->head.figures, &b->head.figures, sizeof(a->head.figures)) != 0 ||
	    a->head.id.sequence != b->head.id.sequence ||
	    a->head.sent_ns != b->head.sent_ns || strcmp(a->head.host, b->head.host) != 0)
		abort();
	for (size_t i = 0; i < n; i++) {
		const struct invocation *x = &a->invocations[i];
		const struct invocation *y = &b->invocations[i];

		if (!sample_same_invocation(x, y) ||
		    !sample_same_function(x->function, y->function))
			abort();
	}
}

static void check_losses(const struct batch *a, const struct batch *b, size_t n)
{
	if (b->losses_n != n)
		abort();
	for (size_t i = 0; i < n; i++)
		if (a->losses[i].reason != b->losses[i].reason ||
		    a->losses[i].n != b->losses[i].n ||
		    !sample_same_function(a->losses[i].function, b->losses[i].function))
			abort();
}

/* As many records as a batch of ours takes: one that was received may inflate to more. */
static void check_coding(const struct batch *batch)
{
	struct batch_writer *w;
	struct batch *again;
	uint8_t *out;
	size_t out_bytes;
	size_t n = 0;
	size_t losses_n = 0;

	if (batch_writer_new(&w) < 0)
		abort();
	while (
	    n < batch->invocations_n && batch_writer_add(w, &batch->invocations[n]) == 0)
		n++;
	if (n == 0 && batch->invocations_n > 0)
		abort();
	while (losses_n < batch->losses_n) {
		const struct batch_loss *loss = &batch->losses[losses_n];

		if (batch_writer_lose(w, loss->function, loss->reason, loss->n) < 0)
			break;
		losses_n++;
	}
	if (batch_writer_seal(w, &batch->head, &out, &out_bytes) < 0 ||
	    batch_decode(out, out_bytes, &again, NULL) < 0)
		abort();
	check_same(batch, again, n);
	check_losses(batch, again, losses_n);
	batch_free(again);
	free(out);
	batch_writer_free(w);
}

static void check_texts(const struct batch *batch)
{
	check_text(batch->head.host, sizeof(batch->head.host));
	for (size_t i = 0; i < batch->functions_n; i++) {
		const struct function *f = &batch->functions[i];

		check_text(f->name, sizeof(f->name));
		check_text(f->version, sizeof(f->version));
		check_text(f->region, sizeof(f->region));
	}
	for (size_t i = 0; i < batch->invocations_n; i++) {
		const struct invocation *inv = &batch->invocations[i];

		check_text(inv->request_id, sizeof(inv->request_id));
		check_text(inv->sandbox, sizeof(inv->sandbox));
		check_text(inv->trace_id, sizeof(inv->trace_id));
	}
}

static void try_batch(const uint8_t *in, size_t size)
{
	struct batch *batch;
	struct batch_head head;
	const char *why = NULL;
	int err = batch_decode(in, size, &batch, &why);
	int head_err = batch_decode_head(in, size, &head, NULL);

	if (err < 0) {
		if (!why)
			abort();
		return;
	}
	if (head_err < 0)
		abort();
	check_texts(batch);
	check_coding(batch);
	batch_free(batch);
}

/* A sealed heartbeat gives a head; the frame behind it is replaced. */
static void try_body(const uint8_t *body, size_t size)
{
	static uint8_t wrapped[BATCH_MAX_BYTES];
	static const struct batch_head head = {.host = "host"};
	struct batch_writer *w;
	struct batch_head unused;
	uint8_t *heartbeat;
	size_t heartbeat_bytes;
	size_t head_bytes = 0;
	size_t frame;

	if (batch_writer_new(&w) < 0 ||
	    batch_writer_seal(w, &head, &heartbeat, &heartbeat_bytes) < 0)
		abort();
	while (batch_decode_head(heartbeat, head_bytes, &unused, NULL) < 0)
		head_bytes++;
	memcpy(wrapped, heartbeat, head_bytes);
	frame = ZSTD_compress(wrapped + head_bytes, sizeof(wrapped) - head_bytes, body,
	    size < BODY_MAX ? size : BODY_MAX, 1);
	if (ZSTD_isError(frame))
		abort();
	try_batch(wrapped, head_bytes + frame);
	free(heartbeat);
	batch_writer_free(w);
}

/* Magic, version, length, fields and check, after the layout at the head of batch.c; then
 * a frame of two zeros: no record, no function. */
static void try_head(const uint8_t *fields, size_t size)
{
	uint8_t made[512] = {0xc0, 'm', 't', 'r', 1};
	const uint8_t no_records[2] = {0, 0};
	uint32_t sum = 0x811c9dc5;
	size_t n = 5;
	size_t frame;

	if (size > 300)
		return;
	n += (size_t)varint_encode(size, made + n, sizeof(made) - n);
	memcpy(made + n, fields, size);
	n += size;
	for (size_t i = 0; i < n; i++)
		sum = (sum ^ made[i]) * 0x01000193;
	for (int i = 0; i < 4; i++)
		made[n++] = (uint8_t)(sum >> (8 * i));
	frame =
	    ZSTD_compress(made + n, sizeof(made) - n, no_records, sizeof(no_records), 1);
	if (ZSTD_isError(frame))
		abort();
	try_batch(made, n + frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	if (size == 0)
		return 0;
	if (in[0] == 0)
		try_batch(in + 1, size - 1);
	else if (in[0] == 2)
		try_head(in + 1, size - 1);
	else
		try_body(in + 1, size - 1);
	return 0;
}
