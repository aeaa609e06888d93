/* Says whose requests cannot be measured, and why. */
#ifndef COLDMETER_AGENT_PROBES_BLINDNESS_H
#define COLDMETER_AGENT_PROBES_BLINDNESS_H

#include <stdint.h>

/* One line for a reason of enum record_blindness; function NULL: nobody knows whose, and
 * nothing is said. 0, or -EBADMSG for a reason that there is not. */
int blindness_say(uint32_t why, const char *function);

#endif
