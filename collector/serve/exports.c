/* One thread encodes every interval and takes the spans that the teller has put together
 * each second; each address has a push of its own, so that one that is away holds up no
 * other. */
#include "serve/exports.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/exports/exposition_otlp.h"
#include "serve/exports/push.h"
#include "serve/ingest/intake.h"
#include "serve/metrics.h"
#include "wire/otlp/put.h"
#include "wire/snappy.h"

#define INTERVAL_S 15
#define SPANS_BODY_BYTES ((size_t)1 << 20) /* collectors take 4 MiB and more */
#define SPANS_BYTES_MAX ((size_t)8 << 20)  /* that wait for the next second */
#define HOST_BYTES 256
#define URL_BYTES (CONFIG_TEXT_BYTES + 16)

enum { TO_REMOTE, TO_METRICS, TO_SPANS, TO_COUNT };

struct exports {
	struct exports_settings settings;
	const char *directory;
	struct store *store;
	struct ingest *ingest;
	struct totals *totals;
	char instance[HOST_BYTES];
	char url[TO_COUNT][URL_BYTES];
	char bearer[TO_COUNT][EXPORTS_HEADER_BYTES];
	struct push_target target[TO_COUNT];
	struct push *push[TO_COUNT];
	atomic_bool save_failed; /* and was told */
	bool running;
	pthread_t thread;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t changed;
	struct buffer spans; /* of a request */
	uint64_t spans_n;
	uint64_t spans_dropped;
	bool stopping;
};

/* --- the teller's thread ----------------------------------------------------------- */

static void flush_spans(struct exports *e)
{
	if (e->spans_n > 0)
		push_add(e->push[TO_SPANS], &e->spans, e->spans_n);
	e->spans_n = 0;
}

static void keep_spans(struct exports *e, const struct batch *batch)
{
	/* what came as spans is somebody's already, and would go in a circle */
	if (memcmp(batch->head.id.agent, INTAKE_SPANS, sizeof(INTAKE_SPANS)) == 0)
		return;
	(void)pthread_mutex_lock(&e->mutex);
	e->spans_n += otlp_put_spans(
	    &e->spans, batch->invocations, batch->invocations_n, batch->head.host);
	if (e->spans.failed || e->spans.n >= SPANS_BODY_BYTES)
		flush_spans(e);
	(void)pthread_mutex_unlock(&e->mutex);
}

static void follow(void *context, const struct store_batch *batch)
{
	struct exports *e = context;

	totals_count(e->totals, batch, clock_wall_ns());
	if (e->push[TO_SPANS])
		keep_spans(e, batch->batch);
}

/* --- the exporting thread ---------------------------------------------------------- */

static void add_metrics(struct exports *e, enum remote_histograms histograms)
{
	struct metrics_sources sources = {.store = e->store,
	    .ingest = e->ingest,
	    .totals = e->totals,
	    .exports = e,
	    .pushed = true};
	struct exposition_remote remote;
	struct exposition_otlp otlp;
	struct buffer body[2] = {0};
	struct buffer packed = {0};
	int64_t now_ns = clock_wall_ns();
	int err = 0;

	(void)store_settle(e->store); /* the writer says why it cannot */
	if (e->push[TO_REMOTE]) {
		exposition_remote_begin(
		    &remote, &body[0], histograms, now_ns / 1000000, e->instance);
		err = metrics_tell(&sources, &remote.to);
		snappy_compress(body[0].at, body[0].failed ? 0 : body[0].n, &packed);
		packed.failed |= body[0].failed;
	}
	if (!err && e->push[TO_METRICS]) {
		exposition_otlp_begin(&otlp, &body[1], totals_state(e->totals).start_ns,
		    now_ns, e->instance);
		err = metrics_tell(&sources, &otlp.to);
		exposition_otlp_end(&otlp);
	}
	if (err) {
		(void)log_error(err, "cannot read the figures to export");
	} else {
		exports_save(e);
		if (e->push[TO_REMOTE])
			push_add(e->push[TO_REMOTE], &packed, 1);
		if (e->push[TO_METRICS])
			push_add(e->push[TO_METRICS], &body[1], 1);
	}
	buffer_done(&body[0]);
	buffer_done(&body[1]);
	buffer_done(&packed);
}

/* Waits a second, or until the end. False: stopping. */
static bool wait_second(struct exports *e, struct timespec *until)
{
	bool more;

	until->tv_sec++;
	(void)pthread_mutex_lock(&e->mutex);
	while (!e->stopping &&
	       pthread_cond_timedwait(&e->changed, &e->mutex, until) != ETIMEDOUT)
		;
	if (e->push[TO_SPANS])
		flush_spans(e);
	more = !e->stopping;
	(void)pthread_mutex_unlock(&e->mutex);
	return more;
}

static void *exports_run(void *context)
{
	struct exports *e = context;
	int interval_s = e->settings.interval_s ? e->settings.interval_s : INTERVAL_S;
	struct timespec until;
	int passed_s = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	while (wait_second(e, &until)) {
		if (++passed_s < interval_s)
			continue;
		passed_s = 0;
		add_metrics(e, (enum remote_histograms)e->settings.histograms);
	}
	add_metrics(e, (enum remote_histograms)e->settings.histograms);
	return NULL;
}

/* --- everybody --------------------------------------------------------------------- */

/* Adds the token's header behind the others; file "": none is asked for. */
static int add_token(struct exports *e, int to)
{
	const char *file = to == TO_REMOTE ? e->settings.remote_write_token_file
					   : e->settings.otlp_token_file;
	size_t i = 0;
	int err;

	if (file[0] == '\0')
		return 0;
	err = exports_read_token(file, e->bearer[to]);
	while (e->target[to].headers[i])
		i++;
	e->target[to].headers[i] = e->bearer[to];
	return err;
}

