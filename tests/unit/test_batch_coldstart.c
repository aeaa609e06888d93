/* The column of cold starts, made by hand after the layout at the head of batch.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/craft_batch.h"
#include "tests/unit/sample.h"
#include "wire/batch/coldstart.h"
#include "wire/batch/row.h"

/* Two records, of which the second has a cold start. */
static void begin_two(void)
{
	uint8_t has[2 * VARINT_MAX_BYTES];
	size_t n = (size_t)varint_encode(0, has, sizeof(has));

	n += (size_t)varint_encode(HAS_COLDSTART, has + n, sizeof(has) - n);
	begin_body(2);
	put_same(1, 0);
	put_same(2, 2 | 1 << 7);
	put_column(3, 0, has, n);
	put_same(4, 0);
	put_same(5, 2000);
	for (uint64_t id = 16; id <= 18; id++)
		put_same(id, 0);
	put_column(19, 0, BYTES("\0"));
}

static int decode(struct batch **batch, const char **why)
{
	finish_body();
	return batch_decode(whole.bytes, whole.n, batch, why);
}

static void assert_malformed(const uint8_t *bytes, size_t n)
{
	struct batch *batch = NULL;
	const char *why = "";

	begin_two();
	put_column(COLUMN_COLDSTART, 0, bytes, n);
	assert_int_equal(decode(&batch, &why), -EBADMSG);
	assert_string_equal(why, "a cold start is malformed");
}

static void test_a_cold_start_made_after_the_layout_is_read(void **state)
{
	struct batch *batch = NULL;
	const char *why = "";
	const struct coldstart *c;

	(void)state;
	begin_two();
	/* one phase "fork" of 5 ns from -2 on, with counters; one peer "p"; one helper;
	 * and two bytes of a newer writer */
	put_column(COLUMN_COLDSTART, 0,
	    BYTES("\x1a\x01\x0c"
		  "fork\x03\x05\x01\x04\x03\x02\x01"
		  "\x01\x09p\x07\x02"
		  "\x00\x00\x01"
		  "ne"
		  "wer"));
	if (decode(&batch, &why) < 0)
		fail_msg("%s", why);
	assert_null(batch->invocations[0].coldstart);
	c = batch->invocations[1].coldstart;
	assert_non_null(c);
	assert_int_equal(c->phases_n, 1);
	assert_string_equal(c->phases[0].name, "fork");
	assert_int_equal(c->phases[0].start_ns, -2);
	assert_int_equal(c->phases[0].wall_ns, 5);
	assert_int_equal(c->phases[0].cpu_ns, 4);
	assert_int_equal(c->phases[0].run_queue_ns, 3);
	assert_int_equal(c->phases[0].disk_bytes, 2);
	assert_int_equal(c->phases[0].major_faults, 1);
	assert_int_equal(c->peers_n, 1);
	assert_string_equal(c->peers[0].peer, "p");
	assert_int_equal(c->peers[0].wait_ns, 7);
	assert_int_equal(c->peers[0].waits, 2);
	assert_int_equal(c->helpers, 1);
	assert_true(batch->is_newer);
	batch_free(batch);
}

static void test_what_a_cold_start_cannot_hold_is_refused(void **state)
{
	(void)state;
	assert_malformed(BYTES(""));
	assert_malformed(BYTES("\x02\x00\x00")); /* nothing behind the peers */
	assert_malformed(BYTES("\x05\x0d\x00\x00\x00\x00")); /* 13 phases */
	assert_malformed(BYTES("\x05\x00\x05\x00\x00\x00")); /* 5 peers */
	assert_malformed(BYTES("\x7f\x00\x00\x00\x00\x00")); /* longer than its column */
	assert_malformed(BYTES("\x09\x01\x00\x00\x00\x02\x00\x00\x00\x00")); /* has 2 */
	/* waits of 33 bits */
	assert_malformed(BYTES("\x0c\x00\x01\x00\x01\x80\x80\x80\x80\x10\x00\x00\x00"));
}

static void test_a_cold_start_without_its_column_is_refused(void **state)
{
	struct batch *batch = NULL;
	const char *why = "";

	(void)state;
	begin_two();
	assert_int_equal(decode(&batch, &why), -EBADMSG);
	assert_string_equal(why, "a cold start is malformed");
}

/* The longest fits what is reserved for it, and comes back. */
static void test_the_longest_comes_back(void **state)
{
	static uint8_t code[BATCH_COLDSTART_MAX];
	struct coldstart c;
	struct coldstart again = {.phases_n = 0};
	struct cursor in;
	size_t n;

	(void)state;
	memset(&c, 0xff, sizeof(c));
	c.phases_n = COLDSTART_PHASES_MAX;
	c.peers_n = COLDSTART_PEERS_MAX;
	for (size_t i = 0; i < COLDSTART_PHASES_MAX; i++) {
		memset(c.phases[i].name, 'x', COLDSTART_PHASE_BYTES - 1);
		c.phases[i].name[COLDSTART_PHASE_BYTES - 1] = '\0';
		c.phases[i].start_ns = INT64_MIN;
		c.phases[i].has_counters = true;
	}
	for (size_t i = 0; i < COLDSTART_PEERS_MAX; i++) {
		memset(c.peers[i].peer, 'y', COLDSTART_PEER_BYTES - 1);
		c.peers[i].peer[COLDSTART_PEER_BYTES - 1] = '\0';
	}
	n = batch_coldstart_encode(&c, code);
	assert_in_range(n, 1, sizeof(code));
	in = cursor_over(code, n);
	assert_true(batch_coldstart_decode(&in, &again, NULL));
	assert_true(coldstart_is_same(&c, &again));
	assert_int_equal(cursor_left(&in), 0);
	for (size_t cut = 0; cut < n; cut++) {
		in = cursor_over(code, cut);
		again = (struct coldstart){.phases_n = 0};
		assert_false(batch_coldstart_decode(&in, &again, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_cold_start_made_after_the_layout_is_read),
	    cmocka_unit_test(test_what_a_cold_start_cannot_hold_is_refused),
	    cmocka_unit_test(test_a_cold_start_without_its_column_is_refused),
	    cmocka_unit_test(test_the_longest_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
