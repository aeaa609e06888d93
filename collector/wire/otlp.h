/* Trace export requests of OpenTelemetry (OTLP 1.x, opentelemetry-proto's
 * ExportTraceServiceRequest) as invocations, and the answers to them.
 *
 * A span is an invocation when its kind is SERVER or CONSUMER and it or its resource has
 * an attribute "faas.*"; one that has none of its own and a parent in the same process
 * (bits 8 and 9 of its flags) is work inside an invocation. What is no invocation is
 * counted and left out. What the attributes mean is written in otlp/span.c. */
#ifndef COLDMETER_WIRE_OTLP_H
#define COLDMETER_WIRE_OTLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/invocation.h"

#define OTLP_PROTO_TYPE "application/x-protobuf"
#define OTLP_JSON_TYPE "application/json"
#define OTLP_TAKEN_MAX                                                                   \
	65536              /* invocations in a request; exporters send 512 at a time     \
			    */
#define OTLP_REASONS_MAX 4 /* that an answer tells; all rejected spans are counted */
#define OTLP_TRACE_ID_BYTES 16
#define OTLP_SPAN_ID_BYTES 8

/* One span that is an invocation; lives during the call that it is handed to. */
struct otlp_record {
	const struct invocation *invocation; /* with its function */
	const char *host;                    /* "" when unknown; below JSON_HOST_BYTES */
	const uint8_t *trace_id;             /* OTLP_TRACE_ID_BYTES */
	const uint8_t *span_id;              /* OTLP_SPAN_ID_BYTES */
	uint64_t end_ns;
};

/* Returns 0, or 0 with *why set to a constant sentence: the record is rejected; or a
 * negative errno, which ends the reading. */
typedef int (*otlp_take)(
    void *context, const struct otlp_record *record, const char **why);

struct otlp_reason {
	const char *why; /* a constant sentence */
	size_t first;    /* the number of the first such span; the request's first is 1 */
	size_t n;
};

/* What came of the spans of a request: spans = taken + ignored + rejected. */
struct otlp_tally {
	size_t spans;
	size_t taken;
	size_t ignored;
	size_t rejected;
	struct otlp_reason reasons[OTLP_REASONS_MAX];
	size_t reasons_n;
	const char *why; /* of -EBADMSG: a constant sentence */
	size_t offset;   /* of the byte where that was seen */
};

/* Reads a whole request, without an allocation: a resource may stand behind its spans, so
 * nothing is taken before its end is there. Unknown fields are skipped. 0, with spans
 * rejected one by one; -EBADMSG when it is malformed, with tally->why and offset; -EFBIG
 * beyond OTLP_TAKEN_MAX; or what take returned. After a failure some records may have
 * been taken: keep none of them. */
int otlp_proto_read(
    const uint8_t *in, size_t n, otlp_take take, void *context, struct otlp_tally *tally);
int otlp_json_read(
    const uint8_t *in, size_t n, otlp_take take, void *context, struct otlp_tally *tally);

/* Writes the ExportTraceServiceResponse to a request of that encoding; never more than
 * OTLP_ANSWER_BYTES. A protobuf one that has nothing to say is empty. Returns bytes. */
#define OTLP_ANSWER_BYTES 2048
size_t otlp_answer(const struct otlp_tally *tally, bool is_json, char *out);

/* Writes a google.rpc.Status as protobuf, with that code of google.rpc.Code; a message
 * that does not fit is cut. Returns bytes. */
size_t otlp_answer_status(int code, const char *message, char *out);

#endif
