/* Says an error that comes again and again once, and when it is over. */
#ifndef COLDMETER_BASE_COMPLAINT_H
#define COLDMETER_BASE_COMPLAINT_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed at first. Of one thread. */
struct complaint {
	int err;          /* that was said last; 0: none was */
	bool open;        /* it was said, and has not ended */
	uint64_t said_ns; /* boot time */
};

enum complaint_turn { COMPLAINT_NOTHING, COMPLAINT_BEGINS, COMPLAINT_ENDS };

/* What is to be said after an attempt that ended with err, 0 or -errno: that it begins,
 * of an error that is another one than before; that it has ended; or nothing. One that
 * comes and goes is said once a minute at most. */
enum complaint_turn complaint_look(
    struct complaint *complaint, int err, uint64_t now_boot_ns);

/* The same into the log: an error that says what, then over. NULL: its end is not told.
 */
void complaint_log(
    struct complaint *complaint, int err, const char *what, const char *over);

#endif
