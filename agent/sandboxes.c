/* Two hash tables: sandboxes by the kernel's id, and what is known of each function,
 * which gives a cold start its cause. */
#include "agent/sandboxes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/names.h"
#include "base/text.h"

#define BUCKETS 1024 /* a host has hundreds of sandboxes, not millions */

/* An event that arrives within this time of ready had been waiting for it: a Runtime API
 * server hands it over at once, a proxy polls for readiness (Knative's activator probes
 * every 25 to 200 ms, kubelet every second). */
#define WAITED_LAMBDA_NS 100000000ULL
#define WAITED_HTTP_NS 1000000000ULL

#define DEADLINE_SLACK_MS 100

struct known_function {
	struct known_function *next;
	uint64_t hash;
	uint32_t alive; /* sandboxes */
	bool seen_before;
	enum invocation_status last_end; /* how its last sandbox ended */
	struct function function;
};

struct known {
	struct known *next;
	uint64_t id;
	uint64_t start_ns;
	uint64_t ready_ns; /* 0: not yet */
	uint32_t first_pid;
	bool late;
	enum invocation_cause cause;
	enum invocation_status last_status;
	struct known_function *owner;
	struct function function; /* with the set-up of this sandbox */
	char name[INVOCATION_ID_BYTES];
};

struct sandboxes {
	sandboxes_emit emit;
	void *context;
	size_t n;
	struct known *by_id[BUCKETS];
	struct known_function *functions[BUCKETS];
};

static size_t bucket(uint64_t key)
{
	return (key * 0x9e3779b97f4a7c15ULL) >> 54; /* 10 bits: BUCKETS */
}

int sandboxes_new(sandboxes_emit emit, void *context, struct sandboxes **out)
{
	struct sandboxes *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->emit = emit;
	s->context = context;
	*out = s;
	return 0;
}

void sandboxes_free(struct sandboxes *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->by_id[i]) {
			struct known *k = s->by_id[i];

			s->by_id[i] = k->next;
			free(k);
		}
		while (s->functions[i]) {
			struct known_function *f = s->functions[i];

			s->functions[i] = f->next;
			free(f);
		}
	}
	free(s);
}

size_t sandboxes_count(const struct sandboxes *s)
{
	return s->n;
}

static struct known *find(const struct sandboxes *s, uint64_t id)
{
	struct known *k = s->by_id[bucket(id)];

	while (k && k->id != id)
		k = k->next;
	return k;
}

static struct known_function *owner_of(
    struct sandboxes *s, const struct function *function)
{
	uint64_t hash = function_hash(function);
	struct known_function **at = &s->functions[bucket(hash)];
	struct known_function *f = *at;

	while (f && (f->hash != hash || !function_is_same(&f->function, function)))
		f = f->next;
	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->hash = hash;
	f->function = *function;
	f->next = *at;
	*at = f;
	return f;
}

static enum invocation_cause cause_of(const struct known_function *owner)
{
	if (owner->alive > 0)
		return CAUSE_SCALE_OUT;
	if (!owner->seen_before)
		return CAUSE_FIRST;
	switch (owner->last_end) {
	case STATUS_TIMEOUT:
		return CAUSE_TIMEOUT;
	case STATUS_OOM:
		return CAUSE_OOM;
	case STATUS_CRASH:
	case STATUS_INIT_ERROR:
		return CAUSE_CRASH;
	case STATUS_OK:
	case STATUS_ERROR:
	case STATUS_ABORTED:
	case STATUS_COUNT:
		break;
	}
	return CAUSE_IDLE_REAP;
}

static int add(struct sandboxes *s, const struct record_exec *exec, bool late)
{
	struct known *k;

	if (find(s, exec->sandbox))
		return 0;
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->id = exec->sandbox;
	k->start_ns = exec->start_ns;
	k->first_pid = exec->pid;
	k->late = late;
	names_function(exec, &k->function);
	k->owner = owner_of(s, &k->function);
	if (!k->owner) {
		free(k);
		return -ENOMEM;
	}
	k->cause = cause_of(k->owner);
	k->owner->alive++;
	k->owner->seen_before = true;
	(void)snprintf(k->name, sizeof(k->name), "%u-%llx", exec->pid,
	    (unsigned long long)exec->start_ns);
	k->next = s->by_id[bucket(k->id)];
	s->by_id[bucket(k->id)] = k;
	s->n++;
	return 0;
}

