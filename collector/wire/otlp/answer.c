#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/varint.h"
#include "wire/otlp.h"

#define MESSAGE_BYTES 1024
_Static_assert(OTLP_ANSWER_BYTES > MESSAGE_BYTES + 128, "a message fits, and its frame");

/* "span 3: it ends before it starts (2 of these); span 9: ..." Reasons are our own plain
 * sentences: nothing in them needs an escape. */
static size_t describe(const struct otlp_tally *tally, char message[MESSAGE_BYTES])
{
	size_t n = 0;

	message[0] = '\0';
	for (size_t i = 0; i < tally->reasons_n && n < MESSAGE_BYTES; i++) {
		const struct otlp_reason *reason = &tally->reasons[i];

		n += (size_t)snprintf(message + n, MESSAGE_BYTES - n,
		    "%sspan %zu: %s (%zu of these)", i ? "; " : "", reason->first,
		    reason->why, reason->n);
	}
	return strlen(message);
}

static char *put_varint(char *at, uint64_t value)
{
	return at + varint_encode(value, (uint8_t *)at, VARINT_MAX_BYTES);
}

/* A number, field 1, and a text, field 2: what both messages here are. */
static char *put_pair(char *at, uint64_t number, const char *text, size_t text_bytes)
{
	at = put_varint(at, 1 << 3 | 0);
	at = put_varint(at, number);
	at = put_varint(at, 2 << 3 | 2);
	at = put_varint(at, text_bytes);
	memcpy(at, text, text_bytes);
	return at + text_bytes;
}

size_t otlp_answer(const struct otlp_tally *tally, bool is_json, char *out)
{
	char message[MESSAGE_BYTES];
	char partial[OTLP_ANSWER_BYTES];
	size_t message_bytes = describe(tally, message);
	char *at;

	if (is_json && tally->rejected == 0)
		return (size_t)snprintf(out, OTLP_ANSWER_BYTES, "{}");
	if (is_json)
		return (size_t)snprintf(out, OTLP_ANSWER_BYTES,
		    "{\"partialSuccess\":{\"rejectedSpans\":\"%zu\",\"errorMessage\":\"%"
		    "s\"}}",
		    tally->rejected, message);
	if (tally->rejected == 0)
		return 0;
	at = put_pair(partial, tally->rejected, message, message_bytes);
	message_bytes = (size_t)(at - partial);
	at = put_varint(out, 1 << 3 | 2);
	at = put_varint(at, message_bytes);
	memcpy(at, partial, message_bytes);
	return (size_t)(at - out) + message_bytes;
}

size_t otlp_answer_status(int code, const char *message, char *out)
{
	char cut[MESSAGE_BYTES];

	(void)text_copy(cut, sizeof(cut), message);
	return (size_t)(put_pair(out, (uint64_t)code, cut, strlen(cut)) - out);
}
