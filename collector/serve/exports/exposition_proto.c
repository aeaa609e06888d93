/* io.prometheus.client.MetricFamily of prometheus/client_model, metrics.proto. */
#include <string.h>

#include "base/text.h"
#include "serve/exports/exposition.h"
#include "wire/otlp/proto_put.h"

#define VALUE_BYTES 256
#define NAME_BYTES 96

enum { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM = 4 };
enum { FAMILY_NAME = 1, FAMILY_HELP = 2, FAMILY_TYPE = 3, FAMILY_METRIC = 4 };
enum { METRIC_LABEL = 1, METRIC_GAUGE = 2, METRIC_COUNTER = 3, METRIC_HISTOGRAM = 7 };
enum { HISTOGRAM_COUNT = 1, HISTOGRAM_SUM = 2, HISTOGRAM_BUCKET = 3 };

static const struct exposition_native_fields native_fields = {
    .schema = 5, .zero_threshold = 6, .zero_count = 7, .spans = 12, .deltas = 13};

static void end_family(struct exposition_proto *proto)
{
	if (!proto->family)
		return;
	proto_put_varint(proto->out, proto->message.n);
	buffer_put(proto->out, proto->message.at, proto->message.n);
	proto->out->failed |= proto->message.failed;
	buffer_clear(&proto->message);
	proto->family = NULL;
}

static void begin_family(struct exposition *to, const struct exposition_family *family)
{
	static const unsigned int types[] = {TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM};
	struct exposition_proto *proto = (struct exposition_proto *)to;
	struct buffer *b = &proto->message;
	size_t n = strlen(family->name);
	size_t more = family->type == EXPOSITION_COUNTER ? strlen("_total") : 0;

	end_family(proto);
	proto->family = family;
	proto_put_varint(b, FAMILY_NAME << 3 | 2);
	proto_put_varint(b, n + more);
	buffer_put(b, family->name, n);
	buffer_put(b, "_total", more);
	proto_put_text(b, FAMILY_HELP, family->help);
	proto_put_number(b, FAMILY_TYPE, types[family->type]);
}

static void put_labels(struct buffer *b, const struct exposition_labels *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		size_t label = proto_put_open(b, METRIC_LABEL);
		char name[NAME_BYTES];
		char value[VALUE_BYTES];

		(void)text_copy(name, sizeof(name), labels->items[i].name);
		for (char *c = name; *c; c++) {
			if (*c == '.')
				*c = '_';
		}
		exposition_clean(value, sizeof(value), labels->items[i].value);
		proto_put_text(b, 1, name);
		proto_put_text(b, 2, value);
		proto_put_close(b, label);
	}
}

static void put_value(
    struct exposition *to, const struct exposition_labels *labels, double value)
{
	struct exposition_proto *proto = (struct exposition_proto *)to;
	struct buffer *b = &proto->message;
	size_t metric = proto_put_open(b, FAMILY_METRIC);
	size_t inner;

	put_labels(b, labels);
	inner = proto_put_open(
	    b, proto->family->type == EXPOSITION_COUNTER ? METRIC_COUNTER : METRIC_GAUGE);
	proto_put_double(b, 1, value);
	proto_put_close(b, inner);
	proto_put_close(b, metric);
}

static void put_histogram(struct exposition *to, const struct exposition_labels *labels,
    const struct exposition_histogram *histogram)
{
	struct exposition_proto *proto = (struct exposition_proto *)to;
	struct buffer *b = &proto->message;
	size_t metric = proto_put_open(b, FAMILY_METRIC);
	size_t inner;

	put_labels(b, labels);
	inner = proto_put_open(b, METRIC_HISTOGRAM);
	proto_put_number(b, HISTOGRAM_COUNT, histogram->count);
	proto_put_double(b, HISTOGRAM_SUM, histogram->sum);
	for (size_t i = 0; i < histogram->n; i++) {
		size_t bucket = proto_put_open(b, HISTOGRAM_BUCKET);

		proto_put_number(b, 1, histogram->below[i]);
		proto_put_double(b, 2, histogram->bounds[i]);
		proto_put_close(b, bucket);
	}
	if (histogram->native)
		exposition_put_native(b, &native_fields, histogram);
	proto_put_close(b, inner);
	proto_put_close(b, metric);
}

void exposition_proto_begin(struct exposition_proto *proto, struct buffer *out)
{
	*proto = (struct exposition_proto){
	    .to = {begin_family, put_value, put_histogram}, .out = out};
}

void exposition_proto_end(struct exposition_proto *proto)
{
	end_family(proto);
	buffer_done(&proto->message);
}
