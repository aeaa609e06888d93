/* The hosts that were heard of: when last, whether their agent has fallen silent, what
 * was lost there, and what watching costs there. */
#ifndef COLDMETER_SERVE_HOSTS_H
#define COLDMETER_SERVE_HOSTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "wire/batch.h"
#include "wire/json/out.h"

#define HOSTS_SILENT_S 20 /* an agent that lives sends something every 5 s */

struct host {
	char name[BATCH_HOST_BYTES];
	int64_t received_ns;         /* its last batch */
	bool beating;                /* an agent sends heartbeats there */
	struct batch_ledger ledger;  /* of all its agents in the window */
	struct host_figures figures; /* of its latest agent */
};

struct hosts {
	int64_t since_ns;  /* earlier batches are of no interest */
	int64_t ledger_ns; /* nor are ledgers of earlier ones */
	struct host *items;
	size_t n;
	size_t room;
	json_t *index; /* host: index into items */
};

void hosts_init(struct hosts *hosts, int64_t since_ns, int64_t ledger_ns);
void hosts_done(struct hosts *hosts);

/* Takes note of the last batch of an agent. 0 or -ENOMEM. */
int hosts_see(struct hosts *hosts, const struct batch_head *last, int64_t received_ns);

/* Writes the member "agents":
 * [{"host","last_batch","age_s","silent","ledger","overhead","unseen"}]. What came as
 * NDJSON or OTLP has no agent behind it and is never silent; nor is who had no time yet
 * to find this collector, which listens since listen_ns. */
void hosts_put(
    struct json_out *out, const struct hosts *hosts, int64_t now_ns, int64_t listen_ns);

#endif
