#include "wire/import/lambda_result.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "wire/json/scan.h"

#define NS_PER_MS 1000000
#define BYTES_PER_MB 1000000 /* as Insights makes them of a line's MB */
#define NAME_BYTES 32
#define TEXT_BYTES 512
#define DAY_CHARACTERS 10 /* of "YYYY-MM-DD" */

static const char *const names[RESULT_FIELDS] = {
    [RESULT_TIMESTAMP] = "@timestamp",
    [RESULT_MESSAGE] = "@message",
    [RESULT_LOG] = "@log",
    [RESULT_LOG_STREAM] = "@logStream",
    [RESULT_TYPE] = "@type",
    [RESULT_REQUEST] = "@requestId",
    [RESULT_DURATION] = "@duration",
    [RESULT_BILLED] = "@billedDuration",
    [RESULT_INIT] = "@initDuration",
    [RESULT_MEMORY_SIZE] = "@memorySize",
    [RESULT_MEMORY_USED] = "@maxMemoryUsed",
    [RESULT_TRACE] = "@xrayTraceId",
};

static void keep(const struct json_piece pair[2], struct json_piece *values)
{
	char name[NAME_BYTES];

	if (!json_piece_text(&pair[0], name, sizeof(name)))
		return;
	for (size_t i = 0; i < RESULT_FIELDS; i++)
		if (strcmp(names[i], name) == 0)
			values[i] = pair[1];
}

bool lambda_result_pick(
    const char *row, size_t n, struct json_piece values[RESULT_FIELDS])
{
	static const char *const paths[] = {"field", "value"};
	struct json_scan scan = {row, row + n};
	bool is_row = json_scan_take(&scan, '[');

	memset(values, 0, RESULT_FIELDS * sizeof(*values));
	while (is_row) {
		struct json_piece pair[2];
		const char *from;

		(void)json_scan_peek(&scan);
		from = scan.at;
		is_row = json_scan_skip(&scan) &&
			 json_pick(from, (size_t)(scan.at - from), paths, 2, pair) &&
			 pair[0].n > 0;
		if (is_row)
			keep(pair, values);
		if (is_row && !json_scan_take(&scan, ','))
			return json_scan_take(&scan, ']');
	}
	return false;
}

/* "2026-11-22 08:00:00.123", in UTC. */
static bool read_time(const struct json_piece *value, int64_t *time_ns)
{
	char text[NAME_BYTES];
	size_t n;

	if (!json_piece_text(value, text, sizeof(text) - 1))
		return false;
	n = strlen(text);
	if (n <= DAY_CHARACTERS || text[DAY_CHARACTERS] != ' ')
		return false;
	text[DAY_CHARACTERS] = 'T';
	text[n] = 'Z';
	text[n + 1] = '\0';
	return clock_parse_rfc3339(text, time_ns) == 0;
}

/* @log is the account, a colon and the group. */
bool lambda_result_place(const struct json_piece values[RESULT_FIELDS],
    struct lambda_origin *origin, int64_t *time_ns)
{
	char text[TEXT_BYTES];
	const char *colon;

	if (json_piece_text(&values[RESULT_LOG], text, sizeof(text))) {
		colon = strchr(text, ':');
		colon = colon ? colon + 1 : text;
		(void)lambda_origin_group(origin, colon, strlen(colon));
	}
	if (json_piece_text(&values[RESULT_LOG_STREAM], text, sizeof(text)))
		(void)lambda_origin_stream(origin, text, strlen(text));
	return read_time(&values[RESULT_TIMESTAMP], time_ns);
}

/* What START and END tell is when; a query may leave their lines out. */
static int find_kind(
    const struct json_piece values[RESULT_FIELDS], enum lambda_note_kind *kind)
{
	char type[NAME_BYTES];
	bool has_type = json_piece_text(&values[RESULT_TYPE], type, sizeof(type));

	if (values[RESULT_DURATION].n > 0 && (!has_type || strcmp(type, "REPORT") == 0))
		*kind = LAMBDA_NOTE_REPORT;
	else if (has_type && strcmp(type, "START") == 0)
		*kind = LAMBDA_NOTE_START;
	else if (has_type && strcmp(type, "END") == 0)
		*kind = LAMBDA_NOTE_END;
	else
		return 0;
	return 1;
}

int lambda_result_read(const struct json_piece values[RESULT_FIELDS],
    struct lambda_note *note, const char **why)
{
	static const struct {
		enum lambda_result_field field;
		uint32_t unit;
		uint32_t divisor;
		uint32_t has;
		size_t offset; /* of a uint64_t in the note */
	} figures[] = {
	    {RESULT_DURATION, NS_PER_MS, 1, NOTE_DURATION,
		offsetof(struct lambda_note, duration_ns)},
	    {RESULT_BILLED, 1, 1, NOTE_BILLED, offsetof(struct lambda_note, billed_ms)},
	    {RESULT_INIT, NS_PER_MS, 1, NOTE_INIT, offsetof(struct lambda_note, init_ns)},
	    {RESULT_MEMORY_SIZE, 1, BYTES_PER_MB, NOTE_MEMORY_SIZE,
		offsetof(struct lambda_note, memory_size_mb)},
	    {RESULT_MEMORY_USED, 1, BYTES_PER_MB, NOTE_MEMORY_USED,
		offsetof(struct lambda_note, memory_used_mb)},
	};

	*note = (struct lambda_note){.status = STATUS_OK};
	if (!find_kind(values, &note->kind))
		return 0;
	*why = "a result of an invocation without @requestId";
	if (!json_piece_text(
		&values[RESULT_REQUEST], note->request_id, sizeof(note->request_id)) ||
	    !note->request_id[0])
		return -EBADMSG;
	if (note->kind != LAMBDA_NOTE_REPORT)
		return 1;
	*why = "a result with a figure that is none";
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		uint64_t value;

		if (values[figures[i].field].n == 0)
			continue;
		if (!json_piece_number(
			&values[figures[i].field], figures[i].unit, &value))
			return -EBADMSG;
		value /= figures[i].divisor;
		memcpy((char *)note + figures[i].offset, &value, sizeof(value));
		note->has |= figures[i].has;
	}
	(void)json_piece_text(
	    &values[RESULT_TRACE], note->trace_id, sizeof(note->trace_id));
	return 1;
}
