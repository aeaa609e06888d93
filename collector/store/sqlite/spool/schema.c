#include "store/sqlite/spool/schema.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "store/sqlite/engine.h"

/* Laid over the ledger's own tables, which know nothing of it. Not INSERT OR REPLACE:
 * what fires a trigger decides on its conflicts too. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS outgoing_source(id INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS outgoing_function(version INTEGER PRIMARY KEY"
    " AUTOINCREMENT, id INTEGER NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE IF NOT EXISTS outgoing_minute(version INTEGER PRIMARY KEY"
    " AUTOINCREMENT, id INTEGER NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE IF NOT EXISTS outgoing_agent(version INTEGER PRIMARY KEY"
    " AUTOINCREMENT, agent BLOB NOT NULL, boot BLOB NOT NULL, UNIQUE(agent, boot))"
    " STRICT;"
    /* block_row: where the block ends that is being sent; sent_row when none is */
    "CREATE TABLE IF NOT EXISTS outgoing_raw(day INTEGER PRIMARY KEY,"
    " sent_row INTEGER NOT NULL, block_row INTEGER NOT NULL) STRICT;"
    /* of a day that was forgotten: it may begin anew, when the clock goes back */
    "DELETE FROM outgoing_raw WHERE day NOT IN (SELECT day FROM raw_day);"

    "CREATE TRIGGER IF NOT EXISTS outgoing_raw_gone AFTER DELETE ON raw_day BEGIN"
    " DELETE FROM outgoing_raw WHERE day = OLD.day; END;"
    /* ids as those of minutes, with the hour's and the day's number */
    "CREATE TABLE IF NOT EXISTS outgoing_hour(version INTEGER PRIMARY KEY"
    " AUTOINCREMENT, id INTEGER NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE IF NOT EXISTS outgoing_day(version INTEGER PRIMARY KEY"
    " AUTOINCREMENT, id INTEGER NOT NULL UNIQUE) STRICT;"

    "CREATE TRIGGER IF NOT EXISTS outgoing_function_new AFTER INSERT ON function BEGIN"
    " DELETE FROM outgoing_function WHERE id = NEW.id;"
    " INSERT INTO outgoing_function(id) VALUES(NEW.id); END;"
    "CREATE TRIGGER IF NOT EXISTS outgoing_function_changed AFTER UPDATE ON function "
    "BEGIN"
    " DELETE FROM outgoing_function WHERE id = NEW.id;"
    " INSERT INTO outgoing_function(id) VALUES(NEW.id); END;"
    "CREATE TRIGGER IF NOT EXISTS outgoing_minute_put AFTER INSERT ON minute_counters "
    "BEGIN"
    " DELETE FROM outgoing_minute WHERE id = NEW.id;"
    " INSERT INTO outgoing_minute(id) VALUES(NEW.id); END;"
    "CREATE TRIGGER IF NOT EXISTS outgoing_agent_new AFTER INSERT ON agent BEGIN"
    " DELETE FROM outgoing_agent WHERE agent = NEW.agent AND boot = NEW.boot;"
    " INSERT INTO outgoing_agent(agent, boot) VALUES(NEW.agent, NEW.boot); END;"
    "CREATE TRIGGER IF NOT EXISTS outgoing_agent_changed AFTER UPDATE ON agent BEGIN"
    " DELETE FROM outgoing_agent WHERE agent = NEW.agent AND boot = NEW.boot;"
    " INSERT INTO outgoing_agent(agent, boot) VALUES(NEW.agent, NEW.boot); END;";

/* A spool from before there were sums has minutes of which none were made. */
static int mark_hours(struct connection *c)
{
	static const char sql[] =
	    "INSERT OR IGNORE INTO outgoing_hour(id) SELECT DISTINCT"
	    " ((id >> 24) / 60 << 24) | (id & 16777215) FROM minute_counters"
	    " WHERE NOT EXISTS(SELECT 1 FROM sqlite_sequence WHERE name ="
	    " 'outgoing_hour')";

	return connection_run(c, sql);
}

static int find_source(struct connection *c, uint64_t *source)
{
	static const char sql[] = "SELECT id FROM outgoing_source";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (!err)
		err = statement_step(s);
	if (err == 1)
		*source = (uint64_t)sqlite3_column_int64(s, 0);
	return err;
}

static int make_source(struct connection *c, uint64_t *source)
{
	static const char sql[] = "INSERT INTO outgoing_source(id) VALUES(:id)";
	AUTO(statement) sqlite3_stmt *s = NULL;
	uint64_t id;
	int err = getrandom(&id, sizeof(id), 0) < 0 ? -errno : 0;

	if (!err)
		err = statement_get(c, sql, &s);
	if (err)
		return err;
	statement_bind(s, ":id", (int64_t)id);
	err = statement_run(s);
	if (!err)
		*source = id;
	return err;
}

static int attach(struct connection *c, const char *older)
{
	static const char sql[] = "ATTACH :path AS older";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	statement_bind_text(s, ":path", older);
	return statement_run(s);
}

/* The source, the batch ids and what was imported in one transaction: a spool has all or
 * none. */
static int begin_spool(struct sqlite *ledger, bool attached, uint64_t *source)
{
	static const char ids[] =
	    "INSERT OR IGNORE INTO batch_range SELECT * FROM older.batch_range";
	static const char imported[] =
	    "INSERT OR IGNORE INTO imported SELECT * FROM older.imported";
	int err = sqlite_begin(ledger);

	if (err)
		return err;
	err = make_source(ledger->writer, source);
	if (!err && attached)
		err = connection_run(ledger->writer, ids);
	if (!err && attached)
		err = connection_run(ledger->writer, imported);
	return sqlite_end(ledger, err);
}

int sqlite_spool_schema_make(struct sqlite *ledger, const char *older, uint64_t *source)
{
	struct connection *c = ledger->writer;
	bool attached = older && access(older, F_OK) == 0;
	int err = connection_run(c, schema);
	int found;

	if (err)
		return err;
	err = mark_hours(c);
	if (err)
		return err;
	found = find_source(c, source);
	if (found)
		return found < 0 ? found : 0;
	if (attached) /* not inside a transaction */
		err = attach(c, older);
	if (!err)
		err = begin_spool(ledger, attached, source);
	return err || !attached ? err : connection_run(c, "DETACH older");
}
