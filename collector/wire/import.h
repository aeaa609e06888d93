/* Reads what a cloud says about functions that run there: logs and exports as
 * invocations.
 *
 * Any size is read in bounded memory (about 15 MB), gzip or not. A line that is none of
 * the source's is passed over; one that is and cannot be read is told and passed over. */
#ifndef COLDMETER_WIRE_IMPORT_H
#define COLDMETER_WIRE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/invocation.h"

enum import_source {
	IMPORT_LAMBDA_REPORT,  /* CloudWatch Logs of Lambda functions */
	IMPORT_TELEMETRY,      /* events of the Lambda Telemetry API */
	IMPORT_OTLP,           /* traces: ExportTraceServiceRequest, JSON or protobuf */
	IMPORT_GCP_RUN,        /* request logs of Cloud Run, JSON */
	IMPORT_AZURE_INSIGHTS, /* requests of Application Insights, JSON */
	IMPORT_SOURCES
};

/* "lambda-report", ...; import_source_find returns IMPORT_SOURCES for a stranger. */
const char *import_source_name(enum import_source source);
enum import_source import_source_find(const char *name);

/* An invocation that came from there has this as its host: "import:lambda-report". */
#define IMPORT_HOST_PREFIX "import:"

/* What the input does not say, or says wrong. "" and 0: nothing. */
struct import_settings {
	enum import_source source;
	struct function function; /* a name here counts more than one in the input; the
				     rest is for where the input has none */
	int64_t at_ns;            /* when no line has a time; 0: then that is an error */
};

struct import_found {
	const struct invocation *invocation; /* lives during the call */
	bool has_billed;
	uint64_t billed_ms; /* what the cloud says that it bills */
};

struct import_sink {
	/* 0, or a negative errno, which ends the reading. */
	int (*take)(void *context, const struct import_found *found);
	/* A line (from 1; 0 in protobuf) that cannot be read, and why. */
	void (*complain)(void *context, uint64_t line, const char *why);
	void *context;
};

struct import;

/* settings are copied, the sink's context is borrowed. 0 or -ENOMEM. */
int import_new(const struct import_settings *settings, const struct import_sink *sink,
    struct import **out);
void import_free(struct import *import);

/* The next bytes. 0; what take returned; -EBADMSG: damaged gzip; -ENODATA: the first line
 * of use lacks a time or the name of a function. import_why() says what was wrong, and
 * nothing more may be pushed. */
int import_push(struct import *import, const uint8_t *bytes, size_t n);

/* There are no more: hands over what was held back. The same. */
int import_end(struct import *import);

const char *import_why(const struct import *import); /* a constant sentence */
uint64_t import_line(const struct import *import);   /* where that was */

/* Inits that failed or timed out before there was an invocation. */
uint64_t import_failed_inits(const struct import *import);

/* Requests that are not in the input: others stand for them, as it says itself. */
uint64_t import_sampled(const struct import *import);

static inline void cleanup_import(struct import *const *import)
{
	import_free(*import);
}

#endif
