/* The functions of a ledger are found by their name, in all their versions. */
#include "tests/unit/store_place.h"

#define NAMES 300 /* more than the dictionary has room for at first, several times */
#define VERSIONS 3

/* Every name in one version, once. */
static void put_version(struct store *store, int version)
{
	struct batch_head head = {.id.sequence = (uint64_t)version + 1, .host = "h1"};
	struct batch_writer *w;
	struct sealed s = {0};
	struct store_batch b = {0};

	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < NAMES; i++) {
		struct function f = function_named("");
		struct invocation inv = invocation_of(&f, T0 + version * MINUTE);

		(void)snprintf(f.name, sizeof(f.name), "f-%d", i);
		(void)snprintf(f.version, sizeof(f.version), "v%d", version);
		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &s.bytes, &s.bytes_n), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(s.bytes, s.bytes_n, &s.batch, NULL), 0);
	b = (struct store_batch){
	    .batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	assert_int_equal(store_write(store, &b, 1), 0);
	assert_true(b.is_new);
	drop(&s);
}

static void look_for_all(struct store *store, size_t versions)
{
	char name[16];

	for (int i = 0; i < NAMES; i++) {
		struct seen seen;

		(void)snprintf(name, sizeof(name), "f-%d", i);
		seen = rollups(store, T0, T0 + VERSIONS * MINUTE, name);
		assert_int_equal(seen.rows, versions);
		assert_int_equal(seen.invocations, versions);
		assert_true(seen.in_order);
	}
	assert_int_equal(rollups(store, T0, T0 + VERSIONS * MINUTE, "f-300").rows, 0);
	assert_int_equal(
	    rollups(store, T0, T0 + VERSIONS * MINUTE, NULL).rows, NAMES * versions);
}

static void test_a_name_is_found_in_all_its_versions(void **state)
{
	struct place *place = *state;

	for (int version = 0; version < VERSIONS; version++) {
		put_version(place->store, version);
		look_for_all(place->store, (size_t)version + 1);
	}
	reopen(place);
	look_for_all(place->store, VERSIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_name_is_found_in_all_its_versions, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
