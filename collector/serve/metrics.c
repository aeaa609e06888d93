/* OpenMetrics text: counters since this process began, and the ledger. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "serve/answer.h"
#include "serve/live.h"
#include "serve/metrics.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define LABELS_BYTES 1024

struct page {
	FILE *out;
	const char *family;
	uint64_t (*value)(const struct live_totals *totals);
};

void metrics_escape(char *to, size_t size, const char *from)
{
	char clean[FUNCTION_NAME_BYTES];
	size_t n = 0;

	(void)text_copy(clean, sizeof(clean), from);
	text_make_printable(clean);
	for (const char *c = clean; *c && n + 3 < size; c++) {
		if (*c == '\\' || *c == '"')
			to[n++] = '\\';
		to[n++] = *c;
	}
	to[n] = '\0';
}

static void labels_of(const struct function *f, char *labels)
{
	char name[2 * FUNCTION_NAME_BYTES];
	char version[2 * FUNCTION_VERSION_BYTES];

	metrics_escape(name, sizeof(name), f->name);
	metrics_escape(version, sizeof(version), f->version);
	(void)snprintf(labels, LABELS_BYTES,
	    "function=\"%s\",platform=\"%s\",version=\"%s\"", name,
	    platform_name(f->platform), version);
}

static int write_counter(
    void *context, const struct function *function, const struct live_totals *totals)
{
	const struct page *page = context;
	char labels[LABELS_BYTES];

	labels_of(function, labels);
	(void)fprintf(page->out, "%s_total{%s} %llu\n", page->family, labels,
	    (unsigned long long)page->value(totals));
	return 0;
}

/* Seconds as OpenMetrics wants them: "0.005", "1.0". */
static const char *le_of(uint64_t bound_ns, char *le)
{
	double s = (double)bound_ns / 1e9;

	(void)snprintf(le, 32, bound_ns % CLOCK_NS_PER_S ? "%g" : "%.1f", s);
	return le;
}

static int write_histogram(
    void *context, const struct function *function, const struct live_totals *totals)
{
	const struct page *page = context;
	char labels[LABELS_BYTES];
	char le[32];
	unsigned long long sum = 0;

	labels_of(function, labels);
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		sum += totals->by_bound[i];
		(void)fprintf(page->out, "%s_bucket{%s,le=\"%s\"} %llu\n", page->family,
		    labels, le_of(live_bounds_ns[i], le), sum);
	}
	(void)fprintf(page->out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", page->family, labels,
	    (unsigned long long)totals->durations);
	(void)fprintf(page->out, "%s_count{%s} %llu\n", page->family, labels,
	    (unsigned long long)totals->durations);
	(void)fprintf(page->out, "%s_sum{%s} %.9f\n", page->family, labels,
	    (double)totals->duration_ns / 1e9);
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

static void write_functions(FILE *out, struct live *live)
{
	static const struct {
		const char *family;
		const char *help;
		uint64_t (*value)(const struct live_totals *totals);
	} counters[] = {
	    {"coldmeter_invocations", "Invocations stored, pings left out.",
		invocations_of},
	    {"coldmeter_cold_starts", "Invocations that waited for an init.", cold_of},
	    {"coldmeter_errors", "Invocations with any status but ok.", errors_of},
	};
	struct page page = {.out = out, .family = "coldmeter_duration_seconds"};

	(void)fprintf(out,
	    "# TYPE %s histogram\n# UNIT %s seconds\n# HELP %s Duration of "
	    "invocations.\n",
	    page.family, page.family, page.family);
	(void)live_scan(live, write_histogram, &page);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		page.family = counters[i].family;
		page.value = counters[i].value;
		(void)fprintf(out, "# TYPE %s counter\n# HELP %s %s\n", page.family,
		    page.family, counters[i].help);
		(void)live_scan(live, write_counter, &page);
	}
}

static void write_lost(void *context, const struct function *function, const char *host,
    const uint64_t lost[LOST_REASONS])
{
	char labels[LABELS_BYTES];
	char at[2 * BATCH_HOST_BYTES];

	labels_of(function, labels);
	metrics_escape(at, sizeof(at), host);
	for (int i = 0; i < LOST_REASONS; i++)
		if (lost[i])
			(void)fprintf((FILE *)context,
			    "coldmeter_function_lost_total{%s,host=\"%s\",reason=\"%s\"} "
			    "%llu\n",
			    labels, at, lost_reason_name((enum lost_reason)i),
			    (unsigned long long)lost[i]);
}

static void write_losses(FILE *out, struct losses *losses)
{
	(void)fputs("# TYPE coldmeter_function_lost counter\n"
		    "# HELP coldmeter_function_lost Invocations seen and lost, by "
		    "function, host and reason.\n",
	    out);
	losses_scan(losses, write_lost, out);
}

static void write_spans(FILE *out, const struct ingest_spans *spans)
{
	(void)fprintf(out,
	    "# TYPE coldmeter_otlp_spans counter\n# HELP coldmeter_otlp_spans Spans "
	    "received, by what came of them.\n"
	    "coldmeter_otlp_spans_total{outcome=\"taken\"} %llu\n"
	    "coldmeter_otlp_spans_total{outcome=\"ignored\"} %llu\n"
	    "coldmeter_otlp_spans_total{outcome=\"rejected\"} %llu\n",
	    (unsigned long long)atomic_load(&spans->taken),
	    (unsigned long long)atomic_load(&spans->ignored),
	    (unsigned long long)atomic_load(&spans->rejected));
}

/* Gauges, for they fall when an agent's boot is forgotten. */
static void write_ledger(FILE *out, const struct batch_ledger *ledger)
{
	(void)fprintf(out,
	    "# TYPE coldmeter_ledger_seen gauge\n# HELP coldmeter_ledger_seen "
	    "Invocations "
	    "that agents saw.\ncoldmeter_ledger_seen %llu\n",
	    (unsigned long long)ledger->seen);
	(void)fprintf(out,
	    "# TYPE coldmeter_ledger_delivered gauge\n# HELP coldmeter_ledger_delivered "
	    "Invocations that arrived.\ncoldmeter_ledger_delivered %llu\n",
	    (unsigned long long)ledger->delivered);
	(void)fprintf(out,
	    "# TYPE coldmeter_ledger_lost gauge\n# HELP coldmeter_ledger_lost "
	    "Invocations seen and lost, by reason.\n");
	for (int i = 0; i < LOST_REASONS; i++)
		(void)fprintf(out, "coldmeter_ledger_lost{reason=\"%s\"} %llu\n",
		    lost_reason_name((enum lost_reason)i),
		    (unsigned long long)ledger->lost[i]);
}

int answer_metrics(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	struct batch_ledger ledger;
	char *body = NULL;
	size_t body_bytes = 0;
	FILE *out;
	int err = store_ledger(answers->store, 0, &ledger);

	(void)request;
	if (err)
		return err;
	out = open_memstream(&body, &body_bytes);
	if (!out)
		return -ENOMEM;
	write_functions(out, ingest_live(answers->ingest));
	write_losses(out, ingest_losses(answers->ingest));
	write_spans(out, ingest_spans(answers->ingest));
	write_ledger(out, &ledger);
	err = metrics_hosts(out, answers->store);
	(void)fputs("# EOF\n", out);
	if (fclose(out) != 0 || err) {
		free(body);
		return err ? err : -ENOMEM;
	}
	reply->content_type = METRICS_TYPE;
	reply->body = body;
	reply->body_bytes = body_bytes;
	return 0;
}
