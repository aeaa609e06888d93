#include "store/clickhouse/agents.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "store/sqlite/batches.h"

struct agent {
	struct batch_head head;
	int64_t received_ns;
};

void agents_put_row(
    struct row_out *out, const struct batch_head *last, int64_t received_ns)
{
	uint8_t figures[HOST_FIGURES_MAX_BYTES];

	row_put_fixed(out, last->id.agent, sizeof(last->id.agent));
	row_put_fixed(out, last->id.boot, sizeof(last->id.boot));
	row_put_u64(out, last->id.sequence);
	row_put_text(out, last->host);
	row_put_u64(out, last->ledger.seen);
	row_put_u64(out, last->ledger.delivered);
	row_put_size(out, LOST_REASONS);
	for (size_t i = 0; i < LOST_REASONS; i++)
		row_put_u64(out, last->ledger.lost[i]);
	row_put_i64(out, last->sent_ns);
	row_put_i64(out, received_ns);
	row_put_bytes(out, figures, host_figures_encode(&last->figures, figures));
}

static void get_row(struct row_in *in, struct agent *agent)
{
	struct batch_head *head = &agent->head;
	struct cursor figures;
	const uint8_t *bytes;
	size_t n;

	*head = (struct batch_head){0};
	row_get_fixed(in, head->id.agent, sizeof(head->id.agent));
	row_get_fixed(in, head->id.boot, sizeof(head->id.boot));
	head->id.sequence = row_get_u64(in);
	row_get_text(in, head->host, sizeof(head->host));
	head->ledger.seen = row_get_u64(in);
	head->ledger.delivered = row_get_u64(in);
	n = row_get_size(in, sizeof(uint64_t));
	for (size_t i = 0; i < n; i++) { /* a newer writer's reasons are skipped */
		uint64_t lost = row_get_u64(in);

		if (i < LOST_REASONS)
			head->ledger.lost[i] = lost;
	}
	head->sent_ns = row_get_i64(in);
	agent->received_ns = row_get_i64(in);
	n = row_get_bytes(in, &bytes);
	figures = cursor_over(bytes, n);
	(void)host_figures_decode(&figures, &head->figures);
}

static int by_boot(const struct agent *a, const struct agent *b)
{
	int order = memcmp(a->head.id.agent, b->head.id.agent, sizeof(a->head.id.agent));

	return order ? order
		     : memcmp(a->head.id.boot, b->head.id.boot, sizeof(a->head.id.boot));
}

/* The boots of an agent, the latest first, as SQLite walks them. */
static int by_age(const void *a, const void *b)
{
	const struct agent *left = a;
	const struct agent *right = b;
	int order = memcmp(
	    left->head.id.agent, right->head.id.agent, sizeof(left->head.id.agent));

	if (order)
		return order;
	if (left->received_ns != right->received_ns)
		return left->received_ns > right->received_ns ? -1 : 1;
	return by_boot(left, right);
}

static int read_rows(struct row_in *in, struct agent **out, size_t *n)
{
	AUTO(free) struct agent *agents = NULL;
	size_t room = 0;
	size_t kept = 0;

	while (in->at < in->end) {
		if (ROOM_FOR_ONE(agents, kept, room) < 0)
			return -ENOMEM;
		get_row(in, &agents[kept]);
		if (in->failed)
			return -EUCLEAN;
		/* the latest of a boot comes first */
		if (kept == 0 || by_boot(&agents[kept - 1], &agents[kept]) != 0)
			kept++;
	}
	*out = TAKE(agents);
	*n = kept;
	return 0;
}

static void put_hex(const uint8_t id[16], char *out)
{
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(out + 2 * i, 3, "%02X", id[i]);
}

int agents_find_sequence(struct link *link, const struct batch_id *id, uint64_t *sequence)
{
	AUTO(free) uint8_t *bytes = NULL;
	char agent[33];
	char boot[33];
	char sql[256];
	struct row_in in;
	size_t n = 0;
	int err;

	put_hex(id->agent, agent);
	put_hex(id->boot, boot);
	(void)snprintf(sql, sizeof(sql),
	    "SELECT toUInt64(max(sequence)) FROM agents WHERE hex(agent) = '%s'"
	    " AND hex(boot) = '%s'",
	    agent, boot);
	err = link_select(link, sql, &bytes, &n);
	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	*sequence = n > 0 ? row_get_u64(&in) : 0;
	return in.failed ? -EUCLEAN : 0;
}

int agents_scan(
    struct link *link, int64_t since_ns, store_agent_visit visit, void *context)
{
	AUTO(free) struct agent *agents = NULL;
	AUTO(free) uint8_t *bytes = NULL;
	char sql[256 + sizeof(AGENTS_COLUMNS)];
	struct batch_gone gone = {0};
	struct row_in in;
	size_t n = 0;
	int err;

	(void)snprintf(sql, sizeof(sql),
	    "SELECT " AGENTS_COLUMNS " FROM agents WHERE received_ns >= %" PRId64
	    " ORDER BY agent, boot, sequence DESC",
	    since_ns);
	err = link_select(link, sql, &bytes, &n);
	if (err)
		return err;
	in = (struct row_in){.at = bytes, .end = bytes ? bytes + n : bytes};
	n = 0;
	err = read_rows(&in, &agents, &n);
	if (!err && n)
		qsort(agents, n, sizeof(*agents), by_age);
	for (size_t i = 0; !err && i < n; i++) {
		batches_add_gone(&gone, &agents[i].head);
		err = visit(context, &agents[i].head, agents[i].received_ns);
	}
	return err;
}
