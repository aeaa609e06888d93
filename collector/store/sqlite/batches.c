#include "store/sqlite/batches.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/count.h"
#include "base/text.h"
#include "base/varint.h"
#include "store/sqlite/engine.h"

static void bind_id(sqlite3_stmt *s, const struct batch_id *id)
{
	statement_bind_blob(s, ":agent", id->agent, sizeof(id->agent));
	statement_bind_blob(s, ":boot", id->boot, sizeof(id->boot));
}

/* The range that starts at or before the sequence. 1 with first and last, or 0. */
static int find_range(
    struct connection *c, const struct batch_id *id, int64_t *first, int64_t *last)
{
	static const char sql[] =
	    "SELECT first, last FROM batch_range WHERE agent = :agent AND boot = :boot"
	    " AND first <= :sequence ORDER BY first DESC LIMIT 1";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	bind_id(s, id);
	statement_bind(s, ":sequence", (int64_t)id->sequence);
	err = statement_step(s);
	if (err == 1) {
		*first = sqlite3_column_int64(s, 0);
		*last = sqlite3_column_int64(s, 1);
	}
	return err;
}

static int put_range(struct connection *c, const struct batch_id *id, int64_t first,
    int64_t last, int64_t now_ns)
{
	static const char sql[] =
	    "INSERT INTO batch_range(agent, boot, first, last, taken_ns)"
	    " VALUES(:agent, :boot, :first, :last, :now)"
	    " ON CONFLICT DO UPDATE SET last = :last, taken_ns = :now";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	bind_id(s, id);
	statement_bind(s, ":first", first);
	statement_bind(s, ":last", last);
	statement_bind(s, ":now", now_ns);
	return statement_run(s);
}

static int drop_range(struct connection *c, const struct batch_id *id, int64_t first)
{
	static const char sql[] = "DELETE FROM batch_range WHERE agent = :agent"
				  " AND boot = :boot AND first = :first";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	bind_id(s, id);
	statement_bind(s, ":first", first);
	return statement_run(s);
}

int batches_take(struct connection *c, const struct batch_id *id, int64_t now_ns)
{
	int64_t sequence = (int64_t)id->sequence;
	struct batch_id next = *id;
	int64_t first = sequence;
	int64_t last = sequence;
	int64_t next_first = 0;
	int64_t next_last = 0;
	int found = find_range(c, id, &first, &last);
	int err = 0;

	if (found < 0 || (found && last >= sequence))
		return found < 0 ? found : 0;
	if (!found || last + 1 != sequence)
		first = sequence;
	last = sequence;
	if (sequence < INT64_MAX) { /* does the next range begin right behind? */
		next.sequence++;
		found = find_range(c, &next, &next_first, &next_last);
		if (found < 0)
			return found;
		if (found && next_first == sequence + 1) {
			last = next_last;
			err = drop_range(c, id, next_first);
		}
	}
	if (!err)
		err = put_range(c, id, first, last, now_ns);
	return err ? err : 1;
}

int batches_know_boot(struct connection *c, const struct batch_id *id)
{
	static const char sql[] =
	    "SELECT 1 FROM batch_range WHERE agent = :agent AND boot = :boot LIMIT 1";
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	bind_id(s, id);
	return statement_step(s);
}

int batches_learn_boot(struct connection *c, const struct batch_id *id, int64_t now_ns)
{
	return put_range(c, id, 1, (int64_t)id->sequence, now_ns);
}

