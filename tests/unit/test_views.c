/* Views drawn off-screen, from an answer of a collector. A page is compared with
 * tests/screens/NAME.txt; with COLDMETER_WRITE_SCREENS set it is written there instead.
 */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/dashboard/view.h"

#define SCREENS "tests/screens/"

struct stage {
	struct dash dash;
	struct canvas canvas;
	char *answer;
};

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 65536);

	if (!file || !text)
		fail_msg("cannot read %s: run from the top of the tree", path);
	(void)!fread(text, 1, 65535, file);
	(void)fclose(file);
	return text;
}

static void open_stage(struct stage *stage, int rows, int cols, bool unicode)
{
	stage->answer = read_file(SCREENS "functions.json");
	dash_init(&stage->dash, "http://127.0.0.1:7077");
	assert_int_equal(canvas_init(&stage->canvas, rows, cols, unicode), 0);
	assert_int_equal(
	    snapshot_parse(stage->answer, strlen(stage->answer), &stage->dash.snapshot),
	    0);
	stage->dash.has_snapshot = true;
	stage->dash.now_ms = 10000;
	stage->dash.fresh_ms = 9500;
	assert_int_equal(dash_arrange(&stage->dash), 0);
}

static void close_stage(struct stage *stage)
{
	dash_done(&stage->dash);
	canvas_done(&stage->canvas);
	free(stage->answer);
}

static void press(struct stage *stage, const char *keys_pressed)
{
	for (; *keys_pressed; keys_pressed++)
		(void)view_press(&stage->dash, *keys_pressed, stage->canvas.rows - 5);
}

static const char *row_text(struct stage *stage, int row, char *out, size_t size)
{
	return canvas_line(&stage->canvas, row, out, size);
}

/* The row of the screen that holds a text; -1: none. */
static int find_text(struct stage *stage, const char *text)
{
	char line[4096];

	view_draw(&stage->dash, &stage->canvas);
	for (int row = 0; row < stage->canvas.rows; row++)
		if (strstr(row_text(stage, row, line, sizeof(line)), text))
			return row;
	return -1;
}

static void compare(struct stage *stage, const char *name)
{
	char path[128], line[4096];
	char *expected;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	view_draw(&stage->dash, &stage->canvas);
	for (int row = 0; row < stage->canvas.rows; row++)
		(void)fprintf(out, "%s\n", row_text(stage, row, line, sizeof(line)));
	(void)fclose(out);
	(void)snprintf(path, sizeof(path), SCREENS "%s.txt", name);
	if (getenv("COLDMETER_WRITE_SCREENS")) {
		out = fopen(path, "we");
		assert_non_null(out);
		(void)fputs(text, out);
		(void)fclose(out);
	}
	expected = read_file(path);
	assert_string_equal(text, expected);
	free(expected);
	free(text);
}

static void test_the_table_shows_every_column_at_120(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 120, true);
	compare(&stage, "functions-120x20");
	close_stage(&stage);
}

static void test_a_narrow_table_keeps_what_matters_most(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 12, 60, true);
	compare(&stage, "functions-60x12");
	close_stage(&stage);
}

static void test_without_utf8_only_ascii_is_drawn(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 140, false);
	view_draw(&stage.dash, &stage.canvas);
	for (int i = 0; i < 20 * 140; i++)
		assert_in_range(stage.canvas.cells[i].ch, L' ', L'~');
	compare(&stage, "functions-ascii-140x20");
	close_stage(&stage);
}

static void test_the_page_of_a_function_tells_all(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 30, 120, true);
	press(&stage, "\n");
	assert_ptr_equal(view_top(&stage.dash), &view_function);
	compare(&stage, "function-120x30");
	press(&stage, "q");
	assert_ptr_equal(view_top(&stage.dash), &view_functions);
	close_stage(&stage);
}

static void test_the_latest_cold_start_is_drawn_where_it_has_room(void **state)
{
	json_t *root = json_load_file(SCREENS "coldstart.json", 0, NULL);
	struct stage stage;

	(void)state;
	open_stage(&stage, 44, 120, true);
	press(&stage, "\n");
	stage.dash.has_waterfall =
	    waterfall_find(root, NULL, &stage.dash.waterfall) != NULL;
	compare(&stage, "function-coldstart-120x44");
	close_stage(&stage);
	open_stage(&stage, 30, 120, true); /* the latest invocations go first */
	press(&stage, "\n");
	stage.dash.has_waterfall =
	    waterfall_find(root, NULL, &stage.dash.waterfall) != NULL;
	compare(&stage, "function-120x30");
	close_stage(&stage);
	json_decref(root);
}

static void test_the_page_of_a_function_tells_what_was_lost(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 24, 100, true);
	press(&stage, "j\n");
	assert_ptr_equal(view_top(&stage.dash), &view_function);
	compare(&stage, "function-lost-100x24");
	close_stage(&stage);
}

static void test_help_lists_the_keys_of_the_view_below(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 36, 80, true);
	press(&stage, "?");
	compare(&stage, "help-80x36");
	close_stage(&stage);
}

