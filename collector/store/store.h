/* The ledger on disk: one interface, two engines.
 *
 * One writer thread calls the functions marked (writer). Any thread may call the others:
 * each takes a reader of its own. Scans run in key order and hand out rows; adding up,
 * sorting and pricing are the caller's, so that every engine gives the same answers.
 *
 * SQLite keeps everything under one directory, of one collector.
 *
 * ClickHouse is for several collectors, each with a directory of its own:
 * - A write is committed to a SQLite spool under that directory: batch ids, this
 *   collector's sums by minute, the batches as received. Then it is durable here and may
 *   be acknowledged; the spool is sent about once a second, and whenever somebody reads.
 *   While the server is away the spool grows, and reads fail.
 * - What is sent again changes nothing: an invocation's row is known by its batch and its
 *   place in it, a minute's by function and collector, and of a minute the latest version
 *   counts. So any step may fail half way, on either side, and is just done again.
 * - Invocations are right whichever collectors a batch was sent to. So are the sums when
 *   an agent goes from one collector to another, which asks the server for the agent's
 *   latest batch. They count a batch twice only if two collectors took it of which the
 *   first had not yet sent its head: an agent that changed over within a second of a lost
 *   answer, or from a collector that could not reach the server. Two collectors must
 * never share or copy a directory.
 * - Each collector makes the sums by hour and day of its own minutes once they are over,
 *   and again when one comes late. A collector that is away, or makes none, is read by
 *   minutes, which takes longer and tells the same.
 * - On a cluster a row is on one replica when it was sent, and on the others when they
 *   have caught up; until then an answer may lack it.
 * - What was imported is known to the collector that took it: import the same logs
 *   through the same collector, or they count twice.
 * - Documents and deliveries stay in the directory: each collector has its own budgets
 *   and keep-warm settings, and alerts on what all of them stored. Set them on one. */
#ifndef COLDMETER_STORE_STORE_H
#define COLDMETER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/invocation.h"
#include "model/rollup.h"
#include "wire/batch.h"

#define STORE_DOCUMENT_MAX_BYTES 65536

struct store;

/* Opens or makes the ledger under directory (made with mode 0700 when missing); takes a
 * lock so that two collectors never share it. 0; -EBUSY: locked by another;
 * -EPROTONOSUPPORT: made by a newer version; -EUCLEAN: damaged; -errno. Says what is
 * wrong through log_error. */
int store_open(const char *directory, struct store **out);

/* The same with the invocations, sums, functions and agents on a ClickHouse server.
 * -EINVAL: no such URL or password; -EACCES: not let in; -EPROTONOSUPPORT: made by a
 * newer version; -EXDEV: the directory belongs to another database. A server that is not
 * there is waited for. */
struct store_remote {
	const char *url; /* clickhouse://[USER@]HOST[:PORT][/DB][?cluster=NAME] */
	/* Its first line is the password. NULL: that is in the environment's
	 * COLDMETER_CLICKHOUSE_PASSWORD, or there is none. */
	const char *password_file;
};
int store_open_remote(
    const char *directory, const struct store_remote *remote, struct store **out);

/* Takes such a URL as a setting; a config_parser. */
int store_remote_url(
    const char *value, void *field, const char **why); /* char[CONFIG_TEXT_BYTES] */

/* Sends what the SQLite ledger in directory holds to the remote one, but for documents
 * and deliveries, which stay. Ended half way, it goes on where it was; run again, it
 * sends what is new. No collector may run on the directory meanwhile. Says how far it is
 * through log_note. The errors of both. */
int store_migrate(const char *directory, const struct store_remote *remote);

void store_close(struct store *store);

/* Copies the ledger under directory, which a collector may be writing, to a directory
 * that it makes: a collector can be started on it. 0, or -errno after saying what is
 * wrong through log_error; then the copy is of no use. */
int store_backup(const char *directory, const char *to);

/* One decoded batch and its bytes as received. raw may be NULL (made from NDJSON): then
 * only rollups are kept unless the caller encoded a batch for it. */
struct store_batch {
	const struct batch *batch;
	const uint8_t *raw;
	size_t raw_bytes;
	bool is_new; /* out: false when (agent, boot, sequence) was there already */
	/* Out, with room for one for each of the batch's functions; NULL: nobody asks.
	 * Numbers from 1 on that this store, while it is open, has for these functions; 0
	 * of one that the batch tells nothing of, or when the batch was there. */
	uint32_t *ids;
	/* The same batch, when it was imported: then its invocations are looked up one by
	 * one, see sqlite/imported.h, and those that were there already are put behind
	 * the others and not counted in invocations_n. NULL: the batch's id is enough. */
	struct batch *imported;
	size_t known_n; /* out: of an imported one, how many those were */
	/* Out, when it is new and has invocations: when the first and the last began. */
	int64_t first_ns;
	int64_t last_ns;
};

