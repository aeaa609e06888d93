/* Batches: what goes in comes out, and fits. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sample_batch.h"
#include "wire/batch.h"

static void test_everything_of_random_batches_comes_back(void **state)
{
	struct batch_writer *w;
	uint64_t seed = 1;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (int round = 0; round < 200; round++) {
		uint8_t *bytes;
		size_t n;

		sample_fill(w, &seed, 1 + random_below(&seed, SAMPLE_FUNCTIONS),
		    random_below(&seed, 200));
		assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
		assert_int_equal(batch_writer_count(w), 0);
		sample_decode_sent(bytes, n);
		free(bytes);
	}
	batch_writer_free(w);
	batch_writer_free(NULL);
}

/* Some batches are full, so that what is kept grows many times. */
static void test_what_is_kept_is_what_the_bytes_decode_to(void **state)
{
	struct batch_writer *w;
	uint64_t seed = 12;

	(void)state;
	assert_int_equal(batch_writer_new_keeping(&w), 0);
	for (int round = 0; round < 100; round++) {
		struct batch *kept = NULL;
		struct batch *decoded = NULL;
		uint8_t *bytes;
		size_t n;

		sample_fill(w, &seed, 1 + random_below(&seed, SAMPLE_FUNCTIONS),
		    random_below(&seed, round % 10 ? 50 : BATCH_MAX_RECORDS));
		assert_int_equal(
		    batch_writer_seal_kept(w, &sent.head, &bytes, &n, &kept), 0);
		assert_int_equal(batch_writer_count(w), 0);
		sample_assert_sent(kept);
		assert_int_equal(kept->losses_n, 0);
		assert_int_equal(batch_decode(bytes, n, &decoded, NULL), 0);
		sample_assert_sent(decoded);
		assert_int_equal(kept->functions_n, decoded->functions_n);
		for (size_t i = 0; i < sent.n; i++)
			assert_int_equal(kept->invocations[i].function - kept->functions,
			    decoded->invocations[i].function - decoded->functions);
		batch_free(kept);
		batch_free(decoded);
		free(bytes);
	}
	sample_fill(w, &seed, 2, 10); /* and is dropped */
	batch_writer_free(w);
}

static void add_one(struct batch_writer *w, const char *id)
{
	static const struct function f = {.name = "f"};
	struct invocation inv = {.function = &f};

	(void)snprintf(inv.request_id, sizeof(inv.request_id), "%s", id);
	assert_int_equal(batch_writer_add(w, &inv), 0);
}

/* With each of the characters there that is next to a digit, and others. */
static void add_spoiled(struct batch_writer *w, const char *id, size_t at)
{
	static const char others[] = "/:`gG\xb0 ";
	char spoiled[INVOCATION_ID_BYTES];

	for (const char *c = others; *c; c++) {
		(void)snprintf(spoiled, sizeof(spoiled), "%s", id);
		spoiled[at] = *c;
		add_one(w, spoiled);
	}
}

/* Ids are packed eight digits at once: one that is none, wherever it stands, keeps the
 * text as it is. */
static void test_what_is_nearly_hexadecimal_comes_back(void **state)
{
	static const char *const forms[] = {"01234567-89ab-cdef-0123-456789abcdef",
	    "0123456789abcdef0123456789abcdef", "1-01234567-89abcdef0123456789abcdef",
	    "0123456789abcdef01", "09af"};
	const struct batch_head head = {.host = "h"};
	struct batch_writer *w;
	struct batch *kept;
	struct batch *decoded;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new_keeping(&w), 0);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		add_one(w, forms[i]);
		for (size_t at = 0; forms[i][at]; at++)
			add_spoiled(w, forms[i], at);
	}
	assert_int_equal(batch_writer_seal_kept(w, &head, &bytes, &n, &kept), 0);
	assert_int_equal(batch_decode(bytes, n, &decoded, NULL), 0);
	assert_in_range(decoded->invocations_n, 500, BATCH_MAX_RECORDS);
	for (size_t i = 0; i < decoded->invocations_n; i++)
		assert_string_equal(
		    decoded->invocations[i].request_id, kept->invocations[i].request_id);
	batch_free(kept);
	batch_free(decoded);
	free(bytes);
	batch_writer_free(w);
}

