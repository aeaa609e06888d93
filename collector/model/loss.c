#include "model/loss.h"

static const char *const names[LOST_REASONS] = {
    [LOST_RING_FULL] = "ring_full",
    [LOST_MAP_FULL] = "map_full",
    [LOST_UNNAMED] = "unnamed",
    [LOST_SPOOL_FULL] = "spool_full",
    [LOST_READ_FAULT] = "read_fault",
    [LOST_AGENT_GONE] = "agent_gone",
    [LOST_REFUSED] = "refused",
    [LOST_SHED] = "shed",
};

const char *lost_reason_name(enum lost_reason reason)
{
	return reason < LOST_REASONS ? names[reason] : "unknown";
}
