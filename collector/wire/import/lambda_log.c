/* Lines may have a time, a log group and a stream in front, as `aws logs tail`, exports
 * to S3 and other tools write them. Objects are events of the platform, log events with a
 * message, or envelopes around log events or rows of a query's answer. */
#include "wire/import/lambda_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/base64.h"
#include "wire/import/lambda_result.h"
#include "wire/inflater.h"
#include "wire/json/pick.h"
#include "wire/json/scan.h"

#define NS_PER_MS 1000000
#define PREFIX_WORDS 3
#define MARK_WITHIN 160
#define TIME_BYTES 40
#define EPOCH_MS_DIGITS 13 /* of the years 2001 to 2286 */
#define NAME_BYTES 512
#define EXPANDED_MAX ((size_t)64 << 20) /* of one subscription's data */
#define PIECE_BYTES ((size_t)64 << 10)

struct lambda_log {
	struct lambda_join *join;
	const struct import_sink *sink;
	bool is_nested; /* inside a subscription's data */
	uint64_t line;  /* of the record that is being read */
	char *message;  /* RECORDS_USUAL_BYTES; the next is made when there is need */
	const char *why;
};

int lambda_log_new(
    struct lambda_join *join, const struct import_sink *sink, struct lambda_log **out)
{
	struct lambda_log *log = calloc(1, sizeof(*log));

	if (!log)
		return -ENOMEM;
	log->join = join;
	log->sink = sink;
	log->message = malloc(RECORDS_USUAL_BYTES);
	if (!log->message) {
		free(log);
		return -ENOMEM;
	}
	*out = log;
	return 0;
}

void lambda_log_free(struct lambda_log *log)
{
	if (log)
		free(log->message);
	free(log);
}

/* What is known of a message besides its text. */
struct place {
	struct lambda_origin origin;
	bool has_time;
	int64_t time_ns;
};

/* --- what stands in front of a line
 * -----------------------------------------------------
 */

/* RFC 3339, without a zone in UTC; or milliseconds since the epoch. */
static bool read_time(const char *word, size_t n, int64_t *time_ns)
{
	char text[TIME_BYTES];
	int64_t ms = 0;

	if (n < EPOCH_MS_DIGITS || n + 2 > sizeof(text) || word[0] < '0' || word[0] > '9')
		return false;
	if (n > 10 && word[4] == '-' && word[10] == 'T') {
		memcpy(text, word, n);
		text[n] = 'Z';
		text[n + 1] = '\0';
		if (strpbrk(text + 11, "+-") || word[n - 1] == 'Z')
			text[n] = '\0';
		return clock_parse_rfc3339(text, time_ns) == 0;
	}
	if (n != EPOCH_MS_DIGITS)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		ms = ms * 10 + (word[i] - '0');
	}
	/* thirteen nines are more than fit: no ledger takes that year anyway */
	*time_ns = ms > INT64_MAX / NS_PER_MS ? INT64_MAX : ms * NS_PER_MS;
	return true;
}

/* Whether a word in front of a message is a time, a stream or a group; it is taken. */
static bool take_word(struct place *place, const char *word, size_t n)
{
	if (!place->has_time && read_time(word, n, &place->time_ns)) {
		place->has_time = true;
		return true;
	}
	if (word[0] != '/' && (word[0] < '0' || word[0] > '9'))
		return false;
	return lambda_origin_stream(&place->origin, word, n) ||
	       lambda_origin_group(&place->origin, word, n);
}

static void take_prefix(const char **text, size_t *n, struct place *place)
{
	for (int i = 0; i < PREFIX_WORDS; i++) {
		const char *word = *text;
		size_t word_n = 0;

		while (word_n < *n && word[word_n] != ' ' && word[word_n] != '\t' &&
		       word_n < NAME_BYTES)
			word_n++;
		if (word_n == *n || word_n == NAME_BYTES ||
		    !take_word(place, word, word_n))
			return;
		while (word_n < *n && (word[word_n] == ' ' || word[word_n] == '\t'))
			word_n++;
		*text += word_n;
		*n -= word_n;
	}
}

/* --- one message
 * ------------------------------------------------------------------------
 */

/* Joins what was read, or tells what was wrong with it: read is lambda_note_read()'s. */
static int settle(struct lambda_log *log, int read, struct lambda_note *note,
    const struct place *place, const char *why)
{
	int err;

	if (read == -EBADMSG) {
		log->sink->complain(log->sink->context, log->line, why);
		return 0;
	}
	if (read <= 0)
		return 0;
	if (!(note->has & NOTE_TIME) && place->has_time) {
		note->has |= NOTE_TIME;
		note->time_ns = place->time_ns;
	}
	err = lambda_join_add(log->join, note, &place->origin, &log->why);
	return err ? err : 1;
}

static int take_message(
    struct lambda_log *log, const char *text, size_t n, const struct place *from)
{
	struct place place = *from;
	struct lambda_note note;
	const char *why = NULL;
	int read;

