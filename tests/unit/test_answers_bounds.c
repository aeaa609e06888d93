/* Questions that would read more than they may end, and say so. */
#include "tests/unit/answers_place.h"

/* So many that reading them all is more than an answer may cost: batches count too. */
#define BATCHES (2000000 / (STORE_READ_BATCH + 1) + 200)
#define GROUP 4000 /* of a commit */

static void seal(struct batch_writer *w, const struct function *f, int64_t start_ns,
    uint64_t sequence, struct store_batch *out)
{
	struct batch_head head = {
	    .id = {.agent = {1}, .boot = {1}, .sequence = sequence}, .host = "h"};
	struct invocation inv = {.function = f,
	    .kind = KIND_HTTP,
	    .start_type = START_WARM,
	    .has = HAS_DURATION,
	    .start_ns = start_ns,
	    .duration_ns = 1000000,
	    .concurrency = 1};
	struct batch *batch;
	uint8_t *bytes;

	(void)snprintf(
	    inv.trace_id, sizeof(inv.trace_id), "t%llu", (unsigned long long)sequence);
	assert_int_equal(batch_writer_add(w, &inv), 0);
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &out->raw_bytes), 0);
	assert_int_equal(batch_decode(bytes, out->raw_bytes, &batch, NULL), 0);
	out->raw = bytes;
	out->batch = batch;
}

static void drop(struct store_batch *b)
{
	batch_free((struct batch *)b->batch);
	free((void *)b->raw);
	*b = (struct store_batch){0};
}

/* Batches of one invocation each, the first of another function than the rest. */
static void fill_up(struct place *place)
{
	static struct store_batch group[GROUP];
	const struct function first = {.platform = PLATFORM_GENERIC, .name = "first"};
	const struct function rest = {.platform = PLATFORM_GENERIC, .name = "rest"};
	struct batch_writer *w;
	size_t n = 0;

	assert_int_equal(batch_writer_new(&w), 0);
	for (uint64_t i = 1; i <= BATCHES; i++) {
		seal(w, i == 1 ? &first : &rest,
		    place->now_ns - 1800 * S + (int64_t)i * 1000000, i, &group[n++]);
		if (n < GROUP && i < BATCHES)
			continue;
		assert_int_equal(store_write(place->store, group, n), 0);
		while (n > 0)
			drop(&group[--n]);
	}
	batch_writer_free(w);
}

static json_t *told(struct place *place, const char *target)
{
	json_t *root = ask(place, target);
	const char *reached = json_string_value(json_object_get(root, "looked_back_to"));
	int64_t reached_ns = 0;

	assert_true(json_is_true(json_object_get(root, "truncated")));
	if (reached) {
		assert_int_equal(clock_parse_rfc3339(reached, &reached_ns), 0);
		assert_in_range(reached_ns, place->now_ns - 1800 * S, place->now_ns);
	}
	return root;
}

static void test_answers_end_and_say_how_far_they_came(void **state)
{
	struct place *place = *state;
	json_t *root;

	fill_up(place);
	root = told(place, "/v1/invocations?function=first");
	assert_int_equal(json_array_size(json_object_get(root, "invocations")), 0);
	json_decref(root);
	root = told(place, "/v1/traces/t1?since=30d");
	assert_non_null(json_object_get(root, "looked_back_to"));
	json_decref(root);
	root = told(place, "/v1/functions?by=host&since=30d");
	assert_non_null(json_object_get(root, "looked_back_to"));
	assert_in_range(
	    json_integer_value(json_object_get(root, "unattributed")), 1, BATCHES);
	json_decref(root);
	root = told(place, "/v1/functions?by=host&function=first");
	assert_int_equal(json_integer_value(json_object_get(root, "unattributed")), 1);
	json_decref(root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_answers_end_and_say_how_far_they_came, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
