/* Answers of a collector, friendly and hostile, as structs. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/acts.h"
#include "tui/detail.h"
#include "tui/order.h"
#include "tui/snapshot.h"

static const char whole[] =
    "{\"window\":{\"since\":\"2026-11-22T07:00:00Z\",\"until\":\"2026-11-22T08:00:00Z\"},"
    "\"ledger\":{\"seen\":12,\"delivered\":11,\"lost\":1},\"host_count\":1,"
    "\"agents\":[{\"host\":\"box\",\"age_s\":1.5}],\"functions\":[{\"function\":"
    "\"hello\","
    "\"platform\":\"aws-lambda\",\"version\":\"$LATEST\",\"invocations\":10,\"cold\":2,"
    "\"cold_pct\":20.0,\"errors\":1,\"rate\":0.5,\"by_status\":{\"ok\":9,\"timeout\":1},"
    "\"duration_ms\":{\"p50\":1,\"p95\":2.5,\"p99\":3,\"max\":4},"
    "\"memory_mb\":{\"p95\":50.1,\"max\":60},\"cost_usd\":\"0.001234\",\"trend\":[1,2,-3]"
    "}]}";

static void test_a_whole_answer_is_read(void **state)
{
	struct snapshot snapshot = {0};
	const struct function_row *row;

	(void)state;
	assert_int_equal(snapshot_parse(whole, strlen(whole), &snapshot), 0);
	assert_int_equal(snapshot.functions.items_n, 1);
	assert_int_equal(snapshot.ledger.lost, 1);
	row = snapshot_find(&snapshot, "hello");
	assert_non_null(row);
	assert_int_equal(row->invocations, 10);
	assert_true(row->duration.p95 > 2.4 && row->duration.p95 < 2.6);
	assert_true(isnan(row->init.p95));
	assert_true(isnan(row->memory_limit_mb));
	assert_int_equal(row->errors_by[STATUS_TIMEOUT], 1);
	assert_true(row->has_cost);
	assert_true(row->cost.pico == 1234000000);
	assert_int_equal(row->trend[1], 2);
	assert_int_equal(row->trend[2], 0);
	snapshot_done(&snapshot);
}

static void test_every_prefix_of_an_answer_is_refused_and_changes_nothing(void **state)
{
	struct snapshot snapshot = {0};

	(void)state;
	for (size_t n = 0; n < strlen(whole); n++) {
		char *part = malloc(n + 1);

		assert_non_null(part);
		memcpy(part, whole, n);
		assert_int_equal(snapshot_parse(part, n, &snapshot), -EBADMSG);
		free(part);
	}
	assert_null(snapshot.functions.items);
}

static void test_wrong_types_are_unknown_and_names_are_bounded(void **state)
{
	struct snapshot snapshot = {0};
	char body[1024], name[400];
	const struct function_row *row;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(body, sizeof(body),
	    "{\"functions\":[7,{\"function\":\"%s\",\"invocations\":\"many\",\"cold\":-4,"
	    "\"duration_ms\":[],\"trend\":5,\"cost_usd\":{}},{\"function\":\"a\\u001b["
	    "31m\"}]}",
	    name);
	assert_int_equal(snapshot_parse(body, strlen(body), &snapshot), 0);
	assert_int_equal(snapshot.functions.items_n, 2);
	row = snapshot_at(&snapshot, 0);
	assert_int_equal(strlen(row->name), FUNCTION_NAME_BYTES - 1);
	assert_int_equal(row->invocations, 0);
	assert_int_equal(row->cold, 0);
	assert_true(isnan(row->duration.p95));
	assert_false(row->has_cost);
	assert_string_equal(snapshot_at(&snapshot, 1)->name, "a?[31m");
	snapshot_done(&snapshot);
}

static void test_an_answer_of_something_else_is_refused(void **state)
{
	static const char *const bodies[] = {
	    "[]", "{}", "null", "{\"functions\":{}}", "<html>", "\"functions\""};
	struct snapshot snapshot = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(
		    snapshot_parse(bodies[i], strlen(bodies[i]), &snapshot), -EBADMSG);
}

static struct rows parse(const char *body, const struct row_kind *kind)
{
	json_t *root = rows_root(body, strlen(body));
	struct rows rows = {0};

	assert_int_equal(rows_parse(root, kind, &rows), 0);
	json_decref(root);
	return rows;
}

static void test_rows_beyond_the_limit_are_cut_and_said(void **state)
{
	struct row_kind kind = alert_kind;
	struct rows rows;

	(void)state;
	kind.limit = 2;
	rows = parse("{\"alerts\":[{},{},{}]}", &kind);
	assert_int_equal(rows.items_n, 2);
	assert_true(rows.cut);
	rows_done(&rows);
}

static void test_budgets_and_alerts_list_their_channels(void **state)
{
	struct rows rows =
	    parse("{\"budgets\":[{\"name\":\"all\",\"limit_usd\":\"5.00\","
		  "\"thresholds\":[80,100],\"notify\":[{\"type\":\"slack\"},"
		  "{\"type\":\"webhook\"}]}]}",
		&budget_kind);
	const struct budget_row *budget = rows.items;
	const struct alert_row *alert;

	(void)state;
	assert_string_equal(budget->notify, "slack, webhook");
	assert_string_equal(budget->thresholds, "80%, 100%");
	assert_false(budget->has_forecast);
	rows_done(&rows);
	rows = parse("{\"alerts\":[{\"id\":7,\"deliveries\":[{\"channel\":\"slack\","
		     "\"state\":\"failed\",\"error\":\"404\"}]}]}",
	    &alert_kind);
	alert = rows.items;
	assert_string_equal(alert->id, "7");
	assert_string_equal(alert->delivery, "slack failed: 404");
	rows_done(&rows);
}

static void test_an_invocation_without_cold_is_neither_cold_nor_warm(void **state)
{
	struct rows rows = parse(
	    "{\"invocations\":[{\"status\":\"ok\"},{\"cold\":false}]}", &invocation_kind);
	const struct invocation_row *row = rows.items;

	(void)state;
	assert_false(row[0].start_known);
	assert_true(row[1].start_known);
	assert_false(row[1].cold);
	assert_true(isnan(row[0].duration_ms));
	rows_done(&rows);
}

static void test_orders_put_the_largest_first_and_the_unknown_last(void **state)
{
	static const struct function_row a = {.name = "a", .init = {.p95 = 1}};
	static const struct function_row b = {.name = "b", .init = {.p95 = 9}};
	static const struct function_row c = {.name = "c", .init = {.p95 = NAN}};
	const struct function_row *rows[] = {&c, &a, &b};

	(void)state;
	order_rows(rows, 3, ORDER_INIT, false);
	assert_ptr_equal(rows[0], &b);
	assert_ptr_equal(rows[2], &c);
	order_rows(rows, 3, ORDER_INIT, true);
	assert_ptr_equal(rows[0], &a);
	assert_ptr_equal(rows[2], &c);
	order_rows(rows, 3, ORDER_NAME, false);
	assert_ptr_equal(rows[0], &a);
	assert_int_equal(order_find("cost"), ORDER_COST);
	assert_int_equal(order_find("nothing"), ORDER_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_whole_answer_is_read),
	    cmocka_unit_test(
		test_every_prefix_of_an_answer_is_refused_and_changes_nothing),
	    cmocka_unit_test(test_wrong_types_are_unknown_and_names_are_bounded),
	    cmocka_unit_test(test_an_answer_of_something_else_is_refused),
	    cmocka_unit_test(test_rows_beyond_the_limit_are_cut_and_said),
	    cmocka_unit_test(test_budgets_and_alerts_list_their_channels),
	    cmocka_unit_test(test_an_invocation_without_cold_is_neither_cold_nor_warm),
	    cmocka_unit_test(test_orders_put_the_largest_first_and_the_unknown_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