/* Random bytes in every field do not compress: the worst that a writer meets. */
static void test_a_full_batch_fits_the_wire(void **state)
{
	struct batch_writer *w;
	uint64_t seed = 2;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (int round = 0; round < 10; round++) {
		uint8_t *bytes;
		size_t n;

		sample_fill(w, &seed, SAMPLE_FUNCTIONS, BATCH_MAX_RECORDS);
		assert_in_range(sent.n, 100, BATCH_MAX_RECORDS - 1);
		/* full for this record, but not for ever */
		assert_int_equal(batch_writer_add(w, &sent.invocations[sent.n]), -ENOSPC);
		assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
		sample_decode_sent(bytes, n);
		assert_int_equal(batch_writer_add(w, &sent.invocations[sent.n]), 0);
		free(bytes);
		assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
		free(bytes);
	}
	batch_writer_free(w);
}

static void test_a_heartbeat_carries_the_ledger_alone(void **state)
{
	struct batch_writer *w;
	struct batch *batch;
	uint64_t seed = 3;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	sample_head(&seed, &sent.head);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
	sample_assert_head(&batch->head, &sent.head);
	assert_int_equal(batch->invocations_n, 0);
	assert_int_equal(batch->functions_n, 0);
	batch_free(batch);
	free(bytes);
	batch_writer_free(w);
}

/* Losses alone, then with a record of the same function; what was sealed is not told
 * again. */
static void test_losses_come_with_the_batch_they_were_added_to(void **state)
{
	const struct function f = {.name = "f"};
	const struct function g = {.name = "g"};
	const struct invocation inv = {.function = &g};
	struct batch_writer *w;
	struct batch *batch;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t round = 0; round < 3; round++) {
		if (round < 2) {
			assert_int_equal(batch_writer_lose(w, &f, LOST_SHED, 5), 0);
			assert_int_equal(batch_writer_lose(w, &g, LOST_REFUSED, 1), 0);
		}
		if (round > 0)
			assert_int_equal(batch_writer_add(w, &inv), 0);
		assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
		assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
		assert_int_equal(batch->invocations_n, round > 0);
		assert_int_equal(batch->losses_n, round < 2 ? 2 : 0);
		if (round < 2) {
			assert_string_equal(batch->losses[0].function->name, "f");
			assert_int_equal(batch->losses[0].reason, LOST_SHED);
			assert_int_equal(batch->losses[0].n, 5);
			assert_string_equal(batch->losses[1].function->name, "g");
		}
		batch_free(batch);
		free(bytes);
	}
	batch_writer_free(w);
}

/* Nothing that the writer takes makes a batch that is too large. */
static void test_losses_stop_where_a_batch_is_full(void **state)
{
	struct batch_writer *w;
	struct batch *batch;
	uint64_t seed = 11;
	struct function f;
	uint8_t *bytes;
	size_t taken = 0;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (;; taken++) {
		sample_function(&seed, &f, false);
		if (batch_writer_lose(w, &f, LOST_SHED, UINT64_MAX) < 0)
			break;
	}
	assert_in_range(taken, 100, BATCH_MAX_FUNCTIONS);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	assert_in_range(n, 1, BATCH_MAX_BYTES);
	assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
	assert_int_equal(batch->losses_n, taken);
	batch_free(batch);
	free(bytes);
	batch_writer_free(w);
}

static void test_the_writer_stops_at_the_greatest_number_of_records(void **state)
{
	const struct function f = {.name = "f"};
	const struct invocation inv = {.function = &f};
	struct batch_writer *w;
	struct batch *batch;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t i = 0; i < BATCH_MAX_RECORDS; i++)
		assert_int_equal(batch_writer_add(w, &inv), 0);
	assert_int_equal(batch_writer_add(w, &inv), -ENOSPC);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	assert_in_range(n, 1, 400); /* columns of one value cost next to nothing */
	assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
	assert_int_equal(batch->invocations_n, BATCH_MAX_RECORDS);
	batch_free(batch);
	free(bytes);
	batch_writer_free(w);
}

