/* Makes invocations of what Lambda's platform tells in several lines: START, END, REPORT
 * and what stands around them, by request id. */
#ifndef COLDMETER_WIRE_IMPORT_LAMBDA_JOIN_H
#define COLDMETER_WIRE_IMPORT_LAMBDA_JOIN_H

#include "wire/import.h"
#include "wire/import/lambda_note.h"

/* So many invocations are held back, since a line that says why one failed may come
 * behind its REPORT. Lines that are further apart are not joined. */
#define LAMBDA_JOIN_HELD 2048

struct lambda_join;

/* Both are borrowed. 0 or -ENOMEM. */
int lambda_join_new(const struct import_settings *settings,
    const struct import_sink *sink, struct lambda_join **out);
void lambda_join_free(struct lambda_join *join);

/* 0; -ENODATA when neither the note nor the settings say when or of which function, *why
 * is a constant sentence; or what the sink returned. */
int lambda_join_add(struct lambda_join *join, const struct lambda_note *note,
    const struct lambda_origin *origin, const char **why);

/* Hands over what is held. 0 or what the sink returned. */
int lambda_join_end(struct lambda_join *join);

uint64_t lambda_join_failed_inits(const struct lambda_join *join);

#endif
