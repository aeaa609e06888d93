#include "store/sqlite/imported.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite/engine.h"

#define SAME_S 29
#define DAY_S 86400
#define EXPIRE_ROWS 20000 /* a step, so that it never blocks for long */

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < n; i++) /* FNV-1a */
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* What tells it from every other: its id; else its span's; else its figures. The version
 * is left out: not every export has it. */
static int64_t hash_of(const struct invocation *inv, uint64_t function_hash)
{
	uint64_t hash = function_hash;

	if (inv->request_id[0]) {
		hash = mix(hash, inv->request_id, strlen(inv->request_id));
	} else {
		hash = mix(hash, inv->trace_id, strlen(inv->trace_id));
		hash = mix(hash, &inv->start_ns, sizeof(inv->start_ns));
		hash = mix(hash, &inv->duration_ns, sizeof(inv->duration_ns));
	}
	return (int64_t)(hash ^ hash >> 31);
}

static int find(struct connection *c, int64_t day, int64_t hash, int64_t start_s)
{
	static const char sql[] =
	    "SELECT 1 FROM imported WHERE day = :day AND hash = :hash"
	    " AND start_s BETWEEN :from AND :to LIMIT 1";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":day", day);
	statement_bind(s, ":hash", hash);
	statement_bind(s, ":from", start_s - SAME_S);
	statement_bind(s, ":to", start_s + SAME_S);
	return statement_step(s);
}

static int add(struct connection *c, int64_t day, int64_t hash, int64_t start_s)
{
	static const char sql[] =
	    "INSERT OR IGNORE INTO imported(day, hash, start_s) VALUES(:day, :hash, :s)";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":day", day);
	statement_bind(s, ":hash", hash);
	statement_bind(s, ":s", start_s);
	return statement_run(s);
}

/* 1: it was there already; 0: it is noted now; or store_errno(). */
static int note(struct connection *c, int64_t hash, int64_t start_s)
{
	int64_t day = start_s / DAY_S;
	int64_t first = (start_s - SAME_S) / DAY_S;
	int64_t last = (start_s + SAME_S) / DAY_S;
	int found = 0;

	for (int64_t d = first; !found && d <= last; d++)
		found = find(c, d, hash, start_s);
	return found ? found : add(c, day, hash, start_s);
}

static uint64_t hash_without_version(const struct function *function)
{
	struct function any = *function;

	any.version[0] = '\0';
	return function_hash(&any);
}

int imported_take(struct connection *c, struct store_batch *batch)
{
	struct batch *b = batch->imported;
	AUTO(free) uint64_t *hashes = calloc(b->functions_n + 1, sizeof(*hashes));
	AUTO(free) struct invocation *known = NULL;
	size_t n = b->invocations_n;
	size_t kept = 0;
	int err = 0;

	if (!hashes)
		return -ENOMEM;
	for (size_t i = 0; i < b->functions_n; i++)
		hashes[i] = hash_without_version(&b->functions[i]);
	known = calloc(n + 1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) { /* after an error all others are kept */
		const struct invocation inv = b->invocations[i];
		int64_t hash = hash_of(&inv, hashes[inv.function - b->functions]);
		int found = err ? 0 : note(c, hash, inv.start_ns / CLOCK_NS_PER_S);

		if (found == 1)
			known[i - kept] = inv;
		else
			b->invocations[kept++] = inv;
		if (found < 0)
			err = found;
	}
	memcpy(b->invocations + kept, known, (n - kept) * sizeof(*known));
	if (err)
		return err;
	batch->known_n = n - kept;
	b->invocations_n = kept;
	return 0;
}

void imported_restore(struct store_batch *batch)
{
	if (batch->imported)
		batch->imported->invocations_n += batch->known_n;
	batch->known_n = 0;
}

int imported_encode(const struct batch *batch, uint8_t **out, size_t *out_bytes)
{
	struct batch_writer *w = NULL;
	int err = batch_writer_new(&w);

	for (size_t i = 0; !err && i < batch->invocations_n; i++)
		err = batch_writer_add(w, &batch->invocations[i]);
	if (!err)
		err = batch_writer_seal(w, &batch->head, out, out_bytes);
	batch_writer_free(w);
	return err;
}

int imported_expire(struct connection *c, int64_t before_day)
{
	static const char sql[] =
	    "DELETE FROM imported WHERE (day, hash, start_s) IN (SELECT day, hash,"
	    " start_s FROM imported WHERE day < :before LIMIT :rows)";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":before", before_day);
	statement_bind(s, ":rows", EXPIRE_ROWS);
	err = statement_step(s);
	return err ? err : sqlite3_changes(sqlite3_db_handle(s)) == EXPIRE_ROWS;
}
