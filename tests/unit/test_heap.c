/* What was freed goes back, what is in use stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/heap.h"

#define PIECES 20000
#define PIECE_BYTES 4000 /* 80 MB in all */

static char *pieces[PIECES];

static void fill(void)
{
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = malloc(PIECE_BYTES);
		assert_non_null(pieces[i]);
		memset(pieces[i], 1, PIECE_BYTES);
	}
}

static void test_what_was_freed_goes_back_to_the_system(void **state)
{
	struct heap heap = {0};
	size_t idle;

	(void)state;
	fill();
	assert_in_range(heap_tidy(&heap), 0, HEAP_IDLE_BYTES); /* all is in use */
	for (size_t i = 0; i < PIECES - 1; i++) /* the last one holds the heap's end */
		free(pieces[i]);
	idle = heap_tidy(&heap);
	assert_true(idle > (size_t)60 << 20);
	assert_true(heap.idle_bytes < (size_t)8 << 20);
	assert_in_range(heap_tidy(&heap), 0, (size_t)8 << 20);
	free(pieces[PIECES - 1]);
}

/* What trimming cannot give back must not make it trim every second. */
static void test_what_stays_idle_is_not_trimmed_for_again(void **state)
{
	struct heap heap = {0};
	size_t after;

	(void)state;
	fill();
	for (size_t i = 0; i < PIECES; i++) {
		if (i % 2) /* less than a page between two in use */
			free(pieces[i]);
	}
	(void)heap_tidy(&heap);
	after = heap.idle_bytes;
	assert_true(after > HEAP_IDLE_BYTES);
	(void)heap_tidy(&heap);
	assert_true(heap.idle_bytes <= after);
	for (size_t i = 0; i < PIECES; i += 2)
		free(pieces[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_freed_goes_back_to_the_system),
	    cmocka_unit_test(test_what_stays_idle_is_not_trimmed_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
