#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/room.h"

struct row {
	uint64_t number;
	char text[24];
};

struct list {
	struct row *rows;
	size_t n;
	size_t room;
};

static int append(struct list *list)
{
	if (ROOM_FOR_ONE(list->rows, list->n, list->room) < 0)
		return -ENOMEM;
	list->rows[list->n].number = list->n;
	list->n++;
	return 0;
}

static void test_rows_stay_as_room_grows(void **state)
{
	struct list list = {0};

	(void)state;
	while (list.n < 10000)
		assert_int_equal(append(&list), 0);
	assert_in_range(list.room, list.n, 2 * list.n);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.rows[i].number, i);
	free(list.rows);
}

/* More than there is, and more than can be counted. */
static void test_without_memory_all_is_as_it_was(void **state)
{
	static const size_t rooms[] = {
	    (size_t)1 << 58, SIZE_MAX / sizeof(struct row), (size_t)1 << 62};
	struct row *rows = NULL;
	size_t first = 0;

	(void)state;
	assert_int_equal(ROOM_FOR_ONE(rows, 0, first), 0);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct row *same = rows;
		size_t room = rooms[i];

		assert_int_equal(ROOM_FOR_ONE(rows, room, room), -ENOMEM);
		assert_ptr_equal(rows, same);
		assert_int_equal(room, rooms[i]);
	}
	free(rows);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_stay_as_room_grows),
	    cmocka_unit_test(test_without_memory_all_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
