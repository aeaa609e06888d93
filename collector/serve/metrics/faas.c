/* Functions by the names of OpenTelemetry's semantic conventions (faas-metrics.md), as
 * its rules turn them into Prometheus's: dots become "_", a unit its full name at the
 * end, units in braces none. faas.net_io is not measured by every agent and left out.
 *
 * The classic bounds are powers of the square root of two and of two: they are bounds of
 * the native histogram, so that both count the same values at or below each, exactly and
 * after every merging. Where latencies lie, from 8 ms to 4 s, a step is a factor of 1.41
 * and a quantile by Prometheus's interpolation is off by less than that, 6 % on usual
 * data; outside a step is 2, above 16 s it is 4. By the native one it is off by 1.08 %.
 * OpenTelemetry's advice (5 ms to 10 s in 14 steps) has steps of up to 2.5 where most
 * latencies lie. */
#include <math.h>

#include "serve/metrics.h"
#include "wire/otlp/put.h"

#define BOUNDS_MAX EXPOSITION_BOUNDS_MAX
#define HALF_OCTAVE (1 << (HISTOGRAM_SCALE - 1))

/* In half octaves: k is 2^(k/2) of the unit. */
struct steps {
	size_t n;
	int8_t k[BOUNDS_MAX];
};
/* 1 ms to 1024 s */
static const struct steps time_steps = {
    28, {-20, -18, -16, -14, -13, -12, -11, -10, -9, -8, -7, -6, -5, -4, -3, -2, -1, 0, 1,
	    2, 3, 4, 6, 8, 10, 12, 16, 20}};
/* 122 us to 32 s */
static const struct steps cpu_steps = {
    19, {-26, -24, -22, -20, -18, -16, -14, -12, -10, -8, -6, -4, -2, 0, 2, 4, 6, 8, 10}};
/* 1 MiB to 16 GiB */
static const struct steps memory_steps = {
    15, {40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 62, 64, 66, 68}};
/* 4 ms to 1024 s: as many as the histogram of old had, and near them */
static const struct steps old_steps = {
    15, {-16, -14, -11, -9, -7, -4, -2, 0, 3, 5, 7, 10, 12, 16, 20}};

typedef struct exposition_labels (*name_labels)(const struct totals_function *f);

struct telling {
	struct exposition *to;
	name_labels labels; /* none of them: it is not told */
	uint64_t (*count)(const struct totals_function *f);
	const struct totals_measure *(*measure)(const struct totals_function *f);
	const struct steps *steps;
	int32_t offset;
	double unit;   /* of sum */
	bool optional; /* absent while there is no value: not every source measures it */
};

static struct exposition_labels labels_of(const struct totals_function *f)
{
	struct exposition_labels labels = {0};

	if (f->function.name[0] == '\0') { /* as OpenTelemetry's own SDKs mark it */
		labels.items[labels.n++] =
		    (struct exposition_label){"otel.metric.overflow", "true"};
		return labels;
	}
	/* sorted: remote write must have them so */
	if (f->function.platform != PLATFORM_UNKNOWN)
		labels.items[labels.n++] = (struct exposition_label){
		    "cloud.platform", otlp_platform_name(f->function.platform)};
	labels.items[labels.n++] =
	    (struct exposition_label){"faas.name", f->function.name};
	if (f->function.version[0])
		labels.items[labels.n++] =
		    (struct exposition_label){"faas.version", f->function.version};
	return labels;
}

/* The overflow had none. */
static struct exposition_labels old_labels_of(const struct totals_function *f)
{
	if (f->function.name[0] == '\0')
		return (struct exposition_labels){0};
	return (struct exposition_labels){
	    3, {{"function", f->function.name},
		   {"platform", platform_name(f->function.platform)},
		   {"version", f->function.version}}};
}

static int tell_count(void *context, const struct totals_function *f)
{
	const struct telling *t = context;
	const struct exposition_labels labels = t->labels(f);

	if (labels.n > 0)
		t->to->value(t->to, &labels, (double)t->count(f));
	return 0;
}

static int tell_histogram(void *context, const struct totals_function *f)
{
	const struct telling *t = context;
	const struct totals_measure *m = t->measure(f);
	const struct histogram *h = &m->histogram;
	const struct exposition_labels labels = t->labels(f);
	double bounds[BOUNDS_MAX];
	uint64_t below[BOUNDS_MAX];
	uint64_t sum = h->zero_count;
	int32_t next = h->first;

	if (labels.n == 0 || (t->optional && h->count == 0))
		return 0;
	for (size_t i = 0; i < t->steps->n; i++) {
		int32_t end = t->steps->k[i] * HALF_OCTAVE + t->offset;

		bounds[i] = exp2(t->steps->k[i] / 2.0);
		for (; next < end && next < h->first + (int32_t)h->buckets_used; next++)
			sum += h->buckets[next - h->first];
		below[i] = sum;
	}
	t->to->histogram(t->to, &labels,
	    &(struct exposition_histogram){.count = h->count,
		.sum = (double)m->sum / t->unit,
		.n = t->steps->n,
		.bounds = bounds,
		.below = below,
		.native = h,
		.offset = t->offset});
	return 0;
}

static uint64_t invocations_of(const struct totals_function *f)
{
	return f->invocations;
}

static uint64_t cold_of(const struct totals_function *f)
{
	return f->cold;
}

static uint64_t errors_of(const struct totals_function *f)
{
	return f->errors;
}

static uint64_t timeouts_of(const struct totals_function *f)
{
	return f->timeouts;
}

static const struct totals_measure *duration_of(const struct totals_function *f)
{
	return &f->duration;
}

static const struct totals_measure *init_of(const struct totals_function *f)
{
	return &f->init;
}