/* As many records as a batch may have, where a narrow one is full before. */
static void test_a_wide_writer_takes_more_than_may_fit(void **state)
{
	const struct function f = {.name = "f"};
	struct invocation inv = {.function = &f, .has = HAS_DURATION | HAS_CPU};
	struct batch_writer *w;
	struct batch *batch;
	uint64_t seed = 3;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new_wide(&w), 0);
	for (int ids = 1; ids >= 0; ids--) {
		for (size_t i = 0; i < BATCH_MAX_RECORDS; i++) {
			inv.duration_ns = random_below(&seed, UINT32_MAX);
			inv.cpu_ns = random_below(&seed, UINT32_MAX);
			inv.request_id[0] = 0;
			if (ids)
				(void)snprintf(inv.request_id, sizeof(inv.request_id),
				    "%016llx%016llx",
				    (unsigned long long)random_next(&seed),
				    (unsigned long long)random_next(&seed));
			assert_int_equal(batch_writer_add(w, &inv), 0);
		}
		assert_int_equal(batch_writer_add(w, &inv), -ENOSPC);
		assert_int_equal(
		    batch_writer_seal(w, &sent.head, &bytes, &n), ids ? -EMSGSIZE : 0);
		assert_int_equal(batch_writer_count(w), 0);
	}
	assert_in_range(n, BATCH_MAX_BYTES / 2, BATCH_MAX_BYTES);
	assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
	assert_int_equal(
	    batch->invocations[BATCH_MAX_RECORDS - 1].duration_ns, inv.duration_ns);
	batch_free(batch);
	free(bytes);
	batch_writer_free(w);
}

static void test_the_writer_stops_at_the_greatest_number_of_functions(void **state)
{
	struct function f = {.platform = PLATFORM_KNATIVE};
	const struct invocation inv = {.function = &f};
	struct batch_writer *w;
	struct batch *batch;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < BATCH_MAX_FUNCTIONS; i++) {
		(void)snprintf(f.name, sizeof(f.name), "f%d", i);
		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_add(w, &inv), 0); /* known */
	(void)snprintf(f.name, sizeof(f.name), "one more");
	assert_int_equal(batch_writer_add(w, &inv), -ENOSPC);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
	assert_int_equal(batch->functions_n, BATCH_MAX_FUNCTIONS);
	assert_string_equal(batch->invocations[1023].function->name, "f1023");
	assert_ptr_equal(batch->invocations[1024].function, &batch->functions[1023]);
	batch_free(batch);
	free(bytes);
	batch_writer_free(w);
}

static void test_a_function_whose_set_up_changes_is_carried_twice(void **state)
{
	struct function f = {.name = "f", .memory_limit_mb = 128};
	const struct invocation inv = {.function = &f};
	struct batch_writer *w;
	struct batch *batch;
	uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(batch_writer_new(&w), 0);
	assert_int_equal(batch_writer_add(w, &inv), 0);
	f.memory_limit_mb = 256;
	assert_int_equal(batch_writer_add(w, &inv), 0);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
	assert_int_equal(batch->invocations[0].function->memory_limit_mb, 128);
	assert_int_equal(batch->invocations[1].function->memory_limit_mb, 256);
	batch_free(batch);
	free(bytes);
	batch_writer_free(w);
}

