/* Writing the ledger: each batch once, whole or not at all, and forgotten in time. */
#include "base/text.h"
#include "tests/unit/store_place.h"

static void test_store_takes_each_batch_once(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch b = {1, 1, "f", T0, 1000, 5};

	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(put(place->store, &b), 0);
	reopen(place);
	assert_int_equal(put(place->store, &b), 0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 5);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 5);
}

static void test_store_takes_an_id_twice_in_one_write_once(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch want = {1, 1, "f", T0, 1000, 5};
	struct sealed s = seal(&want);
	struct store_batch b[2] = {
	    {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n},
	    {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n}};

	assert_int_equal(store_write(place->store, b, 2), 0);
	assert_true(b[0].is_new);
	assert_false(b[1].is_new);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 5);
	drop(&s);
}

static void test_store_remembers_sequences_in_any_order(void **state)
{
	static const uint64_t order[] = {5, 1, 3, 2, 4, 9, 7, 8, 6};
	struct place *place = *state;

	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < 9; i++) {
			const struct plan_of_batch b = {1, order[i], "f", T0, 1000, 1};

			assert_int_equal(put(place->store, &b), round == 0);
		}
	}
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 9);
}

static void test_store_keeps_agents_apart(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch a = {1, 1, "f", T0, 1000, 1};
	const struct plan_of_batch b = {2, 1, "f", T0, 1000, 1};
	struct batch_ledger sum;

	assert_int_equal(put(place->store, &a), 1);
	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 20);
	assert_int_equal(sum.delivered, 18);
	assert_int_equal(sum.lost[LOST_RING_FULL], 2);
}

static void test_store_keeps_the_latest_ledger_of_a_boot(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch late = {1, 3, "f", T0, 1000, 0};
	const struct plan_of_batch early = {1, 2, "f", T0, 1000, 0};
	struct batch_ledger sum;

	assert_int_equal(put(place->store, &late), 1);
	assert_int_equal(put(place->store, &early), 1);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 30);
}

/* A heartbeat of one start of an agent, that has seen more than it delivered or lost. */
static void put_boot(
    struct store *store, uint8_t agent, uint8_t boot, uint64_t sequence, uint64_t in_hand)
{
	const struct plan_of_batch want = {agent, sequence, "f", T0, 1000, 0};
	struct sealed s = seal(&want);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};

	s.batch->head.id.boot[0] = boot;
	s.batch->head.ledger.seen += in_hand;
	assert_int_equal(store_write(store, &b, 1), 0);
	drop(&s);
}

static void test_store_counts_what_an_agent_that_is_gone_had_in_hand_as_lost(void **state)
{
	struct place *place = *state;
	struct batch_ledger sum;

	put_boot(place->store, 1, 9, 3, 4);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 34);
	assert_int_equal(sum.lost[LOST_AGENT_GONE], 0); /* it may be on its way */
	put_boot(place->store, 2, 9, 1, 8);
	put_boot(place->store, 1, 2, 1, 6);
	reopen(place);
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_int_equal(sum.seen, 34 + 18 + 16);
	assert_int_equal(sum.delivered, 29 + 9 + 9);
	assert_int_equal(sum.lost[LOST_AGENT_GONE], 4);
}

static void test_store_adds_up_ledgers_without_beginning_again_at_0(void **state)
{
	struct place *place = *state;
	struct batch_ledger sum;

	for (uint8_t agent = 1; agent <= 3; agent++) {
		const struct plan_of_batch want = {agent, 1, "f", T0, 1000, 0};
		struct sealed s = seal(&want);
		struct store_batch b = {
		    .batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};

		s.batch->head.ledger.seen = INT64_MAX;
		s.batch->head.ledger.delivered = INT64_MAX;
		s.batch->head.ledger.lost[LOST_SHED] = INT64_MAX;
		assert_int_equal(store_write(place->store, &b, 1), 0);
		drop(&s);
	}
	assert_int_equal(store_ledger(place->store, 0, &sum), 0);
	assert_true(sum.seen == UINT64_MAX);
	assert_true(sum.delivered == UINT64_MAX);
	assert_true(sum.lost[LOST_SHED] == UINT64_MAX);
}

static int see_host(void *context, const struct batch_head *last, int64_t received_ns)
{
	(void)received_ns;
	(void)text_copy(context, BATCH_HOST_BYTES, last->host);
	return 0;
}

/* As an earlier version took them. */
static void test_store_reads_a_host_of_any_bytes_as_text(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch want = {1, 1, "f", T0, 1000, 0};
	struct sealed s = seal(&want);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	char host[BATCH_HOST_BYTES] = "";

	(void)text_copy(s.batch->head.host, BATCH_HOST_BYTES, "h\xff\x1b");
	assert_int_equal(store_write(place->store, &b, 1), 0);
	drop(&s);
	assert_int_equal(store_scan_agents(place->store, see_host, host), 0);
	assert_string_equal(host, "h??");
}

static int see_function(void *context, const struct function *function,
    int64_t first_seen_ns, int64_t last_seen_ns)
{
	(void)first_seen_ns;
	(void)last_seen_ns;
	*(struct function *)context = *function;
	return 0;
}

