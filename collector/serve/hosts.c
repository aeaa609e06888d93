#include "serve/hosts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/room.h"
#include "base/text.h"
#include "serve/figures/figures.h"
#include "serve/ingest/intake.h"

void hosts_init(struct hosts *hosts, int64_t since_ns, int64_t ledger_ns)
{
	*hosts = (struct hosts){
	    .since_ns = since_ns, .ledger_ns = ledger_ns, .index = json_object()};
}

void hosts_done(struct hosts *hosts)
{
	free(hosts->items);
	json_decref(hosts->index);
}

static struct host *find_or_add(struct hosts *hosts, const char *name)
{
	const json_t *known = json_object_get(hosts->index, name);

	if (known)
		return &hosts->items[json_integer_value(known)];
	if (ROOM_FOR_ONE(hosts->items, hosts->n, hosts->room) < 0)
		return NULL;
	if (json_object_set_new(hosts->index, name, json_integer((json_int_t)hosts->n)) <
	    0)
		return NULL;
	hosts->items[hosts->n] = (struct host){.received_ns = INT64_MIN};
	(void)text_copy(hosts->items[hosts->n].name, BATCH_HOST_BYTES, name);
	return &hosts->items[hosts->n++];
}

int hosts_see(struct hosts *hosts, const struct batch_head *last, int64_t received_ns)
{
	struct host *host;

	if (received_ns < hosts->since_ns || last->host[0] == '\0')
		return 0;
	host = find_or_add(hosts, last->host);
	if (!host)
		return -ENOMEM;
	host->beating |= !intake_is_made_here(&last->id);
	if (received_ns > host->received_ns) {
		host->received_ns = received_ns;
		if (last->figures.has)
			host->figures = last->figures;
	}
	if (received_ns < hosts->ledger_ns)
		return 0;
	count_add(&host->ledger.seen, last->ledger.seen);
	count_add(&host->ledger.delivered, last->ledger.delivered);
	for (size_t i = 0; i < LOST_REASONS; i++)
		count_add(&host->ledger.lost[i], last->ledger.lost[i]);
	return 0;
}

static void put_pct(struct json_out *out, const char *name, const struct host_figures *f,
    enum host_figure figure)
{
	if (host_figures_have(f, figure))
		json_out_number(out, name, (double)f->value[figure] / HOST_SHARE * 100);
}

static void put_seconds(struct json_out *out, const char *name,
    const struct host_figures *f, enum host_figure figure)
{
	if (host_figures_have(f, figure))
		json_out_number(
		    out, name, (double)f->value[figure] / (double)CLOCK_NS_PER_S);
}

static void put_count(
    struct json_out *out, const struct host_figures *f, enum host_figure figure)
{
	if (host_figures_have(f, figure))
		json_out_count(out, host_figure_name(figure), f->value[figure]);
}

static void put_overhead(struct json_out *out, const struct host_figures *f)
{
	uint64_t share = f->value[FIGURE_AGENT_SHARE] + f->value[FIGURE_PROBES_SHARE];

	json_out_open(out, "overhead");
	if (host_figures_have(f, FIGURE_AGENT_SHARE) &&
	    host_figures_have(f, FIGURE_PROBES_SHARE))
		json_out_number(out, "host_pct", (double)share / HOST_SHARE * 100);
	put_pct(out, "agent_pct", f, FIGURE_AGENT_SHARE);
	put_pct(out, "probes_pct", f, FIGURE_PROBES_SHARE);
	put_pct(out, "max_pct", f, FIGURE_MAX_SHARE);
	put_seconds(out, "agent_cpu_s", f, FIGURE_AGENT_CPU_NS);
	put_seconds(out, "probes_cpu_s", f, FIGURE_PROBES_CPU_NS);
	put_count(out, f, FIGURE_RESIDENT_BYTES);
	put_count(out, f, FIGURE_SHED);
	json_out_close(out);
}

static void put_unseen(struct json_out *out, const struct host_figures *f)
{
	json_out_open(out, "unseen");
	for (unsigned int i = FIGURE_TLS; i <= FIGURE_MISSED_RUNS; i++)
		put_count(out, f, (enum host_figure)i);
	json_out_close(out);
}

static void put_host(
    struct json_out *out, const struct host *host, int64_t now_ns, int64_t listen_ns)
{
	/* in the future: the wall clock went back */
	int64_t age_ns = now_ns > host->received_ns ? now_ns - host->received_ns : 0;

	json_out_open(out, NULL);
	json_out_string(out, "host", host->name);
	json_out_time(out, "last_batch", host->received_ns);
	json_out_number(out, "age_s", (double)age_ns / (double)CLOCK_NS_PER_S);
	json_out_flag(out, "silent",
	    age_ns > HOSTS_SILENT_S * CLOCK_NS_PER_S &&
		now_ns - listen_ns > HOSTS_SILENT_S * CLOCK_NS_PER_S && host->beating);
	figures_put_ledger(out, "ledger", &host->ledger);
	if (host->figures.has) {
		put_overhead(out, &host->figures);
		put_unseen(out, &host->figures);
	}
	json_out_close(out);
}

void hosts_put(
    struct json_out *out, const struct hosts *hosts, int64_t now_ns, int64_t listen_ns)
{
	json_out_open_list(out, "agents");
	for (size_t i = 0; i < hosts->n; i++)
		put_host(out, &hosts->items[i], now_ns, listen_ns);
	json_out_close_list(out);
}
