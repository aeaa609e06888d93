/* Block Kit. Limits from https://docs.slack.dev/reference/block-kit/blocks (header 150,
 * section 3000, field 2000 characters); names are escaped and never become links. */
#include "alerts/channel.h"

#include <stdio.h>
#include <string.h>

#include "alerts/anomaly_words.h"
#include "alerts/fields.h"
#include "base/clock.h"
#include "base/text.h"

#define HEADER_MAX 150
#define FIELD_MAX 2000
#define FIELD_BYTES                                                                      \
	1024 /* what we write into one; escaping makes it at most five times */

/* & < > are all that Slack asks to be escaped; a backtick would end our code span. */
static const char *escaped(char c)
{
	return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : NULL;
}

/* Copies text escaped, whole characters only, in at most size - 1 bytes. */
static void escape(char *out, size_t size, const char *text)
{
	size_t at = 0;

	while (*text) {
		const char *piece = escaped(*text);
		size_t n = 1;

		if (!piece)
			while (((unsigned char)text[n] & 0xc0) == 0x80)
				n++;
		if (at + (piece ? strlen(piece) : n) >= size)
			break;
		if (piece)
			(void)text_copy(out + at, size - at, piece);
		else
			memcpy(out + at, text, n);
		at += piece ? strlen(piece) : n;
		text += n;
	}
	out[at] = '\0';
}

/* A name as a code span, where no character has a meaning; cut to a readable length. */
static void code_span(char *out, size_t size, const char *name)
{
	char plain[FUNCTION_NAME_BYTES];
	char safe[FUNCTION_NAME_BYTES * 5];

	(void)text_copy(plain, sizeof(plain), name);
	text_make_printable(plain);
	for (char *c = plain; *c; c++)
		if (*c == '`')
			*c = '\'';
	escape(safe, sizeof(safe), plain);
	(void)snprintf(out, size, "`%s`", safe);
}

static json_t *text_object(const char *type, const char *text)
{
	json_t *object = json_object();

	fields_text(object, "type", type);
	fields_text(object, "text", text);
	if (strcmp(type, "mrkdwn") == 0)
		fields_bool(object, "verbatim", 1); /* no links made of names */
	return object;
}

static void add_block(json_t *blocks, const char *type, const char *key, json_t *content)
{
	json_t *block = json_object();

	fields_text(block, "type", type);
	(void)json_object_set_new(block, key, content);
	(void)json_array_append_new(blocks, block);
}

__attribute__((format(printf, 2, 3))) static void add_field(
    json_t *fields, const char *format, ...)
{
	char text[FIELD_BYTES];
	va_list args;

	_Static_assert(FIELD_BYTES < FIELD_MAX, "a field fits Slack's limit");
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)json_array_append_new(fields, text_object("mrkdwn", text));
}

/* What would be escaped, which may be longer than a header, is not shown here. */
static void add_anomaly_header(json_t *blocks, const struct message *message)
{
	char name[FUNCTION_NAME_BYTES];
	char text[HEADER_MAX + 1];
	const char *words = message->event == MESSAGE_RESOLVED ? "is back in its band"
			    : message->event == MESSAGE_TEST   ? "(test)"
			    : message->event == MESSAGE_REMINDER
				? "is still out of its band"
				: "left its band";

	(void)text_copy(name, sizeof(name), message->alert->function);
	text_make_printable(name);
	for (char *c = name; *c; c++)
		if (escaped(*c))
			*c = '_';
	(void)snprintf(text, sizeof(text), "%.80s%s %s", name,
	    message->others.n ? " and others" : "", words);
	add_block(blocks, "header", "text", text_object("plain_text", text));
}

static void add_header(json_t *blocks, const struct message *message)
{
	const struct alert *alert = message->alert;
	char text[HEADER_MAX + 1];
	const char *word = message->event == MESSAGE_RESOLVED   ? "Resolved: budget"
			   : message->event == MESSAGE_TEST     ? "Test: budget"
			   : message->event == MESSAGE_REMINDER ? "Still over: budget"
								: "Budget";

	(void)snprintf(text, sizeof(text), "%s %s at %u %% of its %s limit", word,
	    alert->budget, budget_permille(alert->status.spent, alert->limit) / 10,
	    budget_period_each(alert->period));
	add_block(blocks, "header", "text", text_object("plain_text", text));
}

