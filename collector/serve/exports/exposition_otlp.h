/* Families as an ExportMetricsServiceRequest of OpenTelemetry. */
#ifndef COLDMETER_SERVE_EXPORTS_EXPOSITION_OTLP_H
#define COLDMETER_SERVE_EXPORTS_EXPOSITION_OTLP_H

#include "serve/exports/exposition.h"

/* Families without an OTel name are left out. Sums and histograms are cumulative since
 * start_ns; histograms are exponential at scale 5, bucket for bucket. */
struct exposition_otlp {
	struct exposition to;
	struct buffer *out;
	int64_t start_ns;
	int64_t now_ns;
	const struct exposition_family *family; /* the one that is open */
	struct buffer points;
	size_t opened[2];
};
void exposition_otlp_begin(struct exposition_otlp *otlp, struct buffer *out,
    int64_t start_ns, int64_t now_ns, const char *instance);
void exposition_otlp_end(struct exposition_otlp *otlp);

#endif
