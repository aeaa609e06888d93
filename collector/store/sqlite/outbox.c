#include "store/sqlite/outbox.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/sqlite/engine.h"

int sqlite_outbox_add(struct sqlite *store, const struct store_delivery *delivery)
{
	static const char sql[] =
	    "INSERT INTO outbox(key, channel, target, body, created_ns, due_ns, attempts,"
	    " state) VALUES(:key, :channel, :target, :body, :created, :due, :attempts,"
	    " 'pending') ON CONFLICT DO NOTHING RETURNING id";
	sqlite3_stmt *s;
	int added = 0;
	int err = sqlite_begin(store);

	if (err)
		return err;
	err = statement_get(store->writer, sql, &s);
	if (!err) {
		statement_bind_text(s, ":key", delivery->key);
		statement_bind_text(s, ":channel", delivery->channel);
		statement_bind_text(s, ":target", delivery->target);
		statement_bind_text(s, ":body", delivery->body);
		statement_bind(s, ":created", delivery->created_ns);
		statement_bind(s, ":due", delivery->due_ns);
		statement_bind(s, ":attempts", delivery->attempts);
		added = statement_step(s);
		statement_reset(s);
		err = added < 0 ? added : 0;
	}
	err = sqlite_end(store, err);
	return err ? err : added ? 0 : 1;
}

static void read_delivery(sqlite3_stmt *s, struct store_delivery *delivery)
{
	*delivery = (struct store_delivery){.id = sqlite3_column_int64(s, 0),
	    .key = statement_text(s, 1),
	    .channel = statement_text(s, 2),
	    .target = statement_text(s, 3),
	    .body = statement_text(s, 4),
	    .created_ns = sqlite3_column_int64(s, 5),
	    .due_ns = sqlite3_column_int64(s, 6),
	    .attempts = sqlite3_column_int(s, 7)};
}

int sqlite_outbox_scan_due(
    struct sqlite *store, int64_t now_ns, store_delivery_visit visit, void *context)
{
	static const char sql[] =
	    "SELECT id, key, channel, target, body, created_ns, due_ns, attempts FROM "
	    "outbox"
	    " WHERE state = 'pending' AND due_ns <= :now ORDER BY due_ns";
	struct connection *c;
	struct store_delivery delivery;
	sqlite3_stmt *s;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		statement_bind(s, ":now", now_ns);
	while (!err && (err = statement_step(s)) == 1) {
		read_delivery(s, &delivery);
		err = visit(context, &delivery);
	}
	pool_return(store->readers, c);
	return err;
}

int sqlite_outbox_retry(
    struct sqlite *store, int64_t id, int64_t due_ns, const char *error)
{
	static const char sql[] =
	    "UPDATE outbox SET attempts = attempts + 1, due_ns = :due,"
	    " error = :error WHERE id = :id AND state = 'pending'";
	sqlite3_stmt *s;
	int err = sqlite_begin(store);

	if (err)
		return err;
	err = statement_get(store->writer, sql, &s);
	if (!err) {
		statement_bind(s, ":id", id);
		statement_bind(s, ":due", due_ns);
		statement_bind_text(s, ":error", error);
		err = statement_run(s);
	}
	return sqlite_end(store, err);
}

int sqlite_outbox_hurry(struct sqlite *store, int64_t due_ns)
{
	static const char sql[] =
	    "UPDATE outbox SET due_ns = :due WHERE state = 'pending' AND due_ns > :due";
	sqlite3_stmt *s;
	int err = sqlite_begin(store);

	if (err)
		return err;
	err = statement_get(store->writer, sql, &s);
	if (!err) {
		statement_bind(s, ":due", due_ns);
		err = statement_run(s);
	}
	return sqlite_end(store, err);
}

int sqlite_outbox_settle(
    struct sqlite *store, int64_t id, bool delivered, const char *error)
{
	static const char sql[] =
	    "UPDATE outbox SET attempts = attempts + 1, state = :state, error = :error,"
	    " settled_ns = :now WHERE id = :id AND state = 'pending'";
	sqlite3_stmt *s;
	int err = sqlite_begin(store);

	if (err)
		return err;
	err = statement_get(store->writer, sql, &s);
	if (!err) {
		statement_bind(s, ":id", id);
		statement_bind_text(s, ":state", delivered ? "delivered" : "given up");
		statement_bind_text(s, ":error", error);
		statement_bind(s, ":now", clock_wall_ns());
		err = statement_run(s);
	}
	return sqlite_end(store, err);
}

int sqlite_scan_outbox(
    struct sqlite *store, size_t limit, store_outbox_visit visit, void *context)
{
	static const char sql[] =
	    "SELECT id, key, channel, target, body, created_ns, due_ns, attempts, state,"
	    " error FROM outbox ORDER BY id DESC LIMIT :limit";
	struct connection *c;
	struct store_delivery delivery;
	sqlite3_stmt *s;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		statement_bind(s, ":limit", (int64_t)limit);
	while (!err && (err = statement_step(s)) == 1) {
		read_delivery(s, &delivery);
		err = visit(context, &delivery, statement_text(s, 8),
		    (const char *)sqlite3_column_text(s, 9));
	}
	pool_return(store->readers, c);
	return err;
}

int outbox_expire(struct connection *c, int64_t before_ns)
{
	static const char sql[] = "DELETE FROM outbox WHERE settled_ns < :before";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind(s, ":before", before_ns);
	return statement_run(s);
}
