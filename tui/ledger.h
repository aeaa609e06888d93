/* A ledger as an answer tells it: seen, delivered, lost, and why. */
#ifndef COLDMETER_TUI_LEDGER_H
#define COLDMETER_TUI_LEDGER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "model/loss.h"

struct ledger {
	uint64_t seen, delivered, lost;
	uint64_t by_reason[LOST_REASONS];
};

/* The member of that name; what is absent is 0. */
struct ledger ledger_parse(const json_t *object, const char *key);

/* "ring_full 3, shed 12"; "" when no reason is told. Returns out. */
const char *ledger_reasons(const struct ledger *ledger, char *out, size_t size);

#endif
