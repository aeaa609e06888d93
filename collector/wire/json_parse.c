/* Invocation objects in. A key that comes twice is an error; null stands for absent. */
#include "wire/json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "wire/json_keys.h"

static const char phases[] = "init_phases"; /* is json_parse_coldstart()'s */

/* n is 4 or more. As words that may overlap: the lengths of keys are few, but no call is
 * as short. */
static inline bool is_same(const char *a, const char *b, size_t n)
{
	uint64_t x[2];
	uint64_t y[2];

	if (n < sizeof(x[0])) {
		uint32_t u[2];
		uint32_t v[2];

		memcpy(&u[0], a, sizeof(u[0]));
		memcpy(&v[0], b, sizeof(v[0]));
		memcpy(&u[1], a + n - sizeof(u[1]), sizeof(u[1]));
		memcpy(&v[1], b + n - sizeof(v[1]), sizeof(v[1]));
		return u[0] == v[0] && u[1] == v[1];
	}
	for (; n > 2 * sizeof(x[0]); n -= sizeof(x[0])) {
		memcpy(&x[0], a, sizeof(x[0]));
		memcpy(&y[0], b, sizeof(y[0]));
		if (x[0] != y[0])
			return false;
		a += sizeof(x[0]);
		b += sizeof(y[0]);
	}
	memcpy(&x[0], a, sizeof(x[0]));
	memcpy(&y[0], b, sizeof(y[0]));
	memcpy(&x[1], a + n - sizeof(x[1]), sizeof(x[1]));
	memcpy(&y[1], b + n - sizeof(y[1]), sizeof(y[1]));
	return x[0] == y[0] && x[1] == y[1];
}

/* One value; NULL, or what is wrong with it. */
static const char *read_value(struct json_scan *s, size_t row, struct json_object *object)
{
	const struct json_key *key = &json_keys[row];
	uint64_t bit = UINT64_C(1) << row;

	if (object->seen & bit)
		return key->twice;
	object->seen |= bit;
	if (json_scan_peek(s) == 'n' && json_scan_word(s, "null"))
		return NULL;
	object->given |= key->given;
	return key->read(s, key, object) ? NULL : key->wrong;
}

/* A key that is not where it was expected, or none of ours: *row is where it stands in
 * the table, or json_keys_n. */
static const char *read_key(
    struct json_scan *s, size_t before, struct json_reader *reader, size_t *row)
{
	char name[JSON_KEY_BYTES];
	size_t n;

	if (!json_scan_string(s, name, sizeof(name), &n) || !json_scan_take(s, ':'))
		return "a key is not a string, or lacks its colon";
	*row = n < sizeof(name) ? json_keys_find(name, n, reader->next[before])
				: json_keys_n;
	if (*row < json_keys_n)
		reader->next[before] = (uint8_t)*row;
	else if (n < sizeof(name) && strcmp(name, phases) == 0)
		reader->has_phases = true;
	return NULL;
}

/* *before is 0, or the row of the last key that was known plus 1. */
static const char *read_member(struct json_scan *s, size_t *before,
    struct json_reader *reader, struct json_object *object)
{
	size_t row = reader->next[*before];
	const struct json_key *key = &json_keys[row];
	const char *why;

	(void)json_scan_peek(s);
	if ((size_t)(s->end - s->at) > key->quoted_n &&
	    is_same(s->at, key->quoted, key->quoted_n)) {
		s->at += key->quoted_n;
	} else {
		why = read_key(s, *before, reader, &row);
		if (why)
			return why;
		if (row == json_keys_n)
			return json_scan_skip(s)
				   ? NULL
				   : "the value of an unknown key is malformed";
	}
	*before = row + 1;
	return read_value(s, row, object);
}

static const char *read_object(
    struct json_scan *s, struct json_reader *reader, struct json_object *object)
{
	size_t before = 0;
	const char *why;

