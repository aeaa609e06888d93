#include "serve/ingest/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/ingest/gather.h"
#include "wire/json.h"
#include "wire/json/coldstart.h"

#define LATEST_START_NS (7258118400LL * CLOCK_NS_PER_S) /* the year 2200 */

/* So that nobody who adds these up goes beyond 63 bits. */
static bool ends_late(const struct invocation *inv)
{
	uint64_t left_ns = (uint64_t)(LATEST_START_NS - inv->start_ns);

	return inv->duration_ns > left_ns || inv->init_ns > left_ns - inv->duration_ns;
}

/* NULL, or why the ledger cannot hold it. */
static const char *refusal(const struct invocation *inv)
{
	if (inv->start_ns < 0)
		return "start is before 1970";
	if (inv->start_ns >= LATEST_START_NS)
		return "start is after 2200";
	if (ends_late(inv))
		return "its end is after 2200";
	if (inv->function->name[0] == '\0')
		return "function has no name";
	return NULL;
}

/* Likewise. The head's ledger is no bound: it is read before the losses of functions are.
 */
static const char *loss_refusal(const struct batch_loss *loss)
{
	if (loss->function->name[0] == '\0')
		return "function has no name";
	if (loss->n == 0 || loss->n > INT64_MAX)
		return "a loss is of no invocation, or of more than can be";
	return NULL;
}

static int reserve(struct intake *in)
{
	size_t room = in->room ? in->room * 2 : 1;
	void *more;

	if (in->n < in->room)
		return 0;
	more = realloc(in->decoded, room * sizeof(struct batch *));
	if (!more)
		return -ENOMEM;
	in->decoded = more;
	more = realloc(in->sealed, room * sizeof(uint8_t *));
	if (!more)
		return -ENOMEM;
	in->sealed = more;
	more = realloc(in->batches, room * sizeof(*in->batches));
	if (!more)
		return -ENOMEM;
	in->batches = more;
	in->room = room;
	return 0;
}

int intake_append(struct intake *in, struct batch *batch, const uint8_t *raw,
    size_t raw_bytes, uint8_t *sealed)
{
	uint32_t *ids = calloc(batch->functions_n + 1, sizeof(*ids));
	int err = ids ? reserve(in) : -ENOMEM;

	if (err) {
		free(ids);
		batch_free(batch);
		free(sealed);
		return err;
	}
	in->decoded[in->n] = batch;
	in->sealed[in->n] = sealed;
	in->batches[in->n] = (struct store_batch){
	    .batch = batch, .raw = raw, .raw_bytes = raw_bytes, .ids = ids};
	in->rows += batch->invocations_n + batch->functions_n;
	in->n++;
	return 0;
}

int intake_batch(
    struct intake *in, const uint8_t *body, size_t body_bytes, const char **why)
{
	struct batch *batch;
	int err = batch_decode(body, body_bytes, &batch, why);

	if (err)
		return err;
	err = intake_append(in, batch, body, body_bytes, NULL);
	if (err)
		return err;
	if (batch_is_imported(&batch->head.id))
		in->batches[0].imported = in->decoded[0];
	*why = batch->head.id.sequence == 0 || batch->head.id.sequence > INT64_MAX
		   ? "the sequence is 0 or too large"
		   : NULL;
	if (!*why && batch->losses_n > 0 &&
	    (batch->head.sent_ns < 0 || batch->head.sent_ns >= LATEST_START_NS))
		*why = "the time when it was sent is before 1970 or after 2200";
	for (size_t i = 0; !*why && i < batch->losses_n; i++)
		*why = loss_refusal(&batch->losses[i]);
	for (size_t i = 0; !*why && i < batch->invocations_n; i++) {
		invocation_mark_ping(&batch->invocations[i]);
		*why = refusal(&batch->invocations[i]);
	}
	return *why ? -EBADMSG : 0;
}

static int reject(struct intake *in, size_t line, const char *reason)
{
	in->rejected_n++;
	if (in->rejected_n > INTAKE_REJECTED_MAX)
		return 0;
	if (!in->rejected)
		in->rejected = json_array();
	return json_array_append_new(in->rejected,
		   json_pack("{s:I,s:s}", "line", (json_int_t)line, "reason", reason)) < 0
		   ? -ENOMEM
		   : 0;
}

