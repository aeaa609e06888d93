/* One record of a batch, coded but for its numbers. */
#ifndef COLDMETER_WIRE_BATCH_ENTRY_H
#define COLDMETER_WIRE_BATCH_ENTRY_H

#include "wire/batch/coldstart.h"
#include "wire/batch/keep.h"
#include "wire/batch/text.h"

#define BATCH_ID_MAX BATCH_TEXT_MAX(INVOCATION_ID_BYTES)
#define BATCH_FUNCTION_MAX                                                               \
	(4 * VARINT_MAX_BYTES + BATCH_TEXT_MAX(FUNCTION_NAME_BYTES) +                    \
	    BATCH_TEXT_MAX(FUNCTION_VERSION_BYTES) +                                     \
	    BATCH_TEXT_MAX(FUNCTION_REGION_BYTES))

/* What is known by its index has no bytes. */
struct batch_entry {
	size_t function_index; /* or BATCH_KEEP_NONE */
	size_t sandbox_index;
	uint8_t function[BATCH_FUNCTION_MAX];
	size_t function_bytes;
	uint8_t sandbox[BATCH_ID_MAX];
	size_t sandbox_bytes;
	uint8_t request_id[BATCH_ID_MAX];
	size_t request_id_bytes;
	uint8_t trace_id[BATCH_ID_MAX];
	size_t trace_id_bytes;
	uint8_t coldstart[BATCH_COLDSTART_MAX];
	size_t coldstart_bytes;
};

/* A function as it stands in a batch: the bytes that follow, and its fields. out holds
 * BATCH_FUNCTION_MAX. Returns bytes. */
size_t batch_entry_function(const struct function *function, uint8_t *out);

/* keep, which may be NULL, says what is known by its index. */
void batch_entry_encode(const struct invocation *inv, const struct batch_keep *keep,
    struct batch_entry *entry);

/* The cold start as batch_decode() will find it, NULL when there is none; the caller
 * frees it. 0 or -ENOMEM. */
int batch_entry_coldstart(const struct batch_entry *entry, struct coldstart **out);

#endif