/* The number of one of the batch's functions; 0: none is known. */
static inline uint32_t store_batch_id(
    const struct store_batch *stored, const struct function *function)
{
	return stored->ids ? stored->ids[function - stored->batch->functions] : 0;
}

/* (writer) Commits all of them in one transaction: raw bytes, rollups, ledger, batch ids.
 * Losses of functions count in the minute when their batch was sent.
 * After 0 each is durable against a crash of the process, each id once. On error
 * (-ENOSPC, -EROFS, -EIO, -ENOMEM) nothing of them is kept. */
int store_write(struct store *store, struct store_batch *batches, size_t n);

/* (writer) The same, but that the batches may count in what is read only after the next
 * store_settle(), which the writer calls within STORE_SETTLE_MS. */
#define STORE_SETTLE_MS 100
int store_accept(struct store *store, struct store_batch *batches, size_t n);

/* Any thread: what was accepted before counts in what is read from now on. 0, or the
 * errors of store_write(): then what was accepted is kept, and settled by a later call.
 */
int store_settle(struct store *store);

/* (writer) Forgets what is older, in whole hours and days: batches as received; minutes,
 * batch ids and settled deliveries; sums of hours; sums of days. Each is kept at least as
 * long as the one before. ClickHouse forgets hours and days with their minutes. */
struct store_keep {
	int64_t raw_since_ns;
	int64_t minutes_since_ns;
	int64_t hours_since_ns;
	int64_t days_since_ns;
};
int store_expire(struct store *store, const struct store_keep *keep);

/* The shortest time, a minute, an hour or a day (UTC) in ns, that sums of that moment are
 * told by, since minutes and hours are forgotten before days: a window that begins there
 * is told from the start of that time on. */
int64_t store_grain(struct store *store, int64_t at_ns);

/* (writer) When the ledger takes more than that on disk, forgets its oldest day of raw
 * batches but for the newest day's. *bytes is what it took before. 1: forgot one, look
 * again; 0: it is small enough; -ENOSPC: it is not, and there is no older day; -errno. */
int store_shrink(struct store *store, int64_t max_bytes, int64_t *bytes);

/* (writer) One step of what the engine does in the background: it makes hours and days
 * of minutes that are over by now, and large batches of small ones, without which scans
 * only get slower and the ledger larger. Takes some tens of milliseconds. 1: there is
 * more to do; 0: there is not; -errno, and nothing is lost. */
int store_fold(struct store *store, int64_t now_ns);

/* Rows of the minutes that overlap [since, until), oldest hour first, each function's
 * oldest first, at most one per function and minute. function NULL: all; else those of
 * that name (every platform and version). A non-zero return of visit stops the scan and
 * is returned. The arguments live during the call only. */
typedef int (*store_rollup_visit)(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup);
int store_scan_rollups(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, store_rollup_visit visit, void *context);

/* The figures of the same minutes, each of them once, in as few rows as they can be told
 * in: stretches of days, days, hours, and minutes at both ends. Rows come in any order;
 * those of a function and time may be several, which add up. */
struct store_window {
	int64_t since_ns;
	int64_t until_ns;
	const char *function; /* as above */
	uint32_t first_id;    /* only functions with numbers from first_id on, before */
	uint32_t end_id;      /* end_id, see store_span below; end_id 0: all */
	int64_t step_ns; /* no row has minutes on both sides of since + n * step; 0: any
			    may */
	const int64_t *cuts_ns; /* rising: no part but a minute crosses one of these;
				   none: nobody asks for parts */
	size_t cuts_n;
};
struct store_part {
	int64_t start_s;
	int64_t seconds; /* whole minutes, of one hour */
	uint64_t invocations;
};
struct store_span {
	int64_t start_s;
	int64_t seconds; /* 60, 3600, 21600, or whole days */
	int64_t first_s; /* where the first and the last minute with a row of it start */
	int64_t last_s;
	uint32_t id; /* of the function in this store: small, an index */
	const struct function *function;
	/* Adds the row's figures to *into, by the rules of rollup_merge(), during the
	 * visit only. NULL: another row tells them, here are parts only. */
	int (*add)(const struct store_span *span, struct rollup *into);
	/* The same without the histograms, which costs less; NULL: where add is, too, or
	 * the engine has nothing cheaper. */
	int (*count)(const struct store_span *span, struct rollup *into);
	const void *source;             /* the engine's */
	const struct store_part *parts; /* where invocations lie, when there are cuts */
	size_t parts_n;
};
typedef int (*store_span_visit)(void *context, const struct store_span *span);
int store_scan_spans(struct store *store, const struct store_window *window,
    store_span_visit visit, void *context);

