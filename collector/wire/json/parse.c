/* Invocation objects in. A key that comes twice is an error; null stands for absent. */
#include "wire/json.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/same.h"
#include "wire/json/keys.h"
#include "wire/json/plain.h"

static const char phases[] = "init_phases"; /* is json_parse_coldstart()'s */

static void store_number(
    struct json_reader *reader, const struct json_key *key, uint64_t value)
{
	char *to = (char *)reader + key->offset;
	uint32_t value32 = (uint32_t)value;
	uint16_t value16 = (uint16_t)value;

	if (key->size == sizeof(value))
		memcpy(to, &value, sizeof(value));
	else if (key->size == sizeof(value32))
		memcpy(to, &value32, sizeof(value32));
	else
		memcpy(to, &value16, sizeof(value16));
	reader->inv.has |= key->has;
}

/* Behind the value, if the same one stands there, written alike, as the last time. */
static inline const char *pass_last(
    const char *at, const char *end, const struct json_value *last)
{
	uint64_t written[JSON_VALUE_WORDS];

	if (last->n == 0)
		return NULL;
	if ((size_t)(end - at) < sizeof(written))
		return (size_t)(end - at) > last->n &&
			       memcmp(at, last->written, last->n + 1) == 0
			   ? at + last->n
			   : NULL;
	memcpy(written, at, sizeof(written));
	return (((written[0] ^ last->written[0]) & last->mask[0]) |
		   ((written[1] ^ last->written[1]) & last->mask[1])) == 0
		   ? at + last->n
		   : NULL;
}

/* Reads a value that is written in the plainest way; NULL for any other. */
static inline const char *read_plain(
    const char *at, const char *end, size_t row, struct json_reader *reader)
{
	const struct json_key *key = &json_keys[row];
	const char *behind = NULL;
	char *to;
	uint64_t value = 0;

	switch (key->plain) {
	case JSON_PLAIN_NONE:
		return NULL;
	case JSON_PLAIN_TEXT:
		to = (char *)reader + key->offset;
		behind = json_plain_text(at, end, to, key->size);
		return behind && (*to != '\0' || key->min == 0) ? behind : NULL;
	case JSON_PLAIN_MS:
		behind = json_plain_ms(at, end, &value);
		break;
	case JSON_PLAIN_MIB:
		behind = json_plain_mib(at, end, &value);
		break;
	case JSON_PLAIN_TIME:
		behind = json_plain_time(at, end, &value);
		break;
	case JSON_PLAIN_LAST:
		behind = pass_last(at, end, &reader->last[row]);
		if (behind)
			value = reader->last[row].read;
		break;
	}
	if (behind)
		store_number(reader, key, value);
	return behind;
}

/* With the comma or brace that ended it, so that no other value begins like it. */
static void keep_last(
    struct json_value *last, const struct json_scan *s, const char *from, uint64_t value)
{
	size_t n = (size_t)(s->at - from);

	last->n = 0;
	if (n + 1 > sizeof(last->written) || s->at == s->end ||
	    (*s->at != ',' && *s->at != '}'))
		return;
	memset(last->written, 0, sizeof(last->written));
	memset(last->mask, 0, sizeof(last->mask));
	memcpy(last->written, from, n + 1);
	memset(last->mask, 0xff, n + 1);
	last->n = n;
	last->read = value;
}

static const char *read_text(
    struct json_scan *s, const struct json_key *key, struct json_reader *reader)
{
	char *to = (char *)reader + key->offset;
	size_t len;

	return json_scan_string(s, to, key->size, &len) && len < key->size &&
		       len >= key->min
		   ? NULL
		   : key->wrong;
}