static json_t *make_fields(const struct alert *alert)
{
	const struct budget_status *status = &alert->status;
	char money[5][MESSAGE_MONEY_BYTES];
	char moment[2][CLOCK_RFC3339_BYTES];
	char name[FUNCTION_NAME_BYTES * 5 + 3];
	json_t *fields = json_array();

	message_money(status->spent, money[0]);
	message_money(alert->limit, money[1]);
	add_field(fields, "*Spent %s*\n%s of %s", budget_period_now(alert->period),
	    money[0], money[1]);
	message_moment(alert->since_ns, moment[0]);
	add_field(fields, "*Over %u %% since*\n%s", alert->threshold, moment[0]);
	message_money(status->forecast, money[2]);
	message_money(status->forecast_low, money[3]);
	message_money(status->forecast_high, money[4]);
	message_moment(status->period_end_ns, moment[1]);
	if (money_compare(status->forecast_low, status->forecast_high) == 0)
		add_field(fields, "*Forecast for %s*\n%s", moment[1], money[2]);
	else
		add_field(fields, "*Forecast for %s*\n%s (%s to %s)", moment[1], money[2],
		    money[3], money[4]);
	message_money(status->per_hour, money[2]);
	add_field(fields, "*Burn rate, last hour*\n%s an hour", money[2]);
	if (status->top_function[0]) {
		uint32_t share = budget_permille(status->top_spent, status->spent);

		code_span(name, sizeof(name), status->top_function);
		message_money(status->top_spent, money[2]);
		add_field(fields, "*Driven by*\n%s: %s, %u %% of it", name, money[2],
		    share / 10);
	}
	return fields;
}

static json_t *make_anomaly_fields(const struct message *message)
{
	const struct anomaly *anomaly = &message->alert->anomaly;
	char text[ANOMALY_WORD_BYTES];
	char more[ANOMALY_WORD_BYTES];
	char name[FUNCTION_NAME_BYTES * 5 + 3];
	json_t *fields = json_array();

	code_span(name, sizeof(name), message->alert->function);
	anomaly_day(anomaly, text);
	add_field(fields, "*Function*\n%s on %s", name, text);
	anomaly_figure(anomaly, anomaly->value, text);
	anomaly_extra(anomaly, more);
	add_field(fields, "*Now*\n%s: %s than usual", text, more);
	anomaly_figure(anomaly, anomaly->usual, text);
	anomaly_band(anomaly, more);
	add_field(fields, "*Usual*\n%s (%s)", text, more);
	anomaly_reason(anomaly, text);
	add_field(fields, "*Cause*\n%s", text);
	return fields;
}

static void add_anomaly(json_t *blocks, const struct message *message)
{
	const struct message_others *others = &message->others;
	char extra[MESSAGE_MONEY_BYTES];
	char name[FUNCTION_NAME_BYTES * 5 + 3];
	char text[FIELD_BYTES];

	add_anomaly_header(blocks, message);
	add_block(blocks, "section", "fields", make_anomaly_fields(message));
	if (!others->n)
		return;
	code_span(name, sizeof(name), others->names);
	message_money(others->extra, extra);
	(void)snprintf(text, sizeof(text), "And %zu more, %s in all: %s%s", others->n,
	    extra, name, others->n > 3 ? ", ..." : "");
	add_block(blocks, "section", "text", text_object("mrkdwn", text));
}

static void add_budget(json_t *blocks, const struct message *message)
{
	const struct alert *alert = message->alert;
	char name[FUNCTION_NAME_BYTES * 5 + 3];
	char what[FUNCTION_NAME_BYTES * 5 + 160];

	add_header(blocks, message);
	code_span(name, sizeof(name), alert->function);
	(void)snprintf(what, sizeof(what), "%s%s%s",
	    message->event == MESSAGE_TEST ? "This is a test; nothing is wrong. " : "",
	    alert->function[0] ? "Watches the function " : "Watches all functions",
	    alert->function[0] ? name : "");
	add_block(blocks, "section", "text", text_object("mrkdwn", what));
	add_block(blocks, "section", "fields", make_fields(alert));
}

static char *render(const struct message *message)
{
	const struct alert *alert = message->alert;
	char sentence[MESSAGE_TEXT_BYTES];
	char safe[MESSAGE_TEXT_BYTES * 3];
	json_t *object = json_object();
	json_t *blocks = json_array();
	json_t *notes = json_array();

	message_format(message, sentence);
	escape(safe, sizeof(safe), sentence);
	fields_text(object, "text", safe); /* what a notification shows */
	if (alert->kind == ALERT_ANOMALY)
		add_anomaly(blocks, message);
	else
		add_budget(blocks, message);
	(void)json_array_append_new(notes, text_object("plain_text", alert->id));
	add_block(blocks, "context", "elements", notes);
	fields_array(object, "blocks", blocks);
	return fields_take(object);
}

const struct channel channel_slack = {.name = "slack", .render = render};
