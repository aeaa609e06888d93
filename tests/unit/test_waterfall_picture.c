/* The picture of a cold start, from an answer of a collector. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "tui/rows.h"
#include "tui/waterfall.h"

static json_t *answer(void)
{
	json_t *root = json_load_file("tests/screens/coldstart.json", 0, NULL);

	if (!root)
		fail_msg("run from the top of the tree");
	return root;
}

static void test_the_newest_that_has_phases_is_found(void **state)
{
	json_t *root = answer();
	struct waterfall w;
	char title[200];

	(void)state;
	assert_non_null(waterfall_find(root, NULL, &w));
	assert_string_equal(w.request_id, "r-1");
	assert_int_equal(w.coldstart.phases_n, 6);
	assert_int_equal(w.coldstart.phases[0].start_ns, -50000000);
	assert_false(w.coldstart.phases[0].has_counters);
	assert_int_equal(w.coldstart.phases[3].disk_bytes, 6463488);
	assert_int_equal(w.coldstart.peers[0].wait_ns, 300000000);
	assert_int_equal(w.coldstart.others, 3);
	assert_string_equal(waterfall_title(&w, title, sizeof(title)),
	    "cold start: init 850 ms; scale_out (likely); 34 helpers");
	assert_non_null(waterfall_find(root, "r-0", &w));
	assert_string_equal(w.request_id, "r-0");
	assert_null(waterfall_find(root, "warm", &w)); /* it has none */
	assert_null(waterfall_find(root, "nobody", &w));
	json_decref(root);
}

/* How many cells of a row show this. */
static int cells(const struct canvas *canvas, int row, wchar_t ch)
{
	int n = 0;

	for (int col = 0; col < canvas->cols; col++)
		n += canvas->cells[row * canvas->cols + col].ch == ch;
	return n;
}

static void test_bars_are_as_long_as_their_phases(void **state)
{
	json_t *root = answer();
	struct area area = {0, 0, 9, 131}; /* of which the bars have 60 */
	struct canvas canvas;
	struct waterfall w;
	char line[1024];

	(void)state;
	area.cols = 21 + 9 + 3 + 4 * 9 + 60;
	assert_int_equal(canvas_init(&canvas, 9, area.cols, true), 0);
	assert_non_null(waterfall_find(root, NULL, &w));
	assert_int_equal(waterfall_rows(&w), 9);
	waterfall_draw(&w, &canvas, &area);
	/* 940 ms of work and at most a fifth of that for waiting: 1128 ms on 60 columns
	 */
	assert_in_range(cells(&canvas, 4, 0x2588), 7, 9);   /* 150 ms on a CPU */
	assert_in_range(cells(&canvas, 4, 0x2592), 4, 6);   /* 100 ms queued */
	assert_in_range(cells(&canvas, 4, 0x2591), 25, 28); /* 500 ms of other */
	assert_int_equal(cells(&canvas, 2, 0x2588), 1);     /* however short */
	assert_in_range(cells(&canvas, 5, 0x2500), 9, 11);  /* an hour is cut */
	assert_in_range(cells(&canvas, 1, 0x2500), 2, 4);   /* of unknown contents */
	assert_in_range(
	    cells(&canvas, 6, 0x2588), 2, 3); /* more CPU than wall: threads */
	assert_non_null(
	    strstr(canvas_line(&canvas, 7, line, sizeof(line)), "300 ms in 2 waits for "
								"10.0.0.5:5432"));
	assert_non_null(strstr(
	    canvas_line(&canvas, 8, line, sizeof(line)), "3 waits for other peers"));
	canvas_done(&canvas);
	json_decref(root);
}

static void test_little_room_leaves_what_matters(void **state)
{
	json_t *root = answer();
	struct canvas canvas;
	struct waterfall w;
	char line[1024];

	(void)state;
	assert_non_null(waterfall_find(root, NULL, &w));
	for (int cols = 1; cols < 80; cols++)
		for (int rows = 0; rows < 12; rows++) {
			const struct area area = {0, 0, rows, cols};

			assert_int_equal(canvas_init(&canvas, 12, 80, false), 0);
			waterfall_draw(&w, &canvas, &area);
			for (int row = rows > 0 ? rows : 1; row < 12; row++)
				assert_string_equal(
				    canvas_line(&canvas, row, line, sizeof(line)), "");
			canvas_done(&canvas);
		}
	json_decref(root);
}

static void test_nonsense_of_strangers_draws_something(void **state)
{
	static const char *const odd[] = {"{\"init_phases\":[1,null,{}]}",
	    "{\"init_phases\":[{\"phase\":\"\\u001b[2J\",\"wall_ms\":1e300,\"cpu_ms\":-1}"
	    "]}",
	    "{\"init_phases\":[{\"wall_ms\":\"x\",\"start_ms\":[]}],\"init_peers\":7}",
	    "{\"init_phases\":[{\"wall_ms\":0,\"cpu_ms\":5}],\"init_peers\":[{},{},{},{},"
	    "{}]}",
	    "{\"init_phases\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}"};
	const struct area area = {0, 0, 20, 100};
	struct canvas canvas;
	struct waterfall w;
	char line[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		json_t *object = json_loads(odd[i], 0, NULL);

		assert_non_null(object);
		assert_true(waterfall_parse(object, &w));
		assert_int_equal(canvas_init(&canvas, 20, 100, true), 0);
		waterfall_draw(&w, &canvas, &area);
		assert_null(strchr(canvas_line(&canvas, 1, line, sizeof(line)), '\x1b'));
		canvas_done(&canvas);
		json_decref(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_newest_that_has_phases_is_found),
	    cmocka_unit_test(test_bars_are_as_long_as_their_phases),
	    cmocka_unit_test(test_little_room_leaves_what_matters),
	    cmocka_unit_test(test_nonsense_of_strangers_draws_something),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
