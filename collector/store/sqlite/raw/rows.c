#include "store/sqlite/raw/rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct row {
	struct batch *batch;
	size_t bytes; /* of its body */
	int64_t first_ns;
	int64_t last_ns;
};

struct rows {
	struct row row[RAW_ROWS_MAX];
	size_t n;
};

#define INTO_RAW                                                                         \
	" INTO raw(id, agent, boot, sequence, host, n, first_ns, last_ns, body)"         \
	" VALUES(:id, :agent, :boot, :sequence, :host, :n, :first, :last, :body)"

int raw_row_insert(struct connection *file, const struct raw_row *row, bool unless_known)
{
	static const char sql[] = "INSERT" INTO_RAW;
	static const char unless_known_sql[] = "INSERT OR IGNORE" INTO_RAW;
	const struct batch_head *head = row->head;
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(file, unless_known ? unless_known_sql : sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", row->id);
	statement_bind_blob(s, ":agent", head->id.agent, sizeof(head->id.agent));
	statement_bind_blob(s, ":boot", head->id.boot, sizeof(head->id.boot));
	statement_bind(s, ":sequence", (int64_t)head->id.sequence);
	statement_bind_text(s, ":host", head->host);
	statement_bind(s, ":n", (int64_t)row->n);
	statement_bind(s, ":first", row->first_ns);
	statement_bind(s, ":last", row->last_ns);
	statement_bind_blob(s, ":body", row->body, row->body_bytes);
	return statement_run(s);
}

/* --- several become one ----------------------------------------------------------------
 */

static void cleanup_rows(struct rows *const *rows)
{
	for (size_t i = 0; *rows && i < (*rows)->n; i++)
		batch_free((*rows)->row[i].batch);
	free(*rows);
}

/* Whether a batch may be coded again, behind those that are there. */
static bool goes_with(const struct rows *rows, const struct batch *batch)
{
	const struct batch_head *first = rows->n ? &rows->row[0].batch->head : NULL;

	return !batch->is_newer &&
	       (!first || (memcmp(first->id.agent, batch->head.id.agent,
			       sizeof(first->id.agent)) == 0 &&
			      strcmp(first->host, batch->head.host) == 0));
}

/* 1: read; 0: it does not go with the others; or an error. */
static int read_row(struct connection *file, struct rows *rows, int64_t id)
{
	static const char sql[] =
	    "SELECT body, first_ns, last_ns FROM raw WHERE id = :id";
	struct row *row = &rows->row[rows->n];
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(file, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", id);
	err = statement_step(s);
	if (err != 1)
		return err;
	*row = (struct row){.bytes = (size_t)sqlite3_column_bytes(s, 0),
	    .first_ns = sqlite3_column_int64(s, 1),
	    .last_ns = sqlite3_column_int64(s, 2)};
	err = batch_decode(sqlite3_column_blob(s, 0), row->bytes, &row->batch, NULL);
	if (err) /* who reads it says what is wrong with it */
		return err == -ENOMEM ? err : 0;
	if (goes_with(rows, row->batch)) {
		rows->n++;
		return 1;
	}
	batch_free(row->batch);
	return 0;
}

static int add(struct batch_writer *writer, const struct batch *batch)
{
	int err = 0;

	for (size_t i = 0; !err && i < batch->invocations_n; i++)
		err = batch_writer_add(writer, &batch->invocations[i]);
	for (size_t i = 0; !err && i < batch->losses_n; i++) {
		const struct batch_loss *loss = &batch->losses[i];

		err = batch_writer_lose(writer, loss->function, loss->reason, loss->n);
	}
	return err;
}

/* How many of n rows that are too many for the wire may go together: their bodies beside
 * each other are not shorter than one of all of them. */
static size_t count_fitting(const struct rows *rows, size_t n)
{
	size_t bytes = 0;
	size_t fit = 0;

	while (fit + 1 < n && (bytes += rows->row[fit].bytes) <= BATCH_MAX_BYTES)
		fit++;
	return fit ? fit : 1;
}

/* The first n rows under the head of the last one, which has the latest figures of the
 * host. 0; the number of rows that fit, when that is less than n; or an error. */
static int code(const struct rows *rows, size_t n, struct batch_writer *writer,
    uint8_t **out, size_t *bytes)
{
	size_t added = 0;
	int sealed;
	int err = 0;

	while (added < n && !err) {
		err = add(writer, rows->row[added].batch);
		added += !err;
	}
	sealed = batch_writer_seal(writer, &rows->row[n - 1].batch->head, out, bytes);
	if (sealed == -EMSGSIZE)
		return (int)count_fitting(rows, added);
	if (!err || sealed)
		return sealed;
	free(*out);
	*out = NULL;
	return err != -ENOSPC ? err : added ? (int)added : 1;
}

/* Whether the bytes hold as much as the first n rows, and are fewer. */
static bool is_better(
    const struct rows *rows, size_t n, const uint8_t *bytes, size_t bytes_n)
{
	struct batch *batch;
	size_t invocations_n = 0;
	size_t losses_n = 0;
	size_t bytes_before = 0;
	bool is_whole;

	for (size_t i = 0; i < n; i++) {
		invocations_n += rows->row[i].batch->invocations_n;
		losses_n += rows->row[i].batch->losses_n;
		bytes_before += rows->row[i].bytes;
	}
	if (bytes_n >= bytes_before || batch_decode(bytes, bytes_n, &batch, NULL) < 0)
		return false;
	is_whole = batch->invocations_n == invocations_n && batch->losses_n == losses_n;
	batch_free(batch);
	return is_whole;
}

static int delete_row(struct connection *file, int64_t id)
{
	static const char sql[] = "DELETE FROM raw WHERE id = :id";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(file, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":id", id);
	return statement_run(s);
}

static int replace(struct connection *file, const struct rows *rows, size_t n,
    const int64_t *ids, struct raw_row *merged)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		const struct row *row = &rows->row[i];

		merged->n += row->batch->invocations_n;
		if (row->first_ns < merged->first_ns)
			merged->first_ns = row->first_ns;
		if (row->last_ns > merged->last_ns)
			merged->last_ns = row->last_ns;
		err = delete_row(file, ids[i]);
	}
	return err ? err : raw_row_insert(file, merged, false);
}

ssize_t raw_rows_merge(
    struct connection *file, struct batch_writer *writer, const int64_t *ids, size_t n)
{
	AUTO(rows) struct rows *rows = malloc(sizeof(*rows));
	AUTO(free) uint8_t *bytes = NULL;
	size_t bytes_n = 0;
	size_t fit;
	int err = rows ? 1 : -ENOMEM;

	if (rows)
		rows->n = 0;
	for (size_t i = 0; err == 1 && i < n && i < RAW_ROWS_MAX; i++)
		err = read_row(file, rows, ids[i]);
	if (err < 0)
		return err;
	fit = rows->n;
	do {
		if (fit < 2)
			return 1;
		err = code(rows, fit, writer, &bytes, &bytes_n);
		if (err < 0)
			return err;
		if (err > 0)
			fit = (size_t)err;
	} while (err > 0);
	if (is_better(rows, fit, bytes, bytes_n)) {
		struct raw_row merged = {.id = ids[0],
		    .head = &rows->row[fit - 1].batch->head,
		    .first_ns = INT64_MAX,
		    .last_ns = INT64_MIN,
		    .body = bytes,
		    .body_bytes = bytes_n};

		err = replace(file, rows, fit, ids, &merged);
	}
	return err ? err : (ssize_t)fit;
}
