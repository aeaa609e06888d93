/* Numbers of losses as strangers may send them: refused, or added up without beginning
 * again at 0. */
#include "tests/unit/craft_batch.h"

#include <errno.h>

#include "serve/answers/answer.h"
#include "serve/figures/tally.h"
#include "serve/hosts.h"
#include "serve/ingest/intake.h"
#include "serve/ingest/losses.h"

static int take(uint64_t n, const char **why)
{
	struct intake in = {0};
	struct made column = {.n = 0};
	int err;

	put(&column, 0); /* the function */
	put(&column, LOST_SHED);
	put(&column, n);
	begin_body(0);
	put_column(1000, 0, column.bytes, column.n);
	finish_body();
	err = intake_batch(&in, whole.bytes, whole.n, why);
	intake_done(&in);
	return err;
}

static void test_a_loss_of_nothing_or_of_more_than_can_be_is_refused(void **state)
{
	static const uint64_t bad[] = {0, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(take(bad[i], &why), -EBADMSG);
		assert_string_equal(
		    why, "a loss is of no invocation, or of more than can be");
	}
	assert_int_equal(take(1, &why), 0);
	assert_int_equal(take(99, &why), 0); /* the ledger of the head, 3, is older */
	assert_int_equal(take(INT64_MAX, &why), 0);
}

static void see_lost(void *context, const struct function *function, const char *host,
    const uint64_t lost[LOST_REASONS])
{
	(void)function;
	(void)host;
	*(uint64_t *)context = lost[LOST_SHED];
}

static void test_losses_of_a_function_do_not_begin_again_at_0(void **state)
{
	const struct function f = {.name = "f"};
	const struct batch_loss most = {&f, LOST_SHED, INT64_MAX};
	struct losses *losses;
	uint64_t sum = 0;

	(void)state;
	assert_int_equal(losses_new(&losses), 0);
	for (int i = 0; i < 3; i++)
		losses_count(losses, &most, "box");
	losses_scan(losses, see_lost, &sum);
	losses_free(losses);
	assert_true(sum == UINT64_MAX);
}

static void test_ledgers_of_a_host_do_not_begin_again_at_0(void **state)
{
	struct batch_head head = {.host = "box",
	    .ledger = {.seen = UINT64_MAX - 1, .delivered = UINT64_MAX - 1}};
	struct hosts hosts;

	(void)state;
	head.ledger.lost[LOST_SHED] = UINT64_MAX - 1;
	hosts_init(&hosts, 0, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(hosts_see(&hosts, &head, 1), 0);
	assert_int_equal(hosts.n, 1);
	assert_true(hosts.items[0].ledger.seen == UINT64_MAX);
	assert_true(hosts.items[0].ledger.delivered == UINT64_MAX);
	assert_true(hosts.items[0].ledger.lost[LOST_SHED] == UINT64_MAX);
	hosts_done(&hosts);
}

static void test_the_ledger_of_a_function_does_not_begin_again_at_0(void **state)
{
	struct tally tally = {.rollup = {.invocations = 5, .pings = 1}};
	struct batch_ledger sum = {.delivered = UINT64_MAX - 2};

	(void)state;
	tally.rollup.lost[LOST_SHED] = UINT64_MAX - 1;
	for (int i = 0; i < 2; i++)
		tally_ledger(&tally, &sum);
	assert_true(sum.seen == UINT64_MAX);
	assert_true(sum.delivered == UINT64_MAX);
	assert_true(sum.lost[LOST_SHED] == UINT64_MAX);
}

static void test_losses_of_all_reasons_do_not_begin_again_at_0(void **state)
{
	struct batch_ledger ledger = {.seen = 1};
	json_t *out;

	(void)state;
	ledger.lost[LOST_SHED] = ledger.lost[LOST_RING_FULL] = (uint64_t)1 << 63;
	out = answer_ledger(&ledger);
	assert_true(json_integer_value(json_object_get(out, "lost")) == INT64_MAX);
	json_decref(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_loss_of_nothing_or_of_more_than_can_be_is_refused),
	    cmocka_unit_test(test_losses_of_a_function_do_not_begin_again_at_0),
	    cmocka_unit_test(test_ledgers_of_a_host_do_not_begin_again_at_0),
	    cmocka_unit_test(test_the_ledger_of_a_function_does_not_begin_again_at_0),
	    cmocka_unit_test(test_losses_of_all_reasons_do_not_begin_again_at_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
