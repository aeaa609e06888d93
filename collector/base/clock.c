#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t); /* cannot fail for the clocks named here */
	return (int64_t)t.tv_sec * CLOCK_NS_PER_S + t.tv_nsec;
}

int64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t clock_boot_ns(void)
{
	return (uint64_t)read_clock(CLOCK_BOOTTIME);
}

int64_t clock_boot_to_wall_ns(void)
{
	int64_t best_width = INT64_MAX;
	int64_t best = 0;

	for (int i = 0; i < 5; i++) {
		int64_t before = read_clock(CLOCK_BOOTTIME);
		int64_t wall = read_clock(CLOCK_REALTIME);
		int64_t width = read_clock(CLOCK_BOOTTIME) - before;

		if (width < best_width) {
			best_width = width;
			best = wall - (before + width / 2);
		}
	}
	return best;
}

void clock_format_rfc3339(int64_t wall_ns, char *out)
{
	time_t s = (time_t)(wall_ns / CLOCK_NS_PER_S);
	long ns = (long)(wall_ns % CLOCK_NS_PER_S);
	struct tm tm;

	if (ns < 0) {
		ns += CLOCK_NS_PER_S;
		s--;
	}
	(void)gmtime_r(&s, &tm);
	size_t n = strftime(out, CLOCK_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + n, CLOCK_RFC3339_BYTES - n, ".%09ldZ", ns);
}

/* Reads exactly n digits at *s and moves past them; -1 when one is missing. */
static int digits(const char **s, int n)
{
	int value = 0;

	for (; n > 0; n--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static int64_t fraction_ns(const char **s)
{
	int64_t ns = 0;
	int n = 0;

	if (**s != '.')
		return 0;
	(*s)++;
	for (; isdigit((unsigned char)**s) && n < 9; n++, (*s)++)
		ns = ns * 10 + (**s - '0');
	if (n == 0 || isdigit((unsigned char)**s))
		return -1;
	for (; n < 9; n++)
		ns *= 10;
	return ns;
}

/* Seconds east of UTC of "Z" or "+hh:mm"; INT32_MIN when malformed. */
static int offset_s(const char **s)
{
	int sign = **s == '-' ? -1 : 1;
	int hours;
	int minutes;

	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return 0;
	}
	if (**s != '+' && **s != '-')
		return INT32_MIN;
	(*s)++;
	hours = digits(s, 2);
	if (hours < 0 || hours > 23 || *(*s)++ != ':')
		return INT32_MIN;
	minutes = digits(s, 2);
	if (minutes < 0 || minutes > 59)
		return INT32_MIN;
	return sign * (hours * 3600 + minutes * 60);
}

/* "YYYY-MM-DD" at *s into tm. */
static int parse_date(const char **s, struct tm *tm)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = digits(s, 4);
	int month;
	int day;

	if (year < 1970 || year > 2200 || *(*s)++ != '-')
		return -EINVAL;
	month = digits(s, 2);
	if (month < 1 || month > 12 || *(*s)++ != '-')
		return -EINVAL;
	day = digits(s, 2);
	if (day < 1 || day > days[month - 1] ||
	    (month == 2 && day == 29 &&
		(year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))))
		return -EINVAL;
	*tm = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
	return 0;
}

int clock_parse_rfc3339(const char *s, int64_t *wall_ns)
{
	struct tm tm;
	int64_t ns;
	int offset;

	if (parse_date(&s, &tm) < 0 || (*s != 'T' && *s != 't' && *s != ' '))
		return -EINVAL;
	s++;
	tm.tm_hour = digits(&s, 2);
	if (tm.tm_hour < 0 || tm.tm_hour > 23 || *s++ != ':')
		return -EINVAL;
	tm.tm_min = digits(&s, 2);
	if (tm.tm_min < 0 || tm.tm_min > 59 || *s++ != ':')
		return -EINVAL;
	tm.tm_sec = digits(&s, 2);
	if (tm.tm_sec < 0 || tm.tm_sec > 60)
		return -EINVAL;
	ns = fraction_ns(&s);
	offset = offset_s(&s);
	if (ns < 0 || offset == INT32_MIN || *s != '\0')
		return -EINVAL;
	*wall_ns = ((int64_t)timegm(&tm) - offset) * CLOCK_NS_PER_S + ns;
	return 0;
}

int clock_parse_span(const char *s, int64_t *span_ns)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = {{"", CLOCK_NS_PER_S}, {"ms", 1000000}, {"s", CLOCK_NS_PER_S},
	    {"m", 60 * CLOCK_NS_PER_S}, {"h", 3600 * CLOCK_NS_PER_S},
	    {"d", 86400 * CLOCK_NS_PER_S}, {"w", 604800 * CLOCK_NS_PER_S}};
	char *end;
	long n;

	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	n = strtol(s, &end, 10);
	if (errno)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (n > 3650LL * 86400 * CLOCK_NS_PER_S / units[i].ns)
			return -EINVAL;
		*span_ns = n * units[i].ns;
		return 0;
	}
	return -EINVAL;
}

int clock_parse_moment(const char *s, int64_t now_wall_ns, int64_t *wall_ns)
{
	int64_t span;
	const char *end = s;
	struct tm tm;

	if (clock_parse_rfc3339(s, wall_ns) == 0)
		return 0;
	if (parse_date(&end, &tm) == 0 && *end == '\0') {
		*wall_ns = (int64_t)timegm(&tm) * CLOCK_NS_PER_S;
		return 0;
	}
	if (clock_parse_span(s, &span) < 0)
		return -EINVAL;
	*wall_ns = now_wall_ns - span;
	return 0;
}
