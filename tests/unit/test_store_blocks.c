/* Blocks of hours: their bytes, the rows that they lie in, and those of older collectors.
 */
#include "base/varint.h"
#include "model/rollup_pack.h"
#include "store/sqlite/sums/pieces.h"
#include "store/sqlite/sums/slice.h"
#include "tests/unit/store_place.h"

#include <sqlite3.h>
#include <zstd.h>

#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define BEGIN (T0 / DAY * DAY) /* a midnight */

static size_t fold(struct store *store, int64_t now_ns)
{
	size_t steps = 0;
	int more;

	while ((more = store_fold(store, now_ns)) == 1)
		steps++;
	assert_int_equal(more, 0);
	return steps;
}

static struct hour_tables *new_tables(void)
{
	struct hour_tables *tables = NULL;

	assert_int_equal(hour_tables_new(&tables), 0);
	return tables;
}

/* A minute's row of n warm invocations. */
static void make_row(struct slice_row *row, uint32_t minute, uint64_t n)
{
	struct rollup r = {.invocations = n, .duration_ns = n * 5000000};
	uint8_t *counters = NULL;
	uint8_t *histograms = NULL;

	r.by_status[STATUS_OK] = n;
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(histogram_add_ns(&r.warm, 5000000), 0);
	row->minute = (struct block_minute){.minute = minute};
	assert_int_equal(
	    rollup_pack_counters(&r, &counters, &row->minute.counters_bytes), 0);
	assert_int_equal(
	    rollup_pack_histograms(&r, &histograms, &row->minute.histograms_bytes), 0);
	row->minute.counters = counters;
	row->minute.histograms = histograms;
	rollup_done(&r);
}

static void free_row(struct slice_row *row)
{
	free((void *)row->minute.counters);
	free((void *)row->minute.histograms);
}

static void test_a_block_takes_no_other_bytes(void **state)
{
	struct hour_tables *tables = new_tables();
	struct slice_row rows[3];
	struct block_minute minutes[3];
	struct block_minute got[BLOCK_MINUTES];
	struct block_coder *coder;
	struct block_coder *other;
	struct rollup back = {0};
	const uint8_t *bytes;
	size_t n;
	size_t got_n;

	(void)state;
	assert_int_equal(block_coder_new(tables, &coder), 0);
	assert_int_equal(block_coder_new(tables, &other), 0);
	for (uint32_t i = 0; i < 3; i++) {
		make_row(&rows[i], i * 29 + 1, i + 7);
		minutes[i] = rows[i].minute;
	}
	assert_int_equal(block_encode(coder, minutes, 3, &bytes, &n), 0);
	assert_int_equal(block_decode(other, bytes, n, got, &got_n), 0);
	assert_int_equal(got_n, 3);
	for (size_t i = 0; i < 3; i++) {
		uint64_t invocations = 0;

		assert_int_equal(got[i].minute, minutes[i].minute);
		assert_int_equal(block_minute_invocations(&got[i], &invocations), 0);
		assert_int_equal(invocations, i + 7);
		assert_int_equal(block_minute_add(&got[i], &back), 0);
	}
	assert_int_equal(back.warm.count, 7 + 8 + 9);
	assert_int_equal(back.duration_ns, back.warm.count * 5000000);
	for (size_t size = 0; size < n; size++) {
		uint8_t *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy, bytes, size);
		assert_int_equal(block_decode(other, copy, size, got, &got_n), -EBADMSG);
		free(copy);
	}
	for (size_t i = 0; i < 3; i++)
		free_row(&rows[i]);
	rollup_done(&back);
	block_coder_free(coder);
	block_coder_free(other);
	hour_tables_free(tables);
}

/* A block of version 1, as collectors wrote them into a table of its own. */
static size_t encode_1(const struct slice_row *rows, size_t n, uint8_t *out, size_t size)
{
	uint8_t plain[4096];
	size_t at = 0;
	size_t head = 1;

	plain[at++] = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		plain[at++] = (uint8_t)rows[i].minute.minute;
		plain[at++] = (uint8_t)rows[i].minute.counters_bytes;
		plain[at++] = (uint8_t)rows[i].minute.histograms_bytes;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(
		    plain + at, rows[i].minute.counters, rows[i].minute.counters_bytes);
		at += rows[i].minute.counters_bytes;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(plain + at, rows[i].minute.histograms,
		    rows[i].minute.histograms_bytes);
		at += rows[i].minute.histograms_bytes;
	}
	out[0] = 1;
	head += (size_t)varint_encode(at, out + 1, size - 1);
	at = ZSTD_compress(out + head, size - head, plain, at, 1);
	assert_false(ZSTD_isError(at));
	return head + at;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	value = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return value;
}

