/* OTLP/JSON: protobuf's JSON mapping with ids in hex, enums as numbers, 64-bit numbers as
 * strings or numbers; keys in lowerCamelCase, the unknown ones are skipped. */
#include <errno.h>
#include <string.h>

#include "wire/json/scan.h"
#include "wire/otlp/span.h"

#define KEY_BYTES 32           /* of a member */
#define ATTRIBUTE_KEY_BYTES 64 /* a longer one is none of ours */
#define NUMBER_BYTES 32
#define TEXT_BYTES 512 /* of a value; what is longer does not fit anything here */

/* Texts of the attributes that are kept, escapes undone. */
struct texts {
	char of[OTLP_KEYS][TEXT_BYTES];
};

struct reader {
	struct otlp_reading reading;
	struct json_scan s;
	const char *begin;
	int err; /* the first one; 0: none */
	struct texts resource;
	struct texts span;
};

static bool fail(struct reader *r, const char *why)
{
	if (!r->err) {
		r->err = -EBADMSG;
		r->reading.tally->why = why;
		r->reading.tally->offset = (size_t)(r->s.at - r->begin);
	}
	return false;
}

/* The name of a member and its colon; one too long for any of ours becomes "". */
static bool read_name(struct reader *r, char key[KEY_BYTES])
{
	size_t len;

	if (!json_scan_string(&r->s, key, KEY_BYTES, &len) || !json_scan_take(&r->s, ':'))
		return fail(r, "a key is not a string, or lacks its colon");
	if (len >= KEY_BYTES)
		key[0] = '\0';
	return true;
}

/* The next member of an object that is not null: its name goes to key, and the scanner
 * stands before its value. *inside is false before the first one. False at the end and
 * when it is malformed. */
static bool next_member(struct reader *r, bool *inside, char key[KEY_BYTES])
{
	do {
		bool first = !*inside;

		if (r->err)
			return false;
		if (first && !json_scan_take(&r->s, '{'))
			return fail(r, "this is not an object");
		*inside = true;
		if (json_scan_take(&r->s, '}'))
			return false;
		if (!first && !json_scan_take(&r->s, ','))
			return fail(r, "a comma or the closing brace is missing");
		if (!read_name(r, key))
			return false;
	} while (json_scan_word(&r->s, "null"));
	return true;
}

/* Likewise for the elements of a list. */
static bool next_element(struct reader *r, bool *inside)
{
	bool first = !*inside;

	if (r->err)
		return false;
	if (first && !json_scan_take(&r->s, '['))
		return fail(r, "this is not a list");
	*inside = true;
	if (json_scan_take(&r->s, ']'))
		return false;
	if (!first && !json_scan_take(&r->s, ','))
		return fail(r, "a comma or the closing bracket is missing");
	return true;
}

static bool skip(struct reader *r)
{
	return json_scan_skip(&r->s) ||
	       fail(r, "a value is malformed, or nested too deep");
}

/* A whole number, as it is or as a string. False when it is none. */
static bool scan_number(struct json_scan *s, bool *is_negative, uint64_t *value)
{
	char text[NUMBER_BYTES];
	struct json_scan inner = {.at = text};
	struct json_number number;
	size_t len;
	bool exact;

	if (json_scan_peek(s) == '"') {
		if (!json_scan_string(s, text, sizeof(text), &len) || len >= sizeof(text))
			return false;
		inner.end = text + len;
		if (!json_scan_number(&inner, &number) || inner.at != inner.end)
			return false;
	} else if (!json_scan_number(s, &number)) {
		return false;
	}
	*is_negative = number.is_negative && number.digits != 0;
	number.is_negative = false;
	return json_number_scale(&number, 1, value, &exact) && exact;
}

static void read_number(struct reader *r, uint64_t *to, const char *rule)
{
	uint64_t value;
	bool is_negative;

	if (!scan_number(&r->s, &is_negative, &value) || is_negative)
		(void)fail(r, rule);
	else
		*to = value;
}

/* intValue; one that is negative says nothing here. */
static void read_int(struct reader *r, struct otlp_value *value)
{
	uint64_t number;
	bool is_negative;

	if (!scan_number(&r->s, &is_negative, &number)) {
		(void)fail(r, "intValue must be a whole number");
		return;
	}
	value->type = is_negative || number > INT64_MAX ? OTLP_OTHER : OTLP_NUMBER;
	value->number = (int64_t)number;
}

