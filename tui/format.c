/* Thresholds sit where the next wider form would round up, so that "1000 ms" never
 * appears. */
#include "tui/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

static const char *say(char *out, const char *text)
{
	(void)text_copy(out, FORMAT_BYTES, text);
	return out;
}

static const char *unknown(char *out)
{
	return say(out, "-");
}

/* Two parts of a long span: "1m 05s". */
static const char *format_pair(double small, int per_big, const char *units, char *out)
{
	uint64_t whole = small > 9e9 ? 9000000000U : (uint64_t)(small + 0.5);

	(void)snprintf(out, FORMAT_BYTES, "%llu%c %02llu%c",
	    (unsigned long long)(whole / (uint64_t)per_big), units[0],
	    (unsigned long long)(whole % (uint64_t)per_big), units[1]);
	return out;
}

const char *format_duration(double ms, char *out)
{
	double s = ms / 1000;

	if (!isfinite(ms) || ms < 0)
		return unknown(out);
	if (ms < 0.005 && ms > 0)
		(void)snprintf(out, FORMAT_BYTES, "<.01 ms");
	else if (ms < 9.995)
		(void)snprintf(out, FORMAT_BYTES, ms > 0 ? "%.2f ms" : "%.0f ms", ms);
	else if (ms < 99.95)
		(void)snprintf(out, FORMAT_BYTES, "%.1f ms", ms);
	else if (ms < 999.5)
		(void)snprintf(out, FORMAT_BYTES, "%.0f ms", ms);
	else if (s < 59.95)
		(void)snprintf(out, FORMAT_BYTES, "%.1f s", s);
	else if (s < 3599.5)
		return format_pair(s, 60, "ms", out);
	else if (s < 86370)
		return format_pair(s / 60, 60, "hm", out);
	else
		return format_pair(s / 3600, 24, "dh", out);
	return out;
}

const char *format_memory(double mb, char *out)
{
	if (!isfinite(mb) || mb < 0)
		return unknown(out);
	if (mb < 99.95)
		(void)snprintf(out, FORMAT_BYTES, "%.1f MB", mb);
	else if (mb < 1023.5)
		(void)snprintf(out, FORMAT_BYTES, "%.0f MB", mb);
	else
		(void)snprintf(out, FORMAT_BYTES, "%.2f GB", mb / 1024);
	return out;
}

const char *format_memory_of(double used_mb, double limit_mb, char *out)
{
	if (!isfinite(limit_mb) || limit_mb <= 0 || !isfinite(used_mb) || used_mb < 0)
		return format_memory(used_mb, out);
	if (used_mb < 9999.5 && limit_mb < 9999.5)
		(void)snprintf(out, FORMAT_BYTES, "%.0f/%.0f MB", used_mb, limit_mb);
	else
		(void)snprintf(
		    out, FORMAT_BYTES, "%.1f/%.0f GB", used_mb / 1024, limit_mb / 1024);
	return out;
}

/* "0.1000" is "0.10" when it is just that; a rounded amount keeps its figures. */
static void trim_exact(__int128 size, char *text)
{
	struct money shown = {0};
	const char *point = strchr(text, '.');

	if (!point || money_parse(text, &shown) < 0 || shown.pico != size)
		return;
	for (size_t end = strlen(text); text + end > point + 3 && text[end - 1] == '0';)
		text[--end] = '\0';
}

/* Four figures of a small amount, two decimals of a large one. */
const char *format_money(struct money amount, char *out)
{
	static const __int128 dollar = 1000000000000;
	char text[MONEY_TEXT_BYTES];
	bool negative = amount.pico < 0;
	__int128 size = negative ? -amount.pico : amount.pico;
	int decimals = 2;

	if (size == 0)
		return say(out, "$0");
	if (size < dollar / 1000000)
		return say(out, negative ? ">-$0.000001" : "<$0.000001");
	if (size >= 1000 * dollar)
		decimals = 0;
	else if (size < dollar)
		for (__int128 step = dollar / 10; decimals < 6 && size < step * 100;
		     step /= 10)
			decimals++;
	if (size < dollar && decimals < 4)
		decimals = 4;
	money_format_rounded((struct money){size}, decimals, text);
	trim_exact(size, text);
	(void)snprintf(out, FORMAT_BYTES, "%s$%.28s", negative ? "-" : "", text);
	return out;
}

