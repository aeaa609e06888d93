/* A ledger in a scratch directory, for tests, and batches to put in it. */
#ifndef TESTS_UNIT_STORE_PLACE_H
#define TESTS_UNIT_STORE_PLACE_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/store.h"

#define MINUTE (60 * CLOCK_NS_PER_S)
#define T0 (1790000000LL / 60 * 60 * CLOCK_NS_PER_S) /* a full minute in 2026 */

struct place {
	char directory[64];
	struct store *store;
};

static inline int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	(void)snprintf(
	    place->directory, sizeof(place->directory), "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	assert_int_equal(store_open(place->directory, &place->store), 0);
	*state = place;
	return 0;
}

static inline int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_close(place->store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", place->directory);
	assert_int_equal(
	    system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp path */
	free(place);
	return 0;
}

static inline void reopen(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(store_open(place->directory, &place->store), 0);
}

/* Runs it on the place in a process that ends without closing anything; the place is
 * closed then. */
static inline void run_and_die(struct place *place, void (*run)(struct store *store))
{
	int status;
	pid_t pid;

	store_close(place->store);
	place->store = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *store;

		if (store_open(place->directory, &store) < 0)
			_exit(1);
		run(store);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline struct function function_named(const char *name)
{
	struct function f = {.platform = PLATFORM_GENERIC, .arch = ARCH_X86_64};

	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	return f;
}

static inline struct invocation invocation_of(const struct function *f, int64_t start_ns)
{
	return (struct invocation){.function = f,
	    .kind = KIND_HTTP,
	    .start_type = START_WARM,
	    .has = HAS_DURATION,
	    .start_ns = start_ns,
	    .duration_ns = 20000000,
	    .concurrency = 1};
}

/* A sealed and decoded batch of n invocations, step apart. Release it with drop(). */
struct sealed {
	struct batch *batch;
	uint8_t *bytes;
	size_t bytes_n;
};

struct plan_of_batch {
	uint8_t agent;
	uint64_t sequence;
	const char *name;
	int64_t start_ns;
	int64_t step_ns;
	int n;
};

static inline struct sealed seal(const struct plan_of_batch *want)
{
	struct batch_head head = {
	    .id.sequence = want->sequence, .host = "h1", .sent_ns = 7};
	struct function f = function_named(want->name);
	struct batch_writer *w;
	struct sealed s = {0};

	head.id.agent[0] = want->agent;
	head.ledger.seen = want->sequence * 10;
	head.ledger.delivered = want->sequence * 10 - 1;
	head.ledger.lost[LOST_RING_FULL] = 1;
	host_figures_set(&head.figures, FIGURE_SHED, want->sequence);
	assert_int_equal(batch_writer_new(&w), 0);
	for (int i = 0; i < want->n; i++) {
		struct invocation inv =
		    invocation_of(&f, want->start_ns + i * want->step_ns);

		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &s.bytes, &s.bytes_n), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(s.bytes, s.bytes_n, &s.batch, NULL), 0);
	return s;
}

static inline void drop(struct sealed *s)
{
	batch_free(s->batch);
	free(s->bytes);
}

/* Writes one batch; returns is_new, or the error. */
static inline int put(struct store *store, const struct plan_of_batch *want)
{
	struct sealed s = seal(want);
	struct store_batch b = {.batch = s.batch, .raw = s.bytes, .raw_bytes = s.bytes_n};
	int err = store_write(store, &b, 1);

	drop(&s);
	return err < 0 ? err : b.is_new;
}

struct seen {
	size_t rows;
	uint64_t invocations;
	int64_t last_s;
	bool in_order;
};

static inline int see_rollup(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	struct seen *seen = context;

	(void)function;
	seen->in_order = seen->rows == 0 || minute_start_s >= seen->last_s;
	seen->last_s = minute_start_s;
	seen->rows++;
	seen->invocations += rollup->invocations;
	return 0;
}

static inline struct seen rollups(
    struct store *store, int64_t since_ns, int64_t until_ns, const char *function)
{
	struct seen seen = {.in_order = true};

	assert_int_equal(
	    store_scan_rollups(store, since_ns, until_ns, function, see_rollup, &seen),
	    0);
	return seen;
}

static inline int see_invocation(
    void *context, const struct invocation *invocation, const char *host)
{
	struct seen *seen = context;
	int64_t start = invocation->start_ns;

	assert_string_equal(host, "h1");
	if (seen->rows > 0 && seen->in_order)
		seen->in_order = seen->invocations == 1 ? start <= seen->last_s
							: start >= seen->last_s;
	seen->last_s = start;
	seen->rows++;
	return 0;
}

/* invocations says the direction here: 1 walks back. */
static inline struct seen walk(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, bool back)
{
	struct seen seen = {.in_order = true, .invocations = back};

	assert_int_equal(store_scan_invocations(store, since_ns, until_ns, function, back,
			     see_invocation, &seen),
	    0);
	return seen;
}

#endif
