/* Moments are put in order; each phase is what lies between two of them. */
#include "agent/sandboxes/waterfall.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "agent/sandboxes/resolution.h"
#include "base/text.h"

/* A cgroup that is older was made for something else: a login, a slice of services. */
#define CGROUP_FRESH_NS 60000000000ULL

#define MOMENTS_MAX (COLDSTART_PHASES_MAX + 1) /* the end of the last */

struct moment {
	char name[COLDSTART_PHASE_BYTES];
	uint64_t at_ns;                    /* to the resolution */
	const struct coldstart_mark *mark; /* NULL: no counters */
};

struct moments {
	struct moment moment[MOMENTS_MAX];
	size_t n;
};

static const struct coldstart_mark at_fork; /* all counters begin with it */

static void add(struct moments *m, const char *name, uint64_t at_ns,
    const struct coldstart_mark *mark)
{
	struct moment *moment = &m->moment[m->n];

	at_ns = resolution_moment(at_ns);
	/* a moment that was inferred may lie before the one that led to it */
	if (m->n > 0 && at_ns < moment[-1].at_ns)
		at_ns = moment[-1].at_ns;
	(void)text_copy(moment->name, sizeof(moment->name), name);
	moment->at_ns = at_ns;
	moment->mark = mark;
	m->n++;
}

static void add_execs(struct moments *m, const struct record_coldstart *r)
{
	bool used[COLDSTART_EXECS] = {false};
	char name[COLDSTART_PHASE_BYTES] = "exec ";
	const size_t behind = strlen(name);

	for (;;) {
		size_t first = COLDSTART_EXECS;

		for (size_t i = 0; i < COLDSTART_EXECS; i++)
			if (!used[i] && r->execs[i].mark.at_ns &&
			    (first == COLDSTART_EXECS ||
				r->execs[i].mark.at_ns < r->execs[first].mark.at_ns))
				first = i;
		if (first == COLDSTART_EXECS)
			return;
		used[first] = true;
		(void)text_copy_bytes(name + behind, sizeof(name) - behind,
		    r->execs[first].name, COLDSTART_NAME_BYTES);
		text_make_printable(name);
		add(m, name, r->execs[first].mark.at_ns, &r->execs[first].mark);
	}
}

/* CPU time between two moments. */
static uint64_t cpu_between(
    const struct coldstart_mark *a, const struct coldstart_mark *b)
{
	int64_t ns = (int64_t)(b->cpu_ns - a->cpu_ns);

	if (a->at_ns)
		ns += b->running_ns - a->running_ns;
	return ns > 0 ? (uint64_t)ns : 0;
}

static uint64_t between(uint64_t a, uint64_t b)
{
	return b > a ? b - a : 0; /* another process may have reached b */
}

static void read_counters(struct coldstart_phase *phase, const struct coldstart_mark *a,
    const struct coldstart_mark *b)
{
	phase->has_counters = true;
	phase->cpu_ns = resolution_span(b->at_ns, cpu_between(a, b));
	phase->run_queue_ns =
	    resolution_span(b->at_ns, between(a->run_queue_ns, b->run_queue_ns));
	phase->disk_bytes = between(a->disk_bytes, b->disk_bytes);
	phase->major_faults = (uint32_t)between(a->major_faults, b->major_faults);
}

static void read_phases(const struct moments *m, uint64_t start_ns, struct coldstart *out)
{
	for (size_t i = 0; i + 1 < m->n; i++) {
		const struct moment *from = &m->moment[i];
		const struct moment *to = &m->moment[i + 1];
		struct coldstart_phase *phase = &out->phases[out->phases_n++];

		memcpy(phase->name, from->name, sizeof(phase->name));
		phase->start_ns = (int64_t)(from->at_ns - resolution_moment(start_ns));
		phase->wall_ns = to->at_ns - from->at_ns;
		if (from->mark && to->mark && to->mark->pid)
			read_counters(phase, from->mark, to->mark);
	}
}

