/* A hash table by the kernel's id. It is bounded: what was silent longest goes. */
#include "agent/sandboxes/known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/names.h"
#include "agent/names/containers.h"
#include "agent/names/foreign.h"
#include "agent/probes/blindness.h"
#include "agent/sandboxes/waterfall.h"
#include "base/log.h"
#include "base/text.h"

static size_t bucket(uint64_t key)
{
	return (key * 0x9e3779b97f4a7c15ULL) >> 52; /* 12 bits: BUCKETS */
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

static void free_known(struct known *k)
{
	targets_done(&k->targets);
	free(k->coldstart);
	free(k);
}

void sandboxes_said_foreign(struct sandboxes *s, uint32_t said)
{
	s->foreign_said = said;
}

void sandboxes_free(struct sandboxes *s)
{
	if (!s)
		return;
	sandboxes_settle(s);
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->by_id[i]) {
			struct known *k = s->by_id[i];

			s->by_id[i] = k->next;
			free_known(k);
		}
	}
	known_functions_done(&s->functions);
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

/* --- what was silent longest ------------------------------------------------------ */

static void unlink_known(struct sandboxes *s, struct known *k)
{
	*(k->older ? &k->older->newer : &s->oldest) = k->newer;
	*(k->newer ? &k->newer->older : &s->newest) = k->older;
}

static void link_newest(struct sandboxes *s, struct known *k)
{
	k->older = s->newest;
	k->newer = NULL;
	*(s->newest ? &s->newest->newer : &s->oldest) = k;
	s->newest = k;
}

static struct known *heard_of(struct sandboxes *s, uint64_t id)
{
	struct known *k = find(s, id);

	if (k && k != s->newest) {
		unlink_known(s, k);
		link_newest(s, k);
	}
	return k;
}

/* --- sandboxes come and go --------------------------------------------------------- */

void sandboxes_drop(struct sandboxes *s, uint64_t id, uint64_t end_ns)
{
	struct known **at = &s->by_id[bucket(id)];
	struct known *k;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	k = *at;
	if (!k)
		return;
	*at = k->next;
	unlink_known(s, k);
	known_functions_end(&s->functions, k->owner, k->last_status,
	    end_ns > k->last_work_ns ? end_ns - k->last_work_ns : 0);
	s->n--;
	free_known(k);
}

