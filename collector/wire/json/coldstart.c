#include "wire/json/coldstart.h"

#include <errno.h>
#include <string.h>

#include "wire/json/scan.h"

#define KEY_BYTES 24
#define NS_PER_MS 1000000

static char *put_start(char *at, int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	at = json_put_key(at, "start_ms");
	if (ns < 0)
		at = json_put_plain(at, "-");
	return json_put_ms_value(at, size);
}

static char *put_phase(char *at, const struct coldstart_phase *phase)
{
	at = json_put_plain(at, "{\"phase\":");
	at = json_put_string(at, phase->name, sizeof(phase->name));
	at = put_start(at, phase->start_ns);
	at = json_put_ms(at, "wall_ms", true, phase->wall_ns);
	if (phase->has_counters) {
		at = json_put_ms(at, "cpu_ms", true, phase->cpu_ns);
		at = json_put_ms(at, "run_queue_ms", true, phase->run_queue_ns);
		at = json_put_count(at, "disk_bytes", phase->disk_bytes);
		at = json_put_count(at, "major_faults", phase->major_faults);
	}
	return json_put_plain(at, "}");
}

static char *put_peer(char *at, const struct coldstart_wait *wait)
{
	at = json_put_plain(at, "{\"peer\":");
	at = json_put_string(at, wait->peer, sizeof(wait->peer));
	at = json_put_ms(at, "wait_ms", true, wait->wait_ns);
	at = json_put_count(at, "waits", wait->waits);
	return json_put_plain(at, "}");
}

char *json_put_coldstart(char *at, const struct coldstart *c)
{
	at = json_put_plain(json_put_key(at, "init_phases"), "[");
	for (size_t i = 0; i < c->phases_n; i++)
		at = put_phase(i > 0 ? json_put_plain(at, ",") : at, &c->phases[i]);
	at = json_put_plain(at, "]");
	if (c->peers_n > 0) {
		at = json_put_plain(json_put_key(at, "init_peers"), "[");
		for (size_t i = 0; i < c->peers_n; i++)
			at = put_peer(i > 0 ? json_put_plain(at, ",") : at, &c->peers[i]);
		at = json_put_plain(at, "]");
	}
	if (c->others > 0) {
		at = json_put_plain(json_put_key(at, "init_other_peers"), "{\"waits\":");
		at = json_put_integer(at, c->others);
		at = json_put_ms(at, "wait_ms", true, c->others_wait_ns);
		at = json_put_plain(at, "}");
	}
	return c->helpers ? json_put_count(at, "init_helpers", c->helpers) : at;
}

/* --- and in ----------------------------------------------------------------------- */

/* Reads the value of a key of `object`; an unknown one is skipped. */
typedef bool (*read_member)(struct json_scan *s, const char *key, void *object);

static bool read_object(struct json_scan *s, read_member read, void *object)
{
	char key[KEY_BYTES];
	size_t len;

	if (!json_scan_take(s, '{'))
		return false;
	if (json_scan_take(s, '}'))
		return true;
	do {
		if (!json_scan_string(s, key, sizeof(key), &len) ||
		    !json_scan_take(s, ':'))
			return false;
		if (!(len < sizeof(key) ? read(s, key, object) : json_scan_skip(s)))
			return false;
	} while (json_scan_take(s, ','));
	return json_scan_take(s, '}');
}

/* Up to most objects of size bytes each. */
static bool read_list(
    struct json_scan *s, read_member read, void *objects, size_t size, size_t *n)
{
	size_t most = *n;

	*n = 0;
	if (!json_scan_take(s, '['))
		return false;
	if (json_scan_take(s, ']'))
		return true;
	do {
		if (*n == most || !read_object(s, read, (char *)objects + size * *n))
			return false;
		(*n)++;
	} while (json_scan_take(s, ','));
	return json_scan_take(s, ']');
}

static bool read_scaled(struct json_scan *s, uint32_t unit, uint64_t *value)
{
	struct json_number number;
	bool exact;

	return json_scan_number(s, &number) &&
	       json_number_scale(&number, unit, value, &exact) && (unit > 1 || exact);
}

