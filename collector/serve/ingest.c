/* Bodies are decoded on the server's thread and queued as jobs; one writer commits what
 * is queued as one group and finishes the requests. */
#include "serve/ingest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/intake.h"
#include "serve/receipt.h"
#include "serve/traces.h"
#include "serve/upkeep.h"

/* Beyond either a sender is told to come back: about 40 MB decoded. */
#define QUEUE_BATCHES_MAX 1024
#define QUEUE_RECORDS_MAX 100000
#define NDJSON_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define FAILED_LATELY_NS (60 * (uint64_t)CLOCK_NS_PER_S) /* then one may try again */
#define DAY_NS (86400 * CLOCK_NS_PER_S)

struct job {
	struct job *next;
	struct http_pending *pending;
	struct intake in;
};

struct ingest {
	struct store *store;
	struct live *live;
	struct losses *losses;
	struct observers observers;
	struct upkeep upkeep;
	atomic_uint_least64_t busy_since_ns; /* boot time; 0: idle */
	atomic_uint_least64_t failed_ns;     /* boot time of the last commit */
	atomic_int failed;                   /* its error; 0: it went well */
	struct intake_ids ids;               /* the server's thread alone */
	struct batch_ledger made;            /* the writer alone: of batches made here */
	struct store_batch *group;           /* the writer alone */
	struct complaint complaint;          /* the writer alone: what it logged */
	struct ingest_spans spans;
	pthread_t writer;
	pthread_mutex_t mutex; /* over what follows */
	pthread_cond_t queued;
	struct job *first;
	struct job **last;
	size_t batches_n;
	size_t records_n;
	bool stopping;
};

static void job_free(struct job *job)
{
	if (job)
		intake_done(&job->in);
	free(job);
}

/* --- the server's thread ----------------------------------------------------------- */

/* False when the queue is full; else the job is the writer's. */
static bool enqueue(struct ingest *ingest, struct job *job)
{
	bool room;

	(void)pthread_mutex_lock(&ingest->mutex);
	room = !ingest->first ||
	       (ingest->batches_n + job->in.n <= QUEUE_BATCHES_MAX &&
		   ingest->records_n + job->in.records <= QUEUE_RECORDS_MAX);
	if (room) {
		*ingest->last = job;
		ingest->last = &job->next;
		ingest->batches_n += job->in.n;
		ingest->records_n += job->in.records;
		(void)pthread_cond_signal(&ingest->queued);
	}
	(void)pthread_mutex_unlock(&ingest->mutex);
	return room;
}

/* Takes over the job. */
static int submit(struct ingest *ingest, const struct http_request *request,
    struct http_reply *reply, struct job *job)
{
	struct http_pending *pending = http_pend(request);

	job->pending = pending;
	if (enqueue(ingest, job))
		return HTTP_PENDING;
	reply->retry_after_s = 1;
	(void)receipt_error(&job->in, reply, 429, "busy",
	    "more is waiting to be stored than fits: try again");
	job_free(job);
	http_finish(pending, reply);
	return HTTP_PENDING;
}

static int post_batch(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct ingest *ingest = context;
	struct job *job;
	const char *why = NULL;
	int err;

	if (!http_is_type(request->content_type, BATCH_CONTENT_TYPE))
		return http_reply_error(reply, 415, "unsupported_media_type",
		    "this takes " BATCH_CONTENT_TYPE);
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	err = intake_batch(&job->in, request->body, request->body_bytes, &why);
	if (!err)
		return submit(ingest, request, reply, job);
	job_free(job);
	if (err == -EPROTONOSUPPORT)
		return http_reply_error(reply, 400, "bad_batch",
		    "the batch is of a version that this collector does not know");
	if (err != -EBADMSG)
		return err;
	return http_reply_error(
	    reply, 400, "bad_batch", "%s", why ? why : "the batch is malformed");
}

static int post_ndjson(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct ingest *ingest = context;
	const char *key = http_header(request, "Idempotency-Key");
	struct intake_ids keyed = {0};
	struct job *job;
	int err;

	if (!http_is_type(request->content_type, "application/x-ndjson"))
		return http_reply_error(reply, 415, "unsupported_media_type",
		    "this takes application/x-ndjson");
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	if (key)
		keyed.next = intake_keyed_id(key, request->body, request->body_bytes);
	ingest->ids.sent_ns = clock_wall_ns();
	err = intake_ndjson(
	    &job->in, request->body, request->body_bytes, key ? &keyed : &ingest->ids);
	if (!err)
		return submit(ingest, request, reply, job);
	job_free(job);
	return err;
}

static int post_traces(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	if (traces_read(&job->in, request, reply))
		return submit(context, request, reply, job);
	job_free(job);
	return 0;
}

