/* Lines as CloudWatch has them: fields between tabs, which some tools make spaces. */
#include "wire/import/lambda_note.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define NS_PER_MS 1000000
#define MS_MAX 1000000000000ULL /* 30 years */
#define ID_MIN 8

/* What is left of a message. */
struct text {
	const char *at;
	const char *end;
};

static bool starts(const struct text *t, const char *words)
{
	size_t n = strlen(words);

	return (size_t)(t->end - t->at) >= n && memcmp(t->at, words, n) == 0;
}

static bool take(struct text *t, const char *words)
{
	if (!starts(t, words))
		return false;
	t->at += strlen(words);
	return true;
}

static void skip_blank(struct text *t)
{
	while (t->at < t->end &&
	       (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r'))
		t->at++;
}

static bool is_id_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '$' || c == ':';
}

/* A word of ids: false when there is none, or it is too long. */
static bool take_id(struct text *t, char *out, size_t size)
{
	const char *from = t->at;
	size_t n;

	while (t->at < t->end && is_id_byte(*t->at))
		t->at++;
	n = (size_t)(t->at - from);
	if (n == 0 || n >= size)
		return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

/* A decimal, times 10^6, with at most that many digits behind the point told apart. */
static bool take_millionths(struct text *t, uint64_t *out)
{
	uint64_t value = 0;
	uint64_t unit = 1000000;
	const char *from = t->at;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
		if (value > MS_MAX)
			return false;
		value = value * 10 + (uint64_t)(*t->at - '0');
	}
	if (t->at == from)
		return false;
	value *= unit;
	if (t->at < t->end && *t->at == '.') {
		for (t->at++; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
			unit /= 10;
			value += unit * (uint64_t)(*t->at - '0');
		}
	}
	*out = value;
	return true;
}

/* --- fields ----------------------------------------------------------------------------
 */

struct field {
	const char *name;
	const char *unit;
	uint32_t has;
	size_t offset; /* of a uint64_t in the note */
	uint64_t divisor;
};

#define AT(member) offsetof(struct lambda_note, member)
static const struct field fields[] = {
    {"Duration: ", " ms", NOTE_DURATION, AT(duration_ns), 1},
    {"Billed Duration: ", " ms", NOTE_BILLED, AT(billed_ms), NS_PER_MS},
    {"Memory Size: ", " MB", NOTE_MEMORY_SIZE, AT(memory_size_mb), NS_PER_MS},
    {"Max Memory Used: ", " MB", NOTE_MEMORY_USED, AT(memory_used_mb), NS_PER_MS},
    {"Init Duration: ", " ms", NOTE_INIT, AT(init_ns), 1},
    {"Restore Duration: ", " ms", NOTE_RESTORE, AT(restore_ns), 1},
};

/* 1: it was one of ours; 0: it is none; -EBADMSG. */
static int take_field(struct text *t, struct lambda_note *note)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t value;

		if (!take(t, fields[i].name))
			continue;
		if (!take_millionths(t, &value) || !take(t, fields[i].unit))
			return -EBADMSG;
		value /= fields[i].divisor;
		memcpy((char *)note + fields[i].offset, &value, sizeof(value));
		note->has |= fields[i].has;
		return 1;
	}
	return 0;
}

/* What a status says, in lines and in events. */
static enum invocation_status status_of(const struct text *t)
{
	if (starts(t, "success"))
		return STATUS_OK;
	if (starts(t, "timeout"))
		return STATUS_TIMEOUT;
	return STATUS_ERROR; /* error, failure */
}

/* The platform's error types: the runtime went away, or out of memory. */
static void take_error_type(const struct text *t, struct lambda_note *note)
{
	if (starts(t, "Runtime.OutOfMemory"))
		note->status = STATUS_OOM;
	else if (starts(t, "Runtime.ExitError"))
		note->status = STATUS_CRASH;
}

/* Up to the next field: behind a tab, a newline, or a blank of a tool that has no tabs.
 */
static void skip_word(struct text *t)
{
	while (t->at < t->end && *t->at != '\t' && *t->at != '\n' && *t->at != ' ')
		t->at++;
}

/* A field that is no figure, or a word that is not known. */
static void take_other(struct text *t, struct lambda_note *note)
{
	if (take(t, "Status: ")) {
		note->status = status_of(t);
		note->has |= NOTE_STATUS;
	} else if (take(t, "Error Type: ")) {
		take_error_type(t, note);
	} else if (take(t, "XRAY TraceId: ")) {
		(void)take_id(t, note->trace_id, sizeof(note->trace_id));
	} else {
		/* the words behind this one are those of other fields */
		(void)take(t, "Billed Restore Duration: ");
		skip_word(t);
	}
}

static int take_fields(struct text *t, struct lambda_note *note)
{
	for (skip_blank(t); t->at < t->end; skip_blank(t)) {
		int taken = take_field(t, note);

		if (taken < 0)
			return taken;
		if (taken == 0)
			take_other(t, note);
	}
	return 0;
}

/* --- lines -----------------------------------------------------------------------------
 */

