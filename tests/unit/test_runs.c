/* A group of batches by function: none lost, none twice, the order kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/runs.h"
#include "tests/unit/random.h"

#define BATCHES 20
#define FUNCTIONS 30 /* of a batch */
#define IDS 200000

static struct function functions[BATCHES][FUNCTIONS];
static struct invocation invocations[BATCHES][500];
static uint32_t ids[BATCHES][FUNCTIONS];
static struct batch decoded[BATCHES];
static struct store_batch batches[BATCHES];

/* Each batch has names of its own for some of the store's functions. */
static size_t make_group(uint64_t *random)
{
	size_t sum = 0;

	for (size_t b = 0; b < BATCHES; b++) {
		size_t n = random_below(random, 500);

		for (size_t f = 0; f < FUNCTIONS; f++)
			ids[b][f] = 1 + (uint32_t)(f * 7 + random_below(random, 7)) *
					    (IDS / FUNCTIONS / 7);
		for (size_t i = 0; i < n; i++)
			invocations[b][i] = (struct invocation){
			    .function = &functions[b][random_below(random, FUNCTIONS)],
			    .start_ns = (int64_t)(b * 1000 + i)};
		decoded[b] = (struct batch){.functions = functions[b],
		    .functions_n = FUNCTIONS,
		    .invocations = invocations[b],
		    .invocations_n = n};
		batches[b] = (struct store_batch){
		    .batch = &decoded[b], .is_new = b % 5 != 0, .ids = ids[b]};
		if (b % 7 == 0)
			batches[b].imported = &decoded[b];
		if (b % 11 == 0)
			batches[b].ids = NULL;
		if (store_is_in_runs(&batches[b]))
			sum += n;
	}
	return sum;
}

static uint32_t id_of(const struct invocation *inv)
{
	size_t b = (size_t)inv->start_ns / 1000;

	return ids[b][inv->function - functions[b]];
}

static void test_runs_hold_each_invocation_once_in_order(void **state)
{
	struct store_runs runs = {0};
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < 50; round++) {
		size_t want = make_group(&random);
		size_t got = 0;

		assert_int_equal(store_runs_gather(&runs, batches, BATCHES), 0);
		for (size_t r = 0; r < runs.n; r++) {
			const struct store_run *run = &runs.runs[r];

			assert_true(run->n > 0);
			for (size_t other = 0; other < r; other++)
				assert_int_not_equal(runs.runs[other].id, run->id);
			for (size_t i = 0; i < run->n; i++) {
				const struct invocation *inv = run->invocations[i];

				assert_int_equal(id_of(inv), run->id);
				assert_true(
				    store_is_in_runs(&batches[inv->start_ns / 1000]));
				if (i > 0)
					assert_true(inv->start_ns >
						    run->invocations[i - 1]->start_ns);
			}
			got += run->n;
		}
		assert_int_equal(got, want);
	}
	store_runs_done(&runs);
}

static void test_runs_of_nothing_are_none(void **state)
{
	struct store_runs runs = {0};

	(void)state;
	assert_int_equal(store_runs_gather(&runs, NULL, 0), 0);
	assert_int_equal(runs.n, 0);
	store_runs_done(&runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_runs_hold_each_invocation_once_in_order),
	    cmocka_unit_test(test_runs_of_nothing_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
