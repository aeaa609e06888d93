/* Time: boot time of the kernel, wall time of people, and RFC 3339. */
#ifndef COLDMETER_BASE_CLOCK_H
#define COLDMETER_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_NS_PER_S 1000000000LL
#define CLOCK_NS_PER_MS 1000000LL
#define CLOCK_RFC3339_BYTES 36 /* "2026-11-22T08:00:00.123456789Z" with room */

/* Nanoseconds since the epoch, UTC. */
int64_t clock_wall_ns(void);

/* Nanoseconds of CLOCK_BOOTTIME, the clock of bpf_ktime_get_boot_ns(). */
uint64_t clock_boot_ns(void);

/* Nanoseconds of a tick of the kernel's clock: 1,000,000,000 / CONFIG_HZ. */
uint64_t clock_tick_ns(void);

/* What to add to a boot time to get wall time, now. Read as the tightest of several
 * bracketed samples; good to about a microsecond. Changes when the wall clock is set. */
int64_t clock_boot_to_wall_ns(void);

/* Writes "YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ". out holds CLOCK_RFC3339_BYTES. */
void clock_format_rfc3339(int64_t wall_ns, char *out);

/* Reads RFC 3339 (fraction of 0 to 9 digits, "Z" or a numeric offset), the whole string.
 * Returns 0, or -EINVAL with *wall_ns untouched. Years 1970 to 2200. */
int clock_parse_rfc3339(const char *s, int64_t *wall_ns);

/* The same, but only what clock_format_rfc3339() writes, of CLOCK_UTC_NS_LEN bytes and
 * whatever behind them; -EINVAL also for what clock_parse_rfc3339() may know. */
#define CLOCK_UTC_NS_LEN 30
int clock_parse_utc_ns(const char *s, int64_t *wall_ns);

/* Reads a span such as "90s", "15m", "1h", "7d", "250ms" or a bare number of seconds.
 * Returns 0, or -EINVAL (no number, unknown unit, negative, above 10 years). */
int clock_parse_span(const char *s, int64_t *span_ns);

/* Reads a moment: RFC 3339, a date "YYYY-MM-DD", or a span, meaning that long before now.
 * Returns 0 or -EINVAL. */
int clock_parse_moment(const char *s, int64_t now_wall_ns, int64_t *wall_ns);

#endif
