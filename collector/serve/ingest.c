/* Agents' batches are decoded on the server's thread, lines and spans by readers, and
 * queued as jobs; one writer commits what is queued as one group; what is durable is told
 * of and its requests are finished by another thread, while the writer is at the next
 * group. */
#include "serve/ingest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/ingest/jobs.h"
#include "serve/ingest/readers.h"
#include "serve/ingest/receipt.h"
#include "serve/ingest/traces.h"
#include "serve/ingest/upkeep.h"

/* With so much under way, decoded and not answered yet, a sender is told to come back; a
 * body of each thread that reads may come on top. In memory about 40 MB. */
#define BATCHES_MAX 1024
#define ROWS_MAX 100000
#define FAILED_LATELY_NS (60 * (uint64_t)CLOCK_NS_PER_S) /* then one may try again */

struct ingest {
	struct store *store;
	struct rates *rates;
	struct losses *losses;
	struct observers observers;
	struct upkeep upkeep;
	atomic_uint_least64_t writing_since_ns; /* boot time of the writer; 0: idle */
	atomic_uint_least64_t telling_since_ns; /* the same of the teller */
	atomic_uint_least64_t failed_ns;        /* boot time of the last commit */
	atomic_int failed;                      /* its error; 0: it went well */
	struct readers readers;
	struct batch_ledger made[READERS]; /* the writer alone: of their batches */
	struct store_batch *group;         /* the writer alone */
	struct complaint complaint;        /* the writer alone: what it logged */
	struct ingest_spans spans;
	pthread_t writer;
	pthread_t teller;
	struct jobs to_write;
	struct jobs to_tell;     /* stored, or failed */
	atomic_size_t batches_n; /* under way */
	atomic_size_t rows_n;
};

/* --- the server's thread ----------------------------------------------------------- */

/* Before anything is decoded: what is refused should cost little. True: refused. Any
 * thread. */
static bool refuse(void *context, const struct intake *in, struct http_reply *reply)
{
	const struct ingest *ingest = context;

	if (atomic_load(&ingest->batches_n) < BATCHES_MAX &&
	    atomic_load(&ingest->rows_n) < ROWS_MAX)
		return false;
	receipt_busy(in, reply);
	return true;
}

/* Takes over a job that is read, which becomes the writer's. Any thread. */
static void submit(void *context, struct job *job)
{
	struct ingest *ingest = context;

	atomic_fetch_add(&ingest->batches_n, job->in.n);
	atomic_fetch_add(&ingest->rows_n, job->in.rows);
	jobs_put(&ingest->to_write, job);
}

