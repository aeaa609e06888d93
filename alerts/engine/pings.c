/* Keep-warm on the engine's thread: sends pings when they are due, keeps what was
 * learned. */
#include <errno.h>
#include <string.h>

#include "alerts/state.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define PINGS_MAX 64 /* under way at a time; later ones are due again a second later */
#define RETRY_NS CLOCK_NS_PER_S

static void ping_done(struct call *call)
{
	struct warm *warm = ((struct ping *)call)->context;

	(void)pthread_mutex_lock(&warm->alerts->lock);
	ping_result((struct ping *)call, &warm->last);
	warm->has_result = true;
	(void)pthread_mutex_unlock(&warm->alerts->lock);
}

static uint64_t next_random(struct alerts *alerts) /* xorshift64 */
{
	alerts->random ^= alerts->random << 13;
	alerts->random ^= alerts->random >> 7;
	alerts->random ^= alerts->random << 17;
	return alerts->random;
}

static void send_ping(struct alerts *alerts, struct warm *warm, int64_t now_ns)
{
	uint64_t random[2] = {next_random(alerts), next_random(alerts)};
	struct call_request what = {.method = warm->settings.post ? "POST" : "GET",
	    .url = warm->settings.url,
	    .body = warm->settings.body};

	/* libcurl copies the address and the body; nothing is sent before the thread
	 * runs the handle, so the lock is not held over I/O */
	warm->last_ping_ns = now_ns;
	warm->unsaved = true;
	warm->ping.context = warm;
	if (ping_start(&warm->ping, alerts->multi, &what, now_ns, random, ping_done) ==
	    0) {
		warm->settings.pings++;
		warm->unseen++;
	}
}

static size_t count_under_way(const struct alerts *alerts)
{
	size_t n = 0;

	for (size_t i = 0; i < alerts->warm_n; i++)
		n += alerts->warm[i]->ping.call.easy != NULL;
	return n;
}

int64_t engine_pings(struct alerts *alerts, int64_t now_ns)
{
	int64_t next_ns = INT64_MAX;
	size_t under_way;

	(void)pthread_mutex_lock(&alerts->lock);
	under_way = count_under_way(alerts);
	for (size_t i = 0; i < alerts->warm_n; i++) {
		struct warm *warm = alerts->warm[i];
		struct keepwarm_decision decision;

		if (!warm->settings.enabled || warm->ping.call.easy)
			continue;
		keepwarm_decide(&warm->settings, &warm->track, warm->last_ping_ns,
		    state_is_over(alerts, warm->name), now_ns, &decision);
		if (!decision.next_ns)
			continue;
		if (decision.next_ns <= now_ns && under_way < PINGS_MAX) {
			send_ping(alerts, warm, now_ns);
			under_way++;
		} else if (decision.next_ns <= now_ns) {
			decision.next_ns = now_ns + RETRY_NS;
		}
		if (decision.next_ns > now_ns && decision.next_ns < next_ns)
			next_ns = decision.next_ns;
	}
	(void)pthread_mutex_unlock(&alerts->lock);
	return next_ns;
}

void engine_rewind_pings(struct alerts *alerts, int64_t now_ns)
{
	(void)pthread_mutex_lock(&alerts->lock);
	for (size_t i = 0; i < alerts->warm_n; i++) {
		struct warm *warm = alerts->warm[i];

		track_rewind(&warm->track, now_ns);
		if (warm->last_ping_ns > now_ns)
			warm->last_ping_ns = now_ns;
	}
	(void)pthread_mutex_unlock(&alerts->lock);
}

/* Functions that nobody asked to keep warm are written only when their ping gap moved. */
static bool is_worth_saving(const struct warm *warm, bool all)
{
	double moved = warm->track.life.ping_s - warm->saved_ping_s;

	if (!warm->unsaved || (!warm->is_set && !warm->track.life.samples))
		return false;
	return all || warm->is_set || moved > 0.05 * warm->saved_ping_s ||
	       moved < -0.05 * warm->saved_ping_s;
}

static void save(struct alerts *alerts, struct warm *warm)
{
	AUTO(free) char *settings = NULL;
	AUTO(free) char *track = NULL;
	bool is_set;
	int err;

	(void)pthread_mutex_lock(&alerts->edit);
	(void)pthread_mutex_lock(&alerts->lock);
	is_set = warm->is_set;
	settings = is_set ? keepwarm_format(&warm->settings) : NULL;
	track = keepwarm_format_track(&warm->track);
	warm->unsaved = false;
	warm->saved_ping_s = warm->track.life.ping_s;
	(void)pthread_mutex_unlock(&alerts->lock);
	err = track ? store_document_put(alerts->store, STATE_TRACK, warm->name, track)
		    : -ENOMEM;
	if (err >= 0 && is_set)
		err = settings ? store_document_put(
				     alerts->store, STATE_KEEPWARM, warm->name, settings)
			       : -ENOMEM;
	(void)pthread_mutex_unlock(&alerts->edit);
	if (err < 0) {
		log_warn(
		    "cannot keep what was learned of %s: %s", warm->name, strerror(-err));
		(void)pthread_mutex_lock(&alerts->lock);
		warm->unsaved = true;
		(void)pthread_mutex_unlock(&alerts->lock);
	}
}

void engine_save_tracks(struct alerts *alerts, bool all)
{
	size_t n;

	(void)pthread_mutex_lock(&alerts->lock);
	n = alerts->warm_n;
	(void)pthread_mutex_unlock(&alerts->lock);
	for (size_t i = 0; i < n; i++) {
		struct warm *warm;
		bool worth;

		(void)pthread_mutex_lock(&alerts->lock);
		warm = alerts->warm[i]; /* the array may move, entries do not */
		worth = is_worth_saving(warm, all);
		(void)pthread_mutex_unlock(&alerts->lock);
		if (worth)
			save(alerts, warm);
	}
}