static void read_bool(struct reader *r, struct otlp_value *value)
{
	value->type = OTLP_BOOL;
	value->number = json_scan_word(&r->s, "true");
	if (!value->number && !json_scan_word(&r->s, "false"))
		(void)fail(r, "boolValue must be true or false");
}

static void read_text(struct reader *r, struct otlp_value *value, char *text)
{
	if (!json_scan_string(&r->s, text, TEXT_BYTES, &value->n)) {
		(void)fail(r, "stringValue must be a string of UTF-8 without NUL");
		return;
	}
	value->type = OTLP_TEXT;
	value->text = value->n < TEXT_BYTES ? text : NULL;
}

/* An AnyValue. */
static void read_value(struct reader *r, struct otlp_value *value, char *text)
{
	char key[KEY_BYTES];
	bool inside = false;

	value->type = OTLP_OTHER;
	while (next_member(r, &inside, key)) {
		if (strcmp(key, "stringValue") == 0)
			read_text(r, value, text);
		else if (strcmp(key, "boolValue") == 0)
			read_bool(r, value);
		else if (strcmp(key, "intValue") == 0)
			read_int(r, value);
		else
			(void)skip(r);
	}
}

/* A KeyValue: when its value comes before its key, it is read again afterwards. */
static void read_attribute(
    struct reader *r, struct otlp_facts *facts, struct texts *texts)
{
	char name[KEY_BYTES];
	char key[ATTRIBUTE_KEY_BYTES];
	struct json_scan value = {0};
	struct json_scan end;
	struct otlp_value *slot;
	size_t len = 0;
	bool inside = false;

	while (next_member(r, &inside, name)) {
		if (strcmp(name, "value") == 0)
			value = r->s;
		if (strcmp(name, "key") != 0)
			(void)skip(r);
		else if (!json_scan_string(&r->s, key, sizeof(key), &len))
			(void)fail(r, "an attribute's key is not a string");
	}
	slot = !r->err && len < sizeof(key) ? otlp_facts_add(facts, key, len) : NULL;
	if (!slot)
		return;
	slot->type = OTLP_OTHER;
	end = r->s;
	r->s = value;
	if (value.at)
		read_value(r, slot, texts->of[slot - facts->value]);
	if (!r->err)
		r->s = end;
}

static void read_attributes(
    struct reader *r, struct otlp_facts *facts, struct texts *texts)
{
	bool inside = false;

	while (next_element(r, &inside))
		read_attribute(r, facts, texts);
}

static void read_resource(struct reader *r)
{
	char key[KEY_BYTES];
	bool inside = false;

	while (next_member(r, &inside, key)) {
		if (strcmp(key, "attributes") == 0)
			read_attributes(r, &r->reading.resource, &r->resource);
		else
			(void)skip(r);
	}
}

static void read_status(struct reader *r)
{
	char key[KEY_BYTES];
	bool inside = false;

	while (next_member(r, &inside, key)) {
		if (strcmp(key, "code") == 0)
			read_number(
			    r, &r->reading.span.status, "code must be a whole number");
		else
			(void)skip(r);
	}
}

/* Looked up: what the digits of a random id are no branch can foresee; their case can be.
 */
static int hex_value(char c)
{
	/* one more than the digit's value; 0: none */
	static const int8_t values['f' + 1] = {
	    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['a'] = 11, 12, 13, 14, 15, 16};
	unsigned char index = (unsigned char)(c >= 'A' && c <= 'F' ? c + 'a' - 'A' : c);

	return index <= 'f' ? values[index] - 1 : -1;
}

/* An id of that many bytes in hex. Returns its bytes; of one that is not so, another
 * number, which rejects its span alone. */
static size_t read_id(struct reader *r, uint8_t *id, size_t bytes)
{
	char text[2 * OTLP_TRACE_ID_BYTES + 1];
	size_t len;

	if (!json_scan_string(&r->s, text, sizeof(text), &len)) {
		(void)fail(r, "an id is not a string");
		return 0;
	}
	if (len != 2 * bytes)
		return len ? SIZE_MAX : 0;
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return SIZE_MAX;
		id[i] = (uint8_t)(high << 4 | low);
	}
	return bytes;
}