static int take_line(struct gather *gather, struct json_reader *reader, size_t number,
    const char *line, size_t len)
{
	struct coldstart coldstart;
	const char *why = NULL;
	int err;

	if (len > JSON_LINE_MAX_BYTES)
		return reject(gather->in, number, "the line is longer than 16384 bytes");
	err = json_reader_parse(reader, line, len, &why);
	if (!err)
		why = refusal(&reader->inv);
	if (!err && !why && reader->has_phases)
		err = json_parse_coldstart(line, len, &reader->inv, &coldstart, &why);
	if (err || why)
		return reject(gather->in, number, why ? why : "malformed");
	invocation_mark_ping(&reader->inv);
	err = gather_take(gather, reader->host, &reader->inv, NULL, 0);
	if (err == -ENOSPC || err == -EMSGSIZE || err == -EBADMSG)
		return reject(gather->in, number, "the record is too large");
	return err;
}

static bool is_blank(const char *line, size_t len)
{
	while (len > 0 && line[len - 1] <= ' ' && strchr(" \t\r", line[len - 1]))
		len--;
	return len == 0;
}

int intake_ndjson(
    struct intake *in, const uint8_t *body, size_t body_bytes, struct intake_ids *ids)
{
	struct gather gather = {.in = in, .ids = ids};
	const char *at = (const char *)body;
	const char *end = at + body_bytes;
	struct json_reader reader;
	int err = 0;

	json_reader_init(&reader);
	in->form = INTAKE_NDJSON;
	for (size_t number = 1; !err && at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		if (!is_blank(at, len))
			err = take_line(&gather, &reader, number, at, len);
		at += len + 1;
	}
	return gather_finish(&gather, err);
}

/* What makes a span the same one. */
struct span_mark {
	uint8_t trace_id[OTLP_TRACE_ID_BYTES];
	uint8_t span_id[OTLP_SPAN_ID_BYTES];
	int64_t start_ns;
	uint64_t end_ns;
};

static int take_span(void *context, const struct otlp_record *record, const char **why)
{
	const struct invocation *inv = record->invocation;
	struct span_mark mark = {.start_ns = inv->start_ns, .end_ns = record->end_ns};
	int err;

	*why = refusal(inv);
	if (*why)
		return 0;
	memcpy(mark.trace_id, record->trace_id, sizeof(mark.trace_id));
	memcpy(mark.span_id, record->span_id, sizeof(mark.span_id));
	err = gather_take(context, record->host, inv, &mark, sizeof(mark));
	if (err != -ENOSPC && err != -EMSGSIZE && err != -EBADMSG)
		return err;
	*why = "the record is too large";
	return 0;
}

int intake_otlp(struct intake *in, const uint8_t *body, size_t body_bytes)
{
	struct gather gather = {.in = in};
	int err = in->form == INTAKE_OTLP_JSON
		      ? otlp_json_read(body, body_bytes, take_span, &gather, &in->spans)
		      : otlp_proto_read(body, body_bytes, take_span, &gather, &in->spans);

	return gather_finish(&gather, err);
}

void intake_done(struct intake *in)
{
	for (size_t i = 0; i < in->n; i++) {
		batch_free(in->decoded[i]);
		free(in->sealed[i]);
		free(in->batches[i].ids);
	}
	free(in->decoded);
	free(in->sealed);
	free(in->batches);
	json_decref(in->rejected);
	*in = (struct intake){0};
}

bool intake_is_made_here(const struct batch_id *id)
{
	return memcmp(id->agent, INTAKE_LINES, sizeof(INTAKE_LINES)) == 0 ||
	       memcmp(id->agent, INTAKE_KEYED, sizeof(INTAKE_KEYED)) == 0 ||
	       memcmp(id->agent, INTAKE_SPANS, sizeof(INTAKE_SPANS)) == 0;
}

/* FNV-1a over 128 bits: the same on every machine, and a stranger who finds a collision
 * only drops batches of his own. */
struct batch_id intake_keyed_id(const char *key, const uint8_t *body, size_t body_bytes)
{
	const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
	unsigned __int128 hash =
	    ((unsigned __int128)0x6c62272e07bb0142ULL << 64) | 0x62b821756295c58dULL;
	struct batch_id id = {.agent = INTAKE_KEYED, .sequence = 1};

	for (size_t i = 0; key[i]; i++)
		hash = (hash ^ (uint8_t)key[i]) * prime;
	hash *= prime; /* the NUL between the two */
	for (size_t i = 0; i < body_bytes; i++)
		hash = (hash ^ body[i]) * prime;
	for (size_t i = 0; i < sizeof(id.boot); i++)
		id.boot[i] = (uint8_t)(hash >> (8 * i));
	return id;
}
