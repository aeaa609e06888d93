/* A cold start inside a batch; its layout is documented at the head of batch.c. */
#ifndef COLDMETER_WIRE_BATCH_COLDSTART_H
#define COLDMETER_WIRE_BATCH_COLDSTART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/coldstart.h"
#include "wire/batch/text.h"
#include "wire/cursor.h"

#define BATCH_COLDSTART_MAX                                                              \
	(COLDSTART_PHASES_MAX *                                                          \
		(BATCH_TEXT_MAX(COLDSTART_PHASE_BYTES) + 7 * VARINT_MAX_BYTES) +         \
	    COLDSTART_PEERS_MAX *                                                        \
		(BATCH_TEXT_MAX(COLDSTART_PEER_BYTES) + 2 * VARINT_MAX_BYTES) +          \
	    6 * VARINT_MAX_BYTES)

/* out holds BATCH_COLDSTART_MAX. Returns bytes. */
size_t batch_coldstart_encode(const struct coldstart *coldstart, uint8_t *out);

/* Reads one; *out starts zeroed. *is_newer, unless NULL, becomes true when more stood
 * behind what is known here. False when it is malformed. */
bool batch_coldstart_decode(struct cursor *in, struct coldstart *out, bool *is_newer);

#endif