int ingest_add_routes(struct ingest *ingest, struct http *http)
{
	static const struct http_route routes[] = {
	    {"POST", "/v1/batches", post_batch, BATCH_MAX_BYTES, HTTP_NEEDS_AGENT},
	    {"POST", "/v1/invocations", post_ndjson, NDJSON_MAX_BYTES, HTTP_NEEDS_AGENT},
	    {"POST", "/v1/traces", post_traces, TRACES_MAX_BYTES, HTTP_NEEDS_AGENT},
	};

	return http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), ingest);
}

/* --- the writer's thread ----------------------------------------------------------- */

static void count_spans(struct ingest *ingest, const struct otlp_tally *spans)
{
	(void)atomic_fetch_add(&ingest->spans.taken, spans->taken);
	(void)atomic_fetch_add(&ingest->spans.ignored, spans->ignored);
	(void)atomic_fetch_add(&ingest->spans.rejected, spans->rejected);
}

static void finish(struct ingest *ingest, struct job *job, int err)
{
	struct http_reply reply = {0};

	if (err)
		receipt_failed(&job->in, err, &reply);
	else
		receipt_stored(&job->in, &reply);
	if (!err)
		count_spans(ingest, &job->in.spans);
	http_finish(job->pending, &reply);
	job_free(job);
}

/* Batches made here tell the ledger so; those with a key of their own stay out of it. */
static void fill_ledger(const struct job *job, struct batch_ledger *ledger)
{
	for (size_t i = 0; i < job->in.n && job->in.form != INTAKE_BATCH; i++) {
		struct batch *batch = job->in.decoded[i];

		if (batch->head.sent_ns == 0)
			continue;
		ledger->seen += batch->invocations_n;
		ledger->delivered += batch->invocations_n;
		batch->head.ledger = *ledger;
	}
}

/* What is imported is over: it is no part of what goes on. */
static void announce(struct ingest *ingest, const struct job *job)
{
	for (size_t b = 0; b < job->in.n; b++) {
		const struct store_batch *stored = &job->in.batches[b];
		const struct batch *batch = stored->batch;

		if (!stored->is_new || stored->imported)
			continue;
		for (size_t i = 0; i < batch->losses_n; i++)
			losses_count(ingest->losses, &batch->losses[i], batch->head.host);
		live_count(ingest->live, stored, clock_wall_ns());
		observers_tell(&ingest->observers, stored);
	}
}

/* Stores jobs of the list up to end (not included) as one transaction. */
static int store_jobs(struct ingest *ingest, struct job *from, const struct job *end)
{
	struct batch_ledger ledger = ingest->made;
	size_t n = 0;
	int err;

	for (struct job *job = from; job != end; job = job->next)
		n += job->in.n;
	if (n == 0)
		return 0; /* lines or spans of which nothing was taken */
	ingest->group = reallocarray(ingest->group, n, sizeof(*ingest->group));
	if (!ingest->group)
		return -ENOMEM;
	n = 0;
	for (struct job *job = from; job != end; job = job->next) {
		fill_ledger(job, &ledger);
		for (size_t i = 0; i < job->in.n; i++)
			ingest->group[n++] = job->in.batches[i];
	}
	err = store_write(ingest->store, ingest->group, n);
	if (err)
		return err;
	ingest->made = ledger;
	n = 0;
	for (struct job *job = from; job != end; job = job->next) {
		for (size_t i = 0; i < job->in.n; i++, n++) {
			job->in.batches[i].is_new = ingest->group[n].is_new;
			job->in.batches[i].known_n = ingest->group[n].known_n;
		}
	}
	return 0;
}

/* One bad job must not fail its neighbours; a full disk fails all alike. */
static void store_list(struct ingest *ingest, struct job *list)
{
	bool together;
	int err;

	atomic_store(&ingest->busy_since_ns, clock_boot_ns());
	err = store_jobs(ingest, list, NULL);
	together = !err || err == -ENOSPC || err == -EROFS || !list->next;
	complaint_log(&ingest->complaint, err, "cannot store what was received",
	    "what is received is stored again");
	atomic_store(&ingest->failed_ns, clock_boot_ns());
	atomic_store(&ingest->failed, err);
	while (list) {
		struct job *job = list;

		list = job->next;
		if (!together)
			err = store_jobs(ingest, job, job->next);
		if (!err)
			announce(ingest, job);
		finish(ingest, job, err);
	}
	atomic_store(&ingest->busy_since_ns, 0);
}

