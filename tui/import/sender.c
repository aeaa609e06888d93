#include "tui/import/sender.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "wire/batch.h"

#define BATCH_RECORDS 2000
#define TRIES 12 /* with a second more before each: about a minute */

struct import_sender {
	struct client *client;
	struct batch_writer *writer;
	struct batch_head head;
	unsigned __int128 content; /* a hash of what is in the writer */
	uint64_t imported;
	uint64_t already;
	long status;
	char why[CLIENT_WHY_BYTES];
};

/* FNV-1a over 128 bits: the same on every machine, and a stranger who finds a collision
 * only loses lines of his own. */
static const unsigned __int128 hash_start =
    ((unsigned __int128)0x6c62272e07bb0142ULL << 64) | 0x62b821756295c58dULL;

static void add_byte(struct import_sender *s, uint8_t byte)
{
	s->content = (s->content ^ byte) * (((unsigned __int128)1 << 88) + 0x13b);
}

static void add_text(struct import_sender *s, const char *text)
{
	for (; *text; text++)
		add_byte(s, (uint8_t)*text);
	add_byte(s, 0);
}

static void add_figure(struct import_sender *s, uint64_t figure)
{
	for (size_t i = 0; i < sizeof(figure); i++)
		add_byte(s, (uint8_t)(figure >> (8 * i)));
}

static void add_content(struct import_sender *s, const struct invocation *inv)
{
	add_text(s, inv->function->name);
	add_text(s, inv->function->version);
	add_text(s, inv->request_id);
	add_text(s, inv->trace_id);
	add_figure(s, (uint64_t)inv->start_ns);
	add_figure(s, inv->duration_ns);
	add_figure(s, inv->init_ns);
	add_figure(s, (uint64_t)inv->status);
	add_figure(s, inv->function->memory_limit_mb);
}

int import_sender_new(
    struct client *client, enum import_source source, struct import_sender **out)
{
	struct import_sender *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (batch_writer_new(&s->writer) < 0) {
		free(s);
		return -ENOMEM;
	}
	s->client = client;
	s->content = hash_start;
	s->head.id.sequence = 1;
	(void)snprintf(s->head.host, sizeof(s->head.host), "%s%s", IMPORT_HOST_PREFIX,
	    import_source_name(source));
	memcpy(s->head.id.agent, BATCH_IMPORT_AGENT, sizeof(BATCH_IMPORT_AGENT) - 1);
	s->head.id.agent[sizeof(BATCH_IMPORT_AGENT) - 1] = (uint8_t)source;
	*out = s;
	return 0;
}

void import_sender_free(struct import_sender *sender)
{
	if (sender)
		batch_writer_free(sender->writer);
	free(sender);
}

static void pause_s(int s)
{
	struct timespec left = {.tv_sec = s};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* What became of a batch: {"accepted","already","duplicate"}. */
static int take_answer(struct import_sender *s, const struct reply *reply)
{
	json_t *root = json_loads(reply->body ? reply->body : "", 0, NULL);
	json_int_t accepted = json_integer_value(json_object_get(root, "accepted"));
	json_int_t already = json_integer_value(json_object_get(root, "already"));
	bool is_duplicate = json_is_true(json_object_get(root, "duplicate"));
	bool is_strange = !json_is_integer(json_object_get(root, "accepted"));

	json_decref(root);
	if (is_strange || accepted < 0 || already < 0) {
		(void)snprintf(s->why, sizeof(s->why), "its answer is strange");
		return -EBADMSG;
	}
	s->imported += is_duplicate ? 0 : (uint64_t)accepted;
	s->already += (uint64_t)already + (is_duplicate ? (uint64_t)accepted : 0);
	return 0;
}

static int send_batch(struct import_sender *s, const uint8_t *bytes, size_t n)
{
	struct reply reply;
	int err = -EAGAIN;

	for (int i = 0; i < TRIES; i++) {
		pause_s(i);
		err = client_send(
		    s->client, "/v1/batches", BATCH_CONTENT_TYPE, bytes, n, &reply);
		s->status = reply.status;
		(void)text_copy(s->why, sizeof(s->why), reply.why);
		if (!err)
			err = take_answer(s, &reply);
		reply_done(&reply);
		if (s->status != 429 && s->status != 503)
			break;
	}
	return err;
}

int import_sender_flush(struct import_sender *s)
{
	AUTO(free) uint8_t *sealed = NULL;
	size_t n;
	int err;

	if (batch_writer_count(s->writer) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(s->head.id.boot); i++)
		s->head.id.boot[i] = (uint8_t)(s->content >> (8 * i));
	err = batch_writer_seal(s->writer, &s->head, &sealed, &n);
	if (err)
		return err;
	s->content = hash_start;
	return s->client ? send_batch(s, sealed, n) : 0;
}

int import_sender_add(struct import_sender *s, const struct invocation *inv)
{
	int err = batch_writer_add(s->writer, inv);

	if (err == -ENOSPC) {
		err = import_sender_flush(s);
		if (!err)
			err = batch_writer_add(s->writer, inv);
	}
	if (err)
		return err;
	add_content(s, inv);
	return batch_writer_count(s->writer) >= BATCH_RECORDS ? import_sender_flush(s)
							      : 0;
}

void import_sender_sent(const struct import_sender *sender, struct import_sent *sent)
{
	*sent = (struct import_sent){.imported = sender->imported,
	    .already = sender->already,
	    .status = sender->status,
	    .why = sender->why};
}