	take_prefix(&text, &n, &place);
	read = n > 0 && *text == '{' ? lambda_event_read(text, n, &note, &why)
				     : lambda_note_read(text, n, &note, &why);
	return settle(log, read, &note, &place, why);
}

/* --- objects
 * ----------------------------------------------------------------------------
 */

enum piece {
	PIECE_TYPE,
	PIECE_EVENT_TYPE,
	PIECE_MESSAGE,
	PIECE_TIMESTAMP,
	PIECE_STREAM_NAME,
	PIECE_GROUP,
	PIECE_STREAM,
	PIECE_EVENTS,
	PIECE_RESULTS,
	PIECE_DATA,
	PIECE_ARN,
	PIECE_REQUEST,
	PIECES
};

static const char *const paths[PIECES] = {
    [PIECE_TYPE] = "type",
    [PIECE_EVENT_TYPE] = "eventType",
    [PIECE_MESSAGE] = "message",
    [PIECE_TIMESTAMP] = "timestamp",
    [PIECE_STREAM_NAME] = "logStreamName", /* of filter-log-events */
    [PIECE_GROUP] = "logGroup",
    [PIECE_STREAM] = "logStream",
    [PIECE_EVENTS] = "logEvents",
    [PIECE_RESULTS] = "results",
    [PIECE_DATA] = "awslogs.data",
    [PIECE_ARN] = "invokedFunctionArn",
    [PIECE_REQUEST] = "requestId",
};

static void take_origin(struct place *place, const struct json_piece *pieces)
{
	char name[NAME_BYTES];

	if (json_piece_text(&pieces[PIECE_GROUP], name, sizeof(name)))
		(void)lambda_origin_group(&place->origin, name, strlen(name));
	if (json_piece_text(&pieces[PIECE_STREAM], name, sizeof(name)) ||
	    json_piece_text(&pieces[PIECE_STREAM_NAME], name, sizeof(name)))
		(void)lambda_origin_stream(&place->origin, name, strlen(name));
}

/* A string of JSON as a message. */
static int take_quoted(
    struct lambda_log *log, const struct json_piece *message, const struct place *place)
{
	struct json_scan scan = {message->at, message->at + message->n};
	size_t n;

	if (!json_scan_string(&scan, log->message, RECORDS_USUAL_BYTES, &n) ||
	    n >= RECORDS_USUAL_BYTES)
		return 0; /* no text, so not the platform's */
	return take_message(log, log->message, n, place);
}

static int take_log_event(
    struct lambda_log *log, const struct json_piece *pieces, struct place *place)
{
	uint64_t ms;

	if (json_piece_number(&pieces[PIECE_TIMESTAMP], 1, &ms) &&
	    ms <= INT64_MAX / NS_PER_MS) {
		place->has_time = true;
		place->time_ns = (int64_t)ms * NS_PER_MS;
	}
	return take_quoted(log, &pieces[PIECE_MESSAGE], place);
}

/* A row of a query's answer: the line itself, or the fields that were found in it. */
static int take_result(struct lambda_log *log, const struct record *record)
{
	struct json_piece values[RESULT_FIELDS];
	struct place place = {0};
	struct lambda_note note;
	const char *why = NULL;
	int read;

	if (!lambda_result_pick(record->text, record->n, values))
		return 0;
	place.has_time = lambda_result_place(values, &place.origin, &place.time_ns);
	if (values[RESULT_MESSAGE].n > 0)
		return take_quoted(log, &values[RESULT_MESSAGE], &place);
	read = lambda_result_read(values, &note, &why);
	return settle(log, read, &note, &place, why);
}

/* INVOKE, which an extension gets: it tells the function of a request. */
static int take_invoke(
    struct lambda_log *log, const struct json_piece *pieces, struct place *place)
{
	static const char mark[] = ":function:";
	struct lambda_note note = {.kind = LAMBDA_NOTE_START};
	char arn[NAME_BYTES];
	char type[16];
	const char *name;

	if (!json_piece_text(&pieces[PIECE_EVENT_TYPE], type, sizeof(type)) ||
	    strcmp(type, "INVOKE") != 0 ||
	    !json_piece_text(&pieces[PIECE_ARN], arn, sizeof(arn)) ||
	    !json_piece_text(
		&pieces[PIECE_REQUEST], note.request_id, sizeof(note.request_id)))
		return 0;
	name = strstr(arn, mark);
	if (name)
		(void)text_copy_bytes(place->origin.function,
		    sizeof(place->origin.function), name + strlen(mark),
		    strcspn(name + strlen(mark), ":"));
	return settle(log, 1, &note, place, NULL);
}

static int take_nested(void *context, const struct record *record)
{
	struct lambda_log *log = context;
	struct record inner = *record;
	int err;

	inner.line = log->line;
	err = lambda_log_take(log, &inner, &log->why);
	return err < 0 ? err : 0;
}