/* A value, however it is written; NULL, or what is wrong with it. */
static const char *read_any(struct json_scan *s, size_t row, struct json_reader *reader)
{
	const struct json_key *key = &json_keys[row];
	const char *from;
	uint64_t value;

	if (json_scan_peek(s) == 'n' && json_scan_word(s, "null"))
		return NULL;
	reader->given |= key->given;
	if (!key->number)
		return read_text(s, key, reader);
	from = s->at;
	if (!key->number(s, key, &value))
		return key->wrong;
	if (key->plain == JSON_PLAIN_LAST)
		keep_last(&reader->last[row], s, from, value);
	store_number(reader, key, value);
	return NULL;
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

/* A member, however it is written. *before is 0, or the row of the last key that was
 * known plus 1. */
static const char *read_member(
    struct json_scan *s, size_t *before, struct json_reader *reader)
{
	const char *why;
	uint64_t bit;
	size_t row;

	why = read_key(s, *before, reader, &row);
	if (why)
		return why;
	if (row == json_keys_n)
		return json_scan_skip(s) ? NULL
					 : "the value of an unknown key is malformed";
	*before = row + 1;
	bit = UINT64_C(1) << row;
	if (reader->seen & bit)
		return json_keys[row].twice;
	reader->seen |= bit;
	return read_any(s, row, reader);
}

static inline const char *pass_space(const char *at, const char *end)
{
	return at < end && *at == ' ' ? at + 1 : at;
}

/* Members that come as expected and are written plainly, with one space or none behind
 * commas and colons; up to one that is not. Returns whether the object's brace is next.
 */
static bool read_usual(struct json_scan *s, size_t *before, struct json_reader *reader)
{
	const char *end = s->end;
	const char *at = s->at;
	size_t last = *before;
	bool is_over = false;

	while (!is_over) {
		size_t row = reader->next[last];
		const struct json_key *key = &json_keys[row];
		uint64_t bit = UINT64_C(1) << row;
		const char *value;

		at = pass_space(at, end);
		if ((size_t)(end - at) <= key->quoted_n ||
		    !same_bytes(at, key->quoted, key->quoted_n) || reader->seen & bit)
			break;
		value = read_plain(pass_space(at + key->quoted_n, end), end, row, reader);
		if (!value || value == end || (*value != ',' && *value != '}'))
			break;
		reader->seen |= bit;
		reader->given |= key->given;
		last = row + 1;
		is_over = *value == '}';
		at = is_over ? value : value + 1;
	}
	s->at = at;
	*before = last;
	return is_over;
}

static const char *read_object(struct json_scan *s, struct json_reader *reader)
{
	size_t before = 0;
	const char *why;

	if (!json_scan_take(s, '{'))
		return "it is not a JSON object";
	if (json_scan_take(s, '}'))
		return NULL;
	do {
		if (read_usual(s, &before, reader))
			break;
		why = read_member(s, &before, reader);
		if (why)
			return why;
	} while (json_scan_take(s, ','));
	if (!json_scan_take(s, '}'))
		return "a comma or the closing brace is missing";
	if (json_scan_peek(s) != '\0' || s->at != s->end)
		return "something follows the object";
	return NULL;
}

static const char *settle_start_type(struct json_reader *reader)
{
	if (reader->prewarmed == JSON_FLAG_TRUE && reader->cold == JSON_FLAG_TRUE)
		return "prewarmed and cold cannot both be true";
	if (reader->prewarmed == JSON_FLAG_TRUE)
		reader->inv.start_type = START_PREWARMED;
	else if (reader->cold != JSON_FLAG_ABSENT)
		reader->inv.start_type =
		    reader->cold == JSON_FLAG_TRUE ? START_COLD : START_WARM;
	return NULL;
}

/* What the keys say together. */
static const char *settle(struct json_reader *reader)
{
	struct invocation *inv = &reader->inv;

	if (!(reader->given & JSON_GIVEN_FUNCTION))
		return "function is missing";
	if (!(reader->given & JSON_GIVEN_START))
		return "start is missing";
	if (!(reader->given & JSON_GIVEN_DURATION) && inv->status != STATUS_INIT_ERROR)
		return "duration_ms is missing";
	/* one bit for both, so half of the pair is as good as none */
	if (reader->given & JSON_GIVEN_REQUEST_BYTES &&
	    reader->given & JSON_GIVEN_RESPONSE_BYTES) {
		inv->has |= HAS_BYTES;
	} else {
		inv->request_bytes = 0;
		inv->response_bytes = 0;
	}
	inv->has |= inv->certainty != CERTAINTY_UNKNOWN ? HAS_CERTAINTY : 0;
	if (inv->concurrency == 0)
		inv->concurrency = 1;
	/* a ping is known by its trace, unless the writer says that it is none */
	inv->ping =
	    reader->ping == JSON_FLAG_TRUE ||
	    (reader->ping == JSON_FLAG_ABSENT && invocation_trace_is_ping(inv->trace_id));
	return settle_start_type(reader);
}

void json_reader_init(struct json_reader *reader)
{
	reader->has_phases = false;
	memset(reader->next, 0, sizeof(reader->next));
	for (size_t row = 0; row < json_keys_n; row++) {
		reader->next[row] = (uint8_t)row; /* as we write them */
		reader->last[row].n = 0;
	}
}

/* Nothing is known of an object yet. */
static void forget(struct json_reader *reader)
{
	struct function *function = &reader->function;

	invocation_init(&reader->inv);
	reader->inv.function = function;
	memset(function, 0, offsetof(struct function, name));
	function->name[0] = '\0';
	function->version[0] = '\0';
	function->region[0] = '\0';
	reader->host[0] = '\0';
	reader->has_phases = false;
	reader->cold = JSON_FLAG_ABSENT;
	reader->prewarmed = JSON_FLAG_ABSENT;
	reader->ping = JSON_FLAG_ABSENT;
	reader->given = 0;
	reader->seen = 0;
}
_Static_assert(
    offsetof(struct function, region) + FUNCTION_REGION_BYTES == sizeof(struct function),
    "its texts are its end");

int json_reader_parse(
    struct json_reader *reader, const char *line, size_t len, const char **why)
{
	struct json_scan s = {.at = line, .end = line + len};

	forget(reader);
	*why = "it is longer than a line may be";
	if (len > JSON_LINE_MAX_BYTES)
		return -EBADMSG;
	*why = read_object(&s, reader);
	if (!*why)
		*why = settle(reader);
	return *why ? -EBADMSG : 0;
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