int sandboxes_adopt_process(struct sandboxes *s, uint32_t pid, uint64_t sandbox)
{
	struct adopted *more = reallocarray(s->adopted, s->adopted_n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->adopted = more;
	s->adopted[s->adopted_n++] = (struct adopted){pid, sandbox};
	return 0;
}

void sandboxes_settle(struct sandboxes *s)
{
	free(s->adopted);
	s->adopted = NULL;
	s->adopted_n = 0;
}

/* Whether it was started by an adopted sandbox of the same function. */
static bool is_part_of_adopted(
    const struct sandboxes *s, const struct record_exec *exec, const struct known *k)
{
	for (size_t i = 0; i < s->adopted_n; i++) {
		const struct known *parent;

		if (s->adopted[i].pid != exec->parent)
			continue;
		parent = find(s, s->adopted[i].sandbox);
		if (parent && parent->owner == k->owner)
			return true;
	}
	return false;
}

/* The first connection of a runtime leads to its Runtime API: that is no peer. */
static void remember_api(struct known *k, const struct record_exec *exec)
{
	k->is_lambda = exec->present & 1U << VARIABLE_LAMBDA_API;
	if (k->is_lambda)
		(void)text_copy_bytes(k->api, sizeof(k->api),
		    exec->value[VARIABLE_LAMBDA_API], RECORD_VALUE_BYTES);
}

static struct rules_subject subject_of(const struct known *k, uint16_t port)
{
	return (struct rules_subject){.function = k->told,
	    .process = k->process[0] ? k->process : NULL,
	    .began = k->began[0] ? k->began : NULL,
	    .container = k->name,
	    .port = port};
}

/* A rule that needs no request names the sandbox, at one of its ports. */
static bool name_by_rules(const struct sandboxes *s, const struct known *k, uint16_t port,
    struct function *function)
{
	const struct rules_subject subject = subject_of(k, port);
	const char *name = rules_name(s->rules, &subject);

	return name && text_copy(function->name, sizeof(function->name), name);
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
	k->life.start_ns = exec->start_ns;
	k->life.is_late = late;
	names_function(exec, &k->function);
	_Static_assert(NAMES_CONTAINER_BYTES <= sizeof(k->name), "an id fits");
	if (!names_container(exec->cgroup, sizeof(exec->cgroup), k->name))
		(void)snprintf(k->name, sizeof(k->name), "%u-%llx", exec->pid,
		    (unsigned long long)exec->start_ns);
	if (strcmp(k->function.name, NAMES_UNNAMED) == 0)
		(void)containers_name("", k->name, k->function.name);
	(void)text_copy_bytes(
	    k->process, sizeof(k->process), exec->process, sizeof(exec->process));
	memcpy(k->began, k->process, sizeof(k->began));
	(void)text_copy(k->told, sizeof(k->told), k->function.name);
	(void)name_by_rules(s, k, 0, &k->function);
	k->owner = known_functions_begin(&s->functions, &k->function, &k->life.cause);
	if (!k->owner) {
		free(k);
		return -ENOMEM;
	}
	k->is_part = is_part_of_adopted(s, exec, k);
	remember_api(k, exec);
	k->next = s->by_id[bucket(k->id)];
	s->by_id[bucket(k->id)] = k;
	link_newest(s, k);
	if (++s->n > SANDBOXES_MAX)
		sandboxes_drop(s, s->oldest->id, 0);
	return 0;
}

int sandboxes_adopt(struct sandboxes *s, const struct record_exec *exec)
{
	return add(s, exec, true);
}

/* --- records ----------------------------------------------------------------------- */

/* The function that one record is of: by a port that the sandbox was not named by, and by
 * what was asked. whole: the record has that. */
static void name_record(const struct sandboxes *s, struct known *k,
    const struct record_targeted *record, bool whole, struct function *function)
{
	uint16_t port = record->invocation.port;

	if (port && port != k->port && rules_want_ports(s->rules)) {
		(void)text_copy(function->name, sizeof(function->name), k->told);
		(void)name_by_rules(s, k, port, function);
	}
	if (whole)
		targets_name(
		    &k->targets, s->rules, record, subject_of(k, port), function);
}

/* Losses of a server that serves many functions stand under its own name: what was lost
 * named none. */
static int take_invocation(
    struct sandboxes *s, const void *record, size_t bytes, int64_t boot_to_wall_ns)
{
	struct record_targeted whole = {0}; /* a record may be the start of it */
	const struct record_invocation *r = &whole.invocation;
	struct known *k;
	struct function function;
	struct invocation inv;

	memcpy(&whole, record, bytes);
	k = heard_of(s, r->sandbox);
	if (!k)
		return -ENOENT;
	if (k->is_part)
		return -ECHILD;
	k->life.coldstart = k->coldstart;
	outcome_read(r, &k->life, boot_to_wall_ns, &inv);
	inv.function = &k->function;
	if (bytes == sizeof(whole) || rules_want_ports(s->rules)) {
		function = k->function;
		name_record(s, k, &whole, bytes == sizeof(whole), &function);
		inv.function = &function;
	}
	(void)text_copy(inv.sandbox, sizeof(inv.sandbox), k->name);
	k->last_status = inv.status;
	k->last_work_ns = r->end_ns;
	k->has_worked = true;
	s->emit(s->context, &inv);
	if (inv.has & HAS_COLDSTART) {
		free(k->coldstart);
		k->coldstart = NULL;
	}
	return 0;
}

static int take_blind(struct sandboxes *s, const struct record_blind *blind)
{
	const struct known *k = find(s, blind->sandbox);

	if (blind->why == BLIND_FOREIGN) {
		foreign_say(blind->pid, &s->foreign_said);
		return 0;
	}
	return blindness_say(blind->why, k ? k->function.name : NULL);
}

/* Another function's, of which it is a new sandbox. */
static int become(struct sandboxes *s, struct known *k, const struct function *function)
{
	struct known_function *owner;

	if (!function_is_same(&k->function, function)) {
		owner = known_functions_begin(&s->functions, function, &k->life.cause);
		if (!owner)
			return -ENOMEM;
		known_functions_end(&s->functions, k->owner, STATUS_OK, 0);
		k->owner = owner;
	}
	k->function = *function;
	return 0;
}

void sandboxes_set_rules(struct sandboxes *s, const struct rules *rules)
{
	s->rules = rules;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct known *k = s->by_id[i]; k; k = k->next) {
			struct function function = k->function;
			const struct cause cause = k->life.cause;

			(void)text_copy(function.name, sizeof(function.name), k->told);
			(void)name_by_rules(s, k, k->port, &function);
			if (become(s, k, &function) < 0)
				log_warn("no memory to name %s anew", k->function.name);
			k->life.cause = cause; /* it began before */
		}
	}
}

