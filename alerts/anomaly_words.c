#include "alerts/anomaly_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "alerts/fields.h"
#include "alerts/message.h"

#define DAY_S 86400
#define MS_NS 1e6

void anomaly_day(const struct anomaly *anomaly, char *out)
{
	time_t at = (time_t)(anomaly->day * DAY_S);
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&at, &tm))
		(void)strftime(out, ANOMALY_WORD_BYTES, "%Y-%m-%d", &tm);
}

static void format_value(const struct anomaly *anomaly, uint64_t value, char *out)
{
	if (anomaly->what == ANOMALY_UNIT_COST)
		message_money((struct money){.pico = (__int128)value}, out);
	else
		(void)snprintf(out, MESSAGE_MONEY_BYTES, "%" PRIu64, value);
}

void anomaly_figure(const struct anomaly *anomaly, uint64_t value, char *out)
{
	char text[MESSAGE_MONEY_BYTES];

	format_value(anomaly, value, text);
	(void)snprintf(out, ANOMALY_WORD_BYTES, "%s %s", text,
	    anomaly->what == ANOMALY_UNIT_COST ? "an invocation" : "invocations");
}

void anomaly_band(const struct anomaly *anomaly, char *out)
{
	char low[MESSAGE_MONEY_BYTES];
	char high[MESSAGE_MONEY_BYTES];

	format_value(anomaly, anomaly->low, low);
	format_value(anomaly, anomaly->high, high);
	(void)snprintf(out, ANOMALY_WORD_BYTES, "%.40s to %.40s", low, high);
}

void anomaly_extra(const struct anomaly *anomaly, char *out)
{
	struct money size = anomaly->extra;
	char text[MESSAGE_MONEY_BYTES];

	if (size.pico < 0)
		size = money_subtract((struct money){0}, size);
	message_money(size, text);
	(void)snprintf(out, ANOMALY_WORD_BYTES, "%s %s", text,
	    anomaly->extra.pico < 0 ? "less" : "more");
}

static void append_ms(char *out, size_t at, const char *of, const uint64_t ns[2])
{
	(void)snprintf(out + at, ANOMALY_WORD_BYTES - at, " (%s%.1f ms, usually %.1f ms)",
	    of, (double)ns[1] / MS_NS, (double)ns[0] / MS_NS);
}

void anomaly_reason(const struct anomaly *anomaly, char *out)
{
	size_t at = (size_t)snprintf(out, ANOMALY_WORD_BYTES, "%s",
	    anomaly_cause_words(anomaly->cause, anomaly->up));

	switch (anomaly->cause) {
	case ANOMALY_DURATION:
		append_ms(out, at, "", anomaly->duration_ns);
		break;
	case ANOMALY_COLD:
		append_ms(out, at, "init of ", anomaly->init_ns);
		break;
	case ANOMALY_MEMORY:
		(void)snprintf(out + at, ANOMALY_WORD_BYTES - at,
		    " (%" PRIu64 " MiB, usually %" PRIu64 ")", anomaly->memory_mb[1],
		    anomaly->memory_mb[0]);
		break;
	case ANOMALY_CALLS:
		break;
	}
}

void anomaly_words(const struct anomaly *anomaly, char *out)
{
	char figure[ANOMALY_WORD_BYTES];
	char usual[MESSAGE_MONEY_BYTES];
	char day[ANOMALY_WORD_BYTES];
	char band[ANOMALY_WORD_BYTES];
	char extra[ANOMALY_WORD_BYTES];
	char reason[ANOMALY_WORD_BYTES];

	anomaly_figure(anomaly, anomaly->value, figure);
	format_value(anomaly, anomaly->usual, usual);
	anomaly_day(anomaly, day);
	anomaly_band(anomaly, band);
	anomaly_extra(anomaly, extra);
	anomaly_reason(anomaly, reason);
	(void)snprintf(out, ANOMALY_WORDS_BYTES,
	    "%.60s on %.10s, usually %.50s (%.80s): %.60s than usual, %.90s", figure, day,
	    usual, band, extra, reason);
}

static void add_value(
    json_t *object, const char *key, const struct anomaly *anomaly, uint64_t value)
{
	if (anomaly->what == ANOMALY_UNIT_COST)
		fields_money(object, key, (struct money){.pico = (__int128)value});
	else
		fields_integer(object, key, (int64_t)value);
}

void anomaly_fields(json_t *object, const struct anomaly *anomaly)
{
	char day[ANOMALY_WORD_BYTES];

	anomaly_day(anomaly, day);
	fields_text(object, "day", day);
	fields_text(object, "what",
	    anomaly->what == ANOMALY_UNIT_COST ? "cost_per_invocation" : "volume");
	fields_text(object, "direction", anomaly->up ? "up" : "down");
	fields_text(object, "cause", anomaly_cause_words(anomaly->cause, anomaly->up));
	add_value(object, "value", anomaly, anomaly->value);
	add_value(object, "usual", anomaly, anomaly->usual);
	add_value(object, "low", anomaly, anomaly->low);
	add_value(object, "high", anomaly, anomaly->high);
	fields_money(object, "extra_usd", anomaly->extra);
}
