/* Opening and reading the ledger: scans, functions, documents, the outbox. */
#include "tests/unit/store_place.h"

#include <sqlite3.h>

static void test_store_scans_one_function_as_it_scans_all(void **state)
{
	struct place *place = *state;
	char name[16];

	for (uint64_t i = 1; i <= 60; i++) {
		(void)snprintf(name, sizeof(name), "f%d", (int)(i % 7));
		const struct plan_of_batch b = {1, i, name,
		    T0 + (int64_t)i * 17 * CLOCK_NS_PER_S, 37 * CLOCK_NS_PER_S, 5};

		assert_int_equal(put(place->store, &b), 1);
	}
	struct seen all = rollups(place->store, 0, INT64_MAX, NULL);
	struct seen sum = {.in_order = true};

	for (int i = 0; i < 7; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(store_scan_rollups(
				     place->store, 0, INT64_MAX, name, see_rollup, &sum),
		    0);
	}
	assert_true(all.in_order);
	assert_int_equal(all.invocations, 300);
	assert_int_equal(sum.invocations, 300);
	assert_int_equal(sum.rows, all.rows);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, "nobody").rows, 0);
}

static void test_store_walks_overlapping_batches_in_order(void **state)
{
	struct place *place = *state;

	for (uint64_t i = 1; i <= 40; i++) { /* each overlaps with its four neighbours */
		const struct plan_of_batch b = {(uint8_t)(i % 3), i,
		    i % 2 ? "odd" : "even", T0 + (int64_t)((i * 7) % 40) * CLOCK_NS_PER_S,
		    53 * 1000000LL, 100};

		assert_int_equal(put(place->store, &b), 1);
	}
	struct seen back = walk(place->store, 0, INT64_MAX, NULL, true);
	struct seen forward = walk(place->store, 0, INT64_MAX, NULL, false);
	struct seen odd = walk(place->store, 0, INT64_MAX, "odd", true);

	assert_int_equal(back.rows, 4000);
	assert_true(back.in_order);
	assert_int_equal(forward.rows, 4000);
	assert_true(forward.in_order);
	assert_int_equal(odd.rows, 2000);
	assert_true(odd.in_order);
	assert_true(
	    walk(place->store, T0 + CLOCK_NS_PER_S, T0 + 2 * CLOCK_NS_PER_S, NULL, true)
		.rows < 400);
}

static int stop_at_three(
    void *context, const struct invocation *invocation, const char *host)
{
	(void)invocation;
	(void)host;
	return ++*(int *)context == 3 ? 42 : 0;
}

static void test_store_returns_what_stopped_a_scan(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch b = {1, 1, "f", T0, 1000, 5};
	int n = 0;

	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(store_scan_invocations(
			     place->store, 0, INT64_MAX, NULL, true, stop_at_three, &n),
	    42);
	assert_int_equal(n, 3);
}

struct starts {
	int64_t reached_ns;
	size_t n;
	size_t beyond; /* of these, those that reached_ns promises */
	bool back;
};

static int note_start(
    void *context, const struct invocation *invocation, const char *host)
{
	struct starts *starts = context;

	(void)host;
	starts->n++;
	starts->beyond += starts->back ? invocation->start_ns > starts->reached_ns
				       : invocation->start_ns < starts->reached_ns;
	return 0;
}

static struct starts starts_of(struct store *store, struct store_reading *reading)
{
	struct starts starts = {
	    .back = reading->newest_first, .reached_ns = reading->reached_ns};

	assert_int_equal(store_read_invocations(store, reading, note_start, &starts), 0);
	return starts;
}

static void test_store_reads_no_more_than_it_may(void **state)
{
	struct place *place = *state;

	for (uint64_t i = 1; i <= 40; i++) {
		const struct plan_of_batch b = {1, i, "f",
		    T0 + (int64_t)((i * 7) % 40) * CLOCK_NS_PER_S, 53 * 1000000LL, 100};

		assert_int_equal(put(place->store, &b), 1);
	}
	for (int back = 0; back < 2; back++) {
		struct store_reading reading = {
		    .until_ns = INT64_MAX, .newest_first = back, .most = 2000};
		struct store_reading whole = {
		    .until_ns = INT64_MAX, .newest_first = back};
		struct starts some = starts_of(place->store, &reading);

		assert_true(reading.cut);
		assert_in_range(some.n, 500, 2000);
		whole.reached_ns = reading.reached_ns;
		assert_int_equal(starts_of(place->store, &whole).beyond, some.n);
		assert_false(whole.cut);
		whole.most = 40ULL * (100 + STORE_READ_BATCH);
		assert_int_equal(starts_of(place->store, &whole).n, 4000);
		assert_false(whole.cut);
	}
}