/* A server was told its name. One that has one keeps it. */
static int take_name(struct sandboxes *s, struct known *k, const struct record_name *name)
{
	struct function function = k->function;

	if (k->has_worked || strcmp(k->told, NAMES_UNNAMED) != 0 ||
	    !targets_became(name->text, &function))
		return 0;
	(void)text_copy(k->told, sizeof(k->told), function.name);
	(void)name_by_rules(s, k, k->port, &function);
	return become(s, k, &function);
}

/* What it has become since its first exec may be what a rule goes by. */
static int take_ready(
    struct sandboxes *s, struct known *k, const struct record_ready *ready)
{
	struct function function = k->function;

	if (outcome_ready(&k->life, ready, k->has_worked))
		k->last_work_ns = ready->ready_ns;
	if (k->has_worked || !ready->process[0])
		return 0;
	(void)text_copy_bytes(
	    k->process, sizeof(k->process), ready->process, sizeof(ready->process));
	k->port = ready->port;
	return name_by_rules(s, k, k->port, &function) ? become(s, k, &function) : 0;
}

static int take_coldstart(struct known *k, const struct record_coldstart *record)
{
	const struct waterfall_sandbox sandbox = {k->life.start_ns, k->is_lambda, k->api};

	if (k->coldstart || k->life.is_late)
		return 0;
	k->coldstart = malloc(sizeof(*k->coldstart));
	if (!k->coldstart)
		return -ENOMEM;
	waterfall_read(record, &sandbox, k->coldstart);
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
	if (kind == RECORD_INVOCATION &&
	    (bytes == RECORD_SHORT_BYTES || bytes == sizeof(struct record_invocation) ||
		bytes == sizeof(struct record_targeted)))
		return take_invocation(s, record, bytes, boot_to_wall_ns);
	if (kind == RECORD_EXEC && bytes == sizeof(struct record_exec))
		return add(s, record, false);
	if (kind == RECORD_READY && bytes == sizeof(*ready)) {
		k = heard_of(s, ready->sandbox);
		return k ? take_ready(s, k, ready) : 0;
	}
	if (kind == RECORD_COLDSTART && bytes == sizeof(struct record_coldstart)) {
		k = find(s, ((const struct record_coldstart *)record)->sandbox);
		return k ? take_coldstart(k, record) : 0;
	}
	if (kind == RECORD_NAME && bytes == sizeof(struct record_name)) {
		k = find(s, ((const struct record_name *)record)->sandbox);
		return k ? take_name(s, k, record) : 0;
	}
	if (kind == RECORD_BLIND && bytes == sizeof(struct record_blind))
		return take_blind(s, record);
	if (kind == RECORD_END && bytes == sizeof(*end)) {
		k = find(s, end->sandbox);
		if (k)
			sandboxes_tell_losses(s, k, end->lost, end->shed);
		sandboxes_drop(s, end->sandbox, end->end_ns);
		return 0;
	}
	return -EBADMSG;
}
