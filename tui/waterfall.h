/* One cold start as a picture: a bar for each of its phases. */
#ifndef COLDMETER_TUI_WATERFALL_H
#define COLDMETER_TUI_WATERFALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/coldstart.h"
#include "model/invocation.h"
#include "tui/draw.h"

struct waterfall {
	char function[FUNCTION_NAME_BYTES];
	char request_id[INVOCATION_ID_BYTES];
	char sandbox[INVOCATION_ID_BYTES];
	char cause[16];
	char certainty[16];
	int64_t start_ns;                     /* of its first invocation, wall clock */
	double init_ms, duration_ms, wait_ms; /* NAN: unknown */
	bool cold;
	struct coldstart coldstart;
};

/* Reads an invocation object; false when it has no phases. */
bool waterfall_parse(const json_t *invocation, struct waterfall *out);

/* The newest that has phases of an answer of /v1/invocations, or the one of that request.
 * Returns its object, borrowed from root, or NULL. */
const json_t *waterfall_find(
    const json_t *root, const char *request_id, struct waterfall *out);

/* "cold start: init 850 ms; first (likely); 34 helpers". Returns out. */
const char *waterfall_title(const struct waterfall *w, char *out, size_t size);

/* The rows that it takes. */
int waterfall_rows(const struct waterfall *w);

/* A line a phase with its figures, then a line a peer; what does not fit is cut. */
void waterfall_draw(
    const struct waterfall *w, struct canvas *canvas, const struct area *area);

#endif
