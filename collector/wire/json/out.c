#include "wire/json/out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wire/json/put.h"

#define NUMBER_BYTES 400 /* of any double without an exponent */

/* Beyond it a double's steps are larger than a tenth, and thousandths outgrow 64 bits. */
#define THOUSANDTHS_MAX 1e15

void json_out_done(struct json_out *out)
{
	buffer_done(&out->text);
	*out = (struct json_out){0};
}

char *json_out_take(struct json_out *out, size_t *bytes)
{
	char *fitted;
	char *text;

	buffer_put(&out->text, "", 1);
	if (out->text.failed) {
		json_out_done(out);
		return NULL;
	}
	text = (char *)out->text.at;
	fitted = realloc(text, out->text.n); /* some are kept by the thousand */
	if (bytes)
		*bytes = out->text.n - 1;
	*out = (struct json_out){0};
	return fitted ? fitted : text;
}

static void begin(struct json_out *out, const char *key)
{
	if (out->follows)
		buffer_put(&out->text, ",", 1);
	out->follows = true;
	if (!key)
		return;
	buffer_put(&out->text, "\"", 1);
	buffer_put_text(&out->text, key);
	buffer_put(&out->text, "\":", 2);
}

static void enter(struct json_out *out, const char *key, const char *bracket)
{
	begin(out, key);
	buffer_put(&out->text, bracket, 1);
	out->follows = false;
}

static void leave(struct json_out *out, const char *bracket)
{
	buffer_put(&out->text, bracket, 1);
	out->follows = true;
}

void json_out_open(struct json_out *out, const char *key)
{
	enter(out, key, "{");
}

void json_out_close(struct json_out *out)
{
	leave(out, "}");
}

void json_out_open_list(struct json_out *out, const char *key)
{
	enter(out, key, "[");
}

void json_out_close_list(struct json_out *out)
{
	leave(out, "]");
}

void json_out_string(struct json_out *out, const char *key, const char *s)
{
	size_t n = strlen(s);
	size_t room = JSON_TEXT_MAX(n) + 2;
	char *at;

	begin(out, key);
	at = (char *)buffer_extend(&out->text, room);
	if (at)
		out->text.n -= room - (size_t)(json_put_string(at, s, n + 1) - at);
}

void json_out_json(struct json_out *out, const char *key, const char *json)
{
	begin(out, key);
	buffer_put_text(&out->text, json);
}

void json_out_flag(struct json_out *out, const char *key, bool value)
{
	begin(out, key);
	buffer_put_text(&out->text, value ? "true" : "false");
}

void json_out_count(struct json_out *out, const char *key, uint64_t n)
{
	begin(out, key);
	buffer_put_count(&out->text, n > INT64_MAX ? INT64_MAX : n);
}

/* At least one decimal, so that it is read as a real number. */
static void put_thousandths(struct buffer *text, int64_t n)
{
	uint64_t size = (uint64_t)(n < 0 ? -n : n);
	uint64_t part = size % 1000;
	const char decimals[] = {'.', (char)('0' + part / 100),
	    (char)('0' + part / 10 % 10), (char)('0' + part % 10)};

	if (n < 0)
		buffer_put(text, "-", 1);
	buffer_put_count(text, size / 1000);
	buffer_put(text, decimals, part % 100 == 0 ? 2 : part % 10 == 0 ? 3 : 4);
}

void json_out_number(struct json_out *out, const char *key, double value)
{
	char text[NUMBER_BYTES];

	if (!isfinite(value))
		return;
	begin(out, key);
	if (fabs(value) < THOUSANDTHS_MAX) {
		put_thousandths(&out->text, (int64_t)round(value * 1000));
		return;
	}
	(void)snprintf(text, sizeof(text), "%.1f", value);
	buffer_put_text(&out->text, text);
}

void json_out_ms(struct json_out *out, const char *key, double ns)
{
	json_out_number(out, key, ns / 1e6);
}

void json_out_time(struct json_out *out, const char *key, int64_t wall_ns)
{
	char text[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(wall_ns, text);
	json_out_string(out, key, text);
}

void json_out_money(struct json_out *out, const char *key, struct money money)
{
	char text[MONEY_TEXT_BYTES];

	money_format(money, text);
	json_out_string(out, key, text);
}
