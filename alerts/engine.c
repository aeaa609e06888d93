/* One thread waits in curl_multi_poll(), which is also how the others wake it. */
#include "alerts/engine.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

#include "alerts/state.h"
#include "base/ahead.h"
#include "base/clock.h"
#include "base/log.h"

#define TICK_NS CLOCK_NS_PER_S
#define CLOCK_BACK_NS (10 * CLOCK_NS_PER_S) /* less is made up for by waiting */
#define SAVE_NS (60 * CLOCK_NS_PER_S) /* what a crash may forget of what was learned */

void engine_wake(struct alerts *alerts)
{
	(void)curl_multi_wakeup(alerts->multi);
}

static struct warm *warm_of(
    struct alerts *alerts, const struct function *function, uint32_t id)
{
	void **at = by_id_at(&alerts->warm_by_id, id);

	if (!at)
		return state_get_warm(alerts, function->name);
	if (!*at)
		*at = state_get_warm(alerts, function->name);
	return *at;
}

static void observe_one(
    struct alerts *alerts, struct warm *warm, const struct invocation *inv)
{
	int64_t end_ns =
	    inv->start_ns + (int64_t)(inv->has & HAS_DURATION ? inv->duration_ns : 0);

	spend_mark(&alerts->marks, inv->start_ns);
	spend_mark(&alerts->marks, end_ns);
	if (!warm) {
		alerts->untracked++;
		return;
	}
	track_observe(&warm->track, inv);
	if (inv->ping)
		warm->unseen = 0;
	else
		warm->set_up = inv->function;
	warm->unsaved = true;
}

/* At most AHEAD_RECORDS of them. */
static void observe_some(struct alerts *alerts, const struct store_batch *stored,
    const struct invocation *invocations, size_t n)
{
	struct warm *warm[AHEAD_RECORDS];

	for (size_t i = 0; i < n; i++) {
		const struct function *function = invocations[i].function;

		warm[i] = warm_of(alerts, function, store_batch_id(stored, function));
		ahead(warm[i], offsetof(struct warm, track.life));
	}
	for (size_t i = 0; i < n; i++)
		observe_one(alerts, warm[i], &invocations[i]);
}

/* Functions of one name may differ: the one that was invoked last tells how it is set up.
 */
static void set_up(struct alerts *alerts, const struct store_batch *stored)
{
	for (size_t i = 0; i < stored->batch->functions_n; i++) {
		const struct function *function = &stored->batch->functions[i];
		void **at =
		    by_id_at(&alerts->warm_by_id, store_batch_id(stored, function));
		struct warm *warm =
		    at && *at ? *at : state_find_warm(alerts, function->name);

		if (!warm || !warm->set_up)
			continue;
		track_set_up(&warm->track, warm->set_up);
		warm->set_up = NULL;
	}
}

/* On the ingest's teller, after each commit. Learns in place: no queue, nothing to
 * drop; the lock is held for a batch, some tens of microseconds. */
static void observe(void *context, const struct store_batch *stored)
{
	struct alerts *alerts = context;
	const struct batch *batch = stored->batch;

	(void)pthread_mutex_lock(&alerts->lock);
	for (size_t i = 0; i < batch->invocations_n; i += AHEAD_RECORDS) {
		size_t left = batch->invocations_n - i;

		observe_some(alerts, stored, &batch->invocations[i],
		    left < AHEAD_RECORDS ? left : AHEAD_RECORDS);
	}
	set_up(alerts, stored);
	(void)pthread_mutex_unlock(&alerts->lock);
}

/* What is to be done at some time must not wait until the clock has caught up. */
static void follow_clock(struct alerts *alerts, int64_t now_ns)
{
	int64_t clock_ns = now_ns - (int64_t)clock_boot_ns();
	int64_t back_ns = alerts->clock_ns - clock_ns;

	alerts->clock_ns = clock_ns;
	if (back_ns < CLOCK_BACK_NS)
		return;
	log_note(
	    "the wall clock went back by %lld s", (long long)(back_ns / CLOCK_NS_PER_S));
	outbox_hurry(alerts->outbox, now_ns);
	engine_rewind_pings(alerts, now_ns);
}

