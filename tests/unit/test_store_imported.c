/* What is imported again is left out, whatever batch it comes in. */
#include "tests/unit/store_place.h"
#include "wire/batch.h"

/* A batch as the importer sends it: each item is one invocation of "hello". */
struct item {
	const char *id;
	int64_t start_ns;
	const char *version;
};

static struct batch *make_batch(
    const struct item *items, size_t n, uint8_t boot, uint8_t **raw, size_t *raw_bytes)
{
	struct batch_head head = {
	    .id = {.agent = BATCH_IMPORT_AGENT, .boot = {boot}, .sequence = 1},
	    .host = "import:test"};
	struct batch_writer *w;
	struct batch *batch;

	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t i = 0; i < n; i++) {
		struct function f = {.platform = PLATFORM_AWS_LAMBDA, .name = "hello"};
		struct invocation inv = {.function = &f,
		    .kind = KIND_LAMBDA,
		    .has = HAS_DURATION,
		    .duration_ns = 5000000,
		    .start_ns = items[i].start_ns};

		(void)snprintf(f.version, sizeof(f.version), "%s",
		    items[i].version ? items[i].version : "");
		(void)snprintf(inv.request_id, sizeof(inv.request_id), "%s", items[i].id);
		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, raw, raw_bytes), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(*raw, *raw_bytes, &batch, NULL), 0);
	return batch;
}

/* Writes it; returns how many were there already, or the error. */
static int import(struct place *place, const struct item *items, size_t n, uint8_t boot)
{
	uint8_t *raw;
	size_t raw_bytes;
	struct batch *batch = make_batch(items, n, boot, &raw, &raw_bytes);
	struct store_batch b = {
	    .batch = batch, .raw = raw, .raw_bytes = raw_bytes, .imported = batch};
	int err = store_write(place->store, &b, 1);

	if (!err) {
		assert_int_equal(batch->invocations_n + b.known_n, n);
		err = b.is_new ? (int)b.known_n : (int)n;
	} else {
		assert_int_equal(batch->invocations_n, n);
		assert_int_equal(b.known_n, 0);
	}
	batch_free(batch);
	free(raw);
	return err;
}

static int count_invocation(
    void *context, const struct invocation *invocation, const char *host)
{
	int *n = context;

	assert_string_equal(host, "import:test");
	assert_string_equal(invocation->function->name, "hello");
	(*n)++;
	return 0;
}

static int count_rollup(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	(void)minute_start_s;
	(void)function;
	*(uint64_t *)context += rollup->invocations;
	return 0;
}

/* Both the invocations and their sums. */
static void assert_stored(struct place *place, int wanted)
{
	int n = 0;
	uint64_t sum = 0;

	assert_int_equal(store_scan_invocations(place->store, 0, INT64_MAX, NULL, false,
			     count_invocation, &n),
	    0);
	assert_int_equal(
	    store_scan_rollups(place->store, 0, INT64_MAX, NULL, count_rollup, &sum), 0);
	assert_int_equal(n, wanted);
	assert_int_equal(sum, wanted);
}

static void test_overlapping_imports_store_each_once(void **state)
{
	struct place *place = *state;
	const struct item first[] = {{"a", T0, 0}, {"b", T0 + 1, 0}, {"c", T0 + 2, 0}};
	const struct item second[] = {{"c", T0 + 2, 0}, {"d", T0 + 3, 0}, {"a", T0, 0}};

	assert_int_equal(import(place, first, 3, 1), 0);
	assert_int_equal(import(place, second, 3, 2), 2);
	assert_stored(place, 4);
	assert_int_equal(import(place, second, 3, 2), 3); /* the same batch */
	assert_int_equal(import(place, second, 3, 3), 3); /* in another one */
	assert_stored(place, 4);
}

static void test_they_are_known_after_a_restart(void **state)
{
	struct place *place = *state;
	const struct item items[] = {{"a", T0, 0}, {"b", T0 + 1, 0}};

	assert_int_equal(import(place, items, 1, 1), 0);
	reopen(place);
	assert_int_equal(import(place, items, 2, 2), 1);
	assert_stored(place, 2);
}