/* Batches of which nothing is wanted are work as well. */
static void test_store_reads_no_more_in_vain(void **state)
{
	struct place *place = *state;
	struct store_reading reading = {.since_ns = T0,
	    .until_ns = T0 + 100 * CLOCK_NS_PER_S,
	    .function = "stranger",
	    .newest_first = true,
	    .most = 10ULL * STORE_READ_BATCH};

	for (uint64_t i = 1; i <= 20; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * CLOCK_NS_PER_S, 1, 1};

		assert_int_equal(put(place->store, &b), 1);
	}
	assert_int_equal(starts_of(place->store, &reading).n, 0);
	assert_true(reading.cut);
	assert_int_equal(reading.reached_ns, T0 + 10 * CLOCK_NS_PER_S);
	reading.most = 30ULL * STORE_READ_BATCH;
	assert_int_equal(starts_of(place->store, &reading).n, 0);
	assert_false(reading.cut);
}

static void test_store_refuses_a_second_collector(void **state)
{
	struct place *place = *state;
	struct store *second = NULL;

	assert_int_equal(store_open(place->directory, &second), -EBUSY);
	assert_null(second);
}

static void write_file(
    const struct place *place, const char *name, const char *bytes, size_t n)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	(void)fclose(f);
}

static void test_store_refuses_a_damaged_ledger(void **state)
{
	struct place *place = *state;
	static const char junk[4096] = "this is no database at all";

	store_close(place->store);
	place->store = NULL;
	write_file(place, "main.db", junk, sizeof(junk));
	assert_int_equal(store_open(place->directory, &place->store), -EUCLEAN);
}

static void test_store_refuses_a_newer_ledger(void **state)
{
	struct place *place = *state;
	static const char version[] = {0, 0, 1, 0}; /* user_version 256, at byte 60 */
	char path[128];
	FILE *f;

	store_close(place->store);
	place->store = NULL;
	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, 60, SEEK_SET), 0);
	assert_int_equal(fwrite(version, 1, 4, f), 4);
	(void)fclose(f);
	assert_int_equal(store_open(place->directory, &place->store), -EPROTONOSUPPORT);
}

static int see_shed(void *context, const struct batch_head *last, int64_t received_ns)
{
	(void)received_ns;
	*(struct host_figures *)context = last->figures;
	return 0;
}

static void test_store_keeps_the_latest_figures_of_a_host(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch late = {1, 3, "f", T0, 1000, 0};
	const struct plan_of_batch early = {1, 2, "f", T0, 1000, 0};
	struct host_figures figures = {0};

	assert_int_equal(put(place->store, &late), 1);
	assert_int_equal(put(place->store, &early), 1);
	reopen(place);
	assert_int_equal(store_scan_agents(place->store, see_shed, &figures), 0);
	assert_true(figures.has == 1 << FIGURE_SHED);
	assert_int_equal(figures.value[FIGURE_SHED], 3);
}

/* As version 1 left it: before agents told figures of their hosts. */
static void test_store_takes_over_a_ledger_without_figures(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch old = {1, 1, "f", T0, 1000, 5};
	const struct plan_of_batch next = {1, 2, "f", T0, 1000, 5};
	struct host_figures figures = {.has = ~0ULL};
	char path[128];
	sqlite3 *db;

	assert_int_equal(put(place->store, &old), 1);
	store_close(place->store);
	place->store = NULL;
	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "ALTER TABLE agent DROP COLUMN figures;"
			     "DROP TABLE hour_block; DROP TABLE hour_rollup;"
			     "DROP TABLE hour_parts; DROP TABLE day_rollup;"
			     "DROP TABLE imported; DROP TABLE stretch_rollup;"
			     "DROP TABLE stretch_made;"
			     "DROP TABLE hour_piece;"
			     "PRAGMA user_version=1",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_open(place->directory, &place->store), 0);
	assert_int_equal(store_scan_agents(place->store, see_shed, &figures), 0);
	assert_true(figures.has == 0);
	assert_int_equal(put(place->store, &next), 1);
	assert_int_equal(store_scan_agents(place->store, see_shed, &figures), 0);
	assert_int_equal(figures.value[FIGURE_SHED], 2);
}

