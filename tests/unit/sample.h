/* Functions and invocations of every shape, for codings to carry. */
#ifndef COLDMETER_TESTS_SAMPLE_H
#define COLDMETER_TESTS_SAMPLE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/invocation.h"
#include "tests/unit/random.h"

#define SAMPLE_HAS_ALL (HAS_END - 1)
#define SAMPLE_QUALITY_ALL ((QUALITY_MEMORY_SANDBOX << 1) - 1)

/* Text of up to size - 1 bytes: an id of one of the usual forms, plain, or bytes (without
 * NUL). */
static inline void sample_text(uint64_t *state, char *out, size_t size, bool is_utf8)
{
	uint64_t high = random_next(state);
	uint64_t low = random_next(state);
	unsigned int form = (unsigned int)random_below(state, 8);
	size_t n = (size_t)random_below(state, size);

	memset(out, 0, size);
	if (form == 0)
		return;
	if (form == 1)
		(void)snprintf(out, size, "%08x-%04x-%04x-%04x-%012llx",
		    (unsigned int)(high >> 32), (unsigned int)(high & 0xffff),
		    (unsigned int)(high >> 16 & 0xffff), (unsigned int)(low >> 48),
		    (unsigned long long)(low & 0xffffffffffff));
	else if (form == 2)
		(void)snprintf(out, size, "%016llx%016llx", (unsigned long long)high,
		    (unsigned long long)low);
	else if (form == 3)
		(void)snprintf(out, size, "1-%08x-%08x%016llx",
		    (unsigned int)(high >> 32), (unsigned int)high,
		    (unsigned long long)low);
	else if (form == 4)
		(void)snprintf(out, size, "%016llX-%016llx", (unsigned long long)high,
		    (unsigned long long)low);
	else
		for (size_t i = 0; i < n; i++) {
			char c = (char)(1 + random_below(state, is_utf8 ? 127 : 255));

			out[i] = form == 5 ? "0123456789abcdef"[c & 0xf] : c;
		}
}

static inline void sample_function(uint64_t *state, struct function *f, bool is_utf8)
{
	memset(f, 0, sizeof(*f));
	f->platform = (enum platform)random_below(state, PLATFORM_COUNT);
	f->arch = (enum arch)random_below(state, ARCH_COUNT);
	f->memory_limit_mb = (uint32_t)random_width(state);
	do
		sample_text(state, f->name, sizeof(f->name), is_utf8);
	while (f->name[0] == '\0');
	sample_text(state, f->version, sizeof(f->version), is_utf8);
	sample_text(state, f->region, sizeof(f->region), is_utf8);
}

/* 0 where the figure is not known. */
static inline uint64_t sample_figure(
    uint64_t *state, const struct invocation *inv, uint32_t has)
{
	uint64_t figure = random_width(state);

	return inv->has & has ? figure : 0;
}

/* With names of any bytes, as a stranger's batch may have. Lives until SAMPLE_COLDSTARTS
 * more were made. */
#define SAMPLE_COLDSTARTS 1024
static inline const struct coldstart *sample_coldstart(uint64_t *state, bool is_utf8)
{
	static struct coldstart made[SAMPLE_COLDSTARTS];
	static size_t next;
	struct coldstart *c = &made[next++ % SAMPLE_COLDSTARTS];

	memset(c, 0, sizeof(*c));
	c->phases_n = 1 + random_below(state, COLDSTART_PHASES_MAX);
	c->peers_n = random_below(state, COLDSTART_PEERS_MAX + 1);
	for (size_t i = 0; i < c->phases_n; i++) {
		struct coldstart_phase *phase = &c->phases[i];

		sample_text(state, phase->name, sizeof(phase->name), is_utf8);
		phase->start_ns = (int64_t)random_width(state) >> 1;
		phase->wall_ns = random_width(state);
		phase->has_counters = random_below(state, 2);
		if (!phase->has_counters)
			continue;
		phase->cpu_ns = random_width(state);
		phase->run_queue_ns = random_width(state);
		phase->disk_bytes = random_width(state) >> 1;
		phase->major_faults = (uint32_t)random_width(state);
	}
	for (size_t i = 0; i < c->peers_n; i++) {
		sample_text(state, c->peers[i].peer, sizeof(c->peers[i].peer), is_utf8);
		c->peers[i].wait_ns = random_width(state);
		c->peers[i].waits = (uint32_t)random_width(state);
	}
	c->others = (uint32_t)random_below(state, 3);
	c->others_wait_ns = c->others ? random_width(state) : 0;
	c->helpers = (uint32_t)random_below(state, 3);
	return c;
}

