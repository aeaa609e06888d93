/* Functions by the names they had before OpenTelemetry's: since the start of this
 * process, for who has them in dashboards. */
#include "serve/metrics.h"

struct telling {
	struct exposition *to;
	struct totals *totals;
	uint64_t (*value)(const struct live_totals *totals);
};

/* The same functions as have series elsewhere: there is one limit. */
static bool is_told(const struct telling *telling, const struct function *function)
{
	return !telling->totals || totals_has(telling->totals, function);
}

static struct exposition_labels labels_of(const struct function *f)
{
	return (struct exposition_labels){
	    3, {{"function", f->name}, {"platform", platform_name(f->platform)},
		   {"version", f->version}}};
}

static int tell_counter(
    void *context, const struct function *function, const struct live_totals *totals)
{
	const struct telling *telling = context;
	const struct exposition_labels labels = labels_of(function);

	if (is_told(telling, function))
		telling->to->value(telling->to, &labels, (double)telling->value(totals));
	return 0;
}

static int tell_histogram(
    void *context, const struct function *function, const struct live_totals *totals)
{
	const struct telling *telling = context;
	const struct exposition_labels labels = labels_of(function);
	double bounds[LIVE_BUCKETS];
	uint64_t below[LIVE_BUCKETS];
	uint64_t sum = 0;

	if (!is_told(telling, function))
		return 0;
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		sum += totals->by_bound[i];
		below[i] = sum;
		bounds[i] = (double)live_bounds_ns[i] / 1e9;
	}
	telling->to->histogram(telling->to, &labels,
	    &(struct exposition_histogram){.count = totals->durations,
		.sum = (double)totals->duration_ns / 1e9,
		.n = LIVE_BUCKETS,
		.bounds = bounds,
		.below = below});
	return 0;
}

static uint64_t invocations_of(const struct live_totals *totals)
{
	return totals->invocations;
}

static uint64_t cold_of(const struct live_totals *totals)
{
	return totals->cold;
}

static uint64_t errors_of(const struct live_totals *totals)
{
	return totals->errors;
}

void metrics_live(struct exposition *to, struct live *live, struct totals *totals)
{
	static const struct exposition_family duration = {
	    .name = "coldmeter_duration_seconds",
	    .type = EXPOSITION_HISTOGRAM,
	    .unit = "seconds",
	    .help = "Duration of invocations.",
	    .decimals = 9};
	static const struct {
		struct exposition_family family;
		uint64_t (*value)(const struct live_totals *totals);
	} counters[] = {
	    {{.name = "coldmeter_invocations",
		 .help = "Invocations stored, pings left out."},
		invocations_of},
	    {{.name = "coldmeter_cold_starts",
		 .help = "Invocations that waited for an init."},
		cold_of},
	    {{.name = "coldmeter_errors", .help = "Invocations with any status but ok."},
		errors_of},
	};
	struct telling telling = {.to = to, .totals = totals};

	to->family(to, &duration);
	(void)live_scan(live, tell_histogram, &telling);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		to->family(to, &counters[i].family);
		telling.value = counters[i].value;
		(void)live_scan(live, tell_counter, &telling);
	}
}
