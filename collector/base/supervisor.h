/* What who started this program wants to hear, and what it hands over: systemd's
 * protocols sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3), without its
 * library. Without such a starter each does nothing. */
#ifndef COLDMETER_BASE_SUPERVISOR_H
#define COLDMETER_BASE_SUPERVISOR_H

#include <stdint.h>

/* Lines of KEY=VALUE, such as "READY=1", to $NOTIFY_SOCKET. 0, also when nobody wants to
 * hear, or -errno. */
int supervisor_tell(const char *lines);

/* How often it wants to hear WATCHDOG=1, else it takes the program for stuck; 0: never.
 */
uint64_t supervisor_watchdog_ns(void);

/* The listening socket that was handed over, closed when another program is executed;
 * -ENOENT: none; -EINVAL: more than one. */
int supervisor_socket(void);

#endif
