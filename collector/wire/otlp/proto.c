/* A walk over the wire format of protobuf: a message is a run of fields, each a tag
 * (number and how long it is) and a value, so that what is unknown is stepped over. Field
 * numbers are those of opentelemetry-proto 1.x. A field that has not the form that its
 * number asks for is unknown, as protobuf's own parsers have it. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "wire/cursor.h"
#include "wire/otlp/span.h"

#define FIELD_MAX 0x1fffffff

enum form { FORM_VARINT = 0, FORM_64 = 1, FORM_BYTES = 2, FORM_32 = 5 };

#define TAG(number, form) ((number) << 3 | (form))

enum {
	REQUEST_RESOURCE_SPANS = TAG(1, FORM_BYTES),
	RESOURCE_SPANS_RESOURCE = TAG(1, FORM_BYTES),
	RESOURCE_SPANS_SCOPE_SPANS = TAG(2, FORM_BYTES),
	RESOURCE_ATTRIBUTES = TAG(1, FORM_BYTES),
	SCOPE_SPANS_SPANS = TAG(2, FORM_BYTES),
	SPAN_TRACE_ID = TAG(1, FORM_BYTES),
	SPAN_SPAN_ID = TAG(2, FORM_BYTES),
	SPAN_PARENT_SPAN_ID = TAG(4, FORM_BYTES),
	SPAN_KIND = TAG(6, FORM_VARINT),
	SPAN_START = TAG(7, FORM_64),
	SPAN_END = TAG(8, FORM_64),
	SPAN_ATTRIBUTES = TAG(9, FORM_BYTES),
	SPAN_STATUS = TAG(15, FORM_BYTES),
	SPAN_FLAGS = TAG(16, FORM_32),
	STATUS_CODE = TAG(3, FORM_VARINT),
	KEY_VALUE_KEY = TAG(1, FORM_BYTES),
	KEY_VALUE_VALUE = TAG(2, FORM_BYTES),
	ANY_STRING = TAG(1, FORM_BYTES),
	ANY_BOOL = TAG(2, FORM_VARINT),
	ANY_INT = TAG(3, FORM_VARINT)
};

struct walk {
	struct otlp_reading reading;
	const uint8_t *begin;
	int err; /* the first one; 0: none */
};

struct field {
	uint64_t tag;
	uint64_t number;    /* of a varint or of fixed width */
	struct cursor part; /* of bytes */
};

static bool fail(struct walk *w, const uint8_t *at, const char *why)
{
	w->err = -EBADMSG;
	w->reading.tally->why = why;
	w->reading.tally->offset = (size_t)(at - w->begin);
	return false;
}

/* Unlike our own varints these may have needless zero groups, and lose what is beyond 64
 * bits. False when it is cut off or longer than 10 bytes. */
static bool read_long_varint(struct cursor *c, uint64_t *value)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 70 && c->at < c->end; shift += 7) {
		uint8_t byte = *c->at++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*value = v;
			return true;
		}
	}
	return false;
}

/* Nearly all are of one byte. */
static inline bool read_varint(struct cursor *c, uint64_t *value)
{
	if (c->at == c->end || *c->at >= 0x80)
		return read_long_varint(c, value);
	*value = *c->at++;
	return true;
}

static inline bool read_fixed(struct cursor *c, size_t n, uint64_t *value)
{
	uint64_t v = 0;

	if (cursor_left(c) < n)
		return false;
	memcpy(&v, c->at, n);
	*value = le64toh(v);
	c->at += n;
	return true;
}

/* Any field. */
static __attribute__((noinline)) bool next_any_field(
    struct walk *w, struct cursor *c, struct field *f)
{
	const uint8_t *begin = c->at;
	unsigned int form;

	if (c->at == c->end || w->err)
		return false;
	if (!read_varint(c, &f->tag))
		return fail(w, begin, "a field's tag is cut off or longer than 10 bytes");
	if (f->tag >> 3 == 0 || f->tag >> 3 > FIELD_MAX)
		return fail(w, begin, "a field's number is 0 or too large");
	form = (unsigned int)f->tag & 7;
	if (form == FORM_BYTES) { /* most of them are */
		if (!read_varint(c, &f->number))
			return fail(
			    w, begin, "a length is cut off or longer than 10 bytes");
		if (f->number > cursor_left(c))
			return fail(
			    w, begin, "a length leads beyond the end of its message");
		f->part = (struct cursor){.at = c->at, .end = c->at + f->number};
		c->at += f->number;
		return true;
	}
	if (form == FORM_VARINT)
		return read_varint(c, &f->number) ||
		       fail(w, begin, "a number is cut off or longer than 10 bytes");
	if (form == FORM_64)
		return read_fixed(c, 8, &f->number) ||
		       fail(w, begin, "a number of 8 bytes is cut off");
	if (form == FORM_32)
		return read_fixed(c, 4, &f->number) ||
		       fail(w, begin, "a number of 4 bytes is cut off");
	return fail(w, begin, "a field is of a form that OTLP does not use");
}

