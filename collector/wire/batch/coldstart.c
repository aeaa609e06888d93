#include "wire/batch/coldstart.h"

#include <string.h>

static uint8_t *put(uint8_t *at, uint64_t value)
{
	return at + varint_encode(value, at, VARINT_MAX_BYTES);
}

static uint8_t *put_phase(uint8_t *at, const struct coldstart_phase *phase)
{
	at += batch_text_encode(phase->name, sizeof(phase->name), at);
	at = put(at, varint_zigzag(phase->start_ns));
	at = put(at, phase->wall_ns);
	at = put(at, phase->has_counters);
	if (!phase->has_counters)
		return at;
	at = put(at, phase->cpu_ns);
	at = put(at, phase->run_queue_ns);
	at = put(at, phase->disk_bytes);
	return put(at, phase->major_faults);
}

size_t batch_coldstart_encode(const struct coldstart *c, uint8_t *out)
{
	uint8_t fields[BATCH_COLDSTART_MAX];
	uint8_t *at = put(fields, c->phases_n);
	size_t n;

	for (size_t i = 0; i < c->phases_n; i++)
		at = put_phase(at, &c->phases[i]);
	at = put(at, c->peers_n);
	for (size_t i = 0; i < c->peers_n; i++) {
		at += batch_text_encode(c->peers[i].peer, sizeof(c->peers[i].peer), at);
		at = put(at, c->peers[i].wait_ns);
		at = put(at, c->peers[i].waits);
	}
	at = put(at, c->others_wait_ns);
	at = put(at, c->others);
	at = put(at, c->helpers);
	n = (size_t)(at - fields);
	at = put(out, n);
	memcpy(at, fields, n);
	return (size_t)(at - out) + n;
}

static bool read_32(struct cursor *in, uint32_t *value)
{
	uint64_t wide;

	if (!cursor_varint(in, &wide) || wide > UINT32_MAX)
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool read_phase(struct cursor *in, struct coldstart_phase *phase)
{
	uint64_t start;
	uint64_t has;

	if (!batch_text_decode(in, phase->name, sizeof(phase->name)) ||
	    !cursor_varint(in, &start) || !cursor_varint(in, &phase->wall_ns) ||
	    !cursor_varint(in, &has) || has > 1)
		return false;
	phase->start_ns = varint_unzigzag(start);
	phase->has_counters = has;
	return !has || (cursor_varint(in, &phase->cpu_ns) &&
			   cursor_varint(in, &phase->run_queue_ns) &&
			   cursor_varint(in, &phase->disk_bytes) &&
			   read_32(in, &phase->major_faults));
}

static bool read_peer(struct cursor *in, struct coldstart_wait *wait)
{
	return batch_text_decode(in, wait->peer, sizeof(wait->peer)) &&
	       cursor_varint(in, &wait->wait_ns) && read_32(in, &wait->waits);
}

bool batch_coldstart_decode(struct cursor *in, struct coldstart *out, bool *is_newer)
{
	struct cursor fields;
	uint64_t bytes;
	uint64_t n;

	if (!cursor_varint(in, &bytes) || !cursor_split(in, bytes, &fields) ||
	    !cursor_varint(&fields, &n) || n > COLDSTART_PHASES_MAX)
		return false;
	for (; out->phases_n < n; out->phases_n++)
		if (!read_phase(&fields, &out->phases[out->phases_n]))
			return false;
	if (!cursor_varint(&fields, &n) || n > COLDSTART_PEERS_MAX)
		return false;
	for (; out->peers_n < n; out->peers_n++)
		if (!read_peer(&fields, &out->peers[out->peers_n]))
			return false;
	if (!cursor_varint(&fields, &out->others_wait_ns) ||
	    !read_32(&fields, &out->others) || !read_32(&fields, &out->helpers))
		return false;
	if (is_newer && cursor_left(&fields) > 0)
		*is_newer = true;
	return true;
}