static int64_t turn(struct alerts *alerts)
{
	int64_t now_ns = clock_wall_ns();
	int64_t next_ns = now_ns + TICK_NS;
	int64_t due_ns;
	int running;

	follow_clock(alerts, now_ns);
	engine_budgets(alerts, now_ns);
	engine_anomalies(alerts, now_ns);
	engine_run_errands(alerts);
	due_ns = engine_pings(alerts, now_ns);
	next_ns = due_ns < next_ns ? due_ns : next_ns;
	due_ns = outbox_run(alerts->outbox, now_ns);
	next_ns = due_ns < next_ns ? due_ns : next_ns;
	(void)curl_multi_perform(alerts->multi, &running);
	call_collect(alerts->multi);
	if (now_ns - alerts->saved_ns >= SAVE_NS || now_ns < alerts->saved_ns) {
		alerts->saved_ns = now_ns;
		engine_save_tracks(alerts, false);
	}
	return next_ns;
}

static void *engine_run(void *context)
{
	struct alerts *alerts = context;

	while (!atomic_load(&alerts->stopping)) {
		int64_t wait_ms =
		    (turn(alerts) - clock_wall_ns()) / (CLOCK_NS_PER_S / 1000);

		if (wait_ms > 1000)
			wait_ms = 1000;
		(void)curl_multi_poll(
		    alerts->multi, NULL, 0, wait_ms < 1 ? 1 : (int)wait_ms, NULL);
	}
	return NULL;
}

static int init_locks(struct alerts *alerts)
{
	int err = -pthread_mutex_init(&alerts->lock, NULL);

	if (!err)
		err = -pthread_mutex_init(&alerts->edit, NULL);
	if (!err)
		err = -pthread_cond_init(&alerts->evaluated, NULL);
	return err;
}

static void free_parts(struct alerts *alerts)
{
	engine_free_errands(alerts);
	outbox_free(alerts->outbox);
	state_done(alerts); /* cancels pings: before the multi handle goes */
	spend_free(alerts->spend);
	(void)curl_multi_cleanup(alerts->multi);
	free(alerts);
}

static int init_parts(struct alerts *alerts)
{
	int err = init_locks(alerts);

	if (getrandom(&alerts->random, sizeof(alerts->random), GRND_NONBLOCK) < 0)
		alerts->random = (uint64_t)clock_wall_ns();
	alerts->random |= 1;
	alerts->budgets_changed = true; /* the first turn evaluates */
	alerts->saved_ns = clock_wall_ns();
	alerts->clock_ns = alerts->saved_ns - (int64_t)clock_boot_ns();
	if (err || curl_global_init(CURL_GLOBAL_DEFAULT))
		return err ? err : -ENOMEM;
	alerts->multi = curl_multi_init();
	if (!alerts->multi)
		return -ENOMEM;
	err = spend_new(&alerts->spend);
	if (!err)
		err = outbox_new(
		    alerts->store, alerts->multi, alerts->random, &alerts->outbox);
	return err;
}

static int start(struct alerts *alerts)
{
	int err = init_parts(alerts);

	if (!err)
		err = state_load(alerts);
	if (err)
		return err;
	ingest_observe(alerts->ingest, observe, alerts);
	err = -pthread_create(&alerts->thread, NULL, engine_run, alerts);
	if (err)
		ingest_unobserve(alerts->ingest, alerts);
	return err;
}

int alerts_start(struct store *store, struct ingest *ingest, const struct book *book,
    struct cost_rules_slot *rules, struct alerts **out)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));
	int err;

	if (!alerts)
		return log_error(-ENOMEM, "cannot start alerts");
	alerts->store = store;
	alerts->ingest = ingest;
	alerts->book = book;
	alerts->rules = rules;
	err = start(alerts);
	if (err) {
		(void)log_error(err, "cannot start alerts");
		free_parts(alerts);
	} else {
		*out = alerts;
	}
	return err;
}

void alerts_stop(struct alerts *alerts)
{
	if (!alerts)
		return;
	atomic_store(&alerts->stopping, true);
	engine_wake(alerts);
	(void)pthread_join(alerts->thread, NULL);
	engine_save_tracks(alerts, true);
	free_parts(alerts);
}