/* What all but the last field of a message may take here: a tag and eight bytes. */
#define USUAL_BYTES (1 + sizeof(uint64_t))

/* The next field of a message. False at its end, and once anything is malformed or the
 * reading has ended otherwise: then w->err. Tags, lengths and numbers are mostly of one
 * byte. */
static inline bool next_field(struct walk *w, struct cursor *c, struct field *f)
{
	const uint8_t *at = c->at;
	size_t left = cursor_left(c);

	if (left < USUAL_BYTES || w->err || at[0] < 1 << 3 || at[0] >= 0x80)
		return next_any_field(w, c, f);
	f->tag = at[0];
	switch (at[0] & 7) {
	case FORM_BYTES:
		f->number = at[1];
		if (at[1] >= 0x80 || at[1] > left - 2)
			return next_any_field(w, c, f);
		f->part = (struct cursor){.at = at + 2, .end = at + 2 + at[1]};
		c->at = f->part.end;
		return true;
	case FORM_VARINT:
		if (at[1] >= 0x80)
			return next_any_field(w, c, f);
		f->number = at[1];
		c->at = at + 2;
		return true;
	case FORM_64:
		memcpy(&f->number, at + 1, sizeof(f->number));
		f->number = le64toh(f->number);
		c->at = at + USUAL_BYTES;
		return true;
	default:
		return next_any_field(w, c, f);
	}
}

static void read_any_value(struct walk *w, struct cursor c, struct otlp_value *value)
{
	struct field f;

	value->type = OTLP_OTHER;
	while (next_field(w, &c, &f)) {
		switch (f.tag) {
		case ANY_STRING:
			value->type = OTLP_TEXT;
			value->text = (const char *)f.part.at;
			value->n = cursor_left(&f.part);
			break;
		case ANY_BOOL:
			value->type = OTLP_BOOL;
			value->number = f.number != 0;
			break;
		case ANY_INT:
			value->type = OTLP_NUMBER;
			value->number = (int64_t)f.number;
			break;
		default: /* of a type that says nothing here, or unknown */
			break;
		}
	}
}

/* As exporters write an attribute: its key, then its value, both of lengths of one byte.
 */
static bool split_usual(const struct cursor *c, struct cursor *key, struct cursor *any)
{
	size_t n = cursor_left(c);
	size_t key_n = n >= 4 ? c->at[1] : 0x80;

	if (key_n >= 0x80 || n < key_n + 4 || n - key_n - 4 >= 0x80 ||
	    c->at[0] != KEY_VALUE_KEY || c->at[2 + key_n] != KEY_VALUE_VALUE ||
	    c->at[3 + key_n] != n - key_n - 4)
		return false;
	*key = (struct cursor){.at = c->at + 2, .end = c->at + 2 + key_n};
	*any = (struct cursor){.at = c->at + 4 + key_n, .end = c->end};
	return true;
}

static void split_any(
    struct walk *w, struct cursor c, struct cursor *key, struct cursor *any)
{
	struct field f;

	while (next_field(w, &c, &f)) {
		if (f.tag == KEY_VALUE_KEY)
			*key = f.part;
		else if (f.tag == KEY_VALUE_VALUE)
			*any = f.part;
	}
}

/* Likewise a value, which is one field: a text of a length of one byte, or a number. */
static void read_value(struct walk *w, struct cursor c, struct otlp_value *value)
{
	const uint8_t *at = c.at;
	size_t n = cursor_left(&c);
	uint64_t number;

	if (n >= 2 && at[0] == ANY_STRING && at[1] < 0x80 && at[1] == n - 2) {
		value->type = OTLP_TEXT;
		value->text = (const char *)at + 2;
		value->n = n - 2;
		return;
	}
	c.at += n > 0;
	if (n >= 2 && (at[0] == ANY_INT || at[0] == ANY_BOOL) &&
	    read_varint(&c, &number) && c.at == c.end) {
		value->type = at[0] == ANY_INT ? OTLP_NUMBER : OTLP_BOOL;
		value->number = at[0] == ANY_INT ? (int64_t)number : number != 0;
		return;
	}
	c.at = at;
	read_any_value(w, c, value);
}

