#include "wire/batch/keep.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

#define FIRST_FUNCTIONS 4 /* many a batch has one record */
#define FIRST_INVOCATIONS 16
#define INVOCATIONS_GROWTH 8 /* each is large to move; what is too much is given back */

void batch_keep_done(struct batch_keep *keep)
{
	batch_free(keep->batch);
	*keep = (struct batch_keep){0};
}

/* The invocations' pointers move with their functions. */
static int grow_functions(struct batch_keep *keep)
{
	size_t room = keep->functions_room ? 2 * keep->functions_room : FIRST_FUNCTIONS;
	struct batch *batch = keep->batch;
	struct function *grown = malloc(room * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	if (batch->functions_n > 0)
		memcpy(grown, batch->functions, batch->functions_n * sizeof(*grown));
	for (size_t i = 0; i < batch->invocations_n; i++)
		batch->invocations[i].function =
		    grown + (batch->invocations[i].function - batch->functions);
	free(batch->functions);
	batch->functions = grown;
	keep->functions_room = room;
	return 0;
}

static int grow_invocations(struct batch_keep *keep)
{
	size_t room = keep->invocations_room ? INVOCATIONS_GROWTH * keep->invocations_room
					     : FIRST_INVOCATIONS;
	struct invocation *grown;

	room = room < BATCH_MAX_RECORDS ? room : BATCH_MAX_RECORDS;
	grown = realloc(keep->batch->invocations, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	keep->batch->invocations = grown;
	keep->invocations_room = room;
	return 0;
}

int batch_keep_reserve(struct batch_keep *keep)
{
	int err = 0;

	if (!keep->batch)
		keep->batch = calloc(1, sizeof(*keep->batch));
	if (!keep->batch)
		return -ENOMEM;
	if (!keep->batch->losses) /* a batch has a list of them, if an empty one */
		keep->batch->losses = calloc(1, sizeof(*keep->batch->losses));
	if (!keep->batch->losses)
		return -ENOMEM;
	if (keep->batch->functions_n == keep->functions_room)
		err = grow_functions(keep);
	if (!err && keep->batch->invocations_n == keep->invocations_room)
		err = grow_invocations(keep);
	return err;
}

static size_t slot_of(const char *name, uint64_t more)
{
	return hash_bytes(more, name, strlen(name)) % BATCH_KEEP_SLOTS;
}

static size_t function_slot(const struct function *f)
{
	return slot_of(f->name, (uint64_t)f->memory_limit_mb ^ (uint8_t)f->version[0]);
}

static bool is_set_up_alike(const struct function *a, const struct function *b)
{
	return function_is_same(a, b) && a->arch == b->arch &&
	       a->memory_limit_mb == b->memory_limit_mb &&
	       strcmp(a->region, b->region) == 0;
}

/* The last one first: what sends has often one function, and one sandbox. */
size_t batch_keep_find_function(
    const struct batch_keep *keep, const struct function *function)
{
	const struct batch *batch = keep->batch;
	size_t index;

	if (!batch || batch->invocations_n == 0)
		return BATCH_KEEP_NONE;
	index = (size_t)(batch->invocations[batch->invocations_n - 1].function -
			 batch->functions);
	if (is_set_up_alike(&batch->functions[index], function))
		return index;
	index = keep->function_slots[function_slot(function)];
	return index > 0 && is_set_up_alike(&batch->functions[index - 1], function)
		   ? index - 1
		   : BATCH_KEEP_NONE;
}

static bool is_sandbox(const struct batch_keep *keep, size_t index, const char *sandbox)
{
	uint32_t record = keep->sandbox_record[index];

	return strcmp(keep->batch->invocations[record].sandbox, sandbox) == 0;
}

size_t batch_keep_find_sandbox(const struct batch_keep *keep, const char *sandbox)
{
	size_t index;

	if (keep->sandboxes_n > 0 && is_sandbox(keep, keep->last_sandbox, sandbox))
		return keep->last_sandbox;
	index = keep->sandbox_slots[slot_of(sandbox, 0)];
	return index > 0 && is_sandbox(keep, index - 1, sandbox) ? index - 1
								 : BATCH_KEEP_NONE;
}

static void add_function(struct batch_keep *keep, const struct function *function)
{
	struct function *f = &keep->batch->functions[keep->batch->functions_n++];

	*f = *function;
	text_make_printable(f->name);
	text_make_printable(f->version);
	text_make_printable(f->region);
	keep->function_slots[function_slot(f)] = (uint16_t)keep->batch->functions_n;
}

void batch_keep_add(struct batch_keep *keep, const struct invocation *inv,
    size_t function, size_t sandbox, struct coldstart *coldstart, bool is_plain)
{
	struct batch *batch = keep->batch;
	struct invocation *kept = &batch->invocations[batch->invocations_n];

	assert(function <= batch->functions_n && sandbox <= keep->sandboxes_n);
	if (function == batch->functions_n)
		add_function(keep, inv->function);
	*kept = *inv;
	kept->function = &batch->functions[function];
	kept->coldstart = coldstart;
	if (!is_plain) {
		text_make_printable(kept->request_id);
		text_make_printable(kept->sandbox);
		text_make_printable(kept->trace_id);
	}
	keep->last_sandbox = sandbox;
	kept->sandbox_hash =
	    sandbox == keep->sandboxes_n
		? invocation_hash(kept->sandbox)
		: batch->invocations[keep->sandbox_record[sandbox]].sandbox_hash;
	if (sandbox == keep->sandboxes_n) {
		keep->sandbox_record[keep->sandboxes_n++] =
		    (uint32_t)batch->invocations_n;
		keep->sandbox_slots[slot_of(kept->sandbox, 0)] =
		    (uint16_t)keep->sandboxes_n;
	}
	batch->invocations_n++;
}

struct batch *batch_keep_take(struct batch_keep *keep, const struct batch_head *head)
{
	struct batch *batch = keep->batch;
	struct invocation *fitted;

	if (!batch)
		batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	fitted = batch->invocations_n == 0 ? NULL
					   : realloc(batch->invocations,
						 batch->invocations_n * sizeof(*fitted));
	if (fitted) /* nothing points into them; many batches may wait */
		batch->invocations = fitted;
	batch->head = *head;
	text_make_printable(batch->head.host);
	keep->batch = NULL;
	keep->functions_room = 0;
	keep->invocations_room = 0;
	keep->sandboxes_n = 0;
	memset(keep->function_slots, 0, sizeof(keep->function_slots));
	memset(keep->sandbox_slots, 0, sizeof(keep->sandbox_slots));
	return batch;
}
