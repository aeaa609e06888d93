/* HTTP to one ClickHouse server: statements, answers and inserts of whole blocks.
 *
 * Each failure is a negative errno and one line through log_warn with the server's place,
 * its code and the first line of what it said; the same line at most once in ten seconds.
 * -ECONNREFUSED: nobody there; -ECONNRESET: it went away; -ETIMEDOUT; -EACCES: not let
 * in; -ENOENT: no such database or table; -EAGAIN: not now; -ENOSPC; -ENOMEM: of the
 * server too; -ECANCELED: link_stop(); else -EIO. */
#ifndef COLDMETER_STORE_CLICKHOUSE_LINK_H
#define COLDMETER_STORE_CLICKHOUSE_LINK_H

#include "store/clickhouse/address.h"
#include "store/clickhouse/row.h"

struct link;

/* Opens nothing yet. 0 or -ENOMEM. */
int link_new(const struct clickhouse_address *address, struct link **out);
void link_free(struct link *link);

/* Makes every call that runs or comes return -ECANCELED soon; any thread. */
void link_stop(struct link *link);

const struct clickhouse_address *link_address(const struct link *link);

/* The rest may be called by any thread; they share a few connections. */

/* Runs a statement, outside of the database when that may not be there yet. */
enum link_where { LINK_IN_DATABASE, LINK_OUTSIDE };
int link_run(struct link *link, enum link_where where, const char *sql);

/* A SELECT without FORMAT: the whole answer in RowBinary. Free *bytes. */
int link_select(struct link *link, const char *sql, uint8_t **bytes, size_t *n);

/* The same outside of the database. */
int link_select_outside(struct link *link, const char *sql, uint8_t **bytes, size_t *n);

/* Appends the next rows to out, which is empty: 1, or 0 when there are none, or -errno,
 * which cuts the insert off. */
typedef int (*link_source)(void *context, struct row_out *out);

/* "INSERT INTO t (columns) FORMAT f": streams what source gives. 0 means that the server
 * has stored it. After an error it may have stored none, some or all. */
int link_insert(struct link *link, const char *sql, link_source source, void *context);

/* "INSERT INTO t (columns)" of rows that lie ready, in RowBinary. */
int link_insert_rows(struct link *link, const char *sql, const struct row_out *rows);

#endif
