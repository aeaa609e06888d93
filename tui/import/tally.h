/* What came of an import: counted as it goes, told at its end. */
#ifndef COLDMETER_TUI_IMPORT_TALLY_H
#define COLDMETER_TUI_IMPORT_TALLY_H

#include <jansson.h>

#include "tui/import/sender.h"
#include "wire/import.h"

#define IMPORT_COMPLAINTS_MAX 5 /* that are shown; all are counted */
#define IMPORT_WHY_BYTES 160
#define IMPORT_FILE_BYTES 256

struct import_complaint {
	char file[IMPORT_FILE_BYTES];
	uint64_t line; /* 0: the file has none */
	char why[IMPORT_WHY_BYTES];
};

/* Zeroed to begin. */
struct import_tally {
	uint64_t read; /* invocations that were found */
	int64_t first_ns;
	int64_t last_ns;
	uint64_t bad; /* lines */
	struct import_complaint complaints[IMPORT_COMPLAINTS_MAX];
	uint64_t billed;  /* invocations of which the cloud says what it bills */
	uint64_t differs; /* of those, by our rule another time is billed */
	uint64_t said_ms; /* of the first of them */
	uint64_t ours_ms;
	char differing[INVOCATION_ID_BYTES];
	uint64_t failed_inits;
	uint64_t sampled;
};

void import_tally_take(struct import_tally *tally, const struct import_found *found);
void import_tally_complain(
    struct import_tally *tally, const char *file, uint64_t line, const char *why);

/* The whole as JSON, the caller's to release; NULL when out of memory. */
json_t *import_tally_json(const struct import_tally *tally,
    const struct import_sent *sent, enum import_source source, bool is_trial);

/* The same for people, on standard output. */
void import_tally_print(
    const struct import_tally *tally, const struct import_sent *sent, bool is_trial);

#endif