static const struct totals_measure *cpu_of(const struct totals_function *f)
{
	return &f->cpu;
}

static const struct totals_measure *memory_of(const struct totals_function *f)
{
	return &f->memory;
}

struct counter {
	struct exposition_family family;
	uint64_t (*count)(const struct totals_function *f);
};

static void tell_each(
    struct telling *t, struct totals *totals, const struct counter *counters, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		t->to->family(t->to, &counters[i].family);
		t->count = counters[i].count;
		(void)totals_scan(totals, tell_count, t);
	}
}

static void tell_counters(struct exposition *to, struct totals *totals)
{
	static const struct counter counters[] = {
	    {{.name = "faas_invocations",
		 .help = "Invocations stored, keep-warm pings left out.",
		 .otel = "faas.invocations",
		 .otel_unit = "{invocation}"},
		invocations_of},
	    {{.name = "faas_coldstarts",
		 .help = "Invocations that waited for an init.",
		 .otel = "faas.coldstarts",
		 .otel_unit = "{coldstart}"},
		cold_of},
	    {{.name = "faas_errors",
		 .help = "Invocations with any status but ok.",
		 .otel = "faas.errors",
		 .otel_unit = "{error}"},
		errors_of},
	    {{.name = "faas_timeouts",
		 .help = "Invocations that the platform ended for their time.",
		 .otel = "faas.timeouts",
		 .otel_unit = "{timeout}"},
		timeouts_of},
	};
	struct telling telling = {.to = to, .labels = labels_of};

	tell_each(&telling, totals, counters, sizeof(counters) / sizeof(counters[0]));
}

static void tell_histograms(struct exposition *to, struct totals *totals)
{
#define HISTOGRAM(name, unit, help, otel, otel_unit)                                     \
	{                                                                                \
		name, EXPOSITION_HISTOGRAM, unit, help, otel, otel_unit, 9               \
	}
	static const struct {
		struct exposition_family family;
		const struct totals_measure *(*measure)(const struct totals_function *f);
		const struct steps *steps;
		double unit;
		int32_t offset;
		bool optional;
	} histograms[] = {
	    {HISTOGRAM("faas_invoke_duration_seconds", "seconds",
		 "Duration of invocations, cold ones without their init.",
		 "faas.invoke_duration", "s"),
		duration_of, &time_steps, 1e9, HISTOGRAM_SECONDS_INDEX_OFFSET, false},
	    {HISTOGRAM("faas_init_duration_seconds", "seconds",
		 "From the start of a sandbox until it is ready.", "faas.init_duration",
		 "s"),
		init_of, &time_steps, 1e9, HISTOGRAM_SECONDS_INDEX_OFFSET, false},
	    {HISTOGRAM("faas_cpu_usage_seconds", "seconds", "CPU time of invocations.",
		 "faas.cpu_usage", "s"),
		cpu_of, &cpu_steps, 1e9, HISTOGRAM_SECONDS_INDEX_OFFSET, true},
	    {HISTOGRAM("faas_mem_usage_bytes", "bytes",
		 "Highest resident memory during invocations.", "faas.mem_usage", "By"),
		memory_of, &memory_steps, 1, 0, true},
	};
#undef HISTOGRAM
	struct telling telling = {.to = to, .labels = labels_of};

	for (size_t i = 0; i < sizeof(histograms) / sizeof(histograms[0]); i++) {
		to->family(to, &histograms[i].family);
		telling.measure = histograms[i].measure;
		telling.steps = histograms[i].steps;
		telling.offset = histograms[i].offset;
		telling.unit = histograms[i].unit;
		telling.optional = histograms[i].optional;
		(void)totals_scan(totals, tell_histogram, &telling);
	}
}

static void tell_left_out(struct exposition *to, struct totals *totals)
{
	static const struct exposition_family functions = {
	    .name = "coldmeter_metrics_functions",
	    .type = EXPOSITION_GAUGE,
	    .help = "Functions that have series of their own here."};
	static const struct exposition_family left_out = {
	    .name = "coldmeter_metrics_left_out",
	    .help = "Invocations of functions that have none, for there are too many."};
	const struct exposition_labels none = {0};
	struct totals_state state = totals_state(totals);

	to->family(to, &functions);
	to->value(to, &none, (double)state.functions);
	to->family(to, &left_out);
	to->value(to, &none, (double)state.left_out);
}

void metrics_faas(struct exposition *to, struct totals *totals)
{
	tell_counters(to, totals);
	tell_histograms(to, totals);
	tell_left_out(to, totals);
}

void metrics_old_names(struct exposition *to, struct totals *totals)
{
	static const struct exposition_family duration = {
	    .name = "coldmeter_duration_seconds",
	    .type = EXPOSITION_HISTOGRAM,
	    .unit = "seconds",
	    .help = "faas_invoke_duration_seconds by its name of old.",
	    .decimals = 9};
	static const struct counter counters[] = {
	    {{.name = "coldmeter_invocations",
		 .help = "faas_invocations by its name of old."},
		invocations_of},
	    {{.name = "coldmeter_cold_starts",
		 .help = "faas_coldstarts by its name of old."},
		cold_of},
	    {{.name = "coldmeter_errors", .help = "faas_errors by its name of old."},
		errors_of},
	};
	struct telling telling = {.to = to,
	    .labels = old_labels_of,
	    .measure = duration_of,
	    .steps = &old_steps,
	    .offset = HISTOGRAM_SECONDS_INDEX_OFFSET,
	    .unit = 1e9};

	to->family(to, &duration);
	(void)totals_scan(totals, tell_histogram, &telling);
	tell_each(&telling, totals, counters, sizeof(counters) / sizeof(counters[0]));
}