static void test_store_keeps_its_files_private(void **state)
{
	struct place *place = *state;
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

static int see_function(
    void *context, const struct function *function, int64_t first_ns, int64_t last_ns)
{
	struct seen *seen = context;

	seen->rows++;
	assert_string_equal(function->name, "f");
	assert_int_equal(function->memory_limit_mb, 512);
	assert_string_equal(function->region, "eu-central-1");
	assert_int_equal(first_ns, T0);
	assert_int_equal(last_ns, T0 + MINUTE);
	return 0;
}

static void test_store_updates_a_functions_set_up_to_the_latest(void **state)
{
	struct place *place = *state;
	struct seen seen = {0};

	for (uint64_t i = 1; i <= 2; i++) {
		struct batch_head head = {.id.sequence = i};
		struct function f = function_named("f");
		struct invocation inv = invocation_of(&f, T0 + (int64_t)(i - 1) * MINUTE);
		struct batch batch = {.head = head,
		    .functions = &f,
		    .functions_n = 1,
		    .invocations = &inv,
		    .invocations_n = 1};
		struct store_batch b = {.batch = &batch};

		f.memory_limit_mb = i == 1 ? 256 : 512;
		(void)snprintf(
		    f.region, sizeof(f.region), "%s", i == 1 ? "eu-central-1" : "");
		assert_int_equal(store_write(place->store, &b, 1), 0);
	}
	reopen(place);
	assert_int_equal(store_scan_functions(place->store, see_function, &seen), 0);
	assert_int_equal(seen.rows, 1);
	struct function f = function_named("f");

	struct store_function found;

	assert_int_equal(store_find_function(place->store, &f, &found), 0);
	assert_int_equal(found.kind, KIND_HTTP);
	assert_int_equal(found.function.memory_limit_mb, 512);
}

static int count_documents(void *context, const char *name, const char *body)
{
	(void)name;
	(void)body;
	++*(int *)context;
	return 0;
}

static void test_store_keeps_documents(void **state)
{
	struct place *place = *state;
	char *big = calloc(1, STORE_DOCUMENT_MAX_BYTES + 2);
	char *body = NULL;
	int n = 0;

	assert_non_null(big);
	assert_int_equal(store_document_put(place->store, "budget", "a", "{}"), 0);
	assert_int_equal(store_document_put(place->store, "budget", "a", "{\"x\":1}"), 0);
	assert_int_equal(store_document_put(place->store, "other", "a", "no"), 0);
	reopen(place);
	assert_int_equal(store_document_get(place->store, "budget", "a", &body), 0);
	assert_string_equal(body, "{\"x\":1}");
	free(body);
	assert_int_equal(
	    store_scan_documents(place->store, "budget", count_documents, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_document_delete(place->store, "budget", "a"), 0);
	assert_int_equal(store_document_delete(place->store, "budget", "a"), -ENOENT);
	assert_int_equal(store_document_get(place->store, "budget", "a", &body), -ENOENT);
	memset(big, 'x', STORE_DOCUMENT_MAX_BYTES + 1);
	assert_int_equal(store_document_put(place->store, "budget", "a", big), -E2BIG);
	free(big);
}

struct due {
	struct store *store;
	int n;
	int64_t id;
	int attempts;
};

static int see_due(void *context, const struct store_delivery *delivery)
{
	struct due *due = context;

	due->n++;
	due->id = delivery->id;
	due->attempts = delivery->attempts;
	return store_outbox_retry(
	    due->store, delivery->id, delivery->due_ns + 100, "refused");
}

static int see_settled(void *context, const struct store_delivery *delivery,
    const char *state, const char *error)
{
	++*(int *)context;
	assert_int_equal(delivery->attempts, 2);
	assert_string_equal(state, "delivered");
	assert_null(error);
	return 0;
}

static void test_store_delivers_from_the_outbox_until_settled(void **state)
{
	struct place *place = *state;
	const struct store_delivery d = {.key = "k",
	    .channel = "webhook",
	    .target = "http://127.0.0.1/",
	    .body = "{}",
	    .created_ns = 10,
	    .due_ns = 10};
	struct due due = {.store = place->store};
	int settled = 0;

	assert_int_equal(store_outbox_add(place->store, &d), 0);
	assert_int_equal(store_outbox_add(place->store, &d), 1);
	assert_int_equal(store_outbox_scan_due(place->store, 9, see_due, &due), 0);
	assert_int_equal(due.n, 0);
	assert_int_equal(store_outbox_scan_due(place->store, 10, see_due, &due), 0);
	assert_int_equal(due.n, 1);
	assert_int_equal(store_outbox_scan_due(place->store, 109, see_due, &due), 0);
	assert_int_equal(due.n, 1);
	assert_int_equal(store_outbox_settle(place->store, due.id, true, NULL), 0);
	assert_int_equal(
	    store_outbox_scan_due(place->store, INT64_MAX, see_due, &due), 0);
	assert_int_equal(due.n, 1);
	assert_int_equal(store_scan_outbox(place->store, 10, see_settled, &settled), 0);
	assert_int_equal(settled, 1);
	assert_int_equal(store_outbox_add(place->store, &d), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_store_scans_one_function_as_it_scans_all),
	    TEST(test_store_walks_overlapping_batches_in_order),
	    TEST(test_store_returns_what_stopped_a_scan),
	    TEST(test_store_reads_no_more_than_it_may),
	    TEST(test_store_reads_no_more_in_vain),
	    TEST(test_store_refuses_a_second_collector),
	    TEST(test_store_refuses_a_damaged_ledger),
	    TEST(test_store_refuses_a_newer_ledger),
	    TEST(test_store_keeps_the_latest_figures_of_a_host),
	    TEST(test_store_takes_over_a_ledger_without_figures),
	    TEST(test_store_keeps_its_files_private),
	    TEST(test_store_updates_a_functions_set_up_to_the_latest),
	    TEST(test_store_keeps_documents),
	    TEST(test_store_delivers_from_the_outbox_until_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