static inline void sample_invocation(
    uint64_t *state, const struct function *f, struct invocation *inv, bool is_utf8)
{
	memset(inv, 0, sizeof(*inv));
	inv->function = f;
	inv->kind = (enum invocation_kind)random_below(state, KIND_COUNT);
	inv->status = (enum invocation_status)random_below(state, STATUS_COUNT);
	inv->start_type = (enum invocation_start)random_below(state, START_PREWARMED + 1);
	inv->cause = (enum invocation_cause)random_below(state, CAUSE_COUNT);
	inv->ping = random_below(state, 8) == 0;
	inv->has = (uint32_t)random_next(state) & SAMPLE_HAS_ALL & ~HAS_COLDSTART;
	if (random_below(state, 16) == 0) {
		inv->coldstart = sample_coldstart(state, is_utf8);
		inv->has |= HAS_COLDSTART;
	}
	if (inv->has & HAS_CERTAINTY)
		inv->certainty = (enum invocation_certainty)(
		    1 + random_below(state, CERTAINTY_COUNT - 1));
	inv->quality = (uint32_t)random_next(state) & SAMPLE_QUALITY_ALL;
	inv->start_ns = (int64_t)random_width(state);
	inv->duration_ns = sample_figure(state, inv, HAS_DURATION);
	inv->response_ns = sample_figure(state, inv, HAS_RESPONSE);
	inv->init_ns = sample_figure(state, inv, HAS_INIT);
	inv->wait_ns = sample_figure(state, inv, HAS_WAIT);
	inv->cpu_ns = sample_figure(state, inv, HAS_CPU);
	inv->busy_ns = sample_figure(state, inv, HAS_BUSY);
	inv->peak_memory_bytes = sample_figure(state, inv, HAS_MEMORY);
	inv->request_bytes = sample_figure(state, inv, HAS_BYTES);
	inv->response_bytes = sample_figure(state, inv, HAS_BYTES);
	inv->http_status = (uint16_t)sample_figure(state, inv, HAS_HTTP_STATUS);
	inv->run_queue_ns = sample_figure(state, inv, HAS_RUN_QUEUE);
	inv->throttled_ns = sample_figure(state, inv, HAS_THROTTLED);
	inv->init.first_exec_ns = sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.last_exec_ns = sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.cpu_ns = sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.run_queue_ns = sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.read_bytes = sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.disk_bytes = sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.major_faults = (uint32_t)sample_figure(state, inv, HAS_INIT_STORY);
	inv->init.execs = (uint32_t)sample_figure(state, inv, HAS_INIT_STORY);
	inv->concurrency = (uint32_t)random_width(state) | 1;
	inv->pid = (uint32_t)random_width(state);
	sample_text(state, inv->request_id, sizeof(inv->request_id), is_utf8);
	sample_text(state, inv->sandbox, sizeof(inv->sandbox), is_utf8);
	sample_text(state, inv->trace_id, sizeof(inv->trace_id), is_utf8);
}

static inline bool sample_same_function(
    const struct function *a, const struct function *b)
{
	return function_is_same(a, b) && a->arch == b->arch &&
	       a->memory_limit_mb == b->memory_limit_mb &&
	       strcmp(a->region, b->region) == 0;
}

static inline bool sample_same_story(
    const struct init_story *a, const struct init_story *b)
{
	return a->first_exec_ns == b->first_exec_ns &&
	       a->last_exec_ns == b->last_exec_ns && a->cpu_ns == b->cpu_ns &&
	       a->run_queue_ns == b->run_queue_ns && a->read_bytes == b->read_bytes &&
	       a->disk_bytes == b->disk_bytes && a->major_faults == b->major_faults &&
	       a->execs == b->execs;
}

/* Everything of an invocation but its function. */
static inline bool sample_same_invocation(
    const struct invocation *a, const struct invocation *b)
{
	return a->kind == b->kind && a->status == b->status &&
	       a->start_type == b->start_type && a->cause == b->cause &&
	       a->ping == b->ping && a->has == b->has && a->quality == b->quality &&
	       a->start_ns == b->start_ns && a->duration_ns == b->duration_ns &&
	       a->response_ns == b->response_ns && a->init_ns == b->init_ns &&
	       a->wait_ns == b->wait_ns && a->cpu_ns == b->cpu_ns &&
	       a->busy_ns == b->busy_ns && a->peak_memory_bytes == b->peak_memory_bytes &&
	       a->request_bytes == b->request_bytes &&
	       a->response_bytes == b->response_bytes &&
	       a->concurrency == b->concurrency && a->pid == b->pid &&
	       a->http_status == b->http_status && a->run_queue_ns == b->run_queue_ns &&
	       a->throttled_ns == b->throttled_ns &&
	       sample_same_story(&a->init, &b->init) && a->certainty == b->certainty &&
	       !a->coldstart == !b->coldstart &&
	       (!a->coldstart || coldstart_is_same(a->coldstart, b->coldstart)) &&
	       strcmp(a->request_id, b->request_id) == 0 &&
	       strcmp(a->sandbox, b->sandbox) == 0 &&
	       strcmp(a->trace_id, b->trace_id) == 0;
}

#endif
