/* prometheus/prompb types.proto. Its field 4 of TimeSeries is a native histogram. */
#include "serve/exports/exposition_remote.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/otlp/proto_put.h"

#define NAME_BYTES 96
#define VALUE_BYTES 256
#define OWN_LABELS 4    /* __name__, instance, job, le or vmrange */
#define VMRANGE_SHIFT 2 /* from scale 5 to 3 */

enum { REQUEST_SERIES = 1, SERIES_LABEL = 1, SERIES_SAMPLE = 2, SERIES_HISTOGRAM = 4 };
enum { HISTOGRAM_COUNT = 1, HISTOGRAM_SUM = 3, HISTOGRAM_TIMESTAMP = 15 };

static const struct exposition_native_fields native_fields = {
    .schema = 4, .zero_threshold = 5, .zero_count = 6, .spans = 11, .deltas = 12};

struct label {
	char name[NAME_BYTES];
	char value[VALUE_BYTES];
};

static void set(struct label *label, const char *name, const char *value)
{
	exposition_clean(label->name, sizeof(label->name), name);
	for (char *c = label->name; *c; c++) {
		if (*c == '.')
			*c = '_';
	}
	exposition_clean(label->value, sizeof(label->value), value);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Labels of a series, sorted; bucket NULL: no further one. An empty value is none. */
static void put_labels(struct exposition_remote *remote, const char *suffix,
    const struct exposition_labels *labels, const struct exposition_label *bucket)
{
	struct label all[EXPOSITION_LABELS_MAX + OWN_LABELS];
	char name[NAME_BYTES];
	size_t n = 0;

	(void)snprintf(name, sizeof(name), "%s%s", remote->family->name, suffix);
	set(&all[n++], "__name__", name);
	set(&all[n++], "instance", remote->instance);
	set(&all[n++], "job", "coldmeter");
	if (bucket)
		set(&all[n++], bucket->name, bucket->value);
	for (size_t i = 0; i < labels->n; i++)
		set(&all[n++], labels->items[i].name, labels->items[i].value);
	qsort(all, n, sizeof(all[0]), by_name);
	for (size_t i = 0; i < n; i++) {
		size_t label;

		if (all[i].value[0] == '\0')
			continue;
		label = proto_put_open(remote->out, SERIES_LABEL);
		proto_put_text(remote->out, 1, all[i].name);
		proto_put_text(remote->out, 2, all[i].value);
		proto_put_close(remote->out, label);
	}
}

static void put_series(struct exposition_remote *remote, const char *suffix,
    const struct exposition_labels *labels, const struct exposition_label *bucket,
    double value)
{
	struct buffer *b = remote->out;
	size_t series = proto_put_open(b, REQUEST_SERIES);
	size_t sample;

	put_labels(remote, suffix, labels, bucket);
	sample = proto_put_open(b, SERIES_SAMPLE);
	proto_put_double(b, 1, value);
	proto_put_number(b, 2, (uint64_t)remote->now_ms);
	proto_put_close(b, sample);
	proto_put_close(b, series);
}

static void begin_family(struct exposition *to, const struct exposition_family *family)
{
	((struct exposition_remote *)to)->family = family;
}

static void put_value(
    struct exposition *to, const struct exposition_labels *labels, double value)
{
	struct exposition_remote *remote = (struct exposition_remote *)to;

	put_series(remote, remote->family->type == EXPOSITION_COUNTER ? "_total" : "",
	    labels, NULL, value);
}

static void put_native(struct exposition_remote *remote,
    const struct exposition_labels *labels, const struct exposition_histogram *h)
{
	struct buffer *b = remote->out;
	size_t series = proto_put_open(b, REQUEST_SERIES);
	size_t histogram;

	put_labels(remote, "", labels, NULL);
	histogram = proto_put_open(b, SERIES_HISTOGRAM);
	proto_put_number(b, HISTOGRAM_COUNT, h->count);
	proto_put_double(b, HISTOGRAM_SUM, h->sum);
	exposition_put_native(b, &native_fields, h);
	proto_put_number(b, HISTOGRAM_TIMESTAMP, (uint64_t)remote->now_ms);
	proto_put_close(b, histogram);
	proto_put_close(b, series);
}

static void put_classic(struct exposition_remote *remote,
    const struct exposition_labels *labels, const struct exposition_histogram *h)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct exposition_label le = {
		    "le", exposition_bound(&remote->bounds, i, h->bounds[i])};

		put_series(remote, "_bucket", labels, &le, (double)h->below[i]);
	}
	put_series(remote, "_bucket", labels, &(struct exposition_label){"le", "+Inf"},
	    (double)h->count);
}

static void put_vmrange(struct exposition_remote *remote,
    const struct exposition_labels *labels, const struct exposition_histogram *h)
{
	const struct histogram *native = h->native;
	double step = 1 << (HISTOGRAM_SCALE - VMRANGE_SHIFT);
	char range[2 * EXPOSITION_NUMBER_BYTES];
	const struct exposition_label bucket = {"vmrange", range};

	if (native->zero_count) {
		(void)snprintf(range, sizeof(range), "0...1.000e-09");
		put_series(
		    remote, "_bucket", labels, &bucket, (double)native->zero_count);
	}
	for (uint32_t i = 0; i < native->buckets_used;) {
		int32_t index = native->first + (int32_t)i - h->offset;
		int32_t wide = index >> VMRANGE_SHIFT; /* rounds down, below 0 too */
		uint64_t sum = 0;

		for (; i < native->buckets_used && index >> VMRANGE_SHIFT == wide;
		     i++, index++)
			sum += native->buckets[i];
		if (sum == 0)
			continue;
		(void)snprintf(range, sizeof(range), "%.3e...%.3e", exp2(wide / step),
		    exp2((wide + 1) / step));
		put_series(remote, "_bucket", labels, &bucket, (double)sum);
	}
}

static void put_histogram(struct exposition *to, const struct exposition_labels *labels,
    const struct exposition_histogram *h)
{
	struct exposition_remote *remote = (struct exposition_remote *)to;

	if (h->native && remote->histograms == REMOTE_NATIVE) {
		put_native(remote, labels, h);
		return;
	}
	if (h->native && remote->histograms == REMOTE_VMRANGE)
		put_vmrange(remote, labels, h);
	else
		put_classic(remote, labels, h);
	put_series(remote, "_count", labels, NULL, (double)h->count);
	put_series(remote, "_sum", labels, NULL, h->sum);
}

void exposition_remote_begin(struct exposition_remote *remote, struct buffer *out,
    enum remote_histograms histograms, int64_t now_ms, const char *instance)
{
	*remote =
	    (struct exposition_remote){.to = {begin_family, put_value, put_histogram},
		.out = out,
		.histograms = histograms,
		.now_ms = now_ms,
		.instance = instance};
}
