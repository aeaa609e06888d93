/* What advice reads of the ledger: sums, the busiest hour, connections. */
#include "tests/unit/store_place.h"

#include "alerts/advice/measured.h"

#define HOUR (60 * MINUTE)
#define H0 (T0 / HOUR * HOUR)

static struct measured_list read_all(
    struct place *place, int64_t since_ns, int64_t until_ns, bool connections)
{
	const struct measured_query query = {
	    .since_ns = since_ns, .until_ns = until_ns, .connections = connections};
	struct measured_list list;

	assert_int_equal(measured_read(place->store, &query, &list), 0);
	return list;
}

static void test_sums_and_the_busiest_hour(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch quiet = {1, 1, "bar", H0 + MINUTE, MINUTE, 10};
	const struct plan_of_batch hectic = {1, 2, "bar", H0 + 2 * HOUR, 30000000, 300};
	const struct plan_of_batch other = {1, 3, "foo", H0 + HOUR, MINUTE, 5};
	struct measured_list list;

	assert_int_equal(put(place->store, &quiet), 1);
	assert_int_equal(put(place->store, &hectic), 1);
	assert_int_equal(put(place->store, &other), 1);
	list = read_all(place, H0 + 30, H0 + 3 * HOUR, false);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.rows[0].function.name, "bar");
	assert_int_equal(list.rows[0].invocations, 310);
	assert_int_equal(list.rows[0].duration_ns, 310 * 20000000ULL);
	assert_int_equal(list.rows[0].busy_ns, 310 * 20000000ULL);
	assert_int_equal(list.rows[0].hour_busy_ns, 300 * 20000000ULL);
	assert_int_equal(list.rows[0].since_ns, H0 + MINUTE);
	assert_int_equal(list.rows[0].until_ns, H0 + 3 * HOUR);
	assert_true(
	    list.rows[0].warm_p50_ns > 19.7e6 && list.rows[0].warm_p50_ns < 20.3e6);
	assert_int_equal(list.rows[1].invocations, 5);
	assert_int_equal(list.rows[1].since_ns, H0 + HOUR);
	measured_done(&list);
	list = read_all(place, H0 + 4 * HOUR, H0 + 5 * HOUR, false);
	assert_int_equal(list.n, 0);
	measured_done(&list);
}

/* Ten invocations, of which three switched to another protocol for a second. */
static void put_connections(struct store *store)
{
	struct batch_head head = {.id.sequence = 9, .host = "h1"};
	struct function f = function_named("socket");
	struct store_batch b = {0};
	struct batch *batch;
	struct batch_writer *w;
	uint8_t *bytes;

	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < 10; i++) {
		struct invocation inv = invocation_of(&f, H0 + i * MINUTE);

		inv.has |= HAS_HTTP_STATUS;
		inv.http_status = i < 3 ? 101 : 200;
		inv.duration_ns = i < 3 ? CLOCK_NS_PER_S : 20000000;
		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &b.raw_bytes), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(bytes, b.raw_bytes, &batch, NULL), 0);
	b.raw = bytes;
	b.batch = batch;
	assert_int_equal(store_write(store, &b, 1), 0);
	batch_free(batch);
	free(bytes);
}

static void test_upgraded_connections_are_counted(void **state)
{
	struct place *place = *state;
	struct measured_list list;

	put_connections(place->store);
	list = read_all(place, H0, H0 + HOUR, false);
	assert_int_equal(list.rows[0].scanned, 0);
	measured_done(&list);
	list = read_all(place, H0, H0 + HOUR, true);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.rows[0].scanned, 10);
	assert_int_equal(list.rows[0].upgraded, 3);
	assert_int_equal(list.rows[0].upgraded_ns, 3 * CLOCK_NS_PER_S);
	measured_done(&list);
}

static void test_a_window_of_years_is_cut_to_a_month(void **state)
{
	struct place *place = *state;
	struct measured_list list = read_all(place, H0 - 9000 * HOUR, H0 + MINUTE, false);

	assert_int_equal(list.since_ns, H0 - (MEASURED_MAX_HOURS - 1) * HOUR);
	measured_done(&list);
}

/* Days are kept for longer than hours: what they tell is not of an hour. */
static void test_a_window_begins_where_there_are_hours(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch old = {1, 1, "bar", H0 - 50 * HOUR, MINUTE, 100};
	const struct plan_of_batch late = {1, 2, "bar", H0 - 3 * HOUR, MINUTE, 10};
	struct measured_list list;

	assert_int_equal(put(place->store, &old), 1);
	assert_int_equal(put(place->store, &late), 1);
	while (store_fold(place->store, H0) == 1)
		;
	assert_int_equal(store_expire(place->store,
			     &(struct store_keep){.raw_since_ns = H0 - 10 * HOUR,
				 .minutes_since_ns = H0 - 10 * HOUR,
				 .hours_since_ns = H0 - 10 * HOUR,
				 .days_since_ns = 0}),
	    0);
	list = read_all(place, H0 - 100 * HOUR, H0, false);
	assert_int_equal(list.since_ns, H0 - 10 * HOUR);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.rows[0].invocations, 10);
	measured_done(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_window_begins_where_there_are_hours, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_sums_and_the_busiest_hour, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_upgraded_connections_are_counted, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_a_window_of_years_is_cut_to_a_month, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
