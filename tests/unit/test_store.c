/* The ledger on disk, through its public functions alone. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/store.h"

#define MINUTE (60 * CLOCK_NS_PER_S)
#define T0 (1790000000LL / 60 * 60 * CLOCK_NS_PER_S) /* a full minute in 2026 */

struct place {
	char directory[64];
	struct store *store;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(
	    place->directory, sizeof(place->directory), "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	assert_int_equal(store_open(place->directory, &place->store), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_close(place->store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", place->directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	free(place);
	return 0;
}

static void reopen(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

static struct function function_named(const char *name)
{
	struct function f = {.platform = PLATFORM_GENERIC, .arch = ARCH_X86_64};

	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	return f;
}

static struct invocation invocation_of(const struct function *f, int64_t start_ns)
{
	return (struct invocation){.function = f,
	    .kind = KIND_HTTP,
	    .start_type = START_WARM,
	    .has = HAS_DURATION,
	    .start_ns = start_ns,
	    .duration_ns = 20000000,
	    .concurrency = 1};
}

/* A sealed and decoded batch of n invocations, step apart. Release it with drop(). */
struct sealed {
	struct batch *batch;
	uint8_t *bytes;
	size_t bytes_n;
};

struct plan_of_batch {
	uint8_t agent;
	uint64_t sequence;
	const char *name;
	int64_t start_ns;
	int64_t step_ns;
	int n;
};

static struct sealed seal(const struct plan_of_batch *want)
{
	struct batch_head head = {
	    .id.sequence = want->sequence, .host = "h1", .sent_ns = 7};
	struct function f = function_named(want->name);
	struct batch_writer *w;
	struct sealed s = {0};

	head.id.agent[0] = want->agent;
	head.ledger.seen = want->sequence * 10;
	head.ledger.delivered = want->sequence * 10 - 1;
	head.ledger.lost[LOST_RING_FULL] = 1;
	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < want->n; i++) {
		struct invocation inv =
		    invocation_of(&f, want->start_ns + i * want->step_ns);

		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &s.bytes, &s.bytes_n), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(s.bytes, s.bytes_n, &s.batch, NULL), 0);
	return s;
}

static void drop(struct sealed *s)
{
	batch_free(s->batch);
	free(s->bytes);
}

/* Writes one batch; returns is_new, or the error. */
static int put(struct store *store, const struct plan_of_batch *want)
{
	struct sealed s = seal(want);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	int err = store_write(store, &b, 1);

	drop(&s);
	return err < 0 ? err : b.is_new;
}

struct seen {
	size_t rows;
	uint64_t invocations;
	int64_t last_s;
	bool in_order;
};

static int see_rollup(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	struct seen *seen = context;

	(void)function;
	seen->in_order = seen->rows == 0 || minute_start_s >= seen->last_s;
	seen->last_s = minute_start_s;
	seen->rows++;
	seen->invocations += rollup->invocations;
	return 0;
}

static struct seen rollups(
    struct store *store, int64_t since_ns, int64_t until_ns, const char *function)
{
	struct seen seen = {.in_order = true};

	assert_int_equal(
	    store_scan_rollups(store, since_ns, until_ns, function, see_rollup, &seen),
	    0);
	return seen;
}

static int see_invocation(
    void *context, const struct invocation *invocation, const char *host)
{
	struct seen *seen = context;
	int64_t start = invocation->start_ns;

	assert_string_equal(host, "h1");
	if (seen->rows > 0 && seen->in_order)
		seen->in_order = seen->invocations == 1 ? start <= seen->last_s
							: start >= seen->last_s;
	seen->last_s = start;
	seen->rows++;
	return 0;
}

/* invocations says the direction here: 1 walks back. */
static struct seen walk(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, bool back)
{
	struct seen seen = {.in_order = true, .invocations = back};

	assert_int_equal(store_scan_invocations(store, since_ns, until_ns, function, back,
			     see_invocation, &seen),
	    0);
	return seen;
}

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

static void test_store_keeps_its_files_private(void **state)
{
	struct place *place = *state;
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

/* In a child, because the file-size limit holds for the whole process. */
static int fill_up(struct store *store)
{
	struct rlimit limit = {.rlim_cur = 300000, .rlim_max = 300000};
	int full = 0;
	uint64_t kept = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 2;
	for (uint64_t i = 1; i <= 400; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 50};
		int err = put(store, &b);

		full += err == -ENOSPC;
		kept += err == 1;
		if (err < 0 && err != -ENOSPC)
			return 3;
	}
	if (full == 0 || kept == 0)
		return 4;
	if (rollups(store, 0, INT64_MAX, NULL).invocations != kept * 50)
		return 5;
	return walk(store, 0, INT64_MAX, NULL, true).rows == kept * 50 ? 0 : 6;
}

static void test_store_on_a_full_disk_keeps_nothing_half(void **state)
{
	struct place *place = *state;
	int status;
	pid_t pid;

	store_close(place->store);
	place->store = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *store;

		_exit(store_open(place->directory, &store) < 0 ? 1 : fill_up(store));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(store_open(place->directory, &place->store), 0);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows,
	    rollups(place->store, 0, INT64_MAX, NULL).invocations);
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

static void test_store_expires_days_and_minutes(void **state)
{
	struct place *place = *state;
	int64_t now = clock_wall_ns();

	for (uint64_t i = 1; i <= 60; i++) {
		const struct plan_of_batch b = {
		    1, i, "f", T0 + (int64_t)i * MINUTE, 1000, 2};

		assert_int_equal(put(place->store, &b), 1);
	}
	assert_int_equal(store_expire(place->store, 0, T0 + 41 * MINUTE), 0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).rows, 20);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 120);
	assert_int_equal(
	    store_expire(place->store, now + 2 * 86400 * CLOCK_NS_PER_S, 0), 0);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 0);
	const struct plan_of_batch b = {1, 61, "f", T0 + 60 * MINUTE, 1000, 3};

	assert_int_equal(put(place->store, &b), 1);
	assert_int_equal(walk(place->store, 0, INT64_MAX, NULL, true).rows, 3);
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
	    TEST(test_store_takes_each_batch_once),
	    TEST(test_store_takes_an_id_twice_in_one_write_once),
	    TEST(test_store_remembers_sequences_in_any_order),
	    TEST(test_store_keeps_agents_apart),
	    TEST(test_store_keeps_the_latest_ledger_of_a_boot),
	    TEST(test_store_merges_batches_into_one_row_a_minute),
	    TEST(test_store_scans_one_function_as_it_scans_all),
	    TEST(test_store_walks_overlapping_batches_in_order),
	    TEST(test_store_returns_what_stopped_a_scan),
	    TEST(test_store_refuses_a_second_collector),
	    TEST(test_store_refuses_a_damaged_ledger),
	    TEST(test_store_refuses_a_newer_ledger),
	    TEST(test_store_keeps_its_files_private),
	    TEST(test_store_on_a_full_disk_keeps_nothing_half),
	    TEST(test_store_updates_a_functions_set_up_to_the_latest),
	    TEST(test_store_expires_days_and_minutes),
	    TEST(test_store_keeps_documents),
	    TEST(test_store_delivers_from_the_outbox_until_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