	if (!json_scan_take(s, '{'))
		return "it is not a JSON object";
	if (json_scan_take(s, '}'))
		return NULL;
	do {
		why = read_member(s, &before, reader, object);
		if (why)
			return why;
	} while (json_scan_take(s, ','));
	if (!json_scan_take(s, '}'))
		return "a comma or the closing brace is missing";
	if (json_scan_peek(s) != '\0' || s->at != s->end)
		return "something follows the object";
	return NULL;
}

static const char *settle_start_type(struct json_object *object)
{
	if (object->prewarmed == JSON_FLAG_TRUE && object->cold == JSON_FLAG_TRUE)
		return "prewarmed and cold cannot both be true";
	if (object->prewarmed == JSON_FLAG_TRUE)
		object->inv.start_type = START_PREWARMED;
	else if (object->cold != JSON_FLAG_ABSENT)
		object->inv.start_type =
		    object->cold == JSON_FLAG_TRUE ? START_COLD : START_WARM;
	return NULL;
}

/* What the keys say together. */
static const char *settle(struct json_object *object)
{
	struct invocation *inv = &object->inv;

	if (!(object->given & JSON_GIVEN_FUNCTION))
		return "function is missing";
	if (!(object->given & JSON_GIVEN_START))
		return "start is missing";
	if (!(object->given & JSON_GIVEN_DURATION) && inv->status != STATUS_INIT_ERROR)
		return "duration_ms is missing";
	/* one bit for both, so half of the pair is as good as none */
	if (object->given & JSON_GIVEN_REQUEST_BYTES &&
	    object->given & JSON_GIVEN_RESPONSE_BYTES) {
		inv->has |= HAS_BYTES;
	} else {
		inv->request_bytes = 0;
		inv->response_bytes = 0;
	}
	object->function.arch = arch_find(object->arch);
	inv->cause = invocation_cause_find(object->cause);
	inv->certainty = invocation_certainty_find(object->certainty);
	inv->has |= inv->certainty != CERTAINTY_UNKNOWN ? HAS_CERTAINTY : 0;
	if (inv->concurrency == 0)
		inv->concurrency = 1;
	/* a ping is known by its trace, unless the writer says that it is none */
	inv->ping =
	    object->ping == JSON_FLAG_TRUE ||
	    (object->ping == JSON_FLAG_ABSENT && invocation_trace_is_ping(inv->trace_id));
	return settle_start_type(object);
}

void json_reader_init(struct json_reader *reader)
{
	reader->has_phases = false;
	memset(reader->next, 0, sizeof(reader->next));
	for (size_t row = 0; row < json_keys_n; row++)
		reader->next[row] = (uint8_t)row; /* as we write them */
}

int json_reader_parse(
    struct json_reader *reader, const char *line, size_t len, const char **why)
{
	struct json_object object = {.cold = JSON_FLAG_ABSENT};
	struct json_scan s = {.at = line, .end = line + len};

	reader->has_phases = false;
	*why = "it is longer than a line may be";
	if (len > JSON_LINE_MAX_BYTES)
		return -EBADMSG;
	*why = read_object(&s, reader, &object);
	if (!*why)
		*why = settle(&object);
	if (*why)
		return -EBADMSG;
	reader->function = object.function;
	reader->inv = object.inv;
	reader->inv.function = &reader->function;
	memcpy(reader->host, object.host, sizeof(reader->host));
	return 0;
}

int json_parse_invocation(const char *line, size_t len, struct invocation *inv,
    struct function *function, char *host, const char **why)
{
	struct json_reader reader;
	const char *unused;
	int err;

	json_reader_init(&reader);
	err = json_reader_parse(&reader, line, len, why ? why : &unused);
	if (err)
		return err;
	*function = reader.function;
	*inv = reader.inv;
	inv->function = function;
	if (host)
		memcpy(host, reader.host, sizeof(reader.host));
	return 0;
}
