#include "alerts/keepwarm/track.h"

#include <string.h>

#include "base/clock.h"
#include "price/plan.h"

void track_init(struct track *track, const struct function *function)
{
	*track = (struct track){.function = *function};
	idle_life_init(&track->life);
}

/* The sandbox of that hash, or NULL. */
static struct track_sandbox *find_sandbox(struct track *track, uint64_t hash)
{
	for (size_t i = 0; i < TRACK_SANDBOXES; i++)
		if (track->sandboxes[i].hash == hash)
			return &track->sandboxes[i];
	return NULL;
}

/* sandbox: the one of that hash, NULL when it is not among them. */
static void touch_sandbox(
    struct track *track, struct track_sandbox *sandbox, uint64_t hash, int64_t end_ns)
{
	if (!sandbox) {
		sandbox = &track->sandboxes[0];
		for (size_t i = 1; i < TRACK_SANDBOXES; i++)
			if (track->sandboxes[i].end_ns < sandbox->end_ns)
				sandbox = &track->sandboxes[i];
		*sandbox = (struct track_sandbox){.hash = hash};
	}
	if (end_ns > sandbox->end_ns)
		sandbox->end_ns = end_ns;
}

/* When it reached the platform: a cold one waited for its init first. */
static int64_t arrival_ns(const struct invocation *inv)
{
	uint64_t init_ns = inv->has & HAS_INIT ? inv->init_ns : 0;
	uint64_t wait_ns = inv->has & HAS_WAIT ? inv->wait_ns : 0;

	if (inv->start_type != START_COLD)
		init_ns = 0;
	return inv->start_ns - (int64_t)(init_ns > wait_ns ? init_ns : wait_ns);
}

/* Whether the sandbox before it may have been lost to idling. */
static bool may_be_reaped(enum invocation_cause cause)
{
	switch (cause) {
	case CAUSE_UNKNOWN:
	case CAUSE_FIRST: /* to the agent, which may have come later than we */
	case CAUSE_IDLE_REAP:
		return true;
	case CAUSE_SCALE_OUT:
	case CAUSE_CRASH:
	case CAUSE_OOM:
	case CAUSE_TIMEOUT:
	case CAUSE_DEPLOY:
	case CAUSE_COUNT:
		return false;
	}
	return false;
}

/* A warm start speaks for its own sandbox; a cold one against the one used last, since
 * that one would have taken it. Gaps below 0 are overlaps: other sandboxes were busy. */
static void learn(
    struct track *track, const struct invocation *inv, const struct track_sandbox *same)
{
	int64_t from_ns = 0;

	if (inv->start_type == START_WARM && same)
		from_ns = same->end_ns;
	else if (inv->start_type == START_COLD && may_be_reaped(inv->cause))
		from_ns = track->end_ns;
	if (from_ns > 0)
		idle_life_observe(&track->life,
		    (double)(arrival_ns(inv) - from_ns) / CLOCK_NS_PER_S,
		    inv->start_type == START_COLD, inv->ping);
}

static bool is_avoided(const struct track *track, const struct invocation *inv)
{
	struct idle_life_bracket bracket;
	int64_t gap_ns = arrival_ns(inv) - track->real_end_ns;

	if (inv->start_type != START_WARM || !track->pinged || !track->real_end_ns)
		return false;
	idle_life_bracket(&track->life, &bracket);
	return bracket.cold_min_s > 0 &&
	       (double)gap_ns > bracket.cold_min_s * CLOCK_NS_PER_S;
}

static void count_ping(struct track *track, const struct invocation *inv)
{
	track->counts.pings_seen++;
	track->counts.pings_cold += inv->start_type == START_COLD;
	plan_count_all(inv, &track->counts.ping_usage);
}

static void count_real(struct track *track, const struct invocation *inv)
{
	track->counts.cold_avoided += is_avoided(track, inv);
	track->counts.invocations++;
	track->counts.cold += inv->start_type == START_COLD;
}

void track_set_up(struct track *track, const struct function *function)
{
	if (function_is_same(&track->function, function) &&
	    track->function.memory_limit_mb == function->memory_limit_mb &&
	    track->function.arch == function->arch &&
	    strcmp(track->function.region, function->region) == 0)
		return; /* which is read faster than it is written */
	track->function = *function;
}

void track_observe(struct track *track, const struct invocation *inv)
{
	int64_t end_ns =
	    inv->start_ns + (int64_t)(inv->has & HAS_DURATION ? inv->duration_ns : 0);
	uint64_t hash = invocation_sandbox(inv);
	struct track_sandbox *sandbox = find_sandbox(track, hash);

	if (inv->start_type == START_COLD && inv->has & HAS_INIT) {
		track->init_ns += inv->init_ns;
		track->init_n++;
	}
	if (inv->ping)
		count_ping(track, inv);
	else
		count_real(track, inv);
	if (inv->kind != KIND_PROCESS) /* it has no sandbox that could stay */
		learn(track, inv, sandbox);
	touch_sandbox(track, sandbox, hash, end_ns);
	if (end_ns > track->end_ns)
		track->end_ns = end_ns;
	if (inv->ping && inv->start_ns > track->real_end_ns)
		track->pinged = true;
	if (!inv->ping && end_ns > track->real_end_ns) {
		track->real_end_ns = end_ns;
		track->pinged = false;
	}
}

static void rewind_to(int64_t *at_ns, int64_t now_ns)
{
	if (*at_ns > now_ns)
		*at_ns = now_ns;
}

void track_rewind(struct track *track, int64_t now_ns)
{
	rewind_to(&track->end_ns, now_ns);
	rewind_to(&track->real_end_ns, now_ns);
	for (size_t i = 0; i < TRACK_SANDBOXES; i++)
		rewind_to(&track->sandboxes[i].end_ns, now_ns);
}

uint64_t track_init_mean_ns(const struct track *track)
{
	return track->init_n ? track->init_ns / track->init_n : 0;
}
