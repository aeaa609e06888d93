/* Which hosts were heard of, when last, and whether their agent has fallen silent. */
#ifndef COLDMETER_SERVE_HOSTS_H
#define COLDMETER_SERVE_HOSTS_H

#include <jansson.h>

#include "wire/batch.h"

#define HOSTS_SILENT_S 20 /* an agent that lives sends something every 5 s */

struct hosts {
	int64_t since_ns; /* earlier batches are of no interest */
	json_t *by_host;  /* host: when its last batch was received */
	json_t *beating;  /* host: true, where an agent sends heartbeats */
};

void hosts_init(struct hosts *hosts, int64_t since_ns);
void hosts_done(struct hosts *hosts);

/* Takes note of the last batch of an agent. */
void hosts_see(struct hosts *hosts, const struct batch_head *last, int64_t received_ns);

size_t hosts_count(const struct hosts *hosts);

/* [{"host","last_batch","age_s","silent"}], a new reference. What came as NDJSON has no
 * agent behind it and is never silent; nor is who had no time yet to find this collector,
 * which listens since listen_ns. */
json_t *hosts_json(const struct hosts *hosts, int64_t now_ns, int64_t listen_ns);

#endif
