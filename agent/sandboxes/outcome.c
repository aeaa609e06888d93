#include "agent/sandboxes/outcome.h"

#include <string.h>

#include "agent/sandboxes/resolution.h"
#include "base/text.h"

/* An event that arrives within this time of ready had been waiting for it: a Runtime API
 * server hands it over at once, a proxy polls for readiness (Knative's activator probes
 * every 25 to 200 ms, kubelet every second). */
#define WAITED_LAMBDA_NS 100000000ULL
#define WAITED_HTTP_NS 1000000000ULL

#define DEADLINE_SLACK_MS 100

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
	if (r->deadline_ms && (uint64_t)end_ms + DEADLINE_SLACK_MS >= r->deadline_ms)
		return STATUS_TIMEOUT;
	return STATUS_CRASH;
}

/* RFC 9110 section 15: three digits; what a function wrote instead is no status. */
static bool is_http_status(uint16_t status)
{
	return status >= 100 && status <= 999;
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
	if (r->flags & INVOCATION_ERROR ||
	    (is_http_status(r->http_status) && r->http_status >= 500))
		return STATUS_ERROR;
	return STATUS_OK;
}

static void set_cause(struct invocation *inv, const struct cause *cause)
{
	inv->cause = cause->cause;
	inv->certainty = cause->certainty;
	if (cause->certainty != CERTAINTY_UNKNOWN)
		inv->has |= HAS_CERTAINTY;
}

/* Cold, prewarmed or warm, and the init that a first invocation carries. */
static void set_start(struct invocation *inv, const struct outcome_life *life,
    const struct record_invocation *r)
{
	uint64_t waited = inv->kind == KIND_LAMBDA ? WAITED_LAMBDA_NS : WAITED_HTTP_NS;
	bool init_failed = r->flags & INVOCATION_INIT_ERROR && !life->ready_ns;
	uint64_t inited_ns = init_failed ? r->end_ns : life->ready_ns;

	inv->start_type = START_WARM;
	if (!init_failed && (!(r->flags & INVOCATION_FIRST) || inv->kind == KIND_PROCESS))
		return;
	/* late, or the record of ready had no room in the ring */
	if (life->is_late || inited_ns < life->start_ns) {
		inv->start_type = START_UNKNOWN;
		inv->quality |= QUALITY_INIT_UNKNOWN;
		return;
	}
	inv->init_ns = resolution_span(inited_ns, inited_ns - life->start_ns);
	inv->has |= HAS_INIT;
	if (!init_failed && life->story.execs) {
		inv->has |= HAS_INIT_STORY;
		inv->init = life->story;
	}
	if (life->coldstart && life->coldstart->phases_n > 0) {
		inv->has |= HAS_COLDSTART;
		inv->coldstart = life->coldstart;
	}
	if (r->flags & INVOCATION_READY_INFERRED)
		inv->quality |= QUALITY_INIT_ESTIMATE;
	inv->start_type = init_failed || r->start_ns < life->ready_ns + waited
			      ? START_COLD
			      : START_PREWARMED;
	if (inv->start_type == START_COLD)
		set_cause(inv, &life->cause);
}

/* Whether text is a traceparent: version, 32 hexadecimal digits, the rest. */
static bool is_traceparent(const char *text)
{
	static const char hex[] = "0123456789abcdef";

	return strspn(text, hex) == 2 && text[2] == '-' && strspn(text + 3, hex) == 32 &&
	       text[35] == '-';
}

/* The 32 digits of a traceparent; of "Root=1-...;Parent=..." the root, wherever it
 * stands; else all up to a delimiter. What the record's end cut off is no id, nor is a
 * field of another name. */
static void set_trace(struct invocation *inv, const char *trace)
{
	char text[RECORD_TRACE_BYTES];
	const char *id = text;
	const char *root;
	bool whole;
	size_t n;

	(void)text_copy_bytes(text, sizeof(text), trace, RECORD_TRACE_BYTES);
	n = strcspn(text, "\r\n");
	whole = n < RECORD_TRACE_BYTES - 1;
	text[n] = '\0';
	id += strspn(id, " \t");
	root = strstr(id, "Root=");
	if (is_traceparent(id)) {
		id += 3;
		n = 32;
	} else {
		id = root ? root + 5 : id;
		n = strcspn(id, "; \t");
	}
	if ((!whole && id[n] == '\0') || memchr(id, '=', n))
		return;
	(void)text_copy_bytes(inv->trace_id, sizeof(inv->trace_id), id, n);
	text_make_printable(inv->trace_id);
	inv->ping = invocation_trace_is_ping(inv->trace_id);
}

