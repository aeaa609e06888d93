/* Field numbers: opentelemetry-proto 1.x, metrics.proto. */
#include "serve/exports/exposition_otlp.h"

#include "wire/otlp/proto_put.h"
#include "wire/otlp/put.h"

#define VALUE_BYTES 256

enum { REQUEST_RESOURCE_METRICS = 1, METRICS_RESOURCE = 1, METRICS_SCOPE = 2 };
enum { RESOURCE_ATTRIBUTE = 1, SCOPE_SCOPE = 1, SCOPE_METRIC = 2 };
enum { METRIC_NAME = 1, METRIC_DESCRIPTION = 2, METRIC_UNIT = 3 };
enum { METRIC_GAUGE = 5, METRIC_SUM = 7, METRIC_EXPONENTIAL = 10 };
enum { POINTS = 1, POINTS_TEMPORALITY = 2, SUM_MONOTONIC = 3, CUMULATIVE = 2 };
enum { NUMBER_START = 2, NUMBER_TIME = 3, NUMBER_DOUBLE = 4, NUMBER_ATTRIBUTE = 7 };
enum {
	POINT_ATTRIBUTE = 1,
	POINT_START = 2,
	POINT_TIME = 3,
	POINT_COUNT = 4,
	POINT_SUM = 5,
	POINT_SCALE = 6,
	POINT_ZERO_COUNT = 7,
	POINT_POSITIVE = 8
};

static void end_family(struct exposition_otlp *otlp)
{
	static const uint32_t kinds[] = {METRIC_SUM, METRIC_GAUGE, METRIC_EXPONENTIAL};
	const struct exposition_family *family = otlp->family;
	size_t metric;
	size_t kind;

	otlp->family = NULL;
	if (!family || otlp->points.n == 0)
		return;
	metric = proto_put_open(otlp->out, SCOPE_METRIC);
	proto_put_text(otlp->out, METRIC_NAME, family->otel);
	proto_put_text(otlp->out, METRIC_DESCRIPTION, family->help);
	proto_put_text(otlp->out, METRIC_UNIT, family->otel_unit);
	kind = proto_put_open(otlp->out, kinds[family->type]);
	buffer_put(otlp->out, otlp->points.at, otlp->points.n);
	if (family->type != EXPOSITION_GAUGE)
		proto_put_number(otlp->out, POINTS_TEMPORALITY, CUMULATIVE);
	if (family->type == EXPOSITION_COUNTER)
		proto_put_number(otlp->out, SUM_MONOTONIC, 1);
	proto_put_close(otlp->out, kind);
	proto_put_close(otlp->out, metric);
	otlp->out->failed |= otlp->points.failed;
	buffer_clear(&otlp->points);
}

static void begin_family(struct exposition *to, const struct exposition_family *family)
{
	struct exposition_otlp *otlp = (struct exposition_otlp *)to;

	end_family(otlp);
	otlp->family = family->otel ? family : NULL;
}

static void put_attributes(
    struct buffer *b, uint32_t field, const struct exposition_labels *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		char value[VALUE_BYTES];

		exposition_clean(value, sizeof(value), labels->items[i].value);
		otlp_put_text(b, field, labels->items[i].name, value);
	}
}

static void put_value(
    struct exposition *to, const struct exposition_labels *labels, double value)
{
	struct exposition_otlp *otlp = (struct exposition_otlp *)to;
	struct buffer *b = &otlp->points;
	size_t point;

	if (!otlp->family)
		return;
	point = proto_put_open(b, POINTS);
	put_attributes(b, NUMBER_ATTRIBUTE, labels);
	if (otlp->family->type == EXPOSITION_COUNTER)
		proto_put_fixed(b, NUMBER_START, (uint64_t)otlp->start_ns);
	proto_put_fixed(b, NUMBER_TIME, (uint64_t)otlp->now_ns);
	proto_put_double(b, NUMBER_DOUBLE, value);
	proto_put_close(b, point);
}

static void put_histogram(struct exposition *to, const struct exposition_labels *labels,
    const struct exposition_histogram *histogram)
{
	struct exposition_otlp *otlp = (struct exposition_otlp *)to;
	const struct histogram *h = histogram->native;
	struct buffer *b = &otlp->points;
	size_t point;
	size_t buckets;
	size_t counts;

	if (!otlp->family || !h)
		return;
	point = proto_put_open(b, POINTS);
	put_attributes(b, POINT_ATTRIBUTE, labels);
	proto_put_fixed(b, POINT_START, (uint64_t)otlp->start_ns);
	proto_put_fixed(b, POINT_TIME, (uint64_t)otlp->now_ns);
	proto_put_fixed(b, POINT_COUNT, histogram->count);
	proto_put_double(b, POINT_SUM, histogram->sum);
	proto_put_signed(b, POINT_SCALE, HISTOGRAM_SCALE);
	proto_put_fixed(b, POINT_ZERO_COUNT, h->zero_count);
	buckets = proto_put_open(b, POINT_POSITIVE);
	proto_put_signed(b, 1, h->buckets_used ? h->first - histogram->offset : 0);
	counts = proto_put_open(b, 2);
	for (uint32_t i = 0; i < h->buckets_used; i++)
		proto_put_varint(b, h->buckets[i]);
	proto_put_close(b, counts);
	proto_put_close(b, buckets);
	proto_put_close(b, point);
}

void exposition_otlp_begin(struct exposition_otlp *otlp, struct buffer *out,
    int64_t start_ns, int64_t now_ns, const char *instance)
{
	size_t inner;

	*otlp = (struct exposition_otlp){.to = {begin_family, put_value, put_histogram},
	    .out = out,
	    .start_ns = start_ns,
	    .now_ns = now_ns};
	otlp->opened[0] = proto_put_open(out, REQUEST_RESOURCE_METRICS);
	inner = proto_put_open(out, METRICS_RESOURCE);
	otlp_put_text(out, RESOURCE_ATTRIBUTE, "service.name", "coldmeter");
	otlp_put_text(out, RESOURCE_ATTRIBUTE, "service.instance.id", instance);
	proto_put_close(out, inner);
	otlp->opened[1] = proto_put_open(out, METRICS_SCOPE);
	inner = proto_put_open(out, SCOPE_SCOPE);
	proto_put_text(out, 1, "coldmeter");
	proto_put_close(out, inner);
}

void exposition_otlp_end(struct exposition_otlp *otlp)
{
	end_family(otlp);
	proto_put_close(otlp->out, otlp->opened[1]);
	proto_put_close(otlp->out, otlp->opened[0]);
	buffer_done(&otlp->points);
}
