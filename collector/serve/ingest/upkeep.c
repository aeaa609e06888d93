#include "serve/ingest/upkeep.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define EXPIRE_EVERY_NS (3600 * CLOCK_NS_PER_S)
#define SETTLE_AGAIN_NS CLOCK_NS_PER_S      /* after an error */
#define FOLD_EVERY_NS (60 * CLOCK_NS_PER_S) /* once nothing is left to fold */
#define SHRINK_EVERY_NS (60 * CLOCK_NS_PER_S)
/* How much longer than a step the pause after it is: while the writer has little else to
 * do, and when it stores for more than half of the time. The latter must leave enough: an
 * hour of 100,000 functions takes a hundred times what BENCH=store tells of 1000, so 80
 * to 150 s. */
#define PAUSE 4
#define PAUSE_BUSY 9
#define MB 1000000
#define DAY_NS (86400 * CLOCK_NS_PER_S)
/* From one group's begin to the next's. A group costs as much as a request or two
 * (RATE=20 out/bench/bench_fleet: 20 us of CPU a record without a rest, 10 with it, for 3
 * ms that a request takes longer). */
#define GROUP_GAP_NS (5 * CLOCK_NS_PER_MS)

int64_t upkeep_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

void upkeep_init(struct upkeep *upkeep, struct store *store)
{
	*upkeep = (struct upkeep){.store = store,
	    .raw_ns = 7 * DAY_NS,
	    .minutes_ns = 35 * DAY_NS,
	    .hours_ns = 35 * DAY_NS,
	    .days_ns = 400 * DAY_NS,
	    .settle_ns = INT64_MAX,
	    .expire_ns = upkeep_now_ns(),
	    .fold_ns = upkeep_now_ns(),
	    .shrink_ns = upkeep_now_ns()};
}

int64_t upkeep_due_ns(const struct upkeep *upkeep)
{
	const int64_t each[] = {
	    upkeep->settle_ns, upkeep->expire_ns, upkeep->fold_ns, upkeep->shrink_ns};
	int64_t due_ns = INT64_MAX;

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		due_ns = each[i] < due_ns ? each[i] : due_ns;
	return due_ns;
}

void upkeep_accepted(struct upkeep *upkeep, int64_t began_ns)
{
	int64_t now_ns = upkeep_now_ns();

	upkeep->stored_ns += now_ns - began_ns;
	if (upkeep->settle_ns == INT64_MAX)
		upkeep->settle_ns = now_ns + STORE_SETTLE_MS * CLOCK_NS_PER_MS;
}

int upkeep_settle(struct upkeep *upkeep)
{
	int64_t began_ns = upkeep_now_ns();
	int64_t now_ns;
	int err;

	if (began_ns < upkeep->settle_ns)
		return 0;
	err = store_settle(upkeep->store);
	now_ns = upkeep_now_ns();
	upkeep->stored_ns += now_ns - began_ns;
	upkeep->settle_ns = err ? now_ns + SETTLE_AGAIN_NS : INT64_MAX;
	complaint_log(&upkeep->settling, err, "cannot count what was received",
	    "what was received is counted");
	return err;
}

static void expire(struct upkeep *upkeep)
{
	int64_t now_ns = clock_wall_ns();
	int err = store_expire(
	    upkeep->store, &(struct store_keep){.raw_since_ns = now_ns - upkeep->raw_ns,
			       .minutes_since_ns = now_ns - upkeep->minutes_ns,
			       .hours_since_ns = now_ns - upkeep->hours_ns,
			       .days_since_ns = now_ns - upkeep->days_ns});

	complaint_log(&upkeep->forgetting, err,
	    "cannot forget what is older than its retention", NULL);
}

static void shrink(struct upkeep *upkeep)
{
	int64_t max_bytes = upkeep->max_bytes;
	int64_t bytes = 0;
	int err = 1;

	if (max_bytes == 0)
		return;
	while ((err = store_shrink(upkeep->store, max_bytes, &bytes)) == 1)
		log_note("forgot the oldest day of batches as received: the ledger took"
			 " %lld MB of %lld",
		    (long long)(bytes / MB), (long long)(max_bytes / MB));
	if (err == -ENOSPC && !upkeep->too_large)
		log_warn("the ledger takes %lld MB, more than the %lld allowed, and has"
			 " no older day of batches to forget",
		    (long long)(bytes / MB), (long long)(max_bytes / MB));
	else if (err && err != -ENOSPC)
		(void)log_error(err, "cannot keep the ledger below its limit");
	upkeep->too_large = err == -ENOSPC;
}

/* One step; when the next one is due. */
static int64_t fold(struct upkeep *upkeep)
{
	int64_t began_ns = upkeep_now_ns();
	bool busy = upkeep->stored_ns > (began_ns - upkeep->folded_ns) / 2;
	int more = store_fold(upkeep->store, clock_wall_ns());
	int64_t now_ns = upkeep_now_ns();

	complaint_log(&upkeep->folding, more < 0 ? more : 0,
	    "cannot make hours and days out of minutes, or large batches out of small",
	    NULL);
	upkeep->stored_ns = 0;
	upkeep->folded_ns = now_ns;
	if (more == 1)
		return now_ns + (busy ? PAUSE_BUSY : PAUSE) * (now_ns - began_ns);
	return now_ns + FOLD_EVERY_NS;
}

void upkeep_run(struct upkeep *upkeep)
{
	if (upkeep_now_ns() >= upkeep->expire_ns) {
		expire(upkeep);
		upkeep->expire_ns = upkeep_now_ns() + EXPIRE_EVERY_NS;
	}
	if (upkeep_now_ns() >= upkeep->fold_ns)
		upkeep->fold_ns = fold(upkeep);
	if (upkeep_now_ns() >= upkeep->shrink_ns) {
		shrink(upkeep);
		upkeep->shrink_ns = upkeep_now_ns() + SHRINK_EVERY_NS;
	}
}

void upkeep_rest(int64_t began_ns)
{
	int64_t until_ns = began_ns + GROUP_GAP_NS;
	const struct timespec until = {
	    until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
