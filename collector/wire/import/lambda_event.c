/* Events of the platform: from the Telemetry API, from an extension, or from logs in the
 * JSON format, which are the same. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "wire/import/lambda_note.h"
#include "wire/json/pick.h"

#define NS_PER_MS 1000000
#define WORD_BYTES 64

enum piece {
	PIECE_TYPE,
	PIECE_TIME,
	PIECE_REQUEST,
	PIECE_VERSION,
	PIECE_STATUS,
	PIECE_ERROR_TYPE,
	PIECE_INIT_TYPE,
	PIECE_DURATION,
	PIECE_BILLED,
	PIECE_MEMORY_SIZE,
	PIECE_MEMORY_USED,
	PIECE_INIT,
	PIECE_RESTORE,
	PIECE_TRACE,
	PIECES
};

static const char *const paths[PIECES] = {
    [PIECE_TYPE] = "type",
    [PIECE_TIME] = "time",
    [PIECE_REQUEST] = "record.requestId",
    [PIECE_VERSION] = "record.version",
    [PIECE_STATUS] = "record.status",
    [PIECE_ERROR_TYPE] = "record.errorType",
    [PIECE_INIT_TYPE] = "record.initializationType",
    [PIECE_DURATION] = "record.metrics.durationMs",
    [PIECE_BILLED] = "record.metrics.billedDurationMs",
    [PIECE_MEMORY_SIZE] = "record.metrics.memorySizeMB",
    [PIECE_MEMORY_USED] = "record.metrics.maxMemoryUsedMB",
    [PIECE_INIT] = "record.metrics.initDurationMs",
    [PIECE_RESTORE] = "record.metrics.restoreDurationMs",
    [PIECE_TRACE] = "record.tracing.value",
};

static const struct {
	const char *type;
	enum lambda_note_kind kind;
} kinds[] = {
    {"platform.start", LAMBDA_NOTE_START},
    {"platform.runtimeDone", LAMBDA_NOTE_END},
    {"platform.end", LAMBDA_NOTE_END},
    {"platform.report", LAMBDA_NOTE_REPORT},
    {"platform.initStart", LAMBDA_NOTE_INIT},
    {"platform.initRuntimeDone", LAMBDA_NOTE_INIT},
    {"platform.restoreStart", LAMBDA_NOTE_INIT},
    {"platform.restoreRuntimeDone", LAMBDA_NOTE_INIT},
    {"platform.initReport", LAMBDA_NOTE_INIT_DONE},
    {"platform.restoreReport", LAMBDA_NOTE_INIT_DONE},
};

static bool find_kind(const struct json_piece *piece, enum lambda_note_kind *kind)
{
	char type[WORD_BYTES];

	if (!json_piece_text(piece, type, sizeof(type)))
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].type, type) == 0) {
			*kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

/* False when it is there and no number. */
static bool take_number(struct lambda_note *note, const struct json_piece *piece,
    uint32_t unit, uint32_t has, uint64_t *out)
{
	if (piece->n == 0)
		return true;
	if (!json_piece_number(piece, unit, out))
		return false;
	note->has |= has;
	return true;
}

/* Of runtimeDone no duration: that is the runtime's, without its extensions. */
static bool take_figures(struct lambda_note *note, const struct json_piece *pieces)
{
	if (note->kind == LAMBDA_NOTE_INIT_DONE)
		return take_number(
		    note, &pieces[PIECE_DURATION], NS_PER_MS, NOTE_INIT, &note->init_ns);
	if (note->kind != LAMBDA_NOTE_REPORT)
		return true;
	return take_number(note, &pieces[PIECE_DURATION], NS_PER_MS, NOTE_DURATION,
		   &note->duration_ns) &&
	       take_number(
		   note, &pieces[PIECE_BILLED], 1, NOTE_BILLED, &note->billed_ms) &&
	       take_number(note, &pieces[PIECE_MEMORY_SIZE], 1, NOTE_MEMORY_SIZE,
		   &note->memory_size_mb) &&
	       take_number(note, &pieces[PIECE_MEMORY_USED], 1, NOTE_MEMORY_USED,
		   &note->memory_used_mb) &&
	       take_number(
		   note, &pieces[PIECE_INIT], NS_PER_MS, NOTE_INIT, &note->init_ns) &&
	       take_number(note, &pieces[PIECE_RESTORE], NS_PER_MS, NOTE_RESTORE,
		   &note->restore_ns);
}