static int64_t clamp(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

/* When a head is received, behind those of the agent's other boots also when the wall
 * clock went back, by a day at most: which boot is the latest says which are over. */
#define RECEIVED_LAST                                                                    \
	"max(:received, 1 + coalesce((SELECT max(other.received_ns) FROM agent AS other" \
	" WHERE other.agent = :agent AND other.boot <> :boot"                            \
	" AND other.received_ns < :received + 86400000000000), 0))"

/* Of both statements of an agent. Returns 1 when it changed a known one, or 0. */
static int run_head(
    sqlite3_stmt *s, const struct batch_head *head, int64_t now_ns, uint8_t *room)
{
	uint8_t *figures = room;
	uint8_t *lost = room + (size_t)HOST_FIGURES_MAX_BYTES;
	size_t lost_bytes = 0;

	for (size_t i = 0; i < LOST_REASONS; i++) {
		lost_bytes += (size_t)varint_encode(
		    head->ledger.lost[i], lost + lost_bytes, VARINT_MAX_BYTES);
	}
	bind_id(s, &head->id);
	statement_bind_text(s, ":host", head->host);
	statement_bind(s, ":sequence", (int64_t)head->id.sequence);
	statement_bind(s, ":seen", clamp(head->ledger.seen));
	statement_bind(s, ":delivered", clamp(head->ledger.delivered));
	statement_bind_blob(s, ":lost", lost, lost_bytes);
	statement_bind(s, ":sent", head->sent_ns);
	statement_bind(s, ":received", now_ns);
	statement_bind_blob(
	    s, ":figures", figures, host_figures_encode(&head->figures, figures));
	return statement_step(s);
}

/* 1: the boot is known; 0: it is not. */
static int update_agent(
    struct connection *c, const struct batch_head *head, int64_t now_ns)
{
	static const char sql[] =
	    "UPDATE agent SET host = :host, sequence = :sequence, seen = :seen,"
	    " delivered = :delivered, lost = :lost, sent_ns = :sent,"
	    " received_ns = CASE WHEN received_ns < :received THEN :received "
	    "ELSE " RECEIVED_LAST " END, figures = :figures"
	    " WHERE agent = :agent AND boot = :boot AND sequence <= :sequence RETURNING "
	    "1";
	uint8_t room[HOST_FIGURES_MAX_BYTES + LOST_REASONS * VARINT_MAX_BYTES];
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	return err ? err : run_head(s, head, now_ns, room);
}

static int insert_agent(
    struct connection *c, const struct batch_head *head, int64_t now_ns)
{
	static const char sql[] =
	    "INSERT INTO agent(agent, boot, host, sequence, seen, delivered, lost,"
	    " sent_ns, received_ns, figures) VALUES(:agent, :boot, :host, :sequence,"
	    " :seen, :delivered, :lost, :sent, " RECEIVED_LAST ", :figures)"
	    " ON CONFLICT DO NOTHING";
	uint8_t room[HOST_FIGURES_MAX_BYTES + LOST_REASONS * VARINT_MAX_BYTES];
	AUTO(statement) sqlite3_stmt *s = NULL;
	int err = statement_get(c, sql, &s);

	return err ? err : run_head(s, head, now_ns, room);
}

int batches_note_agent(
    struct connection *c, const struct batch_head *head, int64_t now_ns)
{
	int known;

	if (head->sent_ns == 0)
		return 0;
	known = update_agent(c, head, now_ns);
	if (known)
		return known < 0 ? known : 0;
	return insert_agent(c, head, now_ns);
}

int batches_expire(struct connection *c, int64_t before_ns)
{
	static const char *const tables[] = {
	    "DELETE FROM batch_range WHERE taken_ns < :before",
	    "DELETE FROM agent WHERE received_ns < :before"};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(tables) / sizeof(tables[0]); i++) {
		AUTO(statement) sqlite3_stmt *s = NULL;

		err = statement_get(c, tables[i], &s);
		if (err)
			break;
		statement_bind(s, ":before", before_ns);
		err = statement_run(s);
	}
	return err;
}