/* Of warm invocations whose times are multiples of unit_ns. */
static double bytes_per_record(bool ids, uint64_t unit_ns)
{
	struct function f = {.platform = PLATFORM_AWS_LAMBDA, .name = "hello"};
	struct batch_writer *w;
	uint64_t seed = 17;
	int64_t end_ns = INT64_C(1790000000000000000);
	uint8_t *bytes;
	size_t count;
	size_t n;

	assert_int_equal(batch_writer_new(&w), 0);
	for (;;) {
		struct invocation inv = {.function = &f, .concurrency = 1};
		uint64_t ns = (uint64_t)random_log_normal(&seed, 50e6, 0.8);

		ns -= ns % unit_ns;
		end_ns += (int64_t)(unit_ns * random_below(&seed, 2000000 / unit_ns));
		inv.pid = 1000 + (uint32_t)random_below(&seed, 20);
		inv.kind = KIND_LAMBDA;
		inv.start_type = START_WARM;
		inv.has = HAS_DURATION | HAS_RESPONSE | HAS_CPU | HAS_MEMORY | HAS_BUSY |
			  HAS_BYTES;
		inv.start_ns = end_ns - (int64_t)ns;
		inv.duration_ns = ns;
		inv.busy_ns = ns;
		inv.response_ns = ns - unit_ns * random_below(&seed, ns / 100 / unit_ns);
		inv.cpu_ns = unit_ns * random_below(&seed, ns / unit_ns);
		inv.peak_memory_bytes =
		    50003968 + 40960 * (inv.pid % 7) + 4096 * random_below(&seed, 4);
		inv.request_bytes = 120 + random_below(&seed, 80);
		inv.response_bytes = random_below(&seed, 2000);
		(void)snprintf(inv.sandbox, sizeof(inv.sandbox), "%064u", inv.pid);
		if (ids) {
			(void)snprintf(inv.request_id, sizeof(inv.request_id),
			    "%08x-%04x-4%03x-8%03x-%08x%04x",
			    (unsigned int)random_next(&seed),
			    (unsigned int)random_next(&seed) & 0xffff,
			    (unsigned int)random_next(&seed) & 0xfff,
			    (unsigned int)random_next(&seed) & 0xfff,
			    (unsigned int)random_next(&seed),
			    (unsigned int)random_next(&seed) & 0xffff);
			(void)snprintf(inv.trace_id, sizeof(inv.trace_id),
			    "1-65e0c1f2-%08x%08x%08x", (unsigned int)random_next(&seed),
			    (unsigned int)random_next(&seed),
			    (unsigned int)random_next(&seed));
		}
		if (batch_writer_add(w, &inv) == -ENOSPC)
			break;
	}
	count = batch_writer_count(w);
	assert_int_equal(batch_writer_seal(w, &sent.head, &bytes, &n), 0);
	free(bytes);
	batch_writer_free(w);
	assert_in_range(count, 950, BATCH_MAX_RECORDS);
	printf("# %zu records, %.2f bytes each\n", count, (double)n / (double)count);
	return (double)n / (double)count;
}

static void test_a_record_takes_no_more_bytes_than_planned(void **state)
{
	(void)state;
	assert_true(bytes_per_record(true, 1) <= 45.5);
	assert_true(bytes_per_record(false, 1) <= 15.7);
	assert_true(bytes_per_record(true, 1000) <= 40);
	assert_true(bytes_per_record(false, 1000) <= 10.5);
}

static void test_every_reason_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(lost_reason_name(LOST_RING_FULL), "ring_full");
	assert_string_equal(lost_reason_name(LOST_READ_FAULT), "read_fault");
	for (unsigned int i = 0; i < LOST_REASONS; i++)
		assert_non_null(lost_reason_name(i));
	assert_string_equal(lost_reason_name(LOST_REASONS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everything_of_random_batches_comes_back),
	    cmocka_unit_test(test_what_is_kept_is_what_the_bytes_decode_to),
	    cmocka_unit_test(test_what_is_nearly_hexadecimal_comes_back),
	    cmocka_unit_test(test_a_full_batch_fits_the_wire),
	    cmocka_unit_test(test_a_heartbeat_carries_the_ledger_alone),
	    cmocka_unit_test(test_losses_come_with_the_batch_they_were_added_to),
	    cmocka_unit_test(test_losses_stop_where_a_batch_is_full),
	    cmocka_unit_test(test_the_writer_stops_at_the_greatest_number_of_records),
	    cmocka_unit_test(test_a_wide_writer_takes_more_than_may_fit),
	    cmocka_unit_test(test_the_writer_stops_at_the_greatest_number_of_functions),
	    cmocka_unit_test(test_a_function_whose_set_up_changes_is_carried_twice),
	    cmocka_unit_test(test_a_record_takes_no_more_bytes_than_planned),
	    cmocka_unit_test(test_every_reason_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
