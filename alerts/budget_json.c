/* The JSON of a budget, read strictly: a typing error must not become a budget that never
 * fires. */
#include "alerts/budget.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/fields.h"
#include "base/text.h"

#define THRESHOLD_MAX 1000

__attribute__((format(printf, 2, 3))) static int reject(
    char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, BUDGET_WHY_BYTES, format, args);
	va_end(args);
	text_make_printable(why);
	return -EINVAL;
}

static int parse_limit(const json_t *value, struct budget *b, char *why)
{
	char text[32];
	const char *s = json_string_value(value);

	if (json_is_integer(value)) {
		(void)snprintf(text, sizeof(text), "%lld", json_integer_value(value));
		s = text;
	}
	if (!value)
		return reject(why, "limit_usd is missing");
	if (!s)
		return reject(why, "limit_usd must be a decimal string such as \"5.00\"");
	if (money_parse(s, &b->limit))
		return reject(why, "limit_usd \"%.40s\" is not an amount of money", s);
	if (b->limit.pico <= 0)
		return reject(why, "limit_usd must be above 0");
	return 0;
}

static int parse_period(const json_t *value, struct budget *b, char *why)
{
	const char *s = json_string_value(value);

	b->period = s ? budget_period_find(s) : BUDGET_PERIODS;
	if (!value)
		return reject(why, "period is missing");
	if (b->period == BUDGET_PERIODS)
		return reject(why, "period must be hour, day, week or month");
	return 0;
}

static int parse_function(const json_t *value, struct budget *b, char *why)
{
	const char *s = json_string_value(value);

	if (!value)
		return 0;
	if (!s || !*s)
		return reject(why, "function must be a name; leave it out for all");
	if (!text_copy(b->function, sizeof(b->function), s))
		return reject(
		    why, "function is longer than %zu bytes", sizeof(b->function) - 1);
	return 0;
}

static int compare_thresholds(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int parse_thresholds(const json_t *value, struct budget *b, char *why)
{
	static const uint32_t usual[] = {80, 100};
	size_t n = json_array_size(value);

	if (!value) {
		memcpy(b->thresholds, usual, sizeof(usual));
		b->thresholds_n = 2;
		return 0;
	}
	if (n < 1 || n > BUDGET_MAX_THRESHOLDS)
		return reject(why, "thresholds must be a list of 1 to %d percentages",
		    BUDGET_MAX_THRESHOLDS);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		json_int_t percent = json_integer_value(item);

		if (!json_is_integer(item) || percent < 1 || percent > THRESHOLD_MAX)
			return reject(why,
			    "thresholds[%zu] must be a whole number from 1 to %d", i,
			    THRESHOLD_MAX);
		b->thresholds[i] = (uint32_t)percent;
	}
	qsort(b->thresholds, n, sizeof(b->thresholds[0]), compare_thresholds);
	for (size_t i = 1; i < n; i++)
		if (b->thresholds[i] == b->thresholds[i - 1])
			return reject(why, "thresholds names %u twice", b->thresholds[i]);
	b->thresholds_n = n;
	return 0;
}

static int parse_notify(const json_t *value, struct budget *b, char *why)
{
	return notify_parse(value, b->notify, &b->notify_n, why, BUDGET_WHY_BYTES);
}

/* One row a key; each parser also gets NULL for a key that is not there. */
static const struct {
	const char *key;
	int (*parse)(const json_t *value, struct budget *b, char *why);
} rows[] = {
    {"limit_usd", parse_limit},
    {"period", parse_period},
    {"function", parse_function},
    {"thresholds", parse_thresholds},
    {"notify", parse_notify},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int parse_object(json_t *object, struct budget *b, char *why)
{
	const char *known[ROWS + 1] = {NULL};
	const char *stranger;
	int err = 0;

	for (size_t i = 0; i < ROWS; i++)
		known[i] = rows[i].key;
	stranger = fields_find_stranger(object, known);
	if (stranger)
		return reject(why, "unknown key \"%.60s\"", stranger);
	for (size_t i = 0; i < ROWS && !err; i++)
		err = rows[i].parse(json_object_get(object, rows[i].key), b, why);
	return err;
}

int budget_parse(
    const char *name, const char *body, size_t body_bytes, struct budget *out, char *why)
{
	struct budget b = {0};
	json_t *object;
	int err;

	if (!budget_name_is_valid(name))
		return reject(
		    why, "a budget's name has 1 to 64 characters of A-Z a-z 0-9 . _ -");
	(void)text_copy(b.name, sizeof(b.name), name);
	object = fields_parse(body, body_bytes, why, BUDGET_WHY_BYTES);
	if (!object)
		return -EINVAL;
	err = parse_object(object, &b, why);
	json_decref(object);
	if (err) {
		budget_done(&b);
		return err;
	}
	*out = b;
	return 0;
}

char *budget_format(const struct budget *budget)
{
	json_t *object = json_object();
	json_t *thresholds = json_array();

	fields_money(object, "limit_usd", budget->limit);
	fields_text(object, "period", budget_period_name(budget->period));
	if (budget->function[0])
		fields_text(object, "function", budget->function);
	for (size_t i = 0; i < budget->thresholds_n; i++)
		(void)json_array_append_new(
		    thresholds, json_integer(budget->thresholds[i]));
	fields_array(object, "thresholds", thresholds);
	fields_array(
	    object, "notify", notify_format(budget->notify, budget->notify_n, false));
	return fields_take(object);
}
