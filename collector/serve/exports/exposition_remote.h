/* Families as a WriteRequest of Prometheus's remote write 1.0. */
#ifndef COLDMETER_SERVE_EXPORTS_EXPOSITION_REMOTE_H
#define COLDMETER_SERVE_EXPORTS_EXPOSITION_REMOTE_H

#include "serve/exports/exposition.h"

/* How a histogram is written: native (Prometheus from 2.40 on, Mimir), as le buckets
 * (everybody), or as vmrange buckets (VictoriaMetrics) at scale 3: a fourth of the
 * series, quantiles within 4.4 %. What has no native histogram goes out as le buckets. */
enum remote_histograms { REMOTE_NATIVE, REMOTE_CLASSIC, REMOTE_VMRANGE };

struct exposition_remote {
	struct exposition to;
	struct buffer *out; /* not yet compressed */
	enum remote_histograms histograms;
	int64_t now_ms;
	const char *instance; /* label of that name; job is "coldmeter" */
	const struct exposition_family *family;
	struct exposition_bounds bounds;
};
void exposition_remote_begin(struct exposition_remote *remote, struct buffer *out,
    enum remote_histograms histograms, int64_t now_ms, const char *instance);

#endif