static void test_no_functions_yet_explains_what_to_do(void **state)
{
	static const char empty[] = "{\"functions\":[],\"host_count\":1}";
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 90, true);
	assert_int_equal(snapshot_parse(empty, strlen(empty), &stage.dash.snapshot), 0);
	assert_int_equal(dash_arrange(&stage.dash), 0);
	compare(&stage, "empty-90x20");
	close_stage(&stage);
}

static void test_a_quiet_window_says_that_there_were_functions(void **state)
{
	static const char quiet[] =
	    "{\"functions\":[],\"host_count\":1,\"known_count\":3,"
	    "\"known_last_seen\":\"2026-11-28T11:49:12.5Z\"}";
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 90, true);
	assert_int_equal(snapshot_parse(quiet, strlen(quiet), &stage.dash.snapshot), 0);
	assert_int_equal(dash_arrange(&stage.dash), 0);
	assert_true(find_text(&stage, "No invocations in this window.") > 0);
	assert_true(
	    find_text(&stage,
		"The last of 3 functions was seen at 2026-11-28T11:49:12 UTC.") > 0);
	assert_true(find_text(&stage, "w looks further back.") > 0);
	assert_true(find_text(&stage, "No functions seen yet.") < 0);
	close_stage(&stage);
}

static void test_more_functions_than_fit_are_said(void **state)
{
	static char body[5001 * sizeof("{\"function\":\"f\"},") + 64];
	int n = sprintf(body, "{\"function_count\":5001,\"functions\":[");
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 90, true);
	for (int i = 0; i < 5001; i++)
		n += sprintf(body + n, "%s{\"function\":\"f\"}", i ? "," : "");
	n += sprintf(body + n, "]}");
	assert_int_equal(snapshot_parse(body, (size_t)n, &stage.dash.snapshot), 0);
	assert_int_equal(dash_arrange(&stage.dash), 0);
	assert_int_equal(find_text(&stage, "5000 of 5001 functions"), 1);
	close_stage(&stage);
}

static void test_sorting_goes_through_the_columns_and_around(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 120, true);
	assert_int_equal(find_text(&stage, "COUNT\u25bc"), 3);
	press(&stage, "s");
	assert_int_equal(find_text(&stage, "COLD\u25bc"), 3);
	assert_int_equal(find_text(&stage, "resize"), 4);
	press(&stage, "r");
	assert_int_equal(stage.dash.cursor.at, 0);
	assert_int_equal(find_text(&stage, "resize"), 6);
	for (int i = 0; i < ORDER_COUNT; i++)
		press(&stage, "<");
	assert_int_equal(find_text(&stage, "COLD\u25b2"), 3);
	close_stage(&stage);
}

static void test_a_filter_shows_while_it_is_typed_and_escape_clears_it(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 120, true);
	press(&stage, "/RES");
	assert_int_equal(find_text(&stage, "resize"), 4);
	assert_int_equal(find_text(&stage, "checkout"), -1);
	press(&stage, "zzz");
	assert_true(find_text(&stage, "No function's name holds that text") > 0);
	press(&stage, "\033");
	assert_int_equal(find_text(&stage, "checkout"), 4);
	close_stage(&stage);
}

static void test_the_cursor_stays_with_its_function(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 120, true);
	press(&stage, "j");
	assert_string_equal(dash_selected(&stage.dash)->name, "resize");
	press(&stage, "s");
	assert_int_equal(stage.dash.cursor.at, 0);
	assert_string_equal(dash_selected(&stage.dash)->name, "resize");
	close_stage(&stage);
}

static void test_a_lost_collector_is_said_and_its_figures_turn_grey(void **state)
{
	struct stage stage;
	int row;

	(void)state;
	open_stage(&stage, 20, 120, true);
	stage.dash.lost_ms = 1;
	stage.dash.now_ms = 12001;
	stage.dash.fresh_ms = 1000;
	assert_int_equal(
	    find_text(&stage, "collector not reachable since 12 s, retrying"), 1);
	row = find_text(&stage, "checkout");
	assert_int_equal(row, 4);
	assert_int_equal(stage.canvas.cells[row * 120 + 1].style, STYLE_DIM);
	close_stage(&stage);
}

static void test_a_silent_agent_is_said(void **state)
{
	struct stage stage;
	struct agent_row *agent;

	(void)state;
	open_stage(&stage, 20, 120, true);
	agent = stage.dash.snapshot.agents.items;
	assert_int_equal(find_text(&stage, "silent"), -1);
	agent->silent = true;
	agent->age_s = 86;
	assert_int_equal(
	    find_text(&stage, " agent on box silent for 86 s   no alerts"), 2);
	close_stage(&stage);
}