int sandboxes_adopt(struct sandboxes *s, const struct record_exec *exec)
{
	return add(s, exec, true);
}

static void drop(struct sandboxes *s, uint64_t id)
{
	struct known **at = &s->by_id[bucket(id)];
	struct known *k;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	k = *at;
	if (!k)
		return;
	*at = k->next;
	k->owner->alive--;
	k->owner->last_end = k->last_status;
	s->n--;
	free(k);
}

static enum invocation_status exit_status(
    const struct record_invocation *r, int64_t boot_to_wall_ns)
{
	int64_t end_ms = ((int64_t)r->end_ns + boot_to_wall_ns) / 1000000;

	if (r->flags & INVOCATION_OOM)
		return STATUS_OOM;
	if (r->function_kind == FUNCTION_PROCESS)
		return r->exit_code == 0     ? STATUS_OK
		       : r->exit_code & 0x7f ? STATUS_CRASH
					     : STATUS_ERROR;
	if (r->deadline_ms && end_ms + DEADLINE_SLACK_MS >= (int64_t)r->deadline_ms)
		return STATUS_TIMEOUT;
	return STATUS_CRASH;
}

static enum invocation_status status_of(
    const struct record_invocation *r, int64_t boot_to_wall_ns)
{
	if (r->flags & INVOCATION_INIT_ERROR)
		return r->flags & INVOCATION_OOM ? STATUS_OOM : STATUS_INIT_ERROR;
	if (r->flags & INVOCATION_EXITED)
		return exit_status(r, boot_to_wall_ns);
	if (r->flags & INVOCATION_ABORTED)
		return STATUS_ABORTED;
	if (r->flags & INVOCATION_ERROR || r->http_status >= 500)
		return STATUS_ERROR;
	return STATUS_OK;
}

/* Cold, prewarmed or warm, and the init that a first invocation carries. */
static void set_start(
    struct invocation *inv, const struct known *k, const struct record_invocation *r)
{
	uint64_t waited = inv->kind == KIND_LAMBDA ? WAITED_LAMBDA_NS : WAITED_HTTP_NS;

	inv->start_type = START_WARM;
	if (inv->status == STATUS_INIT_ERROR && !k->ready_ns) {
		inv->start_type = START_COLD;
		inv->cause = k->cause;
		inv->init_ns = r->end_ns - k->start_ns;
		inv->has |= HAS_INIT;
		return;
	}
	if (!(r->flags & INVOCATION_FIRST) || inv->kind == KIND_PROCESS)
		return;
	if (k->late || !k->ready_ns) {
		inv->start_type = START_UNKNOWN;
		inv->quality |= QUALITY_INIT_UNKNOWN;
		return;
	}
	inv->init_ns = k->ready_ns - k->start_ns;
	inv->has |= HAS_INIT;
	if (r->flags & INVOCATION_READY_INFERRED)
		inv->quality |= QUALITY_INIT_ESTIMATE;
	inv->start_type =
	    r->start_ns < k->ready_ns + waited ? START_COLD : START_PREWARMED;
	if (inv->start_type == START_COLD)
		inv->cause = k->cause;
}

/* "Root=1-...;Parent=..." as it is up to the first ';', or the 32 hex of a traceparent.
 */
static void set_trace(struct invocation *inv, const char *trace)
{
	char text[RECORD_TRACE_BYTES];

	(void)text_copy_bytes(text, sizeof(text), trace, RECORD_TRACE_BYTES);
	trace = text + strspn(text, " \t");
	if (strncmp(trace, "00-", 3) == 0) {
		(void)text_copy_bytes(inv->trace_id, 33, trace + 3, 32);
	} else {
		trace += strncmp(trace, "Root=", 5) == 0 ? 5 : 0;
		(void)text_copy_bytes(inv->trace_id, sizeof(inv->trace_id), trace,
		    strcspn(trace, ";\r\n "));
	}
	text_make_printable(inv->trace_id);
	inv->ping = invocation_trace_is_ping(inv->trace_id);
}