/* Waits for jobs, until that monotonic time at most. False: none left, and stopping. */
static bool next_list(struct ingest *ingest, int64_t until_ns, struct job **list)
{
	const struct timespec until = {
	    until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S};
	bool more;
	int err = 0;

	(void)pthread_mutex_lock(&ingest->mutex);
	while (!ingest->first && !ingest->stopping && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&ingest->queued, &ingest->mutex, &until);
	*list = ingest->first;
	ingest->first = NULL;
	ingest->last = &ingest->first;
	ingest->batches_n = 0;
	ingest->records_n = 0;
	more = *list || !ingest->stopping;
	(void)pthread_mutex_unlock(&ingest->mutex);
	return more;
}

static void *writer_run(void *context)
{
	struct ingest *ingest = context;
	struct job *list;

	while (next_list(ingest, upkeep_due_ns(&ingest->upkeep), &list)) {
		int64_t began_ns = upkeep_now_ns();
		bool several = list && list->next;
		int64_t took_ns;

		if (list)
			store_list(ingest, list);
		took_ns = upkeep_now_ns() - began_ns;
		ingest->upkeep.stored_ns += list ? took_ns : 0;
		upkeep_run(&ingest->upkeep);
		if (several)
			upkeep_rest(began_ns, took_ns);
	}
	return NULL;
}

/* --- everybody ---------------------------------------------------------------------- */

int ingest_start(struct store *store, struct ingest **out)
{
	struct ingest *ingest = calloc(1, sizeof(*ingest));
	pthread_condattr_t monotonic;
	int err;

	if (!ingest)
		return -ENOMEM;
	ingest->store = store;
	ingest->upkeep = (struct upkeep){.store = store,
	    .raw_ns = 7 * DAY_NS,
	    .minutes_ns = 35 * DAY_NS,
	    .hours_ns = 35 * DAY_NS,
	    .days_ns = 400 * DAY_NS,
	    .expire_ns = upkeep_now_ns(),
	    .fold_ns = upkeep_now_ns()};
	ingest->last = &ingest->first;
	ingest->ids.next = (struct batch_id){.agent = INTAKE_LINES, .sequence = 1};
	(void)pthread_mutex_init(&ingest->mutex, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&ingest->queued, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	err = getrandom(ingest->ids.next.boot, sizeof(ingest->ids.next.boot), 0) < 0
		  ? -errno
		  : 0;
	if (!err)
		err = live_new(&ingest->live);
	if (!err)
		err = losses_new(&ingest->losses);
	if (!err)
		err = -pthread_create(&ingest->writer, NULL, writer_run, ingest);
	if (err) {
		losses_free(ingest->losses);
		live_free(ingest->live);
		free(ingest);
		return err;
	}
	*out = ingest;
	return 0;
}

void ingest_stop(struct ingest *ingest)
{
	if (!ingest)
		return;
	(void)pthread_mutex_lock(&ingest->mutex);
	ingest->stopping = true;
	(void)pthread_cond_signal(&ingest->queued);
	(void)pthread_mutex_unlock(&ingest->mutex);
	(void)pthread_join(ingest->writer, NULL);
	(void)pthread_cond_destroy(&ingest->queued);
	(void)pthread_mutex_destroy(&ingest->mutex);
	losses_free(ingest->losses);
	live_free(ingest->live);
	free(ingest->group);
	free(ingest);
}

void ingest_health(
    const struct ingest *ingest, uint64_t now_boot_ns, struct ingest_health *health)
{
	uint64_t since_ns = atomic_load(&ingest->busy_since_ns);
	uint64_t lately_ns = atomic_load(&ingest->failed_ns) + FAILED_LATELY_NS;
	health->busy_ns = since_ns && since_ns < now_boot_ns ? now_boot_ns - since_ns : 0;
	health->err = now_boot_ns < lately_ns ? atomic_load(&ingest->failed) : 0;
}

void ingest_retain(struct ingest *ingest, const struct ingest_retention *retention)
{
	ingest->upkeep.raw_ns = retention->raw_ns;
	ingest->upkeep.minutes_ns = retention->minutes_ns;
	ingest->upkeep.hours_ns = retention->hours_ns;
	ingest->upkeep.days_ns = retention->days_ns;
	ingest->upkeep.max_bytes = retention->max_bytes;
}

void ingest_observe(struct ingest *ingest, observer tell, void *context)
{
	observers_add(&ingest->observers, tell, context);
}

void ingest_unobserve(struct ingest *ingest, const void *context)
{
	observers_remove(&ingest->observers, context);
}

double ingest_rate(struct ingest *ingest, const struct function *function)
{
	return live_rate(ingest->live, function, clock_wall_ns());
}

struct live *ingest_live(struct ingest *ingest)
{
	return ingest->live;
}

struct losses *ingest_losses(struct ingest *ingest)
{
	return ingest->losses;
}

const struct ingest_spans *ingest_spans(const struct ingest *ingest)
{
	return &ingest->spans;
}