/* A time of a record that is no moment ends, as told, with its invocation. */
static void set_times(struct invocation *inv, const struct record_invocation *r)
{
	if (r->end_ns > r->start_ns)
		inv->duration_ns = resolution_span(r->end_ns, r->end_ns - r->start_ns);
	inv->busy_ns = resolution_span(r->end_ns, r->busy_ns);
	if (!(r->flags & INVOCATION_INIT_ERROR))
		inv->has |= HAS_DURATION | HAS_BUSY;
	if (r->flags & INVOCATION_RESPONDED && r->response_ns >= r->start_ns) {
		inv->has |= HAS_RESPONSE;
		inv->response_ns =
		    resolution_span(r->response_ns, r->response_ns - r->start_ns);
	}
	if (r->cpu_ns) {
		inv->has |= HAS_CPU;
		inv->cpu_ns = resolution_span(r->end_ns, r->cpu_ns);
	}
	if (r->cpu_ns && r->run_queue_ns != RECORD_UNKNOWN) {
		inv->has |= HAS_RUN_QUEUE;
		inv->run_queue_ns = resolution_span(r->end_ns, r->run_queue_ns);
	}
	if (r->throttled_ns) {
		inv->has |= HAS_THROTTLED;
		inv->throttled_ns = resolution_span(r->end_ns, r->throttled_ns);
	}
	if (r->flags & INVOCATION_WAITED) {
		inv->has |= HAS_WAIT;
		inv->wait_ns = resolution_span(r->start_ns, r->wait_ns);
	}
}

static void set_figures(struct invocation *inv, const struct record_invocation *r)
{
	inv->peak_memory_bytes = r->peak_bytes;
	inv->request_bytes = r->request_bytes;
	inv->response_bytes = r->response_bytes;
	inv->http_status = is_http_status(r->http_status) ? r->http_status : 0;
	inv->concurrency = r->concurrency ? r->concurrency : 1;
	if (r->peak_bytes)
		inv->has |= HAS_MEMORY;
	if (is_http_status(r->http_status))
		inv->has |= HAS_HTTP_STATUS;
	if (inv->kind != KIND_PROCESS)
		inv->has |= HAS_BYTES;
	if (r->flags & INVOCATION_WAITED && !(r->flags & INVOCATION_WAIT_EXACT))
		inv->quality |= QUALITY_WAIT_ESTIMATE;
	if (r->peak_bytes && !(r->flags & INVOCATION_MEMORY_EXACT))
		inv->quality |= QUALITY_MEMORY_BOUND;
	if (r->flags & INVOCATION_CPU_ESTIMATE)
		inv->quality |= QUALITY_CPU_ESTIMATE;
	if (r->flags & INVOCATION_NO_START)
		inv->quality |= QUALITY_START_ESTIMATE;
	if (r->flags & INVOCATION_STATUS_ESTIMATE)
		inv->quality |= QUALITY_STATUS_ESTIMATE;
	if (r->flags & INVOCATION_END_INFERRED)
		inv->quality |= QUALITY_DURATION_ESTIMATE;
}

void outcome_read(const struct record_invocation *r, const struct outcome_life *life,
    int64_t boot_to_wall_ns, struct invocation *inv)
{
	*inv = (struct invocation){.pid = r->pid};
	inv->kind = r->function_kind == FUNCTION_LAMBDA    ? KIND_LAMBDA
		    : r->function_kind == FUNCTION_PROCESS ? KIND_PROCESS
							   : KIND_HTTP;
	inv->start_ns = (int64_t)(resolution_moment(r->start_ns) +
				  resolution_moment((uint64_t)boot_to_wall_ns));
	inv->status = status_of(r, boot_to_wall_ns);
	if (inv->status == STATUS_TIMEOUT)
		inv->quality |= QUALITY_STATUS_ESTIMATE; /* from the deadline */
	if (inv->kind == KIND_HTTP && r->flags & INVOCATION_RESPONDED && !r->http_status)
		inv->quality |= QUALITY_STATUS_ESTIMATE; /* nobody could read it */
	set_times(inv, r);
	set_figures(inv, r);
	set_start(inv, life, r);
	set_trace(inv, r->trace_id);
	(void)text_copy_bytes(
	    inv->request_id, sizeof(inv->request_id), r->request_id, RECORD_ID_BYTES);
	text_make_printable(inv->request_id);
	if (inv->kind == KIND_LAMBDA && !inv->request_id[0])
		inv->quality |= QUALITY_REQUEST_ID_UNKNOWN;
}

static bool became(
    struct outcome_life *life, const struct record_ready *ready, bool has_worked)
{
	if (ready->execs || has_worked || ready->first_exec_ns < life->ready_ns)
		return false;
	life->start_ns += ready->first_exec_ns - life->ready_ns;
	life->ready_ns = ready->ready_ns;
	return true;
}

bool outcome_ready(
    struct outcome_life *life, const struct record_ready *ready, bool has_worked)
{
	uint64_t start_ns = life->start_ns;

	if (life->ready_ns)
		return became(life, ready, has_worked);
	life->ready_ns = ready->ready_ns;
	if (!ready->execs || ready->first_exec_ns < start_ns ||
	    ready->last_exec_ns < start_ns)
		return true;
	life->story = (struct init_story){
	    .first_exec_ns =
		resolution_span(ready->first_exec_ns, ready->first_exec_ns - start_ns),
	    .last_exec_ns =
		resolution_span(ready->last_exec_ns, ready->last_exec_ns - start_ns),
	    .cpu_ns = resolution_span(ready->ready_ns, ready->cpu_ns),
	    .run_queue_ns = resolution_span(ready->ready_ns, ready->run_queue_ns),
	    .read_bytes = ready->read_bytes,
	    .disk_bytes = ready->disk_bytes,
	    .major_faults = ready->major_faults,
	    .execs = ready->execs,
	};
	return true;
}