static void begin(struct lambda_note *note, enum lambda_note_kind kind)
{
	note->kind = kind;
	note->has = 0;
	note->status = STATUS_OK;
	note->is_killed = false;
	note->request_id[0] = '\0';
	note->trace_id[0] = '\0';
	note->version[0] = '\0';
}

static int read_report(struct text *t, struct lambda_note *note, const char **why)
{
	begin(note, LAMBDA_NOTE_REPORT);
	*why = "a REPORT line without a request id";
	if (!take_id(t, note->request_id, sizeof(note->request_id)))
		return -EBADMSG;
	*why = "a REPORT line with a figure that is none";
	if (take_fields(t, note) < 0)
		return -EBADMSG;
	*why = "a REPORT line without a duration";
	return note->has & NOTE_DURATION ? 1 : -EBADMSG;
}

static int read_start(struct text *t, struct lambda_note *note, const char **why)
{
	begin(note, LAMBDA_NOTE_START);
	*why = "a START line without a request id";
	if (!take_id(t, note->request_id, sizeof(note->request_id)))
		return -EBADMSG;
	skip_blank(t);
	if (take(t, "Version: "))
		(void)take_id(t, note->version, sizeof(note->version));
	return 1;
}

static int read_end(struct text *t, struct lambda_note *note)
{
	begin(note, LAMBDA_NOTE_END);
	return take_id(t, note->request_id, sizeof(note->request_id)) ? 1 : 0;
}

static int read_init(struct text *t, struct lambda_note *note, const char **why)
{
	begin(note, LAMBDA_NOTE_INIT_DONE);
	*why = "an INIT_REPORT or RESTORE_REPORT line with a figure that is none";
	return take_fields(t, note) < 0 ? -EBADMSG : 1;
}

/* "Task timed out after 3.00 seconds", "Error: Runtime exited with error: signal: killed"
 * behind a request id. */
static int read_failure(struct text *t, struct lambda_note *note)
{
	skip_blank(t);
	if (starts(t, "Task timed out after ")) {
		note->status = STATUS_TIMEOUT;
	} else if (take(t, "Error: Runtime exited with")) {
		note->status = STATUS_CRASH;
		note->is_killed = take(t, " error: signal: killed");
	} else {
		return 0;
	}
	note->has = NOTE_STATUS;
	return 1;
}

/* A line that starts with an id: only some are the platform's. */
static int read_other(struct text *t, struct lambda_note *note)
{
	begin(note, LAMBDA_NOTE_FAILURE);
	(void)take(t, "RequestId: ");
	if (!take_id(t, note->request_id, sizeof(note->request_id)) ||
	    strlen(note->request_id) < ID_MIN)
		return 0;
	return read_failure(t, note);
}

int lambda_note_read(
    const char *text, size_t n, struct lambda_note *note, const char **why)
{
	struct text t = {text, text + n};

	if (take(&t, "REPORT RequestId: "))
		return read_report(&t, note, why);
	if (take(&t, "START RequestId: "))
		return read_start(&t, note, why);
	if (take(&t, "END RequestId: "))
		return read_end(&t, note);
	if (take(&t, "INIT_REPORT ") || take(&t, "RESTORE_REPORT "))
		return read_init(&t, note, why);
	return read_other(&t, note);
}

/* --- where it was logged
 * ----------------------------------------------------------------
 */

bool lambda_origin_group(struct lambda_origin *origin, const char *group, size_t n)
{
	static const char prefix[] = "/aws/lambda/";
	const size_t skip = sizeof(prefix) - 1;

	if (n <= skip || memcmp(group, prefix, skip) != 0 ||
	    n - skip >= sizeof(origin->function))
		return false;
	(void)text_copy_bytes(
	    origin->function, sizeof(origin->function), group + skip, n - skip);
	text_make_printable(origin->function);
	return true;
}

bool lambda_origin_stream(struct lambda_origin *origin, const char *stream, size_t n)
{
	static const char date[] = "dddd/dd/dd/";
	const char *open = memchr(stream, '[', n);
	const char *close = open ? memchr(open, ']', n - (size_t)(open - stream)) : NULL;
	size_t version_n = close ? (size_t)(close - open) - 1 : 0;
	size_t sandbox_n = close ? n - (size_t)(close - stream) - 1 : 0;

	for (size_t i = 0; i < sizeof(date) - 1; i++) {
		if (i >= n || (date[i] == 'd' ? stream[i] < '0' || stream[i] > '9'
					      : stream[i] != date[i]))
			return false;
	}
	if (!close || open - stream < (ptrdiff_t)sizeof(date) - 1 || sandbox_n == 0 ||
	    version_n >= sizeof(origin->version) || sandbox_n >= sizeof(origin->sandbox))
		return false;
	(void)text_copy_bytes(
	    origin->version, sizeof(origin->version), open + 1, version_n);
	(void)text_copy_bytes(
	    origin->sandbox, sizeof(origin->sandbox), close + 1, sandbox_n);
	text_make_printable(origin->version);
	text_make_printable(origin->sandbox);
	return true;
}
