/* What a store hands out, as lines of text that can be sorted and compared. */
#ifndef COLDMETER_TESTS_ROWS_H
#define COLDMETER_TESTS_ROWS_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"
#include "wire/batch/coldstart.h"

struct rows {
	char **lines;
	size_t n;
	int64_t last; /* what must not go back, or forth when back, unless loose */
	bool back;
	bool loose; /* SQLite: ordered within about a batch */
};

static inline void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->lines[i]);
	free(rows->lines);
	*rows = (struct rows){0};
}

/* A row of which order is known. */
static inline FILE *rows_begin(struct rows *rows, int64_t order, size_t *n)
{
	if (!rows->loose && rows->n > 0 &&
	    (rows->back ? order > rows->last : order < rows->last))
		fail_msg("a row of %" PRId64 " after one of %" PRId64, order, rows->last);
	rows->last = order;
	rows->lines = reallocarray(rows->lines, rows->n + 1, sizeof(*rows->lines));
	assert_non_null(rows->lines);
	return open_memstream(&rows->lines[rows->n++], n);
}

static inline void rows_put_bytes(FILE *f, const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)fprintf(f, "%02x", ((const uint8_t *)bytes)[i]);
	(void)fputc(' ', f);
}

static inline int rows_by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void rows_assert_same(struct rows *a, struct rows *b)
{
	if (a->n)
		qsort(a->lines, a->n, sizeof(*a->lines), rows_by_text);
	if (b->n)
		qsort(b->lines, b->n, sizeof(*b->lines), rows_by_text);
	for (size_t i = 0; i < a->n && i < b->n; i++)
		assert_string_equal(a->lines[i], b->lines[i]);
	assert_int_equal(a->n, b->n);
}

static inline void rows_put_function(FILE *f, const struct function *function)
{
	(void)fprintf(f, "%d|%s|%s %d %u |%s| ", (int)function->platform, function->name,
	    function->version, (int)function->arch, function->memory_limit_mb,
	    function->region);
}

static inline int rows_see_rollup(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	uint8_t *counters;
	uint8_t *histograms;
	size_t counters_n;
	size_t histograms_n;
	size_t n;
	FILE *f = rows_begin(context, minute_start_s, &n);

	(void)fprintf(f, "%" PRId64 " ", minute_start_s);
	rows_put_function(f, function);
	assert_int_equal(rollup_encode_counters(rollup, &counters, &counters_n), 0);
	assert_int_equal(rollup_encode_histograms(rollup, &histograms, &histograms_n), 0);
	rows_put_bytes(f, counters, counters_n);
	rows_put_bytes(f, histograms, histograms_n);
	free(counters);
	free(histograms);
	return fclose(f);
}

static inline void rows_of_rollups(struct store *store, int64_t since_ns,
    int64_t until_ns, const char *function, struct rows *rows)
{
	assert_int_equal(store_scan_rollups(
			     store, since_ns, until_ns, function, rows_see_rollup, rows),
	    0);
}

static inline void rows_put_figures(FILE *f, const struct invocation *inv)
{
	const uint64_t figures[] = {inv->kind, inv->status, inv->start_type, inv->cause,
	    inv->certainty, inv->ping, inv->has, inv->quality, inv->duration_ns,
	    inv->response_ns, inv->init_ns, inv->wait_ns, inv->cpu_ns, inv->run_queue_ns,
	    inv->throttled_ns, inv->busy_ns, inv->peak_memory_bytes, inv->request_bytes,
	    inv->response_bytes, inv->concurrency, inv->pid, inv->http_status,
	    inv->init.first_exec_ns, inv->init.last_exec_ns, inv->init.cpu_ns,
	    inv->init.run_queue_ns, inv->init.read_bytes, inv->init.disk_bytes,
	    inv->init.major_faults, inv->init.execs};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		(void)fprintf(f, "%" PRIu64 " ", figures[i]);
}

static inline int rows_see_invocation(
    void *context, const struct invocation *inv, const char *host)
{
	uint8_t story[BATCH_COLDSTART_MAX];
	size_t n;
	FILE *f = rows_begin(context, inv->start_ns, &n);

	(void)fprintf(f, "%" PRId64 " |%s| ", inv->start_ns, host);
	rows_put_function(f, inv->function);
	rows_put_figures(f, inv);
	(void)fprintf(f, "|%s|%s|%s| ", inv->request_id, inv->sandbox, inv->trace_id);
	if (inv->coldstart)
		rows_put_bytes(f, story, batch_coldstart_encode(inv->coldstart, story));
	return fclose(f);
}

static inline void rows_of_invocations(struct store *store, int64_t since_ns,
    int64_t until_ns, const char *function, bool back, struct rows *rows)
{
	rows->back = back;
	assert_int_equal(store_scan_invocations(store, since_ns, until_ns, function, back,
			     rows_see_invocation, rows),
	    0);
}

static inline int rows_see_function(void *context, const struct function *function,
    int64_t first_seen_ns, int64_t last_seen_ns)
{
	size_t n;
	FILE *f = rows_begin(context, 0, &n);

	rows_put_function(f, function);
	(void)fprintf(f, "%" PRId64 " %" PRId64, first_seen_ns, last_seen_ns);
	return fclose(f);
}

static inline void rows_of_functions(struct store *store, struct rows *rows)
{
	assert_int_equal(store_scan_functions(store, rows_see_function, rows), 0);
}

/* But for when it was received, which no two stores share. */
static inline int rows_see_agent(
    void *context, const struct batch_head *last, int64_t received_ns)
{
	size_t n;
	FILE *f = rows_begin(context, 0, &n);

	assert_true(received_ns > 0);
	rows_put_bytes(f, last->id.agent, sizeof(last->id.agent));
	rows_put_bytes(f, last->id.boot, sizeof(last->id.boot));
	(void)fprintf(f, "%" PRIu64 " |%s| %" PRIu64 " %" PRIu64 " %" PRId64 " ",
	    last->id.sequence, last->host, last->ledger.seen, last->ledger.delivered,
	    last->sent_ns);
	rows_put_bytes(f, last->ledger.lost, sizeof(last->ledger.lost));
	rows_put_bytes(f, &last->figures, sizeof(last->figures));
	return fclose(f);
}

static inline void rows_of_agents(struct store *store, struct rows *rows)
{
	assert_int_equal(store_scan_agents(store, rows_see_agent, rows), 0);
}

#endif