static void test_keep_warm_asks_for_an_address_once(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage, 20, 120, true);
	press(&stage, "K");
	assert_true(find_text(&stage, "address that runs checkout: http://") > 0);
	press(&stage, "127.0.0.1:8080/\n");
	assert_true(stage.dash.deed.wanted);
	assert_string_equal(stage.dash.deed.method, "PUT");
	assert_string_equal(stage.dash.deed.path.text, "/v1/keepwarm/checkout");
	assert_string_equal(stage.dash.deed.body,
	    "{\"enabled\":true,\"ping_url\":\"http://127.0.0.1:8080/\"}");
	close_stage(&stage);
}

static void test_pings_that_do_not_arrive_are_said_where_keep_warm_is_shown(void **state)
{
	static const char answer[] =
	    "{\"keepwarm\":[{\"function\":\"checkout\",\"enabled\":true,\"state\":"
	    "\"learning\",\"ping_url\":\"http://h/\",\"pings\":2,\"why\":\"It pays.\","
	    "\"trouble\":\"The last ping failed: no such host.\"}]}";
	struct stage stage;
	json_t *root = rows_root(answer, strlen(answer));
	int row;

	(void)state;
	open_stage(&stage, 30, 120, true);
	assert_int_equal(rows_parse(root, &keepwarm_kind, &stage.dash.keepwarm), 0);
	json_decref(root);
	press(&stage, "\n");
	row = find_text(&stage, "The last ping failed: no such host.");
	assert_true(row > 0);
	assert_int_equal(find_text(&stage, "learning; 2 pings"), row);
	assert_int_equal(stage.canvas.cells[row * 120 + 30].style, STYLE_WARN);
	close_stage(&stage);
}

static void test_a_name_with_slashes_is_escaped_in_the_path(void **state)
{
	struct path path;

	(void)state;
	path_start(&path, "/v1/keepwarm");
	path_segment(&path, "../a b\033");
	path_query(&path, "since", "1h");
	path_query(&path, "none", NULL);
	assert_string_equal(path.text, "/v1/keepwarm/..%2Fa%20b%1B?since=1h");
	assert_false(path.overflow);
}

static void test_every_size_is_drawn_inside_its_canvas(void **state)
{
	static const char *const pages[] = {"", "\n", "a", "b", "?", "/x", "K"};
	struct stage stage;

	(void)state;
	for (size_t page = 0; page < sizeof(pages) / sizeof(pages[0]); page++) {
		open_stage(&stage, 5, 5, true);
		press(&stage, pages[page]);
		for (int rows = 1; rows < 40; rows += 3)
			for (int cols = 1; cols < 160; cols += 7) {
				assert_int_equal(
				    canvas_resize(&stage.canvas, rows, cols), 0);
				view_draw(&stage.dash, &stage.canvas);
			}
		close_stage(&stage);
	}
}

static void test_memory_that_is_not_known_has_no_bar(void **state)
{
	struct stage stage = {0};
	struct function_row *row;
	char line[4096];
	int at;

	(void)state;
	open_stage(&stage, 20, 140, true);
	row = stage.dash.snapshot.functions.items;
	at = find_text(&stage, row->name);
	assert_non_null(strstr(row_text(&stage, at, line, sizeof(line)), "\u2588"));
	row->memory_p95_mb = NAN;
	memset(row->trend, 0, sizeof(row->trend));
	at = find_text(&stage, row->name);
	assert_null(strstr(row_text(&stage, at, line, sizeof(line)), "\u2591"));
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_table_shows_every_column_at_120),
	    cmocka_unit_test(test_a_narrow_table_keeps_what_matters_most),
	    cmocka_unit_test(test_without_utf8_only_ascii_is_drawn),
	    cmocka_unit_test(test_the_page_of_a_function_tells_all),
	    cmocka_unit_test(test_the_latest_cold_start_is_drawn_where_it_has_room),
	    cmocka_unit_test(test_the_page_of_a_function_tells_what_was_lost),
	    cmocka_unit_test(test_help_lists_the_keys_of_the_view_below),
	    cmocka_unit_test(test_no_functions_yet_explains_what_to_do),
	    cmocka_unit_test(test_a_quiet_window_says_that_there_were_functions),
	    cmocka_unit_test(test_more_functions_than_fit_are_said),
	    cmocka_unit_test(test_sorting_goes_through_the_columns_and_around),
	    cmocka_unit_test(test_a_filter_shows_while_it_is_typed_and_escape_clears_it),
	    cmocka_unit_test(test_the_cursor_stays_with_its_function),
	    cmocka_unit_test(test_a_lost_collector_is_said_and_its_figures_turn_grey),
	    cmocka_unit_test(test_a_silent_agent_is_said),
	    cmocka_unit_test(test_keep_warm_asks_for_an_address_once),
	    cmocka_unit_test(
		test_pings_that_do_not_arrive_are_said_where_keep_warm_is_shown),
	    cmocka_unit_test(test_a_name_with_slashes_is_escaped_in_the_path),
	    cmocka_unit_test(test_memory_that_is_not_known_has_no_bar),
	    cmocka_unit_test(test_every_size_is_drawn_inside_its_canvas),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
