/* The order in which a group of batches is counted: by function, and nothing else moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "serve/live.h"
#include "store/order.h"
#include "tests/unit/random.h"

#define FUNCTIONS 40
#define RECORDS 700
#define BATCHES 9

static struct function functions[FUNCTIONS];
static struct invocation invocations[BATCHES][RECORDS];

/* A number for each that needs one, two or three passes, none of them in order. */
static void number(uint32_t *ids, unsigned int bits)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		ids[i] = (i * 2654435761U >> (32 - bits)) + 1;
}

static void fill(struct store_order *order, const uint32_t *ids, uint64_t *random)
{
	for (uint32_t b = 0; b < BATCHES; b++) {
		struct batch batch = {.functions = functions,
		    .functions_n = FUNCTIONS,
		    .invocations = invocations[b],
		    .invocations_n = random_below(random, RECORDS)};

		for (size_t i = 0; i < batch.invocations_n; i++)
			invocations[b][i] = (struct invocation){
			    .function = &functions[random_below(random, FUNCTIONS)],
			    .start_ns = (int64_t)(b * RECORDS + i)};
		assert_int_equal(store_order_add(order, &batch, ids, b), 0);
	}
}

static void check(const struct store_order *order, const uint32_t *ids)
{
	for (size_t i = 0; i < order->n; i++) {
		const struct store_record *record = &order->records[i];

		assert_int_equal(
		    record->id, ids[record->invocation->function - functions]);
		assert_true(record->invocation >= invocations[record->batch] &&
			    record->invocation < invocations[record->batch] + RECORDS);
		if (i == 0)
			continue;
		assert_true(record[-1].id <= record->id);
		if (record[-1].id == record->id)
			assert_true(record[-1].invocation->start_ns <
				    record->invocation->start_ns);
	}
}

static void sorts_by_function_and_keeps_their_order(void **state)
{
	uint64_t random = 7;
	uint32_t ids[FUNCTIONS];

	(void)state;
	for (unsigned int bits = 6; bits <= 31; bits += 5) {
		struct store_order order = {0};
		size_t n;

		number(ids, bits);
		fill(&order, ids, &random);
		n = order.n;
		assert_int_equal(store_order_sort(&order), 0);
		assert_int_equal(order.n, n);
		check(&order, ids);
		store_order_done(&order);
		assert_null(order.records);
	}
}

static void gives_each_record_once(void **state)
{
	uint64_t random = 9;
	uint32_t ids[FUNCTIONS];
	struct store_order order = {0};
	size_t given = 0;
	size_t n;

	(void)state;
	assert_int_equal(store_order_sort(&order), 0);
	number(ids, 6);
	fill(&order, ids, &random);
	assert_int_equal(store_order_sort(&order), 0);
	for (size_t i = 0; i < order.n; i += n, given += n) {
		n = store_order_next(&order, i);
		assert_true(n > 0);
	}
	assert_int_equal(given, order.n);
	store_order_done(&order);
}

/* A ping between two functions is of neither's figures. */
static void a_ping_does_not_hide_the_next_function(void **state)
{
	static const int64_t now_ns = 1000000000000;
	struct function named[2] = {{.name = "a"}, {.name = "b"}};
	struct invocation inv[3] = {
	    {.function = &named[0], .start_ns = now_ns - 1000000000},
	    {.function = &named[1], .start_ns = now_ns - 1000000000, .ping = true},
	    {.function = &named[1], .start_ns = now_ns - 1000000000}};
	const struct store_record records[] = {
	    {&inv[0], 1, 0}, {&inv[1], 2, 0}, {&inv[2], 2, 0}};
	struct live *live;

	(void)state;
	assert_int_equal(live_new(&live), 0);
	live_count(live, records, 3, now_ns);
	for (int i = 0; i < 2; i++)
		assert_true(live_rate(live, &named[i], now_ns) * LIVE_RATE_S == 1);
	live_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sorts_by_function_and_keeps_their_order),
	    cmocka_unit_test(gives_each_record_once),
	    cmocka_unit_test(a_ping_does_not_hide_the_next_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