static void read_attribute(struct walk *w, struct cursor c, struct otlp_facts *facts)
{
	struct cursor key = cursor_over(NULL, 0);
	struct cursor any = key;
	struct otlp_value *value;

	if (!split_usual(&c, &key, &any))
		split_any(w, c, &key, &any);
	value = otlp_facts_add(facts, (const char *)key.at, cursor_left(&key));
	if (value)
		read_value(w, any, value);
}

static void read_resource(struct walk *w, struct cursor c)
{
	struct field f;

	while (next_field(w, &c, &f)) {
		if (f.tag == RESOURCE_ATTRIBUTES)
			read_attribute(w, f.part, &w->reading.resource);
	}
}

static void read_status(struct walk *w, struct cursor c)
{
	struct field f;

	while (next_field(w, &c, &f)) {
		if (f.tag == STATUS_CODE)
			w->reading.span.status = f.number;
	}
}

/* Keeps one of the right length, which its length tells. */
static inline size_t keep_id(uint8_t *to, size_t size, const struct cursor *part)
{
	size_t n = cursor_left(part);

	if (n == size)
		memcpy(to, part->at, size);
	return n;
}

static void read_span_field(struct walk *w, const struct field *f)
{
	struct otlp_span *span = &w->reading.span;

	switch (f->tag) {
	case SPAN_TRACE_ID:
		span->trace_id_n =
		    keep_id(span->trace_id, sizeof(span->trace_id), &f->part);
		break;
	case SPAN_SPAN_ID:
		span->span_id_n = keep_id(span->span_id, sizeof(span->span_id), &f->part);
		break;
	case SPAN_PARENT_SPAN_ID:
		span->has_parent = cursor_left(&f->part) > 0;
		break;
	case SPAN_KIND:
		span->kind = f->number;
		break;
	case SPAN_START:
		span->start_ns = f->number;
		break;
	case SPAN_END:
		span->end_ns = f->number;
		break;
	case SPAN_ATTRIBUTES:
		read_attribute(w, f->part, &span->facts);
		break;
	case SPAN_STATUS:
		read_status(w, f->part);
		break;
	case SPAN_FLAGS:
		span->flags = (uint32_t)f->number;
		break;
	default: /* its name, events, links: nothing that is kept */
		break;
	}
}

static void read_span(struct walk *w, struct cursor c)
{
	struct field f;

	otlp_span_begin(&w->reading.span);
	while (next_field(w, &c, &f))
		read_span_field(w, &f);
	if (!w->err)
		w->err = otlp_span_settle(&w->reading);
}

static void read_scope_spans(struct walk *w, struct cursor c)
{
	struct field f;

	while (next_field(w, &c, &f)) {
		if (f.tag == SCOPE_SPANS_SPANS)
			read_span(w, f.part);
	}
}

/* Twice over its fields: the resource may come last. */
static void read_resource_spans(struct walk *w, struct cursor c)
{
	struct cursor again = c;
	struct field f;

	otlp_facts_begin(&w->reading.resource);
	while (next_field(w, &c, &f)) {
		if (f.tag == RESOURCE_SPANS_RESOURCE)
			read_resource(w, f.part);
	}
	if (w->err)
		return;
	otlp_resource_settle(&w->reading);
	while (next_field(w, &again, &f)) {
		if (f.tag == RESOURCE_SPANS_SCOPE_SPANS)
			read_scope_spans(w, f.part);
	}
}

int otlp_proto_read(
    const uint8_t *in, size_t n, otlp_take take, void *context, struct otlp_tally *tally)
{
	struct cursor c = cursor_over(in, n);
	struct walk w = {.begin = c.at};
	struct field f;

	*tally = (struct otlp_tally){0};
	w.reading.take = take;
	w.reading.context = context;
	w.reading.tally = tally;
	while (next_field(&w, &c, &f)) {
		if (f.tag == REQUEST_RESOURCE_SPANS)
			read_resource_spans(&w, f.part);
	}
	return w.err;
}