static void read_span_member(struct reader *r, const char *key)
{
	struct otlp_span *span = &r->reading.span;
	uint64_t flags = 0;
	uint8_t parent[OTLP_SPAN_ID_BYTES];

	if (strcmp(key, "traceId") == 0)
		span->trace_id_n = read_id(r, span->trace_id, sizeof(span->trace_id));
	else if (strcmp(key, "spanId") == 0)
		span->span_id_n = read_id(r, span->span_id, sizeof(span->span_id));
	else if (strcmp(key, "parentSpanId") == 0)
		span->has_parent = read_id(r, parent, sizeof(parent)) > 0;
	else if (strcmp(key, "kind") == 0)
		read_number(r, &span->kind, "kind must be a whole number");
	else if (strcmp(key, "startTimeUnixNano") == 0)
		read_number(
		    r, &span->start_ns, "startTimeUnixNano must be a whole number");
	else if (strcmp(key, "endTimeUnixNano") == 0)
		read_number(r, &span->end_ns, "endTimeUnixNano must be a whole number");
	else if (strcmp(key, "attributes") == 0)
		read_attributes(r, &span->facts, &r->span);
	else if (strcmp(key, "status") == 0)
		read_status(r);
	else if (strcmp(key, "flags") == 0)
		read_number(r, &flags, "flags must be a whole number");
	else
		(void)skip(r);
	if (flags)
		span->flags = (uint32_t)flags;
}

static void read_spans(struct reader *r)
{
	char key[KEY_BYTES];
	bool in_list = false;

	while (next_element(r, &in_list)) {
		bool in_span = false;

		otlp_span_begin(&r->reading.span);
		while (next_member(r, &in_span, key))
			read_span_member(r, key);
		if (!r->err)
			r->err = otlp_span_settle(&r->reading);
	}
}

static void read_scope_spans(struct reader *r)
{
	char key[KEY_BYTES];
	bool in_list = false;

	while (next_element(r, &in_list)) {
		bool in_scope = false;

		while (next_member(r, &in_scope, key)) {
			if (strcmp(key, "spans") == 0)
				read_spans(r);
			else
				(void)skip(r);
		}
	}
}

/* A ResourceSpans. Its resource is mostly the first member; spans that come before it are
 * skipped and read afterwards. */
static void read_resource_spans(struct reader *r)
{
	char key[KEY_BYTES];
	struct json_scan spans = {0}; /* skipped */
	struct json_scan end;
	bool has_resource = false;
	bool inside = false;

	otlp_facts_begin(&r->reading.resource);
	otlp_resource_settle(&r->reading);
	while (next_member(r, &inside, key)) {
		if (strcmp(key, "resource") == 0) {
			if (has_resource)
				(void)fail(r, "resource comes twice");
			has_resource = true;
			read_resource(r);
			otlp_resource_settle(&r->reading);
		} else if (strcmp(key, "scopeSpans") == 0 && has_resource) {
			read_scope_spans(r);
		} else if (strcmp(key, "scopeSpans") == 0) {
			if (spans.at)
				(void)fail(r, "scopeSpans comes twice");
			spans = r->s;
			(void)skip(r);
		} else {
			(void)skip(r);
		}
	}
	if (r->err || !spans.at)
		return;
	end = r->s;
	r->s = spans;
	read_scope_spans(r);
	if (!r->err)
		r->s = end;
}

static void read_request(struct reader *r)
{
	char key[KEY_BYTES];
	bool inside = false;

	while (next_member(r, &inside, key)) {
		bool in_list = false;

		if (strcmp(key, "resourceSpans") != 0) {
			(void)skip(r);
			continue;
		}
		while (next_element(r, &in_list))
			read_resource_spans(r);
	}
	if (!r->err && (json_scan_peek(&r->s) != '\0' || r->s.at != r->s.end))
		(void)fail(r, "something follows the object");
}

int otlp_json_read(
    const uint8_t *in, size_t n, otlp_take take, void *context, struct otlp_tally *tally)
{
	static const char nothing[1];
	struct reader r = {.begin = n > 0 ? (const char *)in : nothing};

	*tally = (struct otlp_tally){0};
	r.s = (struct json_scan){.at = r.begin, .end = r.begin + n};
	r.reading.take = take;
	r.reading.context = context;
	r.reading.tally = tally;
	read_request(&r);
	return r.err;
}