/* Likewise. */
static void test_store_reads_a_function_of_any_bytes_as_text(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch want = {1, 1, "f", T0, 1000, 1};
	struct sealed s = seal(&want);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	struct function seen = {.name = ""};

	(void)text_copy(s.batch->functions->name, FUNCTION_NAME_BYTES, "f\xff\x1b");
	(void)text_copy(s.batch->functions->version, FUNCTION_VERSION_BYTES, "\xc3");
	(void)text_copy(s.batch->functions->region, FUNCTION_REGION_BYTES, "\x9b");
	assert_int_equal(store_write(place->store, &b, 1), 0);
	drop(&s);
	reopen(place);
	assert_int_equal(store_scan_functions(place->store, see_function, &seen), 0);
	assert_string_equal(seen.name, "f??");
	assert_string_equal(seen.version, "?");
	assert_string_equal(seen.region, "?");
}

static int add_lost(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	uint64_t *lost = context;

	assert_string_equal(function->name, "f");
	assert_int_equal(minute_start_s * CLOCK_NS_PER_S, T0);
	assert_int_equal(rollup->invocations, 5);
	*lost += rollup->lost[LOST_SHED];
	return 0;
}

/* With the records of the same minute, once, and after a restart too. */
static void test_store_keeps_what_was_lost_of_a_function(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch want = {1, 1, "f", T0, 1000, 5};
	struct sealed s = seal(&want);
	struct batch_loss losses[] = {
	    {s.batch->functions, LOST_SHED, 30}, {s.batch->functions, LOST_SHED, 4}};
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	uint64_t lost = 0;

	s.batch->losses_n = 2;
	free(s.batch->losses);
	s.batch->losses = losses;
	s.batch->head.sent_ns = T0 + 1;
	assert_int_equal(store_write(place->store, &b, 1), 0);
	assert_int_equal(store_write(place->store, &b, 1), 0);
	s.batch->losses = NULL;
	drop(&s);
	reopen(place);
	assert_int_equal(
	    store_scan_rollups(place->store, 0, INT64_MAX, NULL, add_lost, &lost), 0);
	assert_int_equal(lost, 34);
}

static void test_store_merges_batches_into_one_row_a_minute(void **state)
{
	struct place *place = *state;

	for (uint64_t i = 1; i <= 4; i++) {
		const struct plan_of_batch b = {1, i, "f", T0, CLOCK_NS_PER_S, 90};

		assert_int_equal(put(place->store, &b), 1);
		if (i == 2)
			reopen(place); /* the row comes back from disk */
	}
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).rows, 2);
	assert_int_equal(rollups(place->store, T0, T0 + MINUTE, NULL).invocations, 240);
	assert_int_equal(
	    rollups(place->store, T0 + MINUTE, T0 + MINUTE + 1, "f").invocations, 120);
	assert_int_equal(rollups(place->store, T0 + 2 * MINUTE, INT64_MAX, "f").rows, 0);
}

/* In a child, because the file-size limit holds for the whole process. */
static void fill_up(struct store *store)
{
	struct rlimit limit = {.rlim_cur = 300000, .rlim_max = 300000};
	int full = 0;
	uint64_t kept = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(2);
	for (uint64_t i = 1; i <= 400; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 50};
		int err = put(store, &b);

		full += err == -ENOSPC;
		kept += err == 1;
		if (err < 0 && err != -ENOSPC)
			_exit(3);
	}
	if (full == 0 || kept == 0)
		_exit(4);
	if (rollups(store, 0, INT64_MAX, NULL).invocations != kept * 50)
		_exit(5);
	if (walk(store, 0, INT64_MAX, NULL, true).rows != kept * 50)
		_exit(6);
}

static void test_store_on_a_full_disk_keeps_nothing_half(void **state)
{
	struct place *place = *state;

	run_and_die(place, fill_up);
	assert_int_equal(store_open(place->directory, &place->store), 0);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows,
	    rollups(place->store, 0, INT64_MAX, NULL).invocations);
}

static void test_store_expires_days_and_minutes(void **state)
{
	struct place *place = *state;
	int64_t now = clock_wall_ns();

	for (uint64_t i = 1; i <= 60; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 2};

		assert_int_equal(put(place->store, &b), 1);
	}
	/* T0 is 13 minutes after the hour; hours are forgotten whole */
	assert_int_equal(store_expire(place->store,
			     &(struct store_keep){.minutes_since_ns = T0 + 59 * MINUTE}),
	    0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).rows, 14);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 120);
	assert_int_equal(
	    store_expire(place->store,
		&(struct store_keep){.raw_since_ns = now + 172800 * CLOCK_NS_PER_S}),
	    0);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 0);
	const struct plan_of_batch b = {1, 61, "f", T0 + 60 * MINUTE, 1000, 3};

	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_store_takes_each_batch_once),
	    TEST(test_store_takes_an_id_twice_in_one_write_once),
	    TEST(test_store_remembers_sequences_in_any_order),
	    TEST(test_store_keeps_agents_apart),
	    TEST(test_store_keeps_the_latest_ledger_of_a_boot),
	    TEST(test_store_counts_what_an_agent_that_is_gone_had_in_hand_as_lost),
	    TEST(test_store_adds_up_ledgers_without_beginning_again_at_0),
	    TEST(test_store_reads_a_host_of_any_bytes_as_text),
	    TEST(test_store_reads_a_function_of_any_bytes_as_text),
	    TEST(test_store_keeps_what_was_lost_of_a_function),
	    TEST(test_store_merges_batches_into_one_row_a_minute),
	    TEST(test_store_on_a_full_disk_keeps_nothing_half),
	    TEST(test_store_expires_days_and_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
