/* What AWS Lambda's platform tells of an invocation, one line or event at a time.
 *
 * Sources, read 2026-11: REPORT, START, END and INIT_REPORT lines and their JSON form:
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html and
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html ; events:
 * https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
#ifndef COLDMETER_WIRE_IMPORT_LAMBDA_NOTE_H
#define COLDMETER_WIRE_IMPORT_LAMBDA_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/invocation.h"

enum lambda_note_kind {
	LAMBDA_NOTE_START,
	LAMBDA_NOTE_END,      /* END, or platform.runtimeDone: the handler is through */
	LAMBDA_NOTE_REPORT,   /* the figures */
	LAMBDA_NOTE_FAILURE,  /* a line of its own that tells why one failed */
	LAMBDA_NOTE_INIT,     /* an init began, failed or was tried again */
	LAMBDA_NOTE_INIT_DONE /* the figures of an init */
};

/* Which figures a note holds. */
enum {
	NOTE_TIME = 1 << 0,
	NOTE_DURATION = 1 << 1,
	NOTE_BILLED = 1 << 2,
	NOTE_MEMORY_SIZE = 1 << 3,
	NOTE_MEMORY_USED = 1 << 4,
	NOTE_INIT = 1 << 5,
	NOTE_RESTORE = 1 << 6,
	NOTE_STATUS = 1 << 7,
	NOTE_PREWARMED = 1 << 8 /* the init was ahead of any event */
};

struct lambda_note {
	enum lambda_note_kind kind;
	uint32_t has;                  /* NOTE_* */
	enum invocation_status status; /* OK when nothing is said against it */
	bool is_killed;                /* the runtime was, by a signal */
	int64_t time_ns;               /* of the event, since the epoch */
	uint64_t duration_ns;
	uint64_t billed_ms;
	uint64_t init_ns;
	uint64_t restore_ns;
	uint64_t memory_size_mb;
	uint64_t memory_used_mb;
	char request_id[INVOCATION_ID_BYTES]; /* "" when it has none */
	char trace_id[INVOCATION_ID_BYTES];   /* "1-5759e988-bd862e3fe1be46a994272793" */
	char version[FUNCTION_VERSION_BYTES];
};

/* Where an event was logged; "" where that is not known. */
struct lambda_origin {
	char function[FUNCTION_NAME_BYTES];
	char version[FUNCTION_VERSION_BYTES];
	char sandbox[INVOCATION_ID_BYTES];
};

/* Takes /aws/lambda/NAME: true, or false when a group has another name. */
bool lambda_origin_group(struct lambda_origin *origin, const char *group, size_t n);

/* Takes YYYY/MM/DD/[VERSION]SANDBOX, or with NAME[VERSION]. False when it is none. */
bool lambda_origin_stream(struct lambda_origin *origin, const char *stream, size_t n);

/* Reads a message: one line, or several of one event. 1: *note is filled; 0: it is no
 * line of the platform; -EBADMSG: it is one and malformed, *why is a constant sentence.
 * *note is of no use unless 1 was returned. */
int lambda_note_read(
    const char *text, size_t n, struct lambda_note *note, const char **why);

/* The same for an event of the platform in JSON, {"time","type":"platform...","record"}.
 */
int lambda_event_read(
    const char *text, size_t n, struct lambda_note *note, const char **why);

#endif
