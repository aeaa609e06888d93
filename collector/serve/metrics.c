/* What each family says, and which form an asker can read. */
#include "serve/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "serve/answers/answer.h"
#include "serve/exports.h"

#define ACCEPT_BYTES 1024
#define PROTO_NAME "io.prometheus.client.MetricFamily"

enum form { FORM_OPENMETRICS, FORM_TEXT, FORM_PROTO };

static const char *const form_types[] = {
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    "text/plain; version=0.0.4; charset=utf-8",
    "application/vnd.google.protobuf; proto=" PROTO_NAME "; encoding=delimited"};

static void tell_lost(void *context, const struct function *function, const char *host,
    const uint64_t lost[LOST_REASONS])
{
	struct exposition *to = context;

	for (int i = 0; i < LOST_REASONS; i++) {
		const struct exposition_labels labels = {
		    5, {{"function", function->name},
			   {"platform", platform_name(function->platform)},
			   {"version", function->version}, {"host", host},
			   {"reason", lost_reason_name((enum lost_reason)i)}}};

		if (lost[i])
			to->value(to, &labels, (double)lost[i]);
	}
}

static void tell_losses(struct exposition *to, struct losses *losses)
{
	static const struct exposition_family family = {.name = "coldmeter_function_lost",
	    .help = "Invocations seen and lost, by function, host and reason."};

	to->family(to, &family);
	losses_scan(losses, tell_lost, to);
}

static void tell_spans(struct exposition *to, const struct ingest_spans *spans)
{
	static const struct exposition_family family = {.name = "coldmeter_otlp_spans",
	    .help = "Spans received, by what came of them."};
	const struct {
		const char *outcome;
		uint64_t n;
	} rows[] = {{"taken", atomic_load(&spans->taken)},
	    {"ignored", atomic_load(&spans->ignored)},
	    {"rejected", atomic_load(&spans->rejected)}};

	to->family(to, &family);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		to->value(to,
		    &(struct exposition_labels){1, {{"outcome", rows[i].outcome}}},
		    (double)rows[i].n);
}

/* Gauges, for they fall when an agent's boot is forgotten. */
static void tell_ledger(struct exposition *to, const struct batch_ledger *ledger)
{
	static const struct exposition_family seen = {.name = "coldmeter_ledger_seen",
	    .type = EXPOSITION_GAUGE,
	    .help = "Invocations that agents saw."};
	static const struct exposition_family delivered = {
	    .name = "coldmeter_ledger_delivered",
	    .type = EXPOSITION_GAUGE,
	    .help = "Invocations that arrived."};
	static const struct exposition_family lost = {.name = "coldmeter_ledger_lost",
	    .type = EXPOSITION_GAUGE,
	    .help = "Invocations seen and lost, by reason."};
	const struct exposition_labels none = {0};

	to->family(to, &seen);
	to->value(to, &none, (double)ledger->seen);
	to->family(to, &delivered);
	to->value(to, &none, (double)ledger->delivered);
	to->family(to, &lost);
	for (int i = 0; i < LOST_REASONS; i++)
		to->value(to,
		    &(struct exposition_labels){
			1, {{"reason", lost_reason_name((enum lost_reason)i)}}},
		    (double)ledger->lost[i]);
}

int metrics_tell(const struct metrics_sources *sources, struct exposition *to)
{
	struct batch_ledger ledger;
	int err = store_ledger(sources->store, 0, &ledger);

	if (err)
		return err;
	if (sources->totals)
		metrics_faas(to, sources->totals);
	if (sources->totals && !sources->pushed)
		metrics_old_names(to, sources->totals);
	tell_losses(to, ingest_losses(sources->ingest));
	tell_spans(to, ingest_spans(sources->ingest));
	tell_ledger(to, &ledger);
	if (sources->exports)
		exports_tell(sources->exports, to);
	if (sources->http)
		metrics_http(to, sources->http);
	return metrics_hosts(to, sources->store);
}

/* What a range of an Accept header stands for: its form, or -1. parameters is what is
 * behind its first semicolon, in one string. */
static int form_of(const char *type, const char *parameters)
{
	const char *version = strcasestr(parameters, "version=");

	if (strcasecmp(type, "application/openmetrics-text") == 0)
		return !version || strncmp(version, "version=1.0.0", 13) == 0
			   ? FORM_OPENMETRICS
			   : -1;
	if (strcasecmp(type, "text/plain") == 0 || strcasecmp(type, "text/*") == 0)
		return !version || strncmp(version, "version=0.0.4", 13) == 0 ? FORM_TEXT
									      : -1;
	if (strcasecmp(type, "application/vnd.google.protobuf") == 0)
		return strstr(parameters, "proto=" PROTO_NAME) &&
			       strstr(parameters, "encoding=delimited")
			   ? FORM_PROTO
			   : -1;
	return strcmp(type, "*/*") == 0 ? FORM_OPENMETRICS : -1;
}

/* The form of the highest q, of several the one named first. Who takes none of ours, or
 * says nothing, gets OpenMetrics. */
static enum form choose_form(const char *accept)
{
	char copy[ACCEPT_BYTES];
	char *rest = copy;
	char *range;
	enum form best = FORM_OPENMETRICS;
	double best_q = 0;

	if (!accept || strlen(accept) >= sizeof(copy))
		return best;
	strcpy(copy, accept); /* NOLINT: it fits */
	while ((range = strsep(&rest, ",")) != NULL) {
		char *parameters;
		const char *q;
		double weight = 1;
		int form;

		range += strspn(range, " \t");
		parameters = range + strcspn(range, "; \t");
		if (*parameters)
			*parameters++ = '\0';
		q = strstr(parameters, "q=");
		if (q)
			weight = strtod(q + 2, NULL);
		form = form_of(range, parameters);
		if (form < 0 || !(weight > best_q))
			continue;
		best = (enum form)form;
		best_q = weight;
	}
	return best;
}

static int tell_in(
    enum form form, const struct metrics_sources *sources, struct buffer *out)
{
	struct exposition_text text;
	struct exposition_proto proto;
	int err;

	if (form == FORM_PROTO) {
		exposition_proto_begin(&proto, out);
		err = metrics_tell(sources, &proto.to);
		exposition_proto_end(&proto);
	} else {
		exposition_text_begin(&text, out, form == FORM_OPENMETRICS);
		err = metrics_tell(sources, &text.to);
		exposition_text_end(&text);
	}
	return err || !out->failed ? err : -ENOMEM;
}

int answer_metrics(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	const struct answers *answers = context;
	const struct metrics_sources sources = {.store = answers->store,
	    .ingest = answers->ingest,
	    .totals = answers->exports ? exports_totals(answers->exports) : NULL,
	    .exports = answers->exports,
	    .http = answers->http};
	enum form form = choose_form(http_header(request, "Accept"));
	struct buffer out = {0};
	int err = tell_in(form, &sources, &out);

	if (err) {
		buffer_done(&out);
		return err;
	}
	if (answers->exports)
		exports_save(answers->exports); /* before anybody sees them */
	reply->content_type = form_types[form];
	reply->body = (char *)out.at;
	reply->body_bytes = out.n;
	return 0;
}