static int post_batch(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct ingest *ingest = context;
	const char *why = NULL;
	struct job *job;
	int err;

	if (!http_is_type(request->content_type, BATCH_CONTENT_TYPE))
		return http_reply_error(reply, 415, "unsupported_media_type",
		    "this takes " BATCH_CONTENT_TYPE);
	if (refuse(ingest, &(struct intake){.form = INTAKE_BATCH}, reply))
		return 0;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	err = intake_batch(&job->in, request->body, request->body_bytes, &why);
	if (!err) {
		job->pending = http_pend(request);
		submit(ingest, job);
		return HTTP_PENDING;
	}
	job_free(job);
	if (err == -EPROTONOSUPPORT)
		return http_reply_error(reply, 415, "unsupported_version",
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
	struct job *job;

	if (!http_is_type(request->content_type, "application/x-ndjson"))
		return http_reply_error(reply, 415, "unsupported_media_type",
		    "this takes application/x-ndjson");
	if (refuse(ingest, &(struct intake){.form = INTAKE_NDJSON}, reply))
		return 0;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->in.form = INTAKE_NDJSON;
	return readers_read(&ingest->readers, request, job, reply);
}

static int post_traces(
    void *context, const struct http_request *request, struct http_reply *reply)
{
	struct ingest *ingest = context;
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	if (traces_find_form(&job->in, request, reply) &&
	    !refuse(ingest, &job->in, reply))
		return readers_read(&ingest->readers, request, job, reply);
	job_free(job);
	return 0;
}

int ingest_add_routes(struct ingest *ingest, struct http *http)
{
	static const struct http_route routes[] = {
	    {"POST", "/v1/batches", post_batch, BATCH_MAX_BYTES, HTTP_NEEDS_AGENT},
	    {"POST", "/v1/invocations", post_ndjson, READERS_LINES_MAX_BYTES,
		HTTP_NEEDS_AGENT},
	    {"POST", "/v1/traces", post_traces, TRACES_MAX_BYTES, HTTP_NEEDS_AGENT},
	};

	return http_add_routes(http, routes, sizeof(routes) / sizeof(routes[0]), ingest);
}

/* --- the writer's thread ----------------------------------------------------------- */

/* Batches made here tell the ledger so; those with a key of their own stay out of it. */
static void fill_ledger(const struct job *job, struct batch_ledger ledgers[READERS])
{
	struct batch_ledger *ledger = &ledgers[job->reader];

	for (size_t i = 0; i < job->in.n && job->in.form != INTAKE_BATCH; i++) {
		struct batch *batch = job->in.decoded[i];

		if (batch->head.sent_ns == 0)
			continue;
		ledger->seen += batch->invocations_n;
		ledger->delivered += batch->invocations_n;
		batch->head.ledger = *ledger;
	}
}

/* Stores jobs of the list up to end (not included) as one transaction. */
static int store_jobs(struct ingest *ingest, struct job *from, const struct job *end)
{
	struct batch_ledger ledgers[READERS];
	size_t n = 0;
	int err;

	memcpy(ledgers, ingest->made, sizeof(ledgers));
	for (struct job *job = from; job != end; job = job->next)
		n += job->in.n;
	if (n == 0)
		return 0; /* lines or spans of which nothing was taken */
	ingest->group = reallocarray(ingest->group, n, sizeof(*ingest->group));
	if (!ingest->group)
		return -ENOMEM;
	n = 0;
	for (struct job *job = from; job != end; job = job->next) {
		fill_ledger(job, ledgers);
		for (size_t i = 0; i < job->in.n; i++)
			ingest->group[n++] = job->in.batches[i];
	}
	err = store_accept(ingest->store, ingest->group, n);
	if (err)
		return err;
	memcpy(ingest->made, ledgers, sizeof(ledgers));
	n = 0;
	for (struct job *job = from; job != end; job = job->next) {
		for (size_t i = 0; i < job->in.n; i++, n++) {
			job->in.batches[i].is_new = ingest->group[n].is_new;
			job->in.batches[i].known_n = ingest->group[n].known_n;
		}
	}
	return 0;
}

static void note_outcome(struct ingest *ingest, int err)
{
	atomic_store(&ingest->failed_ns, clock_boot_ns());
	atomic_store(&ingest->failed, err);
}

/* One bad job must not fail its neighbours; a full disk fails all alike. */
static void store_list(struct ingest *ingest, struct job *list)
{
	bool together;
	int err;

	atomic_store(&ingest->writing_since_ns, clock_boot_ns());
	err = store_jobs(ingest, list, NULL);
	together = !err || err == -ENOSPC || err == -EROFS || !list->next;
	complaint_log(&ingest->complaint, err, "cannot store what was received",
	    "what is received is stored again");
	note_outcome(ingest, err);
	for (struct job *job = list; job; job = job->next) {
		if (!together)
			err = store_jobs(ingest, job, job->next);
		job->err = err;
	}
	atomic_store(&ingest->writing_since_ns, 0);
	jobs_put(&ingest->to_tell, list);
}

static void settle(struct ingest *ingest)
{
	int err;

	atomic_store(&ingest->writing_since_ns, clock_boot_ns());
	err = upkeep_settle(&ingest->upkeep);
	atomic_store(&ingest->writing_since_ns, 0);
	if (err)
		note_outcome(ingest, err);
}

static void *writer_run(void *context)
{
	struct ingest *ingest = context;
	struct job *list;

	while (jobs_take(&ingest->to_write, upkeep_due_ns(&ingest->upkeep), &list)) {
		int64_t began_ns = upkeep_now_ns();
		bool several = list && list->next;

		if (list) {
			store_list(ingest, list);
			upkeep_accepted(&ingest->upkeep, began_ns);
		}
		settle(ingest);
		upkeep_run(&ingest->upkeep);
		if (several)
			upkeep_rest(began_ns);
	}
	return NULL;
}

/* --- the teller's thread ------------------------------------------------------------ */

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
		rates_count(ingest->rates, stored, clock_wall_ns());
		observers_tell(&ingest->observers, stored);
	}
}

