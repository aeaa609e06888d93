/* Reading invocations: by start, then batch and place in it, so that a row that was sent
 * twice follows itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/clickhouse/engine.h"
#include "store/clickhouse/invocation_row.h"
#include "store/clickhouse/window.h"

struct walk {
	struct clickhouse *store;
	struct store_reading *reading;
	uint64_t read;
	const char *filter;
	const char *columns;
	store_invocation_visit visit;
	void *context;
	bool back;
	bool has_last; /* start, batch and row of the last one are known */
	struct invocation_row row;
	int64_t last_start_ns;
	uint64_t last_batch;
	uint16_t last_row;
	struct store_function named; /* the function of fn */
	uint64_t fn;
};

static int name_function(struct walk *walk)
{
	struct function *f = &walk->row.function;
	const struct function *named = &walk->named.function;
	int err = 0;

	if (walk->row.fn != walk->fn || !named->name[0]) {
		err = names_find(walk->store->names, walk->row.fn, &walk->named);
		walk->fn = walk->row.fn;
	}
	if (err)
		return err;
	f->platform = named->platform;
	(void)text_copy(f->name, sizeof(f->name), named->name);
	(void)text_copy(f->version, sizeof(f->version), named->version);
	return 0;
}

static int take(struct walk *walk)
{
	const struct invocation_row *row = &walk->row;
	int64_t start_ns = row->invocation.start_ns;
	int err;

	if (walk->has_last && start_ns == walk->last_start_ns &&
	    row->batch == walk->last_batch && row->row == walk->last_row)
		return 0; /* sent twice */
	if (walk->reading->most && walk->read++ >= walk->reading->most) {
		walk->reading->cut = true;
		walk->reading->reached_ns = start_ns;
		return 0;
	}
	walk->has_last = true;
	walk->last_start_ns = start_ns;
	walk->last_batch = row->batch;
	walk->last_row = row->row;
	err = name_function(walk);
	return err ? err : walk->visit(walk->context, &row->invocation, row->host);
}

/* Where a full page broke off: behind the last row. */
static char *behind(const struct walk *walk)
{
	const char *sign = walk->back ? "<" : ">";
	char *sql;

	if (!walk->has_last)
		return strdup("");
	if (asprintf(&sql,
		" AND (start_ns %s %" PRId64 " OR (start_ns = %" PRId64
		" AND (batch > %" PRIu64 " OR (batch = %" PRIu64 " AND row > %u))))",
		sign, walk->last_start_ns, walk->last_start_ns, walk->last_batch,
		walk->last_batch, (unsigned int)walk->last_row) < 0)
		return NULL;
	return sql;
}

static int read_page(struct walk *walk, const struct window *w, size_t *rows)
{
	AUTO(free) char *rest = behind(walk);
	AUTO(free) char *sql = NULL;
	AUTO(free) uint8_t *bytes = NULL;
	const char *within = w->until == INT64_MAX ? "<=" : "<";
	struct row_in in;
	size_t n = 0;
	int err;

	if (!rest ||
	    asprintf(&sql,
		"SELECT %s"
		" FROM invocations WHERE hour >= %" PRId64 " AND hour <= %" PRId64
		" AND start_ns >= %" PRId64 " AND start_ns %s %" PRId64
		"%s%s ORDER BY start_ns%s, batch, row LIMIT %d",
		walk->columns, invocation_row_hour(w->from),
		invocation_row_hour(w->until), w->from, within, w->until, rest,
		walk->filter, walk->back ? " DESC" : "", WINDOW_ROWS) < 0) {
		sql = NULL;
		return -ENOMEM;
	}
	err = link_select(walk->store->link, sql, &bytes, &n);
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	*rows = 0;
	while (!err && !walk->reading->cut && in.at < in.end) {
		err = invocation_row_get(&in, &walk->row) ? take(walk) : -EUCLEAN;
		(*rows)++;
	}
	return err;
}

static int run(struct walk *walk, struct window *w)
{
	uint64_t sum;
	int err = 0;

	do {
		size_t rows = 0;

		sum = 0;
		do {
			err = read_page(walk, w, &rows);
			sum += rows;
		} while (!err && !walk->reading->cut && rows == WINDOW_ROWS);
	} while (!err && !walk->reading->cut && window_next(w, sum));
	return err;
}

int clickhouse_read_invocations(struct clickhouse *store, struct store_reading *reading,
    store_invocation_visit visit, void *context)
{
	int64_t since_ns = reading->since_ns;
	int64_t until_ns = reading->until_ns;
	struct walk walk = {.store = store,
	    .reading = reading,
	    .visit = visit,
	    .context = context,
	    .back = reading->newest_first};
	AUTO(free) char *filter = NULL;
	AUTO(free) char *columns = invocation_row_list(false);
	AUTO(free) char *sql = NULL;
	struct window w;
	int err = engine_ready(store, reading->function, &filter);

	if (err <= 0 || until_ns <= since_ns)
		return err < 0 ? err : 0;
	since_ns = since_ns == INT64_MIN ? since_ns + 1 : since_ns; /* fits a literal */
	walk.filter = filter;
	walk.columns = columns;
	if (!columns ||
	    asprintf(&sql,
		"SELECT min(start_ns), max(start_ns), toUInt64(count()) FROM invocations"
		" WHERE hour >= %" PRId64 " AND hour <= %" PRId64
		" AND start_ns >= %" PRId64 " AND start_ns < %" PRId64 "%s",
		invocation_row_hour(since_ns), invocation_row_hour(until_ns), since_ns,
		until_ns, filter) < 0) {
		sql = NULL;
		return -ENOMEM;
	}
	err = window_start(&w, store->link, sql, reading->newest_first);
	return err == 1 ? run(&walk, &w) : err;
}
