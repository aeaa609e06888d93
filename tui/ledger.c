#include "tui/ledger.h"

#include <inttypes.h>
#include <stdio.h>

#include "tui/field.h"

struct ledger ledger_parse(const json_t *object, const char *key)
{
	const json_t *from = json_object_get(object, key);
	const json_t *by_reason = json_object_get(from, "lost_by_reason");
	struct ledger ledger = {.seen = field_count(from, "seen"),
	    .delivered = field_count(from, "delivered"),
	    .lost = field_count(from, "lost")};

	for (int i = 0; i < LOST_REASONS; i++)
		ledger.by_reason[i] =
		    field_count(by_reason, lost_reason_name((enum lost_reason)i));
	return ledger;
}

const char *ledger_reasons(const struct ledger *ledger, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (int i = 0; i < LOST_REASONS && at < size; i++)
		if (ledger->by_reason[i])
			at += (size_t)snprintf(out + at, size - at, "%s%s %" PRIu64,
			    at ? ", " : "", lost_reason_name((enum lost_reason)i),
			    ledger->by_reason[i]);
	return out;
}
