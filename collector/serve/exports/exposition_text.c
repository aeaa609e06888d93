/* Text forms. They differ in the name of a counter's family, in UNIT and in the end. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "serve/exports/exposition.h"

#define VALUE_BYTES 256

static void put_header(struct buffer *out, const char *what, const char *family,
    const char *suffix, const char *rest)
{
	buffer_put_text(out, what);
	buffer_put_text(out, family);
	buffer_put_text(out, suffix);
	buffer_put_text(out, " ");
	buffer_put_text(out, rest);
	buffer_put_text(out, "\n");
}

static void begin_family(struct exposition *to, const struct exposition_family *family)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};
	struct exposition_text *text = (struct exposition_text *)to;
	const char *suffix =
	    family->type == EXPOSITION_COUNTER && !text->openmetrics ? "_total" : "";

	text->family = family;
	put_header(text->out, "# TYPE ", family->name, suffix, types[family->type]);
	if (family->unit && text->openmetrics)
		put_header(text->out, "# UNIT ", family->name, "", family->unit);
	put_header(text->out, "# HELP ", family->name, suffix, family->help);
}

static void put_label(struct buffer *b, const struct exposition_label *label)
{
	char value[VALUE_BYTES];

	for (const char *c = label->name; *c; c++)
		buffer_put(b, *c == '.' ? "_" : c, 1);
	buffer_put_text(b, "=\"");
	exposition_clean(value, sizeof(value), label->value);
	for (const char *c = value; *c; c++) {
		if (*c == '\\' || *c == '"')
			buffer_put(b, "\\", 1);
		buffer_put(b, c, 1);
	}
	buffer_put_text(b, "\"");
}

static void keep_labels(
    struct exposition_text *text, const struct exposition_labels *labels)
{
	buffer_clear(&text->labels);
	for (size_t i = 0; i < labels->n; i++) {
		if (i > 0)
			buffer_put_text(&text->labels, ",");
		put_label(&text->labels, &labels->items[i]);
	}
	text->out->failed |= text->labels.failed;
}

/* name_suffix{labels,le="le"} and a blank. */
static void put_series(struct exposition_text *text, const char *suffix, const char *le)
{
	struct buffer *out = text->out;
	size_t labels = text->labels.n;

	buffer_put_text(out, text->family->name);
	buffer_put_text(out, suffix);
	if (labels > 0 || le)
		buffer_put_text(out, "{");
	buffer_put(out, text->labels.at, labels);
	if (le) {
		buffer_put_text(out, labels > 0 ? ",le=\"" : "le=\"");
		buffer_put_text(out, le);
		buffer_put_text(out, "\"");
	}
	buffer_put_text(out, labels > 0 || le ? "} " : " ");
}

static void put_number(struct buffer *out, double value, int decimals)
{
	char digits[VALUE_BYTES * 2];

	if (decimals == 0 && value >= 0 && value < 0x1p63) {
		buffer_put_count(out, (uint64_t)value);
	} else {
		(void)snprintf(digits, sizeof(digits), "%.*f", decimals, value);
		buffer_put_text(out, digits);
	}
	buffer_put_text(out, "\n");
}

static void put_value(
    struct exposition *to, const struct exposition_labels *labels, double value)
{
	struct exposition_text *text = (struct exposition_text *)to;

	keep_labels(text, labels);
	put_series(text, text->family->type == EXPOSITION_COUNTER ? "_total" : "", NULL);
	put_number(text->out, value, text->family->decimals);
}

static void put_bucket(struct exposition_text *text, const char *le, uint64_t n)
{
	put_series(text, "_bucket", le);
	buffer_put_count(text->out, n);
	buffer_put_text(text->out, "\n");
}

static void put_histogram(struct exposition *to, const struct exposition_labels *labels,
    const struct exposition_histogram *histogram)
{
	struct exposition_text *text = (struct exposition_text *)to;
	keep_labels(text, labels);
	for (size_t i = 0; i < histogram->n; i++)
		put_bucket(text, exposition_bound(&text->bounds, i, histogram->bounds[i]),
		    histogram->below[i]);
	put_bucket(text, "+Inf", histogram->count);
	put_series(text, "_count", NULL);
	buffer_put_count(text->out, histogram->count);
	buffer_put_text(text->out, "\n");
	put_series(text, "_sum", NULL);
	put_number(text->out, histogram->sum, text->family->decimals);
}

void exposition_text_begin(
    struct exposition_text *text, struct buffer *out, bool openmetrics)
{
	*text = (struct exposition_text){.to = {begin_family, put_value, put_histogram},
	    .out = out,
	    .openmetrics = openmetrics};
}

void exposition_text_end(struct exposition_text *text)
{
	if (text->openmetrics)
		buffer_put_text(text->out, "# EOF\n");
	buffer_done(&text->labels);
}
