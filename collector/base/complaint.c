#include "base/complaint.h"

#include "base/clock.h"
#include "base/log.h"

#define AGAIN_NS (60 * (uint64_t)CLOCK_NS_PER_S)

enum complaint_turn complaint_look(
    struct complaint *complaint, int err, uint64_t now_boot_ns)
{
	bool was_open = complaint->open;

	if (!err) {
		complaint->open = false;
		return was_open ? COMPLAINT_ENDS : COMPLAINT_NOTHING;
	}
	if (err == complaint->err &&
	    (was_open || now_boot_ns - complaint->said_ns < AGAIN_NS))
		return COMPLAINT_NOTHING;
	*complaint = (struct complaint){err, true, now_boot_ns};
	return COMPLAINT_BEGINS;
}

void complaint_log(
    struct complaint *complaint, int err, const char *what, const char *over)
{
	switch (complaint_look(complaint, err, clock_boot_ns())) {
	case COMPLAINT_BEGINS:
		(void)log_error(err, "%s", what);
		return;
	case COMPLAINT_ENDS:
		if (over)
			log_note("%s", over);
		return;
	case COMPLAINT_NOTHING:
		return;
	}
}
