/* Keeps what a reading of OTLP hands out. */
#ifndef COLDMETER_TESTS_OTLP_TAKEN_H
#define COLDMETER_TESTS_OTLP_TAKEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/json.h"
#include "wire/otlp.h"

#define TAKEN_MAX 8

struct taken {
	struct invocation inv[TAKEN_MAX];
	struct function function[TAKEN_MAX];
	char host[TAKEN_MAX][JSON_HOST_BYTES];
	size_t n; /* beyond TAKEN_MAX only counted */
	struct otlp_tally tally;
};

static inline int taken_take(
    void *context, const struct otlp_record *record, const char **why)
{
	struct taken *taken = context;
	size_t i = taken->n++;

	(void)why;
	if (i >= TAKEN_MAX)
		return 0;
	taken->inv[i] = *record->invocation;
	taken->function[i] = *record->invocation->function;
	taken->inv[i].function = &taken->function[i];
	(void)snprintf(taken->host[i], sizeof(taken->host[i]), "%s", record->host);
	return 0;
}

/* 0 or the error. */
static inline int taken_json(struct taken *taken, const char *text)
{
	memset(taken, 0, sizeof(*taken));
	return otlp_json_read(
	    (const uint8_t *)text, strlen(text), taken_take, taken, &taken->tally);
}

static inline int taken_proto(struct taken *taken, const uint8_t *in, size_t n)
{
	memset(taken, 0, sizeof(*taken));
	return otlp_proto_read(in, n, taken_take, taken, &taken->tally);
}

/* One resource with one span; each a list of attributes, and more members of the span. */
#define OTLP_TRACE "5b8efff798038103d269b633813fc60c"
#define OTLP_REQUEST(resource, members)                                                  \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[" resource                   \
	"]},\"scopeSpans\":[{\"scope\":{\"name\":\"x\"},\"spans\":[" members "]}]}]}"
#define OTLP_SPAN(attributes, more)                                                      \
	"{\"traceId\":\"" OTLP_TRACE "\",\"spanId\":\"EEE19B7EC3C1B174\",\"kind\":2,"    \
	"\"startTimeUnixNano\":\"1544712660000000000\","                                 \
	"\"endTimeUnixNano\":\"1544712660123456789\",\"attributes\":[" attributes        \
	"]" more "}"
#define OTLP_TEXT_OF(key, text)                                                          \
	"{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" text "\"}}"
#define OTLP_INT_OF(key, n) "{\"key\":\"" key "\",\"value\":{\"intValue\":" n "}}"
#define OTLP_BOOL_OF(key, word) "{\"key\":\"" key "\",\"value\":{\"boolValue\":" word "}}"
#define OTLP_NAME OTLP_TEXT_OF("faas.name", "f")

#endif
