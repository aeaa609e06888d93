/* A ledger of small batches, an hour later. */
#ifndef TESTS_UNIT_MERGE_SCENE_H
#define TESTS_UNIT_MERGE_SCENE_H

#include "tests/unit/store_place.h"

#include <sqlite3.h>

#include "store/sqlite/raw.h"
#include "tests/unit/sample.h"
#include "tests/unit/told.h"

#define HOUR (60 * MINUTE)
#define HOSTS 3

/* A statement on the raw file of the day, which is the only one. */
static inline sqlite3_stmt *prepare(const struct place *place, const char *text)
{
	char name[RAW_NAME_BYTES];
	char path[128];
	sqlite3_stmt *s;
	sqlite3 *db;

	raw_name(clock_wall_ns() / (24 * HOUR), name);
	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
	return s;
}

static inline void finish(sqlite3_stmt *s)
{
	sqlite3 *db = sqlite3_db_handle(s);

	assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The number that it tells, or 0. */
static inline int64_t ask(const struct place *place, const char *text)
{
	sqlite3_stmt *s = prepare(place, text);
	int64_t n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;

	finish(s);
	return n;
}

static inline int64_t rows_of(const struct place *place)
{
	return ask(place, "SELECT count(*) FROM raw");
}

static inline void fold_all(struct store *store, int64_t now_ns)
{
	int more;

	while ((more = store_fold(store, now_ns)) == 1)
		;
	assert_int_equal(more, 0);
}

/* As the collector does from one time to another, both included. */
static inline void fold_from_to(struct store *store, int64_t from_ns, int64_t to_ns)
{
	for (; from_ns < to_ns; from_ns += 5 * MINUTE)
		fold_all(store, from_ns);
	fold_all(store, to_ns);
}

/* What is there is ripe an hour after the first pass. */
static inline void merge(struct store *store, int64_t now_ns)
{
	fold_from_to(store, now_ns, now_ns + HOUR);
}

/* A batch of a host: one of the shapes of the sample, at their times. */
struct made_batch {
	struct batch_head head;
	struct function functions[2];
	struct invocation invocations[64];
	size_t n;
	struct batch_loss loss; /* n 0: none */
};

static inline void sample(uint64_t *seed, struct made_batch *b, unsigned int host,
    uint64_t sequence, int64_t start_ns)
{
	memset(b, 0, sizeof(*b));
	b->head.id.agent[0] = (uint8_t)(1 + host);
	b->head.id.boot[0] = (uint8_t)(sequence / 20);
	b->head.id.sequence = sequence;
	b->head.sent_ns = start_ns + CLOCK_NS_PER_S;
	(void)snprintf(b->head.host, sizeof(b->head.host), "host-%u", host);
	b->n = 1 + random_below(seed, 64);
	for (size_t i = 0; i < 2; i++)
		sample_function(seed, &b->functions[i], true);
	for (size_t i = 0; i < b->n; i++) {
		struct invocation *inv = &b->invocations[i];

		sample_invocation(seed, &b->functions[random_below(seed, 2)], inv, true);
		inv->start_ns = start_ns + (int64_t)random_below(seed, CLOCK_NS_PER_S);
		inv->duration_ns =
		    inv->has & HAS_DURATION ? random_below(seed, CLOCK_NS_PER_S) : 0;
	}
}

static inline void write_batch_of(struct store *store, const struct made_batch *b)
{
	struct store_batch stored = {0};
	struct batch_writer *w;
	struct batch *decoded;
	uint8_t *bytes;

	assert_int_equal(batch_writer_new(&w), 0);
	for (size_t i = 0; i < b->n; i++)
		assert_int_equal(batch_writer_add(w, &b->invocations[i]), 0);
	if (b->loss.n > 0)
		assert_int_equal(
		    batch_writer_lose(w, b->loss.function, b->loss.reason, b->loss.n), 0);
	assert_int_equal(batch_writer_seal(w, &b->head, &bytes, &stored.raw_bytes), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(bytes, stored.raw_bytes, &decoded, NULL), 0);
	stored.batch = decoded;
	stored.raw = bytes;
	assert_int_equal(store_write(store, &stored, 1), 0);
	assert_true(stored.is_new);
	batch_free(decoded);
	free(bytes);
}

/* n batches of each host, a second apart. */
static inline void write_hosts(
    struct store *store, uint64_t *seed, uint64_t first, uint64_t n)
{
	static struct made_batch b;

	for (uint64_t i = first; i < first + n; i++) {
		for (unsigned int host = 0; host < HOSTS; host++) {
			sample(seed, &b, host, i + 1, T0 + (int64_t)i * CLOCK_NS_PER_S);
			write_batch_of(store, &b);
		}
	}
}

#endif