static int start_push(struct exports *e, int to, const char *name, const char *under,
    const struct push_target *like)
{
	const char *url = to == TO_REMOTE ? e->settings.remote_write : e->settings.otlp;
	size_t n = strlen(url);
	int err;

	if (n == 0)
		return 0;
	while (under[0] && n > 0 && url[n - 1] == '/')
		n--;
	(void)snprintf(e->url[to], URL_BYTES, "%.*s%s", (int)n, url, under);
	e->target[to] = *like;
	e->target[to].name = name;
	e->target[to].url = e->url[to];
	err = add_token(e, to);
	return err ? err : push_start(&e->target[to], &e->push[to]);
}

static int start_pushes(struct exports *e)
{
	static const struct push_target remote = {
	    .headers = {"Content-Type: application/x-protobuf",
		"Content-Encoding: snappy", "X-Prometheus-Remote-Write-Version: 0.1.0"}};
	static const struct push_target otlp = {
	    .headers = {"Content-Type: application/x-protobuf"}};
	int err = start_push(e, TO_REMOTE, "remote-write", "", &remote);

	if (!err)
		err = start_push(e, TO_METRICS, "otlp-metrics", "/v1/metrics", &otlp);
	if (!err)
		err = start_push(e, TO_SPANS, "otlp-spans", "/v1/traces", &otlp);
	if (err || (!e->push[TO_REMOTE] && !e->push[TO_METRICS]))
		return err;
	err = -pthread_create(&e->thread, NULL, exports_run, e);
	e->running = !err;
	return err;
}

static int load_totals(struct exports *e)
{
	int max = e->settings.functions_max;
	int err = totals_new(
	    max ? (size_t)max : TOTALS_FUNCTIONS_MAX, clock_wall_ns(), &e->totals);

	if (err)
		return err;
	err = totals_load(e->totals, e->directory);
	if (err)
		(void)log_error(err,
		    "cannot read %s/totals: counters of /metrics begin "
		    "at 0",
		    e->directory);
	return 0;
}

int exports_start(const struct exports_settings *settings, const char *directory,
    struct store *store, struct ingest *ingest, struct exports **out)
{
	struct exports *e = calloc(1, sizeof(*e));
	pthread_condattr_t monotonic;
	int err;

	if (!e)
		return -ENOMEM;
	e->settings = *settings;
	e->directory = directory;
	e->store = store;
	e->ingest = ingest;
	if (gethostname(e->instance, sizeof(e->instance) - 1) < 0)
		strcpy(e->instance, "localhost"); /* NOLINT: it fits */
	(void)pthread_mutex_init(&e->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&e->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	err = load_totals(e);
	if (!err)
		err = start_pushes(e);
	if (err) {
		exports_stop(e);
		exports_free(e);
		return err;
	}
	ingest_observe(ingest, follow, e);
	*out = e;
	return 0;
}

void exports_stop(struct exports *e)
{
	if (!e)
		return;
	(void)pthread_mutex_lock(&e->mutex);
	e->stopping = true;
	(void)pthread_cond_signal(&e->changed);
	(void)pthread_mutex_unlock(&e->mutex);
	if (e->running)
		(void)pthread_join(e->thread, NULL);
	e->running = false;
}

void exports_free(struct exports *e)
{
	if (!e)
		return;
	if (e->push[TO_SPANS])
		flush_spans(e);
	for (int i = 0; i < TO_COUNT; i++)
		push_stop(e->push[i]);
	if (e->totals && totals_save(e->totals, e->directory, true) < 0)
		log_note("cannot save %s/totals: counters of /metrics may begin at 0",
		    e->directory);
	totals_free(e->totals);
	buffer_done(&e->spans);
	(void)pthread_cond_destroy(&e->changed);
	(void)pthread_mutex_destroy(&e->mutex);
	explicit_bzero(e->bearer, sizeof(e->bearer));
	free(e);
}

struct totals *exports_totals(const struct exports *e)
{
	return e->totals;
}

void exports_save(struct exports *e)
{
	int err = totals_save(e->totals, e->directory, false);

	if (err && !atomic_exchange(&e->save_failed, true))
		(void)log_error(err, "cannot save %s/totals", e->directory);
	if (!err)
		atomic_store(&e->save_failed, false);
}

void exports_tell(const struct exports *e, struct exposition *to)
{
	static const struct exposition_family families[] = {
	    {.name = "coldmeter_export_sent",
		.help = "Sent and taken: spans, else bodies of metrics."},
	    {.name = "coldmeter_export_dropped",
		.help = "Given up: refused, or too many waited."},
	    {.name = "coldmeter_export_failures",
		.help = "Attempts to send that did not get through."},
	    {.name = "coldmeter_export_waiting",
		.type = EXPOSITION_GAUGE,
		.help = "Bodies that wait to be sent."},
	};

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		to->family(to, &families[f]);
		for (int i = 0; i < TO_COUNT; i++) {
			struct exposition_labels labels = {.n = 1};
			struct push_counts counts;

			if (!e->push[i])
				continue;
			counts = push_counts(e->push[i]);
			labels.items[0] =
			    (struct exposition_label){"to", push_name(e->push[i])};
			to->value(to, &labels,
			    (double)(const uint64_t[]){counts.sent, counts.dropped,
				counts.failures, counts.waiting}[f]);
		}
	}
}
