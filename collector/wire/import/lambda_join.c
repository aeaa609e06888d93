/* A ring of what is held, oldest first, and a table that finds a request id in it. */
#include "wire/import/lambda_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TABLE_SIZE ((size_t)4 * LAMBDA_JOIN_HELD) /* a power of two */
#define FREE UINT16_MAX
#define BYTES_PER_MIB 1048576
#define MEMORY_MAX_MB 1000000 /* a figure beyond is nonsense, and left out */

struct held {
	uint64_t hash;
	bool is_reported;
	bool is_started; /* start_ns is known */
	bool is_ended;   /* end_ns is known */
	bool is_killed;
	bool is_prewarmed;
	enum invocation_status status; /* that any line told */
	int64_t start_ns;
	int64_t end_ns;
	struct lambda_note report;
	struct lambda_origin origin;
	char version[FUNCTION_VERSION_BYTES];
	char request_id[INVOCATION_ID_BYTES];
};

struct lambda_join {
	const struct import_settings *settings;
	const struct import_sink *sink;
	uint64_t failed_inits;
	/* The version that a START told last, and of which function: an input may begin
	 * or be cut within an invocation. */
	char version[FUNCTION_VERSION_BYTES];
	char version_of[FUNCTION_NAME_BYTES];
	bool has_prewarmed; /* the next invocation of that sandbox is */
	char prewarmed[INVOCATION_ID_BYTES];
	size_t first; /* of the ring */
	size_t n;
	uint16_t table[TABLE_SIZE]; /* places in the ring, open addressing */
	struct held held[LAMBDA_JOIN_HELD];
};

int lambda_join_new(const struct import_settings *settings,
    const struct import_sink *sink, struct lambda_join **out)
{
	struct lambda_join *join = calloc(1, sizeof(*join));

	if (!join)
		return -ENOMEM;
	join->settings = settings;
	join->sink = sink;
	for (size_t i = 0; i < TABLE_SIZE; i++)
		join->table[i] = FREE;
	*out = join;
	return 0;
}

void lambda_join_free(struct lambda_join *join)
{
	free(join);
}

uint64_t lambda_join_failed_inits(const struct lambda_join *join)
{
	return join->failed_inits;
}

/* --- the table
 * --------------------------------------------------------------------------
 */

