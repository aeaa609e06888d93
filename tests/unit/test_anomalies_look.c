/* Anomalies of more functions than are read at once. */
#include "serve/figures/anomalies.h"
#include "tests/unit/store_place.h"

#define DAY (1440 * MINUTE)
#define BEGIN (T0 / DAY * DAY) /* a midnight */
#define DAYS 12
#define OTHERS 150 /* between the versions: more than two ranges */
#define FOUND_MAX 16

struct list {
	struct function functions[FOUND_MAX];
	struct anomaly_of found[FOUND_MAX];
	size_t n;
};

static int keep(void *context, const struct anomaly_of *found)
{
	struct list *list = context;

	assert_true(list->n < FOUND_MAX);
	list->functions[list->n] = *found->function;
	list->found[list->n++] = *found;
	return 0;
}

/* n calls of a function on a day, each function's in a batch. */
static void call(
    struct store *store, const char *name, const char *version, int day, int n)
{
	static uint64_t sequence = 1;
	struct batch_head head = {
	    .id = {.agent = {1}, .sequence = sequence}, .host = "h1", .sent_ns = 1};
	struct function f = function_named(name);
	struct store_batch b = {0};
	struct batch_writer *w;
	struct batch *batch;
	uint8_t *bytes;
	size_t bytes_n;

	f.platform = PLATFORM_AWS_LAMBDA;
	f.memory_limit_mb = 128;
	(void)snprintf(f.version, sizeof(f.version), "%s", version);
	sequence++;
	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < n; i++) {
		struct invocation inv =
		    invocation_of(&f, BEGIN + day * DAY + (int64_t)i * MINUTE / 10);

		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &bytes_n), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(bytes, bytes_n, &batch, NULL), 0);
	b.batch = batch;
	assert_int_equal(store_write(store, &b, 1), 0);
	batch_free(batch);
	free(bytes);
}

/* One whose calls move to another version on the last whole day, one that has less and
 * one that has more; names and numbers are in different orders. */
static void fill(struct store *store)
{
	for (int day = 0; day < DAYS; day++) {
		bool last = day == DAYS - 1;
		char name[16];

		call(store, "moved", "1", day, last ? 20 : 400);
		call(store, "zero", "1", day, last ? 20 : 300 + day);
		for (int i = 0; day == 0 && i < OTHERS; i++) {
			(void)snprintf(name, sizeof(name), "other-%d", i);
			call(store, name, "", day, 1);
		}
		call(store, "many", "1", day, last ? 900 : 90 + day);
		call(store, "moved", "2", day, last ? 380 : 1);
	}
}

static void test_a_look_finds_what_all_together_tell(void **state)
{
	struct place *place = *state;
	const struct window window = {BEGIN, BEGIN + DAYS * DAY + DAY / 2};
	struct list want = {.n = 0};
	struct list got = {.n = 0};
	struct spending spending;
	struct book *book;
	uint64_t elsewhere = 0;

	fill(place->store);
	assert_int_equal(book_open_embedded(&book), 0);
	assert_int_equal(spending_read(&spending, place->store, &window, false, NULL), 0);
	assert_int_equal(anomalies_find(book, &spending, keep, &want), 0);
	spending_done(&spending);
	assert_int_equal(anomalies_look(book, place->store, &window, keep, &got), 0);
	assert_true(want.n >= 4);
	assert_int_equal(got.n, want.n);
	for (size_t i = 0; i < want.n; i++) {
		const struct anomaly *a = &want.found[i].anomaly;
		const struct anomaly *b = &got.found[i].anomaly;

		assert_true(function_is_same(&want.functions[i], &got.functions[i]));
		assert_int_equal(want.found[i].elsewhere, got.found[i].elsewhere);
		assert_true(a->day == b->day && a->what == b->what && a->up == b->up);
		assert_true(a->value == b->value && a->low == b->low &&
			    a->high == b->high && a->usual == b->usual);
		assert_true(a->extra.pico == b->extra.pico && a->cause == b->cause);
		elsewhere += want.found[i].elsewhere;
	}
	assert_true(elsewhere >= 380);
	book_free(book);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_look_finds_what_all_together_tell, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
