/* A request of OTLP, its first byte telling the form: 'j' JSON, 'g' protobuf in gzip,
 * else protobuf. What is taken of it is UTF-8, fits a batch, and comes out of it as the
 * same, but for control characters. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/checks.h"
#include "tests/unit/sample.h"
#include "wire/batch.h"
#include "wire/gunzip.h"
#include "wire/otlp.h"

#define EXPANDED_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

/* As a batch hands it out. */
static void make_printable(struct invocation *inv, struct function *function)
{
	text_make_printable(function->name);
	text_make_printable(function->version);
	text_make_printable(function->region);
	text_make_printable(inv->request_id);
	text_make_printable(inv->sandbox);
	inv->function = function;
}

static void check_made(const struct batch *batch, const struct invocation *shown,
    const struct function *function)
{
	if (batch->invocations_n != 2 || batch->functions_n != 1)
		abort();
	for (size_t i = 0; i < 2; i++) {
		if (!sample_same_invocation(shown, &batch->invocations[i]) ||
		    !sample_same_function(function, batch->invocations[i].function))
			abort();
	}
}

static void through_a_batch(const struct invocation *inv)
{
	static const struct batch_head head = {.id.sequence = 1};
	struct function function = *inv->function;
	struct invocation shown = *inv;
	struct batch_writer *w;
	struct batch *batch;
	struct batch *kept;
	uint8_t *sealed;
	size_t n;

	make_printable(&shown, &function);
	if (batch_writer_new_keeping(&w) < 0 || batch_writer_add(w, inv) < 0 ||
	    batch_writer_add(w, inv) < 0 ||
	    batch_writer_seal_kept(w, &head, &sealed, &n, &kept) < 0 ||
	    batch_decode(sealed, n, &batch, NULL) < 0)
		abort();
	check_made(batch, &shown, &function);
	check_made(kept, &shown, &function);
	batch_free(batch);
	batch_free(kept);
	free(sealed);
	batch_writer_free(w);
}

static int take(void *context, const struct otlp_record *record, const char **why)
{
	size_t *n = context;

	(void)why;
	if (!record->invocation->function->name[0] || record->invocation->start_ns <= 0 ||
	    strlen(record->host) >= BATCH_HOST_BYTES)
		abort();
	if ((*n)++ < 4) /* a batch takes its time */
		through_a_batch(record->invocation);
	return 0;
}

static void check(const struct otlp_tally *tally, int err, size_t size, size_t n)
{
	char answer[OTLP_ANSWER_BYTES];

	if (err && err != -EFBIG && (err != -EBADMSG || !tally->why))
		abort();
	if (err == -EBADMSG && tally->offset > size)
		abort();
	if (tally->taken != n ||
	    (!err && tally->spans != tally->taken + tally->ignored + tally->rejected))
		abort();
	if (otlp_answer(tally, true, answer) > sizeof(answer) ||
	    otlp_answer(tally, false, answer) > sizeof(answer))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct otlp_tally tally;
	uint8_t *expanded = NULL;
	size_t n = 0;
	uint8_t form = size > 0 ? in[0] : 0;
	int err;

	if (size > 0) {
		in++;
		size--;
	}
	if (form == 'g') {
		err = gunzip(in, size, EXPANDED_MAX, &expanded, &size);
		if (err && err != -EFBIG && err != -EBADMSG)
			abort();
		if (err)
			return 0;
		if (size > EXPANDED_MAX)
			abort();
		in = expanded;
	}
	err = form == 'j' ? otlp_json_read(in, size, take, &n, &tally)
			  : otlp_proto_read(in, size, take, &n, &tally);
	check(&tally, err, size, n);
	free(expanded);
	return 0;
}
