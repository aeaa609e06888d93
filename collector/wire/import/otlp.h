/* Traces in files: requests as exporters send them, one behind the other. JSON may be on
 * a line each, as the OpenTelemetry Collector's file exporter writes it, or one document;
 * protobuf is one request, or several with the exporter's four bytes of length before
 * each (big endian). */
#ifndef COLDMETER_WIRE_IMPORT_OTLP_H
#define COLDMETER_WIRE_IMPORT_OTLP_H

#include "wire/import.h"
#include "wire/import/records.h"

#define IMPORT_OTLP_MAX_BYTES ((size_t)4 << 20) /* of one request */

struct import_otlp;

/* Both are borrowed. 0 or -ENOMEM. */
int import_otlp_new(const struct import_settings *settings,
    const struct import_sink *sink, struct import_otlp **out);
void import_otlp_free(struct import_otlp *otlp);

/* The next bytes; that there are no more. 0; -ENOMEM; or what the sink returned. */
int import_otlp_push(struct import_otlp *otlp, const uint8_t *bytes, size_t n);
int import_otlp_end(struct import_otlp *otlp);

#endif
