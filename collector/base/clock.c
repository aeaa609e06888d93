#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digits.h"

#define S_PER_DAY 86400LL
#define S_OF_2201 7289654400LL

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

uint64_t clock_tick_ns(void)
{
	struct timespec t;

	/* the coarse clocks move with the tick: clock_getres(2) */
	(void)clock_getres(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * CLOCK_NS_PER_S + (uint64_t)t.tv_nsec;
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

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. Not timegm() and
 * gmtime_r(): they take a lock and read the time zone, for each of many records. After
 * https://howardhinnant.github.io/date_algorithms.html (public domain): years begin in
 * March, so that the leap day is the last of its year; an era is 400 years. */
struct date {
	int64_t year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

static int64_t days_of(const struct date *date)
{
	int64_t year = date->year - (date->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year =
	    (153 * (date->month + (date->month > 2 ? -3 : 9)) + 2) / 5 + date->day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static struct date date_of(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
	    365;
	int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (int)((5 * day_of_year + 2) / 153);

	return (struct date){.year = year_of_era + era * 400 + (month >= 10),
	    .month = month < 10 ? month + 3 : month - 9,
	    .day = (int)(day_of_year - (153 * month + 2) / 5 + 1)};
}

/* n digits and the character behind them. */
static char *put_digits(char *at, int64_t value, int n, char behind)
{
	for (int i = n - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	at[n] = behind;
	return at + n + 1;
}

void clock_format_rfc3339(int64_t wall_ns, char *out)
{
	int64_t s = wall_ns / CLOCK_NS_PER_S;
	int64_t ns = wall_ns % CLOCK_NS_PER_S;
	int64_t days;
	struct date date;

	if (ns < 0) {
		ns += CLOCK_NS_PER_S;
		s--;
	}
	days = s / S_PER_DAY - (s % S_PER_DAY < 0);
	s -= days * S_PER_DAY;
	date = date_of(days);
	out = put_digits(out, date.year, 4, '-');
	out = put_digits(out, date.month, 2, '-');
	out = put_digits(out, date.day, 2, 'T');
	out = put_digits(out, s / 3600, 2, ':');
	out = put_digits(out, s / 60 % 60, 2, ':');
	out = put_digits(out, s % 60, 2, '.');
	out = put_digits(out, ns, 9, 'Z');
	*out = '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads exactly n digits at *s and moves past them; -1 when one is missing. */
static inline int digits(const char **s, int n)
{
	int value = 0;

	for (; n > 0; n--, (*s)++) {
		if (!is_digit(**s))
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static int64_t fraction_ns(const char **s)
{
	static const int scale[] = {
	    0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
	int64_t ns = 0;
	int n = 0;

	if (**s != '.')
		return 0;
	(*s)++;
	for (; is_digit(**s) && n < 9; n++, (*s)++)
		ns = ns * 10 + (**s - '0');
	if (n == 0 || is_digit(**s))
		return -1;
	return ns * scale[n];
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

static bool is_date(const struct date *date)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = (int)date->year;

	return year >= 1970 && year <= 2200 && date->month >= 1 && date->month <= 12 &&
	       date->day >= 1 && date->day <= days[date->month - 1] &&
	       (date->month != 2 || date->day != 29 ||
		   (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
}

/* "YYYY-MM-DD" at *s. */
static int parse_date(const char **s, struct date *date)
{
	struct date read;

	read.year = digits(s, 4);
	if (read.year < 0 || *(*s)++ != '-')
		return -EINVAL;
	read.month = digits(s, 2);
	if (read.month < 0 || *(*s)++ != '-')
		return -EINVAL;
	read.day = digits(s, 2);
	if (!is_date(&read))
		return -EINVAL;
	*date = read;
	return 0;
}

int clock_parse_rfc3339(const char *s, int64_t *wall_ns)
{
	struct date date;
	int hour;
	int minute;
	int second;
	int64_t seconds;
	int64_t ns;
	int offset;

	if (parse_date(&s, &date) < 0 || (*s != 'T' && *s != 't' && *s != ' '))
		return -EINVAL;
	s++;
	hour = digits(&s, 2);
	if (hour < 0 || hour > 23 || *s++ != ':')
		return -EINVAL;
	minute = digits(&s, 2);
	if (minute < 0 || minute > 59 || *s++ != ':')
		return -EINVAL;
	second = digits(&s, 2);
	if (second < 0 || second > 60) /* 60: a leap second, taken as the next one */
		return -EINVAL;
	ns = fraction_ns(&s);
	offset = offset_s(&s);
	if (ns < 0 || offset == INT32_MIN || *s != '\0')
		return -EINVAL;
	seconds =
	    days_of(&date) * S_PER_DAY + hour * 3600LL + minute * 60LL + second - offset;
	if (seconds < 0 || seconds >= S_OF_2201) /* an offset or leap second led out */
		return -EINVAL;
	*wall_ns = seconds * CLOCK_NS_PER_S + ns;
	return 0;
}

/* Two digits' number, of values that stand next to each other. */
static int pair(uint64_t values, int at)
{
	return (int)(values >> (8 * at) & 0xff) * 10 +
	       (int)(values >> (8 * at + 8) & 0xff);
}

static uint64_t zero_of(const char form[DIGITS_WORD + 1])
{
	uint64_t zero;

	memcpy(&zero, form, sizeof(zero));
	return le64toh(zero);
}

int clock_parse_utc_ns(const char *s, int64_t *wall_ns)
{
	const uint64_t byte = 0xff;
	uint64_t to_month = digits_load(s, zero_of("0000-00-"));
	uint64_t to_minute = digits_load(s + 8, zero_of("00T00:00"));
	uint64_t second = digits_load(s + 16, zero_of(":00.0000"));
	uint64_t fraction = digits_load(s + 20, zero_of("00000000"));
	unsigned int last = (unsigned int)s[28] - '0';
	/* what stands between the digits */
	uint64_t odd = (to_month & (byte << 32 | byte << 56)) |
		       (to_minute & (byte << 16 | byte << 40)) |
		       (second & (byte | byte << 24)) | (uint64_t)(s[29] != 'Z');
	struct date date = {.year = pair(to_month, 0) * 100 + pair(to_month, 2),
	    .month = pair(to_month, 5),
	    .day = pair(to_minute, 0)};
	int hour = pair(to_minute, 3);
	int minute = pair(to_minute, 6);

	odd |= digits_beyond(to_month) | digits_beyond(to_minute) |
	       digits_beyond(second) | digits_beyond(fraction);
	if (odd || last > 9 || !is_date(&date) || hour > 23 || minute > 59 ||
	    pair(second, 1) > 59)
		return -EINVAL;
	*wall_ns = (days_of(&date) * S_PER_DAY + hour * 3600LL + minute * 60LL +
		       pair(second, 1)) *
		       CLOCK_NS_PER_S +
		   (int64_t)digits_number(fraction) * 10 + last;
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
	struct date date;

	if (clock_parse_rfc3339(s, wall_ns) == 0)
		return 0;
	if (parse_date(&end, &date) == 0 && *end == '\0') {
		*wall_ns = days_of(&date) * S_PER_DAY * CLOCK_NS_PER_S;
		return 0;
	}
	if (clock_parse_span(s, &span) < 0)
		return -EINVAL;
	*wall_ns = now_wall_ns - span;
	return 0;
}
