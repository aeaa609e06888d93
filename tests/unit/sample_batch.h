/* Batches of random invocations, and whether what was decoded is what was sent. */
#ifndef COLDMETER_TESTS_SAMPLE_BATCH_H
#define COLDMETER_TESTS_SAMPLE_BATCH_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "tests/unit/sample.h"
#include "wire/batch.h"

#define SAMPLE_FUNCTIONS 40

/* What one round puts into a batch. */
struct sent {
	struct batch_head head;
	struct function functions[SAMPLE_FUNCTIONS];
	struct invocation invocations[BATCH_MAX_RECORDS];
	size_t n;
};

static struct sent sent; /* too large for a stack */

static inline void sample_head(uint64_t *seed, struct batch_head *head)
{
	memset(head, 0, sizeof(*head));
	for (size_t i = 0; i < sizeof(head->id.agent); i++) {
		head->id.agent[i] = (uint8_t)random_next(seed);
		head->id.boot[i] = (uint8_t)random_next(seed);
	}
	head->id.sequence = random_width(seed);
	head->sent_ns = (int64_t)random_next(seed);
	sample_text(seed, head->host, sizeof(head->host), false);
	text_make_printable(head->host); /* any bytes come back as text */
	head->ledger.seen = random_width(seed);
	head->ledger.delivered = random_width(seed);
	for (size_t i = 0; i < LOST_REASONS; i++)
		head->ledger.lost[i] = random_width(seed);
	for (unsigned int i = 0; i < HOST_FIGURES; i++)
		if (random_below(seed, 4))
			host_figures_set(
			    &head->figures, (enum host_figure)i, random_width(seed));
}

static inline void sample_assert_head(
    const struct batch_head *a, const struct batch_head *b)
{
	assert_memory_equal(a->id.agent, b->id.agent, sizeof(a->id.agent));
	assert_memory_equal(a->id.boot, b->id.boot, sizeof(a->id.boot));
	assert_true(a->id.sequence == b->id.sequence);
	assert_true(a->sent_ns == b->sent_ns);
	assert_string_equal(a->host, b->host);
	assert_true(a->ledger.seen == b->ledger.seen);
	assert_true(a->ledger.delivered == b->ledger.delivered);
	assert_memory_equal(a->ledger.lost, b->ledger.lost, sizeof(a->ledger.lost));
	assert_memory_equal(&a->figures, &b->figures, sizeof(a->figures));
}

/* As texts of any bytes come back. */
static inline void sample_show(struct invocation *inv)
{
	struct coldstart *c =
	    (struct coldstart *)inv->coldstart; /* of sample_coldstart() */

	text_make_printable(inv->request_id);
	text_make_printable(inv->sandbox);
	text_make_printable(inv->trace_id);
	for (size_t i = 0; c && i < c->phases_n; i++)
		text_make_printable(c->phases[i].name);
	for (size_t i = 0; c && i < c->peers_n; i++)
		text_make_printable(c->peers[i].peer);
}

/* Adds up to max samples, until the writer is full, and keeps in sent what is to be read
 * of them. */
static inline void sample_fill(
    struct batch_writer *w, uint64_t *seed, size_t functions, size_t max)
{
	sample_head(seed, &sent.head);
	for (size_t i = 0; i < functions; i++)
		sample_function(seed, &sent.functions[i], false);
	for (sent.n = 0; sent.n < max; sent.n++) {
		struct invocation *inv = &sent.invocations[sent.n];
		int err;

		sample_invocation(
		    seed, &sent.functions[random_below(seed, functions)], inv, false);
		err = batch_writer_add(w, inv);
		if (err == -ENOSPC)
			break;
		assert_int_equal(err, 0);
	}
	for (size_t i = 0; i < sent.n; i++)
		sample_show(&sent.invocations[i]);
	for (size_t i = 0; i < functions; i++) {
		text_make_printable(sent.functions[i].name);
		text_make_printable(sent.functions[i].version);
		text_make_printable(sent.functions[i].region);
	}
	assert_int_equal(batch_writer_count(w), sent.n);
}

static inline void sample_assert_sent(const struct batch *batch)
{
	sample_assert_head(&batch->head, &sent.head);
	assert_int_equal(batch->invocations_n, sent.n);
	for (size_t i = 0; i < sent.n; i++) {
		const struct invocation *inv = &batch->invocations[i];

		assert_true(sample_same_invocation(inv, &sent.invocations[i]));
		assert_true(
		    sample_same_function(inv->function, sent.invocations[i].function));
		assert_in_range(
		    inv->function - batch->functions, 0, batch->functions_n - 1);
	}
}

static inline void sample_decode_sent(const uint8_t *bytes, size_t n)
{
	struct batch *batch = NULL;
	struct batch_head head;
	const char *why = "";

	assert_in_range(n, 1, BATCH_MAX_BYTES);
	assert_int_equal(batch_decode(bytes, n, &batch, &why), 0);
	sample_assert_sent(batch);
	batch_free(batch);
	assert_int_equal(batch_decode_head(bytes, n, &head, NULL), 0);
	sample_assert_head(&head, &sent.head);
}

#endif