/* "unix:/run/db.sock", "unix:@name" of an abstract one, "unix:..." and its end. */
static void name_unix(const struct coldstart_peer *peer, const char *path, char *out)
{
	const char *before = peer->port ? "..." : path[0] ? "" : "@";
	size_t skipped = path[0] ? 0 : 1;
	size_t n = strnlen(path + skipped, COLDSTART_PATH_BYTES - skipped);
	size_t room = COLDSTART_PEER_BYTES - 1 - strlen("unix:");

	if (n + strlen(before) > room) {
		before = "...";
		skipped += n - (room - strlen(before));
		n = room - strlen(before);
	}
	(void)snprintf(
	    out, COLDSTART_PEER_BYTES, "unix:%s%.*s", before, (int)n, path + skipped);
	text_make_printable(out);
}

static void name_internet(const struct coldstart_peer *peer, char *out)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char address[INET6_ADDRSTRLEN] = "";
	bool is_mapped = peer->family == AF_INET6 && !memcmp(peer->address, mapped, 12);
	bool is_6 = peer->family == AF_INET6 && !is_mapped;

	(void)inet_ntop(is_6 ? AF_INET6 : AF_INET, peer->address + (is_mapped ? 12 : 0),
	    address, sizeof(address));
	(void)snprintf(out, COLDSTART_PEER_BYTES, is_6 ? "[%s]:%u" : "%s:%u", address,
	    ntohs(peer->port));
}

static void read_peer(
    const struct coldstart_peer *peer, const char *path, struct coldstart_wait *wait)
{
	if (peer->family == AF_UNIX)
		name_unix(peer, path, wait->peer);
	else
		name_internet(peer, wait->peer);
	wait->wait_ns = resolution_moment(peer->wait_ns);
	wait->waits = peer->waits;
}

static void read_peers(
    const struct record_coldstart *r, const char *api, struct coldstart *out)
{
	for (size_t i = 0; i < COLDSTART_PEERS; i++) {
		struct coldstart_wait *wait = &out->peers[out->peers_n];

		if (!r->peers[i].waits)
			continue;
		read_peer(&r->peers[i], r->paths[i], wait);
		if (strcmp(wait->peer, api) != 0)
			out->peers_n++;
	}
	coldstart_sort_peers(out);
	out->others_wait_ns = resolution_moment(r->others_wait_ns);
	out->others = r->others;
}

void waterfall_read(const struct record_coldstart *r,
    const struct waterfall_sandbox *sandbox, struct coldstart *out)
{
	struct moments m = {.n = 0};
	uint64_t start_ns = sandbox->start_ns;
	bool has_cgroup = r->cgroup_ns && r->cgroup_ns + CGROUP_FRESH_NS > start_ns;
	const struct coldstart_mark *ready = &r->marks[MARK_READY];
	const struct coldstart_mark *event = &r->marks[MARK_EVENT];
	const struct coldstart_mark *response = &r->marks[MARK_RESPONSE];

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < COLDSTART_EXECS; i++)
		if (r->execs[i].mark.at_ns && r->execs[i].mark.at_ns < start_ns)
			return;
	if (has_cgroup && r->cgroup_ns <= start_ns)
		add(&m, "cgroup", r->cgroup_ns, NULL);
	add(&m, "fork", start_ns, &at_fork);
	if (has_cgroup && r->cgroup_ns > start_ns) {
		m.moment[m.n - 1].mark = NULL; /* told with what follows */
		add(&m, "cgroup", r->cgroup_ns, &at_fork);
	}
	add_execs(&m, r);
	if (ready->at_ns)
		add(&m, sandbox->is_lambda ? "next" : "listen", ready->at_ns, ready);
	if (event->at_ns)
		add(&m, "event", event->at_ns, event);
	if (response->at_ns)
		add(&m, "", response->at_ns, response);
	read_phases(&m, start_ns, out);
	read_peers(r, sandbox->api, out);
	out->helpers = r->helpers;
}
