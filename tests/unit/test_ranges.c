/* Ranges of functions, read by several threads and visited by one, in their order. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "serve/figures/ranges.h"
#include "tests/unit/store_place.h"

#define FUNCTIONS 2000
#define NONE UINT32_MAX

/* What is asked, and what came of it. */
struct question {
	uint32_t fail_at; /* reading the range that begins there */
	uint32_t stop_at; /* visiting it */
	bool waits;       /* reading the first one, until another is read, too */
	bool met;
	pthread_t asks;
	uint32_t next_id; /* where the next range to be visited begins */
	atomic_uint made;
	atomic_uint released;
};

struct answer {
	struct question *question;
	uint32_t first_id;
	uint32_t end_id;
};

static void wait_for_another(struct question *q)
{
	for (int i = 0; i < 5000 && atomic_load(&q->made) < 2; i++)
		(void)usleep(1000);
	q->met = atomic_load(&q->made) > 1;
}

static int read_one(void *context, uint32_t first_id, uint32_t end_id, void *into)
{
	struct question *q = context;
	struct answer *answer = into;

	(void)atomic_fetch_add(&q->made, 1);
	if (q->waits && first_id == 0)
		wait_for_another(q);
	*answer = (struct answer){q, first_id, end_id};
	return first_id == q->fail_at ? -EIO : 0;
}

static int visit_one(void *context, void *read)
{
	struct question *q = context;
	const struct answer *answer = read;

	assert_true(pthread_equal(pthread_self(), q->asks));
	assert_int_equal(answer->first_id, q->next_id);
	assert_true(answer->end_id > answer->first_id);
	q->next_id = answer->end_id;
	return answer->first_id == q->stop_at ? 7 : 0;
}

static void done_one(void *read)
{
	const struct answer *answer = read;

	(void)atomic_fetch_add(&answer->question->released, 1);
}

static int ask(struct store *store, struct question *q)
{
	const struct ranges ranges = {.store = store,
	    .context = q,
	    .read_bytes = sizeof(struct answer),
	    .read = read_one,
	    .visit = visit_one,
	    .done = done_one};
	int err;

	q->asks = pthread_self();
	err = ranges_each(&ranges);
	assert_int_equal(atomic_load(&q->made), atomic_load(&q->released));
	return err;
}

/* A ledger that knows so many functions. */
static void know(struct store *store)
{
	struct batch_head head = {
	    .id = {.agent = {1}, .sequence = 1}, .host = "h1", .sent_ns = 1};
	struct batch_writer *w;

	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < FUNCTIONS; i++) {
		struct store_batch b = {0};
		struct invocation inv;
		struct batch *batch;
		struct function f;
		uint8_t *bytes;
		size_t n;
		char name[16];

		(void)snprintf(name, sizeof(name), "f%d", i);
		f = function_named(name);
		inv = invocation_of(&f, T0);
		assert_int_equal(batch_writer_add(w, &inv), 0);
		if (i % 100 != 99)
			continue;
		assert_int_equal(batch_writer_seal(w, &head, &bytes, &n), 0);
		head.id.sequence++;
		assert_int_equal(batch_decode(bytes, n, &batch, NULL), 0);
		b.batch = batch;
		assert_int_equal(store_write(store, &b, 1), 0);
		batch_free(batch);
		free(bytes);
	}
	batch_writer_free(w);
}

static void test_all_are_visited_in_order(void **state)
{
	struct place *place = *state;

	know(place->store);
	for (int i = 0; i < 200; i++) {
		struct question q = {.fail_at = NONE, .stop_at = NONE};

		assert_int_equal(ask(place->store, &q), 0);
		assert_int_equal(store_range_end(place->store, q.next_id), 0);
		assert_true(q.next_id > FUNCTIONS);
	}
}

static void test_an_empty_ledger_is_one_range(void **state)
{
	struct place *place = *state;
	struct question q = {.fail_at = NONE, .stop_at = NONE};

	assert_int_equal(ask(place->store, &q), 0);
	assert_int_equal(atomic_load(&q.made), 1);
}

static void test_several_are_read_at_once(void **state)
{
	struct place *place = *state;
	struct question q = {.fail_at = NONE, .stop_at = NONE, .waits = true};
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	if (CPU_COUNT(&cpus) < 2)
		skip();
	know(place->store);
	assert_int_equal(ask(place->store, &q), 0);
	assert_true(q.met);
}

/* Whatever was read ahead is released, and nothing behind is visited. */
static void test_what_fails_ends_it(void **state)
{
	struct place *place = *state;

	know(place->store);
	for (uint32_t first_id = 0, end_id;
	     (end_id = store_range_end(place->store, first_id)) > 0; first_id = end_id) {
		struct question fails = {.fail_at = first_id, .stop_at = NONE};
		struct question stops = {.fail_at = NONE, .stop_at = first_id};

		assert_int_equal(ask(place->store, &fails), -EIO);
		assert_int_equal(fails.next_id, first_id);
		assert_int_equal(ask(place->store, &stops), 7);
		assert_int_equal(stops.next_id, end_id);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_all_are_visited_in_order),
	    TEST(test_an_empty_ledger_is_one_range),
	    TEST(test_several_are_read_at_once),
	    TEST(test_what_fails_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