/* Where the functions end that a scan of spans takes from first_id on without taking
 * longer than if it were asked for more: who asks for one such range after the other
 * needs memory for some functions only. 0: there is none from first_id on. */
uint32_t store_range_end(struct store *store, uint32_t first_id);

/* Invocations that start in [since, until). newest_first walks back in time (ordered
 * within about a batch; exactly ordered is the caller's business); otherwise forward.
 * Pings are included. Same visiting rules. */
typedef int (*store_invocation_visit)(
    void *context, const struct invocation *invocation, const char *host);
int store_scan_invocations(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, bool newest_first, store_invocation_visit visit, void *context);

/* The same with an end to the work, for who asks on behalf of strangers: a window may
 * hold any number of batches of which nothing is wanted, and those are read too. */
#define STORE_READ_BATCH 10 /* what a batch costs besides its invocations, in these */
struct store_reading {
	int64_t since_ns;
	int64_t until_ns;
	const char *function;
	bool newest_first;
	uint64_t most; /* invocations that may be read, wanted or not; 0: any number */
	bool cut;      /* out: not all was read, but all as far as */
	int64_t reached_ns; /* this time, out when cut; read from there on for the rest */
};
int store_read_invocations(struct store *store, struct store_reading *reading,
    store_invocation_visit visit, void *context);

/* Every function ever stored, by name; at most one visit each. */
typedef int (*store_function_visit)(void *context, const struct function *function,
    int64_t first_seen_ns, int64_t last_seen_ns);
int store_scan_functions(struct store *store, store_function_visit visit, void *context);

/* What is known of one function, set-up as last seen. 0, or -ENOENT for a stranger. */
struct store_function {
	struct function function;
	enum invocation_kind kind; /* of its latest invocation */
	int64_t first_seen_ns;
	int64_t last_seen_ns;
};
int store_find_function(
    struct store *store, const struct function *function, struct store_function *found);

/* The sum over all agents and boots of their latest ledgers whose last batch is not older
 * than since. */
int store_ledger(struct store *store, int64_t since_ns, struct batch_ledger *sum);

/* Agents: host, id, last batch; the boots of one follow each other, the latest first.
 * What an agent had seen and not yet delivered when the next one of the same id took its
 * place is lost: LOST_AGENT_GONE in the ledger that the visit gets. */
typedef int (*store_agent_visit)(
    void *context, const struct batch_head *last, int64_t received_ns);
int store_scan_agents(struct store *store, store_agent_visit visit, void *context);

/* Small named JSON texts: budgets, keep-warm settings, alert states. Any thread; each
 * call is its own transaction. get: malloc'd text to *body, or -ENOENT. put replaces. */
int store_document_put(
    struct store *store, const char *kind, const char *name, const char *body);
int store_document_get(
    struct store *store, const char *kind, const char *name, char **body);
int store_document_delete(struct store *store, const char *kind, const char *name);
typedef int (*store_document_visit)(void *context, const char *name, const char *body);
int store_scan_documents(
    struct store *store, const char *kind, store_document_visit visit, void *context);

/* Deliveries that must reach somebody, at least once. A row is due at due_ns; it stays
 * until it is settled. key makes adding idempotent: a second add of the same key does
 * nothing and returns 1. Any thread. */
struct store_delivery {
	int64_t id;
	const char *key;
	const char *channel; /* "slack", "webhook" */
	const char *target;  /* the URL: a secret, never logged */
	const char *body;
	int64_t created_ns;
	int64_t due_ns;
	int attempts;
};
int store_outbox_add(struct store *store, const struct store_delivery *delivery);
typedef int (*store_delivery_visit)(void *context, const struct store_delivery *delivery);
int store_outbox_scan_due(
    struct store *store, int64_t now_ns, store_delivery_visit visit, void *context);
int store_outbox_retry(
    struct store *store, int64_t id, int64_t due_ns, const char *error);
/* What is pending is due at due_ns at the latest. */
int store_outbox_hurry(struct store *store, int64_t due_ns);
int store_outbox_settle(
    struct store *store, int64_t id, bool delivered, const char *error);
/* Newest first, settled ones too; for `coldmeter alerts list`. state: "pending",
 * "delivered", "given up"; error may be NULL. */
typedef int (*store_outbox_visit)(void *context, const struct store_delivery *delivery,
    const char *state, const char *error);
int store_scan_outbox(
    struct store *store, size_t limit, store_outbox_visit visit, void *context);

#endif
