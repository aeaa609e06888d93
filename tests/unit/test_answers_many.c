/* Answers about more functions than are read at once. */
#include "tests/unit/answers_place.h"
#include "tests/unit/random.h"

#define MANY 230 /* ids rise as they come, names do not */
#define MS 1000000LL

static const char *name_of(int i, char name[16])
{
	(void)snprintf(name, 16, "f%03d", i * 7 % MANY);
	return name;
}

/* Up to four invocations of each within two windows of ten minutes; some have two
 * versions, of some all lie in one window. */
static void fill_many(const struct place *place)
{
	uint64_t random = 1;
	char *lines = NULL;
	size_t n;
	FILE *f = open_memstream(&lines, &n);

	for (int i = 0; i < 4 * MANY; i++) {
		char start[CLOCK_RFC3339_BYTES];
		char name[16];
		int64_t minutes = 5 + 10 * (int64_t)random_below(&random, 2);

		clock_format_rfc3339(
		    (place->now_ns / (60 * S) - minutes) * 60 * S + i * MS, start);
		(void)fprintf(f,
		    "{\"function\":\"%s\",\"version\":\"%d\",\"start\":\"%s\"" LAMBDA
		    "\"duration_ms\":%d,\"status\":\"%s\"%s}\n",
		    name_of(i % MANY, name), i % 3 == 0, start,
		    10 + 10 * (int)random_below(&random, 20),
		    random_below(&random, 4) ? "ok" : "error",
		    random_below(&random, 4) ? "" : ",\"cold\":true,\"init_ms\":200");
	}
	assert_int_equal(fclose(f), 0);
	expect_status(raw_send(place->port, "POST", "/v1/invocations",
			  "Content-Type: application/x-ndjson\r\n", lines, n),
	    200);
	free(lines);
}

/* A question over the same time whenever it is asked. */
static const char *question(const struct place *place, const char *path, int minutes,
    const char *more, char target[192])
{
	char since[CLOCK_RFC3339_BYTES];
	char until[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(place->now_ns - 60 * S * minutes, since);
	clock_format_rfc3339(place->now_ns, until);
	(void)snprintf(target, 192, "%s?since=%s&until=%s%s", path, since, until, more);
	return target;
}

static const char *member(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

/* By name, then version. */
static int compare_rows(const json_t *a, const json_t *b)
{
	int order = strcmp(member(a, "function"), member(b, "function"));

	return order ? order : strcmp(member(a, "version"), member(b, "version"));
}

/* By the figure, the larger one first, when they differ. */
static int compare_figures(const json_t *a, const json_t *b, const char *key)
{
	double left = json_number_value(json_object_get(a, key));
	double right = json_number_value(json_object_get(b, key));

	return (left < right) - (left > right);
}

static void expect_order(const json_t *list, const char *key, int sign)
{
	for (size_t i = 1; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i - 1);
		const json_t *b = json_array_get(list, i);
		int order = key ? sign * compare_figures(a, b, key) : 0;

		assert_true(order < 0 || (order == 0 && compare_rows(a, b) < 0));
	}
}

static const json_t *list_of(const json_t *root)
{
	const json_t *list = json_object_get(root, "functions");

	assert_true(json_is_array(list));
	return list;
}

/* The first rows of the whole list, whatever came first. */
static void expect_leaders(const struct place *place, const char *target, size_t limit)
{
	char limited[224];
	json_t *whole = ask(place, target);
	json_t *some;

	(void)snprintf(limited, sizeof(limited), "%s&limit=%zu", target, limit);
	some = ask(place, limited);
	assert_true(json_array_size(list_of(whole)) > MANY);
	assert_int_equal(json_array_size(list_of(some)), limit);
	for (size_t i = 0; i < limit; i++) {
		json_t *a = json_array_get(list_of(whole), i);
		json_t *b = json_array_get(list_of(some), i);

		(void)json_object_del(a, "rate"); /* as time goes by */
		(void)json_object_del(b, "rate");
		assert_true(json_equal(a, b));
	}
	json_decref(whole);
	json_decref(some);
}

static void test_leaders_are_those_of_the_whole_list(void **state)
{
	static const char *const queries[] = {"", "&sort=name&reverse=1", "&sort=p95",
	    "&sort=errors&reverse=1", "&sort=invocations", "&sort=init", "&sort=cost",
	    "&sort=cold&reverse=1", "&sort=platform"};
	struct place *place = *state;
	char target[192];

	fill_many(place);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		(void)question(place, "/v1/functions", 60, queries[i], target);
		expect_leaders(place, target, 1);
		expect_leaders(place, target, 100);
	}
	expect_leaders(
	    place, question(place, "/v1/diff", 10, "&against=10m", target), 70);
}

static void test_the_whole_list_is_in_its_order(void **state)
{
	struct place *place = *state;
	json_t *root;

	fill_many(place);
	root = ask(place, "/v1/functions?since=1h");
	expect_order(list_of(root), NULL, 0);
	assert_int_equal(json_integer_value(json_object_get(root, "function_count")),
	    json_array_size(list_of(root)));
	json_decref(root);
	root = ask(place, "/v1/functions?since=1h&sort=invocations");
	expect_order(list_of(root), "invocations", 1);
	json_decref(root);
	root = ask(place, "/v1/functions?since=1h&sort=errors&reverse=1");
	expect_order(list_of(root), "errors", -1);
	json_decref(root);
	root = ask(place, "/v1/diff?since=10m&against=10m");
	expect_order(list_of(root), NULL, 0);
	json_decref(root);
}

/* Among many or alone, by one question or another. */
static void test_rows_tell_what_the_function_alone_tells(void **state)
{
	struct place *place = *state;
	char target[192];

	fill_many(place);
	for (int t = 0; t < 2; t++) {
		const char *path = t ? "/v1/diff" : "/v1/functions";
		int minutes = t ? 10 : 60;
		json_t *root =
		    ask(place, question(place, path, minutes, "&against=10m", target));

		for (size_t i = 0; i < json_array_size(list_of(root)); i += 31) {
			json_t *row = json_array_get(list_of(root), i);
			char more[64];
			json_t *alone;
			size_t k = 0;

			(void)snprintf(more, sizeof(more), "&against=10m&function=%s",
			    member(row, "function"));
			alone = ask(place, question(place, path, minutes, more, target));
			while (k < json_array_size(list_of(alone)) &&
			       compare_rows(row, json_array_get(list_of(alone), k)) != 0)
				k++;
			assert_true(k < json_array_size(list_of(alone)));
			(void)json_object_del(row, "rate");
			(void)json_object_del(json_array_get(list_of(alone), k), "rate");
			assert_true(json_equal(row, json_array_get(list_of(alone), k)));
			json_decref(alone);
		}
		json_decref(root);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_leaders_are_those_of_the_whole_list),
	    TEST(test_the_whole_list_is_in_its_order),
	    TEST(test_rows_tell_what_the_function_alone_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