static void take_status(struct lambda_note *note, const struct json_piece *pieces)
{
	char status[WORD_BYTES];
	char type[WORD_BYTES];

	if (!json_piece_text(&pieces[PIECE_STATUS], status, sizeof(status)))
		return;
	(void)json_piece_text(&pieces[PIECE_ERROR_TYPE], type, sizeof(type));
	note->has |= NOTE_STATUS;
	if (strcmp(status, "success") == 0)
		note->status = STATUS_OK;
	else if (strcmp(status, "timeout") == 0)
		note->status = STATUS_TIMEOUT;
	else if (strcmp(type, "Runtime.OutOfMemory") == 0)
		note->status = STATUS_OOM;
	else if (strcmp(type, "Runtime.ExitError") == 0)
		note->status = STATUS_CRASH;
	else
		note->status = STATUS_ERROR;
}

/* "Root=1-5759e988-...;Parent=...;Sampled=1" */
static void take_trace(struct lambda_note *note, const struct json_piece *piece)
{
	char value[256];
	const char *root;

	note->trace_id[0] = '\0';
	if (!json_piece_text(piece, value, sizeof(value)))
		return;
	root = strstr(value, "Root=");
	if (!root)
		return;
	root += strlen("Root=");
	if (strcspn(root, ";") < sizeof(note->trace_id)) {
		memcpy(note->trace_id, root, strcspn(root, ";"));
		note->trace_id[strcspn(root, ";")] = '\0';
	}
}

static bool take_time(struct lambda_note *note, const struct json_piece *piece)
{
	char time[CLOCK_RFC3339_BYTES + 8];

	if (!json_piece_text(piece, time, sizeof(time)) ||
	    clock_parse_rfc3339(time, &note->time_ns) < 0)
		return false;
	note->has |= NOTE_TIME;
	return true;
}

static bool is_init(enum lambda_note_kind kind)
{
	return kind == LAMBDA_NOTE_INIT || kind == LAMBDA_NOTE_INIT_DONE;
}

int lambda_event_read(
    const char *text, size_t n, struct lambda_note *note, const char **why)
{
	struct json_piece pieces[PIECES];
	char word[WORD_BYTES];
	bool is_whole = json_pick(text, n, paths, PIECES, pieces);

	if (!find_kind(&pieces[PIECE_TYPE], &note->kind))
		return 0;
	note->has = 0;
	note->status = STATUS_OK;
	note->is_killed = false;
	*why = "an event of the platform that is malformed";
	if (!is_whole)
		return -EBADMSG;
	*why = "an event of the platform without a time";
	if (!take_time(note, &pieces[PIECE_TIME]))
		return -EBADMSG;
	*why = "an event of the platform without a request id";
	if (!json_piece_text(
		&pieces[PIECE_REQUEST], note->request_id, sizeof(note->request_id)) &&
	    !is_init(note->kind))
		return -EBADMSG;
	*why = "an event of the platform with a figure that is none";
	if (!take_figures(note, pieces))
		return -EBADMSG;
	*why = "a platform.report without a duration";
	take_status(note, pieces);
	if (note->kind == LAMBDA_NOTE_REPORT && !(note->has & NOTE_DURATION))
		return -EBADMSG;
	(void)json_piece_text(
	    &pieces[PIECE_VERSION], note->version, sizeof(note->version));
	take_trace(note, &pieces[PIECE_TRACE]);
	if (json_piece_text(&pieces[PIECE_INIT_TYPE], word, sizeof(word)) &&
	    strcmp(word, "provisioned-concurrency") == 0)
		note->has |= NOTE_PREWARMED;
	return 1;
}