static sqlite3 *open_main(const struct place *place)
{
	char path[128];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

/* What an older collector left is read, beside what is written now, and what comes late
 * to it moves it over. */
static void test_blocks_of_an_older_collector_are_read(void **state)
{
	struct place *place = *state;
	const struct plan_of_batch f = {1, 1, "f", BEGIN, 1000, 5};
	const struct plan_of_batch g = {1, 2, "g", BEGIN, 1000, 6};
	const struct plan_of_batch late = {1, 3, "f", BEGIN + MINUTE, 1000, 4};
	struct slice_row rows[2];
	uint8_t block[4096];
	sqlite3_stmt *s = NULL;
	sqlite3 *db;
	size_t n;

	make_row(&rows[0], 0, 5);
	make_row(&rows[1], 59, 9);
	n = encode_1(rows, 2, block, sizeof(block));
	free_row(&rows[0]);
	free_row(&rows[1]);
	assert_int_equal(put(place->store, &f), 1);
	assert_int_equal(put(place->store, &g), 1);
	assert_int_equal(fold(place->store, BEGIN + 5 * HOUR), 1);
	store_close(place->store);
	db = open_main(place); /* f's block becomes an old one */
	assert_int_equal(sqlite3_prepare_v2(db,
			     "INSERT INTO hour_block SELECT id >> 4, ?1 FROM hour_piece "
			     "WHERE (id >> 4 &"
			     " 0xffffff) = (SELECT id FROM function WHERE name = 'f')",
			     -1, &s, NULL),
	    SQLITE_OK);
	(void)sqlite3_bind_blob64(s, 1, block, n, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	(void)sqlite3_finalize(s);
	assert_int_equal(
	    sqlite3_exec(db,
		"DELETE FROM hour_piece WHERE id >> 4 IN (SELECT id FROM hour_block)",
		NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(ask(db, "SELECT count(*) FROM hour_block"), 1);
	assert_int_equal(ask(db, "SELECT count(*) FROM hour_piece"), 1);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_open(place->directory, &place->store), 0);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, "f").invocations, 14);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 20);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).rows, 3);
	assert_int_equal(put(place->store, &late), 1);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, NULL).invocations, 24);
	assert_int_equal(fold(place->store, BEGIN + 5 * HOUR), 1);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, "f").invocations, 18);
	assert_int_equal(rollups(place->store, 0, INT64_MAX, "f").rows, 3);
	store_close(place->store);
	db = open_main(place);
	assert_int_equal(ask(db, "SELECT count(*) FROM hour_block"), 0);
	assert_int_equal(ask(db, "SELECT count(*) FROM hour_piece"), 2);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

/* A block larger than a piece comes back, and so does one that grew smaller. */
static void test_a_block_lies_in_pieces(void **state)
{
	static const size_t sizes[] = {1, 999, 1000, 1001, 4321, 300000, 17, 2500};
	struct place *place = *state;
	struct connection *c;
	struct pieces pieces = {0};
	uint8_t *bytes = malloc(300000);
	char path[128];

	assert_non_null(bytes);
	store_close(place->store);
	(void)snprintf(path, sizeof(path), "%s/main.db", place->directory);
	assert_int_equal(connection_open(path, CONNECTION_WRITE, &c), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const uint8_t *got = NULL;
		size_t got_n = 0;
		int64_t key = 0;

		for (size_t k = 0; k < sizes[i]; k++)
			bytes[k] = (uint8_t)(k * 7 + i);
		assert_int_equal(pieces_write(c, 5, bytes, sizes[i]), 0);
		assert_int_equal(pieces_write(c, 6, bytes, 1), 0);
		assert_int_equal(pieces_find(c, 3, 9, &key), 1);
		assert_int_equal(key, 5);
		assert_int_equal(pieces_begin(&pieces, c, 3, 9), 0);
		assert_int_equal(pieces_next(&pieces, &key, &got, &got_n), 1);
		assert_int_equal(key, 5);
		assert_int_equal(got_n, sizes[i]);
		assert_memory_equal(got, bytes, got_n);
		assert_int_equal(pieces_next(&pieces, &key, &got, &got_n), 1);
		assert_int_equal(key, 6);
		assert_int_equal(pieces_next(&pieces, &key, &got, &got_n), 0);
		pieces_end(&pieces);
	}
	assert_int_equal(pieces_expire(c, 6), 1);
	assert_int_equal(pieces_expire(c, 6), 0);
	assert_int_equal(pieces_find(c, 3, 6, &(int64_t){0}), 0);
	assert_int_equal(pieces_find(c, 3, 9, &(int64_t){0}), 1);
	pieces_done(&pieces);
	connection_close(c);
	free(bytes);
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_block_takes_no_other_bytes),
	    TEST(test_blocks_of_an_older_collector_are_read),
	    TEST(test_a_block_lies_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
