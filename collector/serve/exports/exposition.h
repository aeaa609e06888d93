/* Families of metrics on their way out: one telling of them, many forms to take it. */
#ifndef COLDMETER_SERVE_EXPORTS_EXPOSITION_H
#define COLDMETER_SERVE_EXPORTS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/histogram.h"

#define EXPOSITION_LABELS_MAX 5
#define EXPOSITION_NUMBER_BYTES 40
#define EXPOSITION_BOUNDS_MAX 32

enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_HISTOGRAM };

struct exposition_family {
	const char *name; /* Prometheus's, its unit in it, without "_total" */
	enum exposition_type type;
	const char *unit; /* "seconds", ...; NULL: none */
	const char *help;
	const char *otel;      /* OpenTelemetry's name; NULL: it has none for this */
	const char *otel_unit; /* "s", "By", "{invocation}" */
	int decimals;          /* of its values in text */
};

/* Names as OpenTelemetry writes them; a dot becomes "_" where Prometheus reads. Values
 * are strangers' and go out as text that is printable. */
struct exposition_label {
	const char *name;
	const char *value;
};

struct exposition_labels {
	size_t n;
	struct exposition_label items[EXPOSITION_LABELS_MAX];
};

/* A histogram in the family's unit. */
struct exposition_histogram {
	uint64_t count;
	double sum;
	size_t n; /* classic bounds, +Inf left out; at most EXPOSITION_BOUNDS_MAX */
	const double *bounds;
	const uint64_t *below;          /* values <= each bound */
	const struct histogram *native; /* NULL: there is no better one */
	int32_t offset; /* to take from its indices for those of the unit */
};

/* A form to take them; the first member of whatever a form keeps. Called in the order
 * family, its values, next family. */
struct exposition {
	void (*family)(struct exposition *to, const struct exposition_family *family);
	void (*value)(
	    struct exposition *to, const struct exposition_labels *labels, double value);
	void (*histogram)(struct exposition *to, const struct exposition_labels *labels,
	    const struct exposition_histogram *histogram);
};

/* The shortest decimal that reads back as the same double, spelled as Prometheus spells
 * it in le: "0.25", "1.0", "1.048576e+06". out holds EXPOSITION_NUMBER_BYTES. */
void exposition_number(double value, char *out);

/* The same for the bounds of histograms: those of a family are the same for each of its
 * series, so each is spelled once. Zero-initialised is empty. */
struct exposition_bounds {
	double value[EXPOSITION_BOUNDS_MAX];
	char text[EXPOSITION_BOUNDS_MAX][EXPOSITION_NUMBER_BYTES];
};
const char *exposition_bound(struct exposition_bounds *known, size_t i, double value);

/* What may stand in a label: text_make_printable(), at most size - 1 bytes. */
void exposition_clean(char *to, size_t size, const char *from);

/* Text: OpenMetrics 1.0.0, or Prometheus's 0.0.4. */
struct exposition_text {
	struct exposition to;
	struct buffer *out;
	bool openmetrics;
	const struct exposition_family *family;
	struct buffer labels; /* of the series being written; exposition_text_end() */
	struct exposition_bounds bounds;
};
void exposition_text_begin(
    struct exposition_text *text, struct buffer *out, bool openmetrics);
void exposition_text_end(struct exposition_text *text);

/* Prometheus's protobuf: MetricFamily messages, each behind its length, with native
 * histograms beside the classic ones. */
struct exposition_proto {
	struct exposition to;
	struct buffer *out;
	const struct exposition_family *family; /* the one that is open */
	struct buffer message;
};
void exposition_proto_begin(struct exposition_proto *proto, struct buffer *out);
void exposition_proto_end(struct exposition_proto *proto);

/* Spans and deltas of a native histogram, as both of Prometheus's protobufs have them;
 * only the field numbers differ. Schema 5 has our bounds, its index is ours plus one. */
struct exposition_native_fields {
	uint32_t schema;
	uint32_t zero_threshold;
	uint32_t zero_count;
	uint32_t spans;
	uint32_t deltas;
};
void exposition_put_native(struct buffer *b,
    const struct exposition_native_fields *fields,
    const struct exposition_histogram *histogram);

#endif