static void set_figures(struct invocation *inv, const struct record_invocation *r)
{
	inv->duration_ns = r->end_ns > r->start_ns ? r->end_ns - r->start_ns : 0;
	inv->busy_ns = r->busy_ns;
	inv->cpu_ns = r->cpu_ns;
	inv->peak_memory_bytes = r->peak_bytes;
	inv->request_bytes = r->request_bytes;
	inv->response_bytes = r->response_bytes;
	inv->http_status = r->http_status;
	inv->concurrency = r->concurrency ? r->concurrency : 1;
	if (inv->status != STATUS_INIT_ERROR)
		inv->has |= HAS_DURATION | HAS_BUSY;
	if (r->flags & INVOCATION_RESPONDED && r->response_ns >= r->start_ns) {
		inv->has |= HAS_RESPONSE;
		inv->response_ns = r->response_ns - r->start_ns;
	}
	if (r->cpu_ns)
		inv->has |= HAS_CPU;
	if (r->peak_bytes)
		inv->has |= HAS_MEMORY;
	if (r->http_status)
		inv->has |= HAS_HTTP_STATUS;
	if (inv->kind != KIND_PROCESS)
		inv->has |= HAS_BYTES;
	if (r->peak_bytes && !(r->flags & INVOCATION_MEMORY_EXACT))
		inv->quality |= QUALITY_MEMORY_BOUND;
	if (inv->concurrency > 1 || r->flags & INVOCATION_CPU_ESTIMATE)
		inv->quality |= QUALITY_CPU_ESTIMATE;
	if (r->flags & INVOCATION_NO_START)
		inv->quality |= QUALITY_START_ESTIMATE;
	if (r->flags & INVOCATION_END_INFERRED)
		inv->quality |= QUALITY_DURATION_ESTIMATE;
}

static int take_invocation(
    struct sandboxes *s, const struct record_invocation *r, int64_t boot_to_wall_ns)
{
	struct known *k = find(s, r->sandbox);
	struct invocation inv = {0};

	if (!k)
		return -ENOENT;
	inv.function = &k->function;
	inv.kind = r->function_kind == FUNCTION_LAMBDA    ? KIND_LAMBDA
		   : r->function_kind == FUNCTION_PROCESS ? KIND_PROCESS
							  : KIND_HTTP;
	inv.pid = r->pid;
	inv.start_ns = (int64_t)r->start_ns + boot_to_wall_ns;
	inv.status = status_of(r, boot_to_wall_ns);
	set_figures(&inv, r);
	set_start(&inv, k, r);
	set_trace(&inv, r->trace_id);
	(void)text_copy_bytes(
	    inv.request_id, sizeof(inv.request_id), r->request_id, RECORD_ID_BYTES);
	text_make_printable(inv.request_id);
	if (inv.kind == KIND_LAMBDA && !inv.request_id[0])
		inv.quality |= QUALITY_REQUEST_ID_UNKNOWN;
	(void)text_copy(inv.sandbox, sizeof(inv.sandbox), k->name);
	k->last_status = inv.status;
	s->emit(s->context, &inv);
	return 0;
}

int sandboxes_take(
    struct sandboxes *s, const void *record, size_t bytes, int64_t boot_to_wall_ns)
{
	const struct record_ready *ready = record;
	const struct record_end *end = record;
	struct known *k;
	uint32_t kind;

	if (bytes < sizeof(kind))
		return -EBADMSG;
	memcpy(&kind, record, sizeof(kind));
	if (kind == RECORD_INVOCATION && bytes == sizeof(struct record_invocation))
		return take_invocation(s, record, boot_to_wall_ns);
	if (kind == RECORD_EXEC && bytes == sizeof(struct record_exec))
		return add(s, record, false);
	if (kind == RECORD_READY && bytes == sizeof(*ready)) {
		k = find(s, ready->sandbox);
		if (k && !k->ready_ns)
			k->ready_ns = ready->ready_ns;
		return 0;
	}
	if (kind == RECORD_END && bytes == sizeof(*end)) {
		drop(s, end->sandbox);
		return 0;
	}
	return -EBADMSG;
}
