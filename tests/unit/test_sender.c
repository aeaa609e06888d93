/* What the agent's sender counts: nothing that was added goes uncounted, whatever becomes
 * of it. Nobody listens where it sends to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "agent/sender.h"

#define NOBODY "http://127.0.0.1:1" /* tcpmux: no port for a collector */
#define ROOM (1 << 20)

static struct spool *spool;
static struct sender *sender;
static uint64_t seen;

static void read_counts(void *context, struct batch_ledger *ledger)
{
	(void)context;
	*ledger =
	    (struct batch_ledger){.seen = seen, .delivered = sender_delivered(sender)};
	ledger->lost[LOST_SPOOL_FULL] = sender_lost(sender);
}

static void open_sender(uint64_t limit_bytes)
{
	seen = 0;
	assert_int_equal(spool_open(NULL, limit_bytes, &spool), 0);
	assert_int_equal(sender_open(NOBODY, NULL, spool, read_counts, NULL, &sender), 0);
}

static int close_sender(void **state)
{
	(void)state;
	sender_close(sender);
	spool_close(spool);
	sender = NULL;
	spool = NULL;
	return 0;
}

static void add(int n)
{
	static const struct function hello = {
	    .platform = PLATFORM_GENERIC, .name = "hello"};
	struct invocation inv = {.function = &hello,
	    .kind = KIND_HTTP,
	    .start_type = START_WARM,
	    .has = HAS_DURATION,
	    .duration_ns = 1000000,
	    .concurrency = 1};

	for (int i = 0; i < n; i++) {
		seen++;
		inv.start_ns = (int64_t)(1000000000 + seen * 7919 % 1000003);
		(void)snprintf(inv.request_id, sizeof(inv.request_id), "%016llx",
		    seen * 0x9e3779b97f4a7c15ULL);
		sender_add(sender, &inv);
		assert_int_equal(sender_delivered(sender) + sender_lost(sender), seen);
	}
}

/* Checks every batch that waits. */
static uint64_t count_spooled(void)
{
	const uint8_t *bytes;
	size_t bytes_n;
	uint64_t n = 0;

	while (spool_peek(spool, &bytes, &bytes_n) == 0) {
		struct batch *batch;

		assert_int_equal(batch_decode(bytes, bytes_n, &batch, NULL), 0);
		n += batch->invocations_n;
		assert_int_equal(batch->head.ledger.delivered, n);
		assert_true(batch->head.ledger.seen >= n);
		assert_true(batch->head.ledger.seen <= n + 1); /* the one that is added */
		batch_free(batch);
		spool_pop(spool);
	}
	return n;
}

static void test_a_batch_sealed_because_it_is_full_carries_the_counts(void **state)
{
	(void)state;
	open_sender(ROOM);
	while (spool_waiting(spool) < 3)
		add(1);
	assert_int_equal(count_spooled(), seen - 1);
	assert_int_equal(sender_lost(sender), 0);
	sender_flush(sender, 100);
}

static void test_what_a_full_spool_does_not_take_is_lost_once(void **state)
{
	uint64_t kept;

	(void)state;
	open_sender(ROOM / 8);
	while (!sender_lost(sender))
		add(1);
	add(10000);
	kept = sender_delivered(sender);
	sender_flush(sender, 100); /* the one in the making is lost too */
	assert_true(sender_delivered(sender) < kept);
	assert_int_equal(sender_delivered(sender) + sender_lost(sender), seen);
	assert_int_equal(count_spooled(), sender_delivered(sender));
}

static void test_room_again_is_used_again(void **state)
{
	uint64_t lost;

	(void)state;
	open_sender(ROOM / 8);
	while (!sender_lost(sender))
		add(1);
	lost = sender_lost(sender);
	while (spool_waiting(spool) > 0)
		spool_pop(spool);
	add(1000);
	sender_flush(sender, 100);
	assert_int_equal(sender_lost(sender), lost);
	assert_int_equal(sender_delivered(sender), seen - lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(
		test_a_batch_sealed_because_it_is_full_carries_the_counts, close_sender),
	    cmocka_unit_test_teardown(
		test_what_a_full_spool_does_not_take_is_lost_once, close_sender),
	    cmocka_unit_test_teardown(test_room_again_is_used_again, close_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