static void count_spans(struct ingest *ingest, const struct otlp_tally *spans)
{
	(void)atomic_fetch_add(&ingest->spans.taken, spans->taken);
	(void)atomic_fetch_add(&ingest->spans.ignored, spans->ignored);
	(void)atomic_fetch_add(&ingest->spans.rejected, spans->rejected);
}

static void finish(struct ingest *ingest, struct job *job)
{
	struct http_reply reply = {0};

	if (job->err)
		receipt_failed(&job->in, job->err, &reply);
	else
		receipt_stored(&job->in, &reply);
	if (!job->err)
		count_spans(ingest, &job->in.spans);
	atomic_fetch_sub(&ingest->batches_n, job->in.n);
	atomic_fetch_sub(&ingest->rows_n, job->in.rows);
	http_finish(job->pending, &reply);
	job_free(job);
}

static void *teller_run(void *context)
{
	struct ingest *ingest = context;
	struct job *list;

	while (jobs_take(&ingest->to_tell, INT64_MAX, &list)) {
		atomic_store(&ingest->telling_since_ns, clock_boot_ns());
		while (list) {
			struct job *job = list;

			list = job->next;
			if (!job->err)
				announce(ingest, job);
			finish(ingest, job);
		}
		atomic_store(&ingest->telling_since_ns, 0);
	}
	return NULL;
}

/* --- everybody ---------------------------------------------------------------------- */

static void free_parts(struct ingest *ingest)
{
	jobs_done(&ingest->to_write);
	jobs_done(&ingest->to_tell);
	losses_free(ingest->losses);
	rates_free(ingest->rates);
	free(ingest->group);
	free(ingest);
}

/* What is in its queue is done first. */
static void end(struct jobs *jobs, pthread_t thread)
{
	jobs_end(jobs);
	(void)pthread_join(thread, NULL);
}

static int start_threads(struct ingest *ingest)
{
	int err = -pthread_create(&ingest->teller, NULL, teller_run, ingest);

	if (err)
		return err;
	err = -pthread_create(&ingest->writer, NULL, writer_run, ingest);
	if (!err) {
		err = readers_start(&ingest->readers);
		if (err)
			end(&ingest->to_write, ingest->writer);
	}
	if (err)
		end(&ingest->to_tell, ingest->teller);
	return err;
}

int ingest_start(struct store *store, struct ingest **out)
{
	struct ingest *ingest = calloc(1, sizeof(*ingest));
	int err;

	if (!ingest)
		return -ENOMEM;
	ingest->store = store;
	upkeep_init(&ingest->upkeep, store);
	jobs_init(&ingest->to_write);
	jobs_init(&ingest->to_tell);
	ingest->readers =
	    (struct readers){.refuse = refuse, .took = submit, .context = ingest};
	err = rates_new(&ingest->rates);
	if (!err)
		err = losses_new(&ingest->losses);
	if (!err)
		err = start_threads(ingest);
	if (err) {
		free_parts(ingest);
		return err;
	}
	*out = ingest;
	return 0;
}

void ingest_stop(struct ingest *ingest)
{
	if (!ingest)
		return;
	readers_stop(&ingest->readers);
	end(&ingest->to_write, ingest->writer);
	end(&ingest->to_tell, ingest->teller);
	free_parts(ingest);
}

static uint64_t busy_ns(const atomic_uint_least64_t *since_ns, uint64_t now_boot_ns)
{
	uint64_t since = atomic_load(since_ns);

	return since && since < now_boot_ns ? now_boot_ns - since : 0;
}

void ingest_health(
    const struct ingest *ingest, uint64_t now_boot_ns, struct ingest_health *health)
{
	uint64_t writing_ns = busy_ns(&ingest->writing_since_ns, now_boot_ns);
	uint64_t telling_ns = busy_ns(&ingest->telling_since_ns, now_boot_ns);
	uint64_t lately_ns = atomic_load(&ingest->failed_ns) + FAILED_LATELY_NS;

	health->busy_ns = writing_ns > telling_ns ? writing_ns : telling_ns;
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
	return rates_of(ingest->rates, function, clock_wall_ns());
}

struct losses *ingest_losses(struct ingest *ingest)
{
	return ingest->losses;
}

const struct ingest_spans *ingest_spans(const struct ingest *ingest)
{
	return &ingest->spans;
}
