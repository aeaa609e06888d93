#include "wire/batch/head.h"

#include <errno.h>
#include <string.h>

#include "wire/batch/text.h"

#define VERSION 3
#define VERSION_FIRST 1 /* the same head, fewer columns and encodings */
#define VERSION_AT 4
#define CHECK_BYTES 4
#define REASONS_MAX 64 /* of a newer writer */

static const uint8_t magic[VERSION_AT] = {0xc0, 'm', 't', 'r'};

_Static_assert(
    VERSION_AT + 1 + VARINT_MAX_BYTES + 2 * 16 + VARINT_MAX_BYTES * (5 + LOST_REASONS) +
	    BATCH_TEXT_MAX(BATCH_HOST_BYTES) + HOST_FIGURES_MAX_BYTES + CHECK_BYTES <=
	BATCH_HEAD_MAX_BYTES,
    "every head fits");

/* FNV-1a, 32 bits: finds damage on a disk, not malice. */
static uint32_t check_of(const uint8_t *bytes, size_t n)
{
	uint32_t sum = 0x811c9dc5;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ bytes[i]) * 0x01000193;
	return sum;
}

static uint8_t *put(uint8_t *at, uint64_t value)
{
	return at + varint_encode(value, at, VARINT_MAX_BYTES);
}

size_t batch_head_encode(const struct batch_head *head, uint8_t *out)
{
	uint8_t fields[BATCH_HEAD_MAX_BYTES];
	uint8_t *at = fields;
	size_t n;
	uint32_t check;

	memcpy(at, head->id.agent, sizeof(head->id.agent));
	at += sizeof(head->id.agent);
	memcpy(at, head->id.boot, sizeof(head->id.boot));
	at += sizeof(head->id.boot);
	at = put(at, head->id.sequence);
	at = put(at, varint_zigzag(head->sent_ns));
	at += batch_text_encode(head->host, sizeof(head->host), at);
	at = put(at, head->ledger.seen);
	at = put(at, head->ledger.delivered);
	at = put(at, LOST_REASONS);
	for (size_t i = 0; i < LOST_REASONS; i++)
		at = put(at, head->ledger.lost[i]);
	at += host_figures_encode(&head->figures, at);
	n = (size_t)(at - fields);

	memcpy(out, magic, sizeof(magic));
	out[VERSION_AT] = VERSION;
	at = put(out + VERSION_AT + 1, n);
	memcpy(at, fields, n);
	at += n;
	check = check_of(out, (size_t)(at - out));
	for (size_t i = 0; i < CHECK_BYTES; i++)
		*at++ = (uint8_t)(check >> (8 * i));
	return (size_t)(at - out);
}

static bool read_id(struct cursor *fields, struct batch_id *id)
{
	struct cursor agent;
	struct cursor boot;

	if (!cursor_split(fields, sizeof(id->agent), &agent) ||
	    !cursor_split(fields, sizeof(id->boot), &boot))
		return false;
	memcpy(id->agent, agent.at, sizeof(id->agent));
	memcpy(id->boot, boot.at, sizeof(id->boot));
	return cursor_varint(fields, &id->sequence);
}

static bool read_ledger(struct cursor *fields, struct batch_ledger *ledger)
{
	uint64_t reasons;

	if (!cursor_varint(fields, &ledger->seen) ||
	    !cursor_varint(fields, &ledger->delivered) ||
	    !cursor_varint(fields, &reasons) || reasons > REASONS_MAX)
		return false;
	for (uint64_t i = 0; i < reasons; i++) {
		uint64_t n;

		if (!cursor_varint(fields, &n))
			return false;
		if (i < LOST_REASONS)
			ledger->lost[i] = n;
	}
	return true;
}

/* The fields; what follows them is a newer writer's and is skipped. */
static const char *read_fields(struct cursor fields, struct batch_head *head)
{
	uint64_t sent;

	if (!read_id(&fields, &head->id) || !cursor_varint(&fields, &sent))
		return "the head's id or time is malformed";
	head->sent_ns = varint_unzigzag(sent);
	if (!batch_text_decode(&fields, head->host, sizeof(head->host)))
		return "the head's host is malformed or too long";
	if (!read_ledger(&fields, &head->ledger))
		return "the head's ledger is malformed";
	if (!host_figures_decode(&fields, &head->figures))
		return "the head's figures of its host are malformed";
	return NULL;
}

int batch_head_read(struct cursor *in, struct batch_head *head, const char **why)
{
	const uint8_t *start = in->at;
	struct batch_head read = {.sent_ns = 0};
	struct cursor fields;
	struct cursor check;
	uint64_t n;
	uint32_t sum;

	*why = "it does not start as a batch does";
	if (cursor_left(in) <= VERSION_AT || memcmp(in->at, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	*why = "its version is not known here";
	if (in->at[VERSION_AT] < VERSION_FIRST || in->at[VERSION_AT] > VERSION)
		return -EPROTONOSUPPORT;
	in->at += VERSION_AT + 1;
	*why = "the head is cut off";
	if (!cursor_varint(in, &n) || !cursor_split(in, n, &fields) ||
	    !cursor_split(in, CHECK_BYTES, &check))
		return -EBADMSG;
	sum = check_of(start, (size_t)(check.at - start));
	*why = "the head is damaged";
	for (size_t i = 0; i < CHECK_BYTES; i++) {
		if (check.at[i] != (uint8_t)(sum >> (8 * i)))
			return -EBADMSG;
	}
	*why = read_fields(fields, &read);
	if (*why)
		return -EBADMSG;
	*head = read;
	return 0;
}
