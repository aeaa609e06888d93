#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/sqlite/engine.h"

int sqlite_document_put(
    struct sqlite *store, const char *kind, const char *name, const char *body)
{
	static const char sql[] =
	    "INSERT INTO document(kind, name, body) VALUES(:kind, :name, :body)"
	    " ON CONFLICT DO UPDATE SET body = :body";
	sqlite3_stmt *s;
	int err;

	if (strlen(body) > STORE_DOCUMENT_MAX_BYTES)
		return -E2BIG;
	err = sqlite_begin(store);
	if (err)
		return err;
	err = statement_get(store->writer, sql, &s);
	if (!err) {
		statement_bind_text(s, ":kind", kind);
		statement_bind_text(s, ":name", name);
		statement_bind_text(s, ":body", body);
		err = statement_run(s);
	}
	return sqlite_end(store, err);
}

int sqlite_document_get(
    struct sqlite *store, const char *kind, const char *name, char **body)
{
	static const char sql[] =
	    "SELECT body FROM document WHERE kind = :kind AND name = :name";
	struct connection *c;
	sqlite3_stmt *s;
	char *found = NULL;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err) {
		statement_bind_text(s, ":kind", kind);
		statement_bind_text(s, ":name", name);
		err = statement_step(s);
		if (err == 1)
			found = strdup(statement_text(s, 0));
		err = err < 0 ? err : err == 0 ? -ENOENT : found ? 0 : -ENOMEM;
	}
	pool_return(store->readers, c);
	if (!err)
		*body = found;
	return err;
}

int sqlite_document_delete(struct sqlite *store, const char *kind, const char *name)
{
	static const char sql[] =
	    "DELETE FROM document WHERE kind = :kind AND name = :name RETURNING name";
	sqlite3_stmt *s;
	int err = sqlite_begin(store);

	if (err)
		return err;
	err = statement_get(store->writer, sql, &s);
	if (!err) {
		statement_bind_text(s, ":kind", kind);
		statement_bind_text(s, ":name", name);
		err = statement_step(s);
		statement_reset(s);
		err = err < 0 ? err : err == 0 ? -ENOENT : 0;
	}
	return sqlite_end(store, err);
}

int sqlite_scan_documents(
    struct sqlite *store, const char *kind, store_document_visit visit, void *context)
{
	static const char sql[] =
	    "SELECT name, body FROM document WHERE kind = :kind ORDER BY name";
	struct connection *c;
	sqlite3_stmt *s;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	if (!err)
		statement_bind_text(s, ":kind", kind);
	while (!err && (err = statement_step(s)) == 1)
		err = visit(context, statement_text(s, 0), statement_text(s, 1));
	pool_return(store->readers, c);
	return err;
}
