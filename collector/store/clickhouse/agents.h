/* Heads of batches as rows of the table agents: the latest of each boot. */
#ifndef COLDMETER_STORE_CLICKHOUSE_AGENTS_H
#define COLDMETER_STORE_CLICKHOUSE_AGENTS_H

#include "store/clickhouse/link.h"
#include "store/store.h"

#define AGENTS_COLUMNS                                                                   \
	"agent, boot, sequence, host, seen, delivered, lost, sent_ns, received_ns, "     \
	"figures"

/* Appends a row. */
void agents_put_row(
    struct row_out *out, const struct batch_head *last, int64_t received_ns);

/* The sequence of the latest batch that any collector has told of for the id's agent and
 * boot; 0: none. */
int agents_find_sequence(
    struct link *link, const struct batch_id *id, uint64_t *sequence);

/* store_scan_agents(), of those that were received since then. */
int agents_scan(
    struct link *link, int64_t since_ns, store_agent_visit visit, void *context);

#endif