void batches_read_head(sqlite3_stmt *s, struct batch_head *head)
{
	struct cursor figures =
	    cursor_over(sqlite3_column_blob(s, 9), (size_t)sqlite3_column_bytes(s, 9));
	const uint8_t *lost = sqlite3_column_blob(s, 6);
	size_t left = (size_t)sqlite3_column_bytes(s, 6);

	*head = (struct batch_head){.id.sequence = (uint64_t)sqlite3_column_int64(s, 3),
	    .ledger = {.seen = (uint64_t)sqlite3_column_int64(s, 4),
		.delivered = (uint64_t)sqlite3_column_int64(s, 5)},
	    .sent_ns = sqlite3_column_int64(s, 7)};
	if (sqlite3_column_bytes(s, 0) == sizeof(head->id.agent))
		memcpy(head->id.agent, sqlite3_column_blob(s, 0), sizeof(head->id.agent));
	if (sqlite3_column_bytes(s, 1) == sizeof(head->id.boot))
		memcpy(head->id.boot, sqlite3_column_blob(s, 1), sizeof(head->id.boot));
	(void)text_copy(head->host, sizeof(head->host), statement_text(s, 2));
	text_make_printable(head->host); /* of a version that stored any bytes */
	for (size_t i = 0; i < LOST_REASONS; i++) {
		ssize_t n = varint_decode(lost, left, &head->ledger.lost[i]);

		if (n < 0)
			break; /* written before this reason existed */
		lost += n;
		left -= (size_t)n;
	}
	(void)host_figures_decode(&figures, &head->figures);
}

int batches_find_ledger(
    struct connection *c, const struct batch_id *id, struct batch_ledger *ledger)
{
	static const char sql[] = "SELECT " BATCHES_AGENT_COLUMNS
				  " FROM agent WHERE agent = :agent AND boot = :boot";
	AUTO(statement) sqlite3_stmt *s = NULL;
	struct batch_head head;
	int err = statement_get(c, sql, &s);

	if (err)
		return err;
	bind_id(s, id);
	err = statement_step(s);
	if (err != 1)
		return err;
	batches_read_head(s, &head);
	*ledger = head.ledger;
	return 0;
}

/* What a boot that is over had in hand. */
static uint64_t count_gone(const struct batch_ledger *ledger)
{
	uint64_t told = ledger->delivered;

	for (size_t i = 0; i < LOST_REASONS; i++)
		count_add(&told, ledger->lost[i]);
	return ledger->seen > told ? ledger->seen - told : 0;
}

int batches_scan_heads(struct sqlite *store, store_agent_visit visit, void *context)
{
	static const char sql[] = "SELECT " BATCHES_AGENT_COLUMNS
				  " FROM agent ORDER BY agent, received_ns DESC";
	struct connection *c;
	sqlite3_stmt *s;
	struct batch_head head;
	int err = pool_borrow(store->readers, &c);

	if (err)
		return err;
	err = statement_get(c, sql, &s);
	while (!err && (err = statement_step(s)) == 1) {
		batches_read_head(s, &head);
		err = visit(context, &head, sqlite3_column_int64(s, 8));
	}
	pool_return(store->readers, c);
	return err;
}

void batches_add_gone(struct batch_gone *gone, struct batch_head *head)
{
	bool over = gone->has_newer &&
		    memcmp(gone->newer, head->id.agent, sizeof(gone->newer)) == 0;
	uint64_t lost = count_gone(&head->ledger);

	if (over)
		count_add(&head->ledger.lost[LOST_AGENT_GONE], lost);
	memcpy(gone->newer, head->id.agent, sizeof(gone->newer));
	gone->has_newer = true;
}

struct agents_scan {
	store_agent_visit visit;
	void *context;
	struct batch_gone gone;
};

static int see_head(void *context, const struct batch_head *last, int64_t received_ns)
{
	struct agents_scan *scan = context;
	struct batch_head head = *last;

	batches_add_gone(&scan->gone, &head);
	return scan->visit(scan->context, &head, received_ns);
}

int sqlite_scan_agents(struct sqlite *store, store_agent_visit visit, void *context)
{
	struct agents_scan scan = {.visit = visit, .context = context};

	return batches_scan_heads(store, see_head, &scan);
}