static uint64_t hash_of(const char *id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

/* The slot of that id, or the free one where it would be. */
static size_t slot_of(const struct lambda_join *join, uint64_t hash, const char *id)
{
	size_t slot = hash & (TABLE_SIZE - 1);

	while (join->table[slot] != FREE) {
		const struct held *held = &join->held[join->table[slot]];

		if (held->hash == hash && strcmp(held->request_id, id) == 0)
			break;
		slot = (slot + 1) & (TABLE_SIZE - 1);
	}
	return slot;
}

/* Empties a slot and moves up those behind it that it was in the way of. */
static void free_slot(struct lambda_join *join, size_t slot)
{
	size_t next = slot;

	join->table[slot] = FREE;
	for (;;) {
		size_t home;

		next = (next + 1) & (TABLE_SIZE - 1);
		if (join->table[next] == FREE)
			return;
		home = join->held[join->table[next]].hash & (TABLE_SIZE - 1);
		if (((next - home) & (TABLE_SIZE - 1)) <
		    ((next - slot) & (TABLE_SIZE - 1)))
			continue;
		join->table[slot] = join->table[next];
		join->table[next] = FREE;
		slot = next;
	}
}

/* --- an invocation
 * ----------------------------------------------------------------------
 */

static void name_function(
    const struct lambda_join *join, const struct held *held, struct function *function)
{
	const struct lambda_note *report = &held->report;
	const char *version = held->version[0] ? held->version : held->origin.version;

	*function = join->settings->function;
	function->platform = PLATFORM_AWS_LAMBDA;
	if (!function->name[0])
		(void)text_copy(
		    function->name, sizeof(function->name), held->origin.function);
	if (!version[0] && strcmp(join->version_of, held->origin.function) == 0)
		version = join->version;
	if (version[0])
		(void)text_copy(function->version, sizeof(function->version), version);
	if (report->has & NOTE_MEMORY_SIZE && report->memory_size_mb <= MEMORY_MAX_MB)
		function->memory_limit_mb = (uint32_t)report->memory_size_mb;
}

/* When it began: as told, or its end less what it took. */
static void place_in_time(
    const struct lambda_join *join, const struct held *held, struct invocation *inv)
{
	int64_t duration_ns = (int64_t)inv->duration_ns;

	if (held->is_started) {
		inv->start_ns = held->start_ns;
		return;
	}
	inv->quality |= QUALITY_START_ESTIMATE;
	if (held->report.has & NOTE_TIME)
		inv->start_ns = held->report.time_ns - duration_ns;
	else if (held->is_ended)
		inv->start_ns = held->end_ns - duration_ns;
	else
		inv->start_ns = join->settings->at_ns;
}

/* A restored snapshot is what a cold start waited for, as an init is. */
static void tell_init(const struct held *held, struct invocation *inv)
{
	const struct lambda_note *report = &held->report;

	inv->start_type = START_WARM;
	if (!(report->has & (NOTE_INIT | NOTE_RESTORE)))
		return;
	inv->start_type = held->is_prewarmed ? START_PREWARMED : START_COLD;
	inv->has |= HAS_INIT;
	inv->init_ns = report->has & NOTE_RESTORE ? report->restore_ns : report->init_ns;
}

/* A handler's own error is in no REPORT line, so that one without a status is a guess. A
 * runtime that was killed when all its memory was used was so because of that. */
static void tell_status(const struct held *held, struct invocation *inv)
{
	const struct lambda_note *report = &held->report;
	bool is_full = report->has & NOTE_MEMORY_USED && report->has & NOTE_MEMORY_SIZE &&
		       report->memory_used_mb >= report->memory_size_mb;

	inv->status = report->status != STATUS_OK ? report->status : held->status;
	if (inv->status == STATUS_ERROR && held->status != STATUS_OK)
		inv->status = held->status;
	if (inv->status == STATUS_OK && !(report->has & NOTE_STATUS))
		inv->quality |= QUALITY_STATUS_ESTIMATE;
	if (inv->status == STATUS_CRASH && is_full) {
		inv->status = STATUS_OOM;
		if (!held->is_killed)
			inv->quality |= QUALITY_STATUS_ESTIMATE;
	}
}

static int hand_over(struct lambda_join *join, const struct held *held)
{
	const struct lambda_note *report = &held->report;
	struct function function;
	struct invocation inv = {.function = &function,
	    .kind = KIND_LAMBDA,
	    .has = HAS_DURATION | HAS_BUSY,
	    .duration_ns = report->duration_ns,
	    .busy_ns = report->duration_ns,
	    .concurrency = 1};
	struct import_found found = {.invocation = &inv,
	    .has_billed = report->has & NOTE_BILLED && !(report->has & NOTE_RESTORE),
	    .billed_ms = report->billed_ms};

	name_function(join, held, &function);
	place_in_time(join, held, &inv);
	tell_init(held, &inv);
	tell_status(held, &inv);
	if (report->has & NOTE_MEMORY_USED && report->memory_used_mb <= MEMORY_MAX_MB) {
		inv.has |= HAS_MEMORY;
		inv.quality |= QUALITY_MEMORY_SANDBOX;
		inv.peak_memory_bytes = report->memory_used_mb * BYTES_PER_MIB;
	}
	(void)text_copy(inv.request_id, sizeof(inv.request_id), held->request_id);
	(void)text_copy(inv.trace_id, sizeof(inv.trace_id), report->trace_id);
	(void)text_copy(inv.sandbox, sizeof(inv.sandbox), held->origin.sandbox);
	return join->sink->take(join->sink->context, &found);
}

/* --- the ring
 * ---------------------------------------------------------------------------
 */

static int let_go_of_first(struct lambda_join *join)
{
	struct held *held = &join->held[join->first];

	free_slot(join, slot_of(join, held->hash, held->request_id));
	join->first = (join->first + 1) % LAMBDA_JOIN_HELD;
	join->n--;
	return held->is_reported ? hand_over(join, held) : 0;
}

/* Forgets what was told of an invocation, for another one of that id: an event that is
 * tried again has the id of the first time. */
static void begin(struct held *held)
{
	held->is_reported = held->is_started = held->is_ended = false;
	held->is_killed = held->is_prewarmed = false;
	held->status = STATUS_OK;
	held->version[0] = '\0';
	held->report.has = 0;
}

/* The one of that id, added if it is new. 0 or what the sink returned. */
static int find_or_add(struct lambda_join *join, const char *id, struct held **out)
{
	uint64_t hash = hash_of(id);
	size_t slot = slot_of(join, hash, id);
	struct held *held;
	size_t place;
	int err;

	if (join->table[slot] != FREE) {
		*out = &join->held[join->table[slot]];
		return 0;
	}
	if (join->n == LAMBDA_JOIN_HELD) {
		err = let_go_of_first(join);
		if (err)
			return err;
		slot = slot_of(join, hash, id);
	}
	place = (join->first + join->n++) % LAMBDA_JOIN_HELD;
	join->table[slot] = (uint16_t)place;
	held = &join->held[place];
	begin(held);
	held->hash = hash;
	(void)text_copy(held->request_id, sizeof(held->request_id), id);
	held->origin = (struct lambda_origin){0};
	*out = held;
	return 0;
}

/* --- notes
 * ------------------------------------------------------------------------------
 */

static void take_start(
    struct lambda_join *join, struct held *held, const struct lambda_note *note)
{
	if (note->has & NOTE_TIME) {
		held->is_started = true;
		held->start_ns = note->time_ns;
	}
	if (note->version[0]) {
		(void)text_copy(held->version, sizeof(held->version), note->version);
		(void)text_copy(join->version, sizeof(join->version), note->version);
		(void)text_copy(
		    join->version_of, sizeof(join->version_of), held->origin.function);
	}
	if (join->has_prewarmed && strcmp(join->prewarmed, held->origin.sandbox) == 0) {
		held->is_prewarmed = true;
		join->has_prewarmed = false;
	}
}

static int take_report(struct lambda_join *join, struct held *held,
    const struct lambda_note *note, const char **why)
{
	if (!join->settings->function.name[0] && !held->origin.function[0]) {
		*why = "nothing says of which function this is: name it with --function";
		return -ENODATA;
	}
	if (!(note->has & NOTE_TIME) && !held->is_started && !held->is_ended &&
	    join->settings->at_ns == 0) {
		*why = "a REPORT line has no time of its own, and none stands before it:"
		       " export with times, or say --at TIME";
		return -ENODATA;
	}
	held->report = *note;
	held->is_reported = true;
	return 0;
}

/* Of the sandbox, not of an invocation. */
static void take_init(struct lambda_join *join, const struct lambda_note *note,
    const struct lambda_origin *origin)
{
	if (note->has & NOTE_STATUS && note->status != STATUS_OK &&
	    note->kind == LAMBDA_NOTE_INIT_DONE)
		join->failed_inits++;
	if (note->has & NOTE_PREWARMED) {
		join->has_prewarmed = true;
		(void)text_copy(
		    join->prewarmed, sizeof(join->prewarmed), origin->sandbox);
	}
}

int lambda_join_add(struct lambda_join *join, const struct lambda_note *note,
    const struct lambda_origin *origin, const char **why)
{
	bool is_init =
	    note->kind == LAMBDA_NOTE_INIT || note->kind == LAMBDA_NOTE_INIT_DONE;
	bool begins = note->kind == LAMBDA_NOTE_START || note->kind == LAMBDA_NOTE_REPORT;
	struct held *held = NULL;
	int err;

	if (is_init) {
		take_init(join, note, origin);
		return 0;
	}
	err = find_or_add(join, note->request_id, &held);
	if (err)
		return err;
	if (begins && held->is_reported) {
		err = hand_over(join, held);
		if (err)
			return err;
		begin(held);
	}
	if (origin->function[0] || origin->sandbox[0])
		held->origin = *origin;
	if (note->has & NOTE_STATUS && note->status != STATUS_OK) {
		held->status = note->status;
		held->is_killed |= note->is_killed;
	}
	if (note->kind == LAMBDA_NOTE_REPORT)
		return take_report(join, held, note, why);
	if (note->kind == LAMBDA_NOTE_START)
		take_start(join, held, note);
	if (note->kind == LAMBDA_NOTE_END && note->has & NOTE_TIME) {
		held->is_ended = true;
		held->end_ns = note->time_ns;
	}
	return 0;
}

int lambda_join_end(struct lambda_join *join)
{
	int err = 0;

	while (!err && join->n > 0)
		err = let_go_of_first(join);
	return err;
}