static bool read_32(struct json_scan *s, uint32_t *value)
{
	uint64_t wide;

	if (!read_scaled(s, 1, &wide) || wide > UINT32_MAX)
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool read_start(struct json_scan *s, int64_t *ns)
{
	struct json_number number;
	bool is_negative;
	uint64_t size;
	bool exact;

	if (!json_scan_number(s, &number))
		return false;
	is_negative = number.is_negative;
	number.is_negative = false;
	if (!json_number_scale(&number, NS_PER_MS, &size, &exact) || size > INT64_MAX)
		return false;
	*ns = is_negative ? -(int64_t)size : (int64_t)size;
	return true;
}

static bool read_text(struct json_scan *s, char *to, size_t size)
{
	size_t len;

	return json_scan_string(s, to, size, &len) && len < size;
}

static bool read_phase(struct json_scan *s, const char *key, void *object)
{
	struct coldstart_phase *phase = object;

	if (strcmp(key, "phase") == 0)
		return read_text(s, phase->name, sizeof(phase->name));
	if (strcmp(key, "start_ms") == 0)
		return read_start(s, &phase->start_ns);
	if (strcmp(key, "wall_ms") == 0)
		return read_scaled(s, NS_PER_MS, &phase->wall_ns);
	if (strcmp(key, "run_queue_ms") == 0)
		return read_scaled(s, NS_PER_MS, &phase->run_queue_ns);
	if (strcmp(key, "disk_bytes") == 0)
		return read_scaled(s, 1, &phase->disk_bytes);
	if (strcmp(key, "major_faults") == 0)
		return read_32(s, &phase->major_faults);
	if (strcmp(key, "cpu_ms") != 0)
		return json_scan_skip(s);
	phase->has_counters = true;
	return read_scaled(s, NS_PER_MS, &phase->cpu_ns);
}

static bool read_peer(struct json_scan *s, const char *key, void *object)
{
	struct coldstart_wait *wait = object;

	if (strcmp(key, "peer") == 0)
		return read_text(s, wait->peer, sizeof(wait->peer));
	if (strcmp(key, "wait_ms") == 0)
		return read_scaled(s, NS_PER_MS, &wait->wait_ns);
	if (strcmp(key, "waits") == 0)
		return read_32(s, &wait->waits);
	return json_scan_skip(s);
}

static bool read_others(struct json_scan *s, const char *key, void *object)
{
	struct coldstart *c = object;

	if (strcmp(key, "wait_ms") == 0)
		return read_scaled(s, NS_PER_MS, &c->others_wait_ns);
	if (strcmp(key, "waits") == 0)
		return read_32(s, &c->others);
	return json_scan_skip(s);
}

/* A key that comes twice: the last one counts. */
static bool read_invocation(struct json_scan *s, const char *key, void *object)
{
	struct coldstart *c = object;

	if (strncmp(key, "init_", 5) != 0)
		return json_scan_skip(s);
	if (json_scan_word(s, "null")) /* stands for absent */
		return true;
	if (strcmp(key, "init_phases") == 0) {
		memset(c->phases, 0, sizeof(c->phases));
		c->phases_n = COLDSTART_PHASES_MAX;
		return read_list(
		    s, read_phase, c->phases, sizeof(c->phases[0]), &c->phases_n);
	}
	if (strcmp(key, "init_peers") == 0) {
		memset(c->peers, 0, sizeof(c->peers));
		c->peers_n = COLDSTART_PEERS_MAX;
		return read_list(
		    s, read_peer, c->peers, sizeof(c->peers[0]), &c->peers_n);
	}
	if (strcmp(key, "init_other_peers") == 0)
		return read_object(s, read_others, c);
	if (strcmp(key, "init_helpers") == 0)
		return read_32(s, &c->helpers);
	return json_scan_skip(s);
}

int json_parse_coldstart(const char *line, size_t len, struct invocation *inv,
    struct coldstart *out, const char **why)
{
	static const char key[] = "\"init_phases\"";
	struct json_scan s = {.at = line, .end = line + len};
	struct coldstart c = {.phases_n = 0};

	if (!memmem(line, len, key, strlen(key)))
		return 0; /* so most lines are not scanned again */
	if (!read_object(&s, read_invocation, &c)) {
		*why = "init_phases, init_peers, init_other_peers or init_helpers is "
		       "malformed";
		return -EBADMSG;
	}
	if (c.phases_n == 0)
		return 0;
	*out = c;
	inv->coldstart = out;
	inv->has |= HAS_COLDSTART;
	return 0;
}
