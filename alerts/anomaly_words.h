/* An anomaly in words, and as fields for programs. */
#ifndef COLDMETER_ALERTS_ANOMALY_WORDS_H
#define COLDMETER_ALERTS_ANOMALY_WORDS_H

#include <jansson.h>

#include "price/anomaly.h"

#define ANOMALY_WORDS_BYTES 384
#define ANOMALY_WORD_BYTES 96 /* of each of the others */

/* "5210 invocations on 2026-11-28, usually 1000 (750 to 1250): $12.40 more than usual,
 * more calls". */
void anomaly_words(const struct anomaly *anomaly, char *out);

void anomaly_day(const struct anomaly *anomaly, char *out); /* "2026-11-28" */
/* One of its values: "5210 invocations", "$0.000012 an invocation". */
void anomaly_figure(const struct anomaly *anomaly, uint64_t value, char *out);
void anomaly_band(const struct anomaly *anomaly, char *out);  /* "750 to 1250" */
void anomaly_extra(const struct anomaly *anomaly, char *out); /* "$12.40 more" */
/* "more calls", "slower (120.0 ms, usually 60.0 ms)". */
void anomaly_reason(const struct anomaly *anomaly, char *out);

/* Adds "day", "what", "direction", "cause", "value", "usual", "low", "high" and
 * "extra_usd", as an invoice tells them. */
void anomaly_fields(json_t *object, const struct anomaly *anomaly);

#endif
