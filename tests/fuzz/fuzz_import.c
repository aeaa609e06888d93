/* The first byte chooses the source and how the rest is cut into pieces. However it is
 * cut, the same invocations come out, and each fits a batch. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/checks.h"
#include "wire/batch.h"
#include "wire/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

struct outcome {
	uint64_t n;
	uint64_t complaints;
	uint64_t mark; /* of what was found, in order */
	int err;
	struct batch_writer *writer;
};

static void add(struct outcome *o, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		o->mark =
		    (o->mark ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static int take(void *context, const struct import_found *found)
{
	struct outcome *o = context;
	const struct invocation *inv = found->invocation;

	int err = o->writer ? batch_writer_add(o->writer, inv) : 0;

	if (!inv->function->name[0] || (err && err != -ENOSPC && err != -ENOMEM))
		abort();
	check_text(inv->function->name, sizeof(inv->function->name));
	check_text(inv->function->version, sizeof(inv->function->version));
	check_text(inv->function->region, sizeof(inv->function->region));
	check_text(inv->request_id, sizeof(inv->request_id));
	check_text(inv->trace_id, sizeof(inv->trace_id));
	check_text(inv->sandbox, sizeof(inv->sandbox));
	o->n++;
	add(o, inv->request_id, strlen(inv->request_id));
	add(o, inv->trace_id, strlen(inv->trace_id));
	add(o, inv->sandbox, strlen(inv->sandbox));
	add(o, inv->function->name, strlen(inv->function->name));
	add(o, inv->function->version, strlen(inv->function->version));
	add(o, &inv->start_ns, sizeof(inv->start_ns));
	add(o, &inv->duration_ns, sizeof(inv->duration_ns));
	add(o, &inv->status, sizeof(inv->status));
	return 0;
}

static void complain(void *context, uint64_t line, const char *why)
{
	struct outcome *o = context;

	(void)line;
	if (!why || !*why)
		abort();
	o->complaints++;
}

static void read_in_pieces(
    const uint8_t *in, size_t size, uint8_t choice, size_t piece, struct outcome *o)
{
	struct import_settings settings = {
	    .source = (enum import_source)(choice % IMPORT_SOURCES),
	    .at_ns = choice & 0x40 ? 1 : 0};
	const struct import_sink sink = {take, complain, o};
	struct import *import;

	if (choice & 0x80)
		settings.function.name[0] = 'f';
	if (import_new(&settings, &sink, &import) < 0)
		return;
	for (size_t at = 0; !o->err && at < size; at += piece)
		o->err =
		    import_push(import, in + at, size - at < piece ? size - at : piece);
	if (!o->err)
		o->err = import_end(import);
	if (o->err && o->err != -ENOMEM && !*import_why(import))
		abort();
	import_free(import);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct outcome whole = {0};
	struct outcome pieces = {0};
	uint8_t choice;

	if (size < 2)
		return 0;
	choice = *in++;
	size--;
	if (batch_writer_new(&whole.writer) < 0)
		return 0;
	read_in_pieces(in, size, choice, size, &whole);
	batch_writer_free(whole.writer);
	read_in_pieces(in, size, choice, 1 + (size_t)(choice >> 3 & 7), &pieces);
	if (whole.n != pieces.n || whole.mark != pieces.mark ||
	    whole.complaints != pieces.complaints || whole.err != pieces.err)
		abort();
	return 0;
}