static void test_twice_in_one_batch_is_once(void **state)
{
	const struct item items[] = {{"a", T0, 0}, {"a", T0 + 5, "$LATEST"}};

	assert_int_equal(import(*state, items, 2, 1), 1);
	assert_stored(*state, 1);
}

static void test_a_retry_has_the_same_id_and_counts(void **state)
{
	const struct item items[] = {
	    {"a", T0, 0}, {"a", T0 + MINUTE, 0}, {"a", T0 + 3 * MINUTE, 0}};

	assert_int_equal(import(*state, items, 3, 1), 0);
	assert_stored(*state, 3);
}

static void test_the_same_moment_is_told_differently_around_midnight(void **state)
{
	const int64_t midnight = (T0 / (1440 * MINUTE) + 1) * 1440 * MINUTE;
	const struct item before[] = {{"a", midnight - CLOCK_NS_PER_S / 10, 0}};
	const struct item after[] = {{"a", midnight + CLOCK_NS_PER_S / 10, 0}};

	assert_int_equal(import(*state, before, 1, 1), 0);
	assert_int_equal(import(*state, after, 1, 2), 1);
	assert_stored(*state, 1);
}

static void test_without_an_id_the_figures_tell_them_apart(void **state)
{
	const struct item items[] = {{"", T0, 0}, {"", T0 + 1, 0}, {"", T0, 0}};

	assert_int_equal(import(*state, items, 3, 1), 1);
	assert_stored(*state, 2);
}

static void test_other_batches_are_not_looked_into(void **state)
{
	struct place *place = *state;
	const struct item items[] = {{"a", T0, 0}};
	uint8_t *raw;
	size_t n;

	for (uint8_t boot = 1; boot < 3; boot++) {
		struct batch *batch = make_batch(items, 1, boot, &raw, &n);
		struct store_batch b = {.batch = batch, .raw = raw, .raw_bytes = n};

		assert_int_equal(store_write(place->store, &b, 1), 0);
		batch_free(batch);
		free(raw);
	}
	assert_stored(place, 2);
}

/* A failed write keeps nothing, and the batch can be written again as it was. */
static void test_a_full_disk_leaves_the_batch_whole(void **state)
{
	struct place *place = *state;
	const struct rlimit none = {0, RLIM_INFINITY};
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	const struct item first[] = {{"a", T0, 0}};
	const struct item both[] = {{"a", T0, 0}, {"b", T0, 0}};

	assert_int_equal(import(place, first, 1, 1), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(import(place, both, 2, 2) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(import(place, both, 2, 2), 1);
	assert_stored(place, 2);
}

static void test_what_days_forgot_is_forgotten(void **state)
{
	struct place *place = *state;
	const int64_t midnight = (T0 / (1440 * MINUTE) + 1) * 1440 * MINUTE;
	const struct item items[] = {{"a", midnight - MINUTE, 0}, {"b", midnight, 0}};
	const struct store_keep keep = {.minutes_since_ns = midnight,
	    .hours_since_ns = midnight,
	    .days_since_ns = midnight};

	assert_int_equal(import(place, items, 2, 1), 0);
	assert_int_equal(store_expire(place->store, &keep), 0);
	assert_int_equal(import(place, items, 2, 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	    TEST(test_overlapping_imports_store_each_once),
	    TEST(test_they_are_known_after_a_restart),
	    TEST(test_twice_in_one_batch_is_once),
	    TEST(test_a_retry_has_the_same_id_and_counts),
	    TEST(test_the_same_moment_is_told_differently_around_midnight),
	    TEST(test_without_an_id_the_figures_tell_them_apart),
	    TEST(test_other_batches_are_not_looked_into),
	    TEST(test_a_full_disk_leaves_the_batch_whole),
	    TEST(test_what_days_forgot_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
