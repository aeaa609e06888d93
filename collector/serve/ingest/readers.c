#include "serve/ingest/readers.h"

#include <errno.h>
#include <sys/random.h>

#include "base/clock.h"
#include "serve/ingest/receipt.h"
#include "serve/ingest/traces.h"

static bool read_lines(struct reader *reader, struct job *job, struct http_reply *reply)
{
	const struct http_request *request = job->request;
	const char *key = http_header(request, "Idempotency-Key");
	struct intake_ids keyed = {0};
	int err;

	if (key)
		keyed.next = intake_keyed_id(key, request->body, request->body_bytes);
	reader->ids.sent_ns = clock_wall_ns();
	err = intake_ndjson(
	    &job->in, request->body, request->body_bytes, key ? &keyed : &reader->ids);
	if (err)
		receipt_failed(&job->in, err, reply);
	return err == 0;
}

static void read_one(struct reader *reader, struct job *job)
{
	struct readers *all = reader->all;
	size_t body_bytes = job->request->body_bytes;
	struct http_reply reply = {0};
	bool is_read;

	job->reader = (size_t)(reader - all->each);
	if (all->refuse(all->context, &job->in, &reply))
		is_read = false;
	else if (job->in.form == INTAKE_NDJSON)
		is_read = read_lines(reader, job, &reply);
	else
		is_read = traces_read(&job->in, job->request, &reply);
	http_drop_body(job->pending);
	atomic_fetch_sub(&all->waiting_bytes, body_bytes);
	if (is_read) {
		all->took(all->context, job);
		return;
	}
	http_finish(job->pending, &reply);
	job_free(job);
}

static void *run(void *context)
{
	struct reader *reader = context;
	struct job *job;

	while ((job = jobs_take_first(&reader->all->waiting)))
		read_one(reader, job);
	return NULL;
}

int readers_start(struct readers *readers)
{
	int err = 0;

	jobs_init(&readers->waiting);
	for (size_t i = 0; !err && i < READERS; i++) {
		struct reader *reader = &readers->each[i];

		*reader = (struct reader){.all = readers};
		reader->ids.next =
		    (struct batch_id){.agent = INTAKE_LINES, .sequence = 1};
		if (getrandom(reader->ids.next.boot, sizeof(reader->ids.next.boot), 0) <
		    0)
			err = -errno;
		if (!err)
			err = -pthread_create(&reader->thread, NULL, run, reader);
		readers->n += !err;
	}
	if (readers->n == 0)
		jobs_done(&readers->waiting);
	return readers->n > 0 ? 0 : err;
}

int readers_read(struct readers *readers, const struct http_request *request,
    struct job *job, struct http_reply *reply)
{
	size_t waiting = atomic_load(&readers->waiting_bytes);

	if (waiting > 0 && request->body_bytes > READERS_WAITING_MAX_BYTES - waiting) {
		receipt_busy(&job->in, reply);
		job_free(job);
		return 0;
	}
	atomic_fetch_add(&readers->waiting_bytes, request->body_bytes);
	job->request = request;
	job->pending = http_pend(request);
	jobs_put(&readers->waiting, job);
	return HTTP_PENDING;
}

void readers_stop(struct readers *readers)
{
	if (readers->n == 0)
		return;
	jobs_end(&readers->waiting);
	while (readers->n > 0)
		(void)pthread_join(readers->each[--readers->n].thread, NULL);
	jobs_done(&readers->waiting);
}