static void complain_nested(void *context, uint64_t line, const char *why)
{
	struct lambda_log *log = context;

	(void)line;
	log->sink->complain(log->sink->context, log->line, why);
}

/* Expands into the splitter, within a limit. */
static int expand(
    struct lambda_log *log, struct inflater *z, struct records *r, uint8_t *piece)
{
	size_t expanded = 0;
	ssize_t got;
	int err = 0;

	while ((got = inflater_read(z, piece, PIECE_BYTES)) > 0) {
		expanded += (size_t)got;
		if (expanded > EXPANDED_MAX)
			break;
		err = records_push(r, piece, (size_t)got);
		if (err)
			return err;
	}
	if (got == -ENOMEM)
		return -ENOMEM;
	if (got != 0 || !inflater_is_whole(z))
		complain_nested(log, 0,
		    got > 0 ? "awslogs.data expands to more than 64 MiB"
			    : "awslogs.data is damaged or cut off");
	return records_end(r);
}

/* {"awslogs":{"data":...}}: base64 around gzip around an envelope. */
static int take_data(struct lambda_log *log, const struct json_piece *data)
{
	const struct records_sink sink = {take_nested, complain_nested, log, false};
	AUTO(free) uint8_t *bytes = malloc(BASE64_DECODED_MAX(data->n));
	AUTO(free) uint8_t *piece = malloc(PIECE_BYTES);
	AUTO(inflater) struct inflater *z = NULL;
	AUTO(records) struct records *r = NULL;
	ssize_t n;
	int err;

	if (!bytes || !piece || inflater_new(&z) < 0 ||
	    records_new(&sink, RECORDS_USUAL_BYTES, &r) < 0)
		return -ENOMEM;
	n = data->n >= 2 ? base64_decode(data->at + 1, data->n - 2, bytes) : -EBADMSG;
	if (n < 0) {
		complain_nested(log, 0, "awslogs.data is no base64");
		return 0;
	}
	inflater_feed(z, bytes, (size_t)n);
	log->is_nested = true;
	err = expand(log, z, r, piece);
	log->is_nested = false;
	return err;
}

/* An envelope that is itself an element of an array. */
static int take_envelope(struct lambda_log *log, const struct record *record)
{
	const struct records_sink sink = {take_nested, complain_nested, log, false};
	AUTO(records) struct records *r = NULL;
	int err;

	if (log->is_nested || records_new(&sink, RECORDS_USUAL_BYTES, &r) < 0)
		return log->is_nested ? 0 : -ENOMEM;
	log->is_nested = true;
	err = records_push(r, record->text, record->n);
	if (!err)
		err = records_end(r);
	log->is_nested = false;
	return err;
}

/* An event of the platform says so near its start; whatever else says so is read as one
 * in vain, and then as what it is. */
static bool may_be_event(const struct record *record)
{
	static const char mark[] = "\"platform.";
	size_t n = record->n < MARK_WITHIN ? record->n : MARK_WITHIN;

	return record->head_n == 0 &&
	       memmem(record->text, n, mark, sizeof(mark) - 1) != NULL;
}

static int take_object(struct lambda_log *log, const struct record *record)
{
	struct json_piece pieces[PIECES];
	struct place place = {0};
	struct lambda_note note;
	const char *why = NULL;
	int read = may_be_event(record)
		       ? lambda_event_read(record->text, record->n, &note, &why)
		       : 0;

	if (read)
		return settle(log, read, &note, &place, why);
	if (record->head_n > 0) { /* is cut off, and still has what stands in it */
		(void)json_pick(record->head, record->head_n, paths, PIECES, pieces);
		take_origin(&place, pieces);
	}
	(void)json_pick(record->text, record->n, paths, PIECES, pieces);
	take_origin(&place, pieces);
	if (pieces[PIECE_EVENTS].n > 0 || pieces[PIECE_RESULTS].n > 0)
		return take_envelope(log, record);
	if (pieces[PIECE_DATA].n > 0 && !log->is_nested)
		return take_data(log, &pieces[PIECE_DATA]);
	if (pieces[PIECE_MESSAGE].n > 0)
		return take_log_event(log, pieces, &place);
	if (pieces[PIECE_EVENT_TYPE].n > 0)
		return take_invoke(log, pieces, &place);
	if (pieces[PIECE_TYPE].n == 0)
		return 0;
	read = lambda_event_read(record->text, record->n, &note, &why);
	return settle(log, read, &note, &place, why);
}

int lambda_log_take(struct lambda_log *log, const struct record *record, const char **why)
{
	static const struct place nowhere;
	int err;

	log->line = record->line;
	log->why = NULL;
	if (record->is_row)
		err = take_result(log, record);
	else
		err = record->is_object
			  ? take_object(log, record)
			  : take_message(log, record->text, record->n, &nowhere);
	*why = log->why;
	return err;
}