const char *format_count(uint64_t count, char *out)
{
	static const char units[] = "kMGTP";
	double value = (double)count / 1000;
	size_t unit = 0;

	if (count < 100000) {
		(void)snprintf(out, FORMAT_BYTES, "%llu", (unsigned long long)count);
		return out;
	}
	while (value >= 999.5 && unit < 4) {
		value /= 1000;
		unit++;
	}
	(void)snprintf(out, FORMAT_BYTES,
	    value < 9.995   ? "%.2f%c"
	    : value < 99.95 ? "%.1f%c"
			    : "%.0f%c",
	    value, units[unit]);
	return out;
}

const char *format_percent(double percent, char *out)
{
	if (!isfinite(percent) || percent < 0)
		return unknown(out);
	if (percent > 0 && percent < 0.1)
		(void)snprintf(out, FORMAT_BYTES, "<0.1%%");
	else if (percent <= 0 || percent >= 99.95)
		(void)snprintf(out, FORMAT_BYTES, "%.0f%%", percent);
	else
		(void)snprintf(out, FORMAT_BYTES, "%.1f%%", percent);
	return out;
}

const char *format_rate(double per_second, char *out)
{
	if (!isfinite(per_second) || per_second < 0)
		return unknown(out);
	if (per_second <= 0)
		(void)snprintf(out, FORMAT_BYTES, "0");
	else if (per_second < 0.995)
		(void)snprintf(out, FORMAT_BYTES, "%.2f", per_second);
	else if (per_second < 99.95)
		(void)snprintf(out, FORMAT_BYTES, "%.1f", per_second);
	else if (per_second < 9999.5)
		(void)snprintf(out, FORMAT_BYTES, "%.0f", per_second);
	else
		(void)snprintf(out, FORMAT_BYTES, "%.1fk", per_second / 1000);
	return out;
}

const char *format_age(double seconds, char *out)
{
	if (!isfinite(seconds))
		return unknown(out);
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		(void)snprintf(out, FORMAT_BYTES, "%.0f s", floor(seconds));
	else if (seconds < 7200)
		(void)snprintf(out, FORMAT_BYTES, "%.0f min", floor(seconds / 60));
	else if (seconds < 172800)
		(void)snprintf(out, FORMAT_BYTES, "%.0f h", floor(seconds / 3600));
	else
		(void)snprintf(out, FORMAT_BYTES, "%.0f d", floor(seconds / 86400));
	return out;
}

const char *format_clock(int64_t wall_ns, int with_ms, char *out)
{
	time_t s = (time_t)(wall_ns / CLOCK_NS_PER_S);
	struct tm utc;

	if (wall_ns <= 0 || !gmtime_r(&s, &utc))
		return unknown(out);
	if (with_ms)
		(void)snprintf(out, FORMAT_BYTES, "%02d:%02d:%02d.%03d", utc.tm_hour,
		    utc.tm_min, utc.tm_sec, (int)(wall_ns % CLOCK_NS_PER_S / 1000000));
	else
		(void)strftime(out, FORMAT_BYTES, "%H:%M:%S", &utc);
	return out;
}

const char *format_time(int64_t wall_ns, int with_ms, char *out)
{
	time_t s = (time_t)(wall_ns / CLOCK_NS_PER_S);
	struct tm utc;

	if (wall_ns <= 0 || !gmtime_r(&s, &utc))
		return unknown(out);
	(void)format_clock(
	    wall_ns, with_ms, out + strftime(out, FORMAT_BYTES, "%Y-%m-%d ", &utc));
	return out;
}
