/* A thread's writer is used again, when it is empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "model/invocation.h"
#include "serve/ingest/spare_writer.h"

static struct batch_writer *take(void)
{
	struct batch_writer *w = NULL;

	assert_int_equal(spare_writer_take(&w), 0);
	assert_int_equal(batch_writer_count(w), 0);
	return w;
}

static void test_an_empty_writer_is_handed_out_again(void **state)
{
	struct batch_writer *w = take();
	struct batch_writer *other = take();

	(void)state;
	assert_ptr_not_equal(w, other);
	spare_writer_give(w);
	spare_writer_give(other); /* one is enough */
	assert_ptr_equal(take(), w);
	spare_writer_give(w);
	spare_writer_give(NULL);
	assert_ptr_equal(take(), w);
	spare_writer_give(w);
}

static void test_a_writer_that_holds_records_is_not(void **state)
{
	const struct function f = {.platform = PLATFORM_GENERIC, .name = "f"};
	struct batch_writer *w = take();
	struct invocation inv;

	(void)state;
	invocation_init(&inv);
	inv.function = &f;
	inv.concurrency = 1;
	assert_int_equal(batch_writer_add(w, &inv), 0);
	spare_writer_give(w);
	spare_writer_give(take());
}

static void *take_another(void *w)
{
	struct batch_writer *mine = take();

	assert_ptr_not_equal(mine, w);
	spare_writer_give(mine); /* freed with the thread, which the sanitizers see */
	return NULL;
}

static void test_each_thread_has_its_own(void **state)
{
	struct batch_writer *w = take();
	pthread_t thread;

	(void)state;
	spare_writer_give(w);
	assert_int_equal(pthread_create(&thread, NULL, take_another, w), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ptr_equal(take(), w);
	spare_writer_give(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_empty_writer_is_handed_out_again),
	    cmocka_unit_test(test_a_writer_that_holds_records_is_not),
	    cmocka_unit_test(test_each_thread_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
