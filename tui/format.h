/* Figures as people read them: one way to write each kind, everywhere. */
#ifndef COLDMETER_TUI_FORMAT_H
#define COLDMETER_TUI_FORMAT_H

#include <stdint.h>

#include "model/money.h"

#define FORMAT_BYTES 32

/* Each writes into out, which holds FORMAT_BYTES, and returns it. A figure that is not
 * known (NAN) is "-". */

/* At most 7 columns: "0.05 ms", "51.2 ms", "999 ms", "12.3 s", "1m 05s", "2h 10m", "3d
 * 04h". */
const char *format_duration(double ms, char *out);

/* MiB in: "50.1 MB", "128 MB", "1.50 GB". */
const char *format_memory(double mb, char *out);

/* "50/256 MB"; without a limit, as format_memory(). */
const char *format_memory_of(double used_mb, double limit_mb, char *out);

/* At most 10 columns: "$0", "$0.001234", "$12.50", "$1234", "<$0.000001". */
const char *format_money(struct money amount, char *out);

/* At most 6 columns: "99999", "123k", "1.23M", "45.6G". */
const char *format_count(uint64_t count, char *out);

/* "0%", "<0.1%", "12.3%", "100%". */
const char *format_percent(double percent, char *out);

/* Events a second: "0", "0.05", "12.3", "1.2k". */
const char *format_rate(double per_second, char *out);

/* How long ago: "12 s", "3 min", "2 h", "5 d". */
const char *format_age(double seconds, char *out);

/* UTC: "2026-11-22 08:00:00", and with milliseconds when asked. */
const char *format_time(int64_t wall_ns, int with_ms, char *out);

/* The same without the date: "08:00:00.123". */
const char *format_clock(int64_t wall_ns, int with_ms, char *out);

#endif
