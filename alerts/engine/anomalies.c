/* Anomalies on the engine's thread: what the invoice reports is looked for now and then,
 * and all that begins, or ends, between two looks is told in one message. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/episode.h"
#include "alerts/state.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/figures/anomalies.h"

#define EVERY_NS                                                                         \
	(300 * CLOCK_NS_PER_S) /* so there are at most so many messages an hour */
#define DAY_NS (86400 * CLOCK_NS_PER_S)
#define LOOK_BACK_DAYS (SPENDING_WEEKS * 7LL - 1) /* as an invoice does */
#define NAMED 3                                   /* of those that share a message */

struct look {
	struct money least;
	struct episode_list now;
};

/* What began, or ended, in one look: the first of it leads, and tells of the others. */
struct decisions {
	struct alerts *alerts;
	struct errand *fired; /* NULL: none so far */
	struct errand *resolved;
};

/* A version that is called less because another one is called instead is no anomaly. */
static bool has_moved(const struct anomaly_of *found)
{
	const struct anomaly *a = &found->anomaly;

	return a->what == ANOMALY_VOLUME && !a->up &&
	       a->value + found->elsewhere >= a->low;
}

static int take(void *context, const struct anomaly_of *found)
{
	struct look *look = context;

	if (!episode_counts(&found->anomaly, look->least) || has_moved(found))
		return 0;
	return episode_add(&look->now, found->function->name, &found->anomaly);
}

static int look_around(struct alerts *alerts, int64_t now_ns, struct look *look)
{
	struct window window = {(now_ns / DAY_NS - LOOK_BACK_DAYS) * DAY_NS, now_ns};

	return anomalies_look(alerts->book, alerts->store, &window, take, look);
}

/* Under the lock, as are those that follow. */
static void add_other(struct errand *lead, const struct alert *alert)
{
	struct message_others *others = &lead->others;
	size_t at = strlen(others->names);

	if (others->n++ < NAMED)
		(void)snprintf(others->names + at, sizeof(others->names) - at, "%s%.40s",
		    at ? ", " : "", alert->function);
	others->extra = money_add(others->extra, alert->anomaly.extra);
}

static void note(void *context, enum rule_event event, const struct alert *alert)
{
	struct decisions *decisions = context;
	struct alerts *alerts = decisions->alerts;
	const struct watch *watch = &alerts->watch;
	struct errand **lead =
	    event == RULE_FIRED ? &decisions->fired : &decisions->resolved;
	struct alert *kept;

	if (event == RULE_CHANGED || event == RULE_REMINDED) {
		(void)engine_errand(alerts, event, alert, watch->notify, watch->notify_n);
	} else if (!*lead) {
		*lead =
		    engine_errand(alerts, event, alert, watch->notify, watch->notify_n);
	} else {
		add_other(*lead, alert);
		kept = alert_find(&alerts->alerts, alert->id);
		if (kept && event == RULE_FIRED)
			(void)text_copy(
			    kept->told_with, sizeof(kept->told_with), (*lead)->alert.id);
		(void)engine_errand(alerts, RULE_CHANGED, alert, NULL, 0);
	}
}

static void decide(struct alerts *alerts, struct look *look, int64_t now_ns)
{
	struct decisions decisions = {.alerts = alerts};

	if (episode_step(&alerts->alerts, &look->now, now_ns, note, &decisions))
		alerts->watch_changed = true; /* no memory: again */
}

static bool is_due(const struct alerts *alerts, int64_t now_ns)
{
	int64_t age_ns = now_ns - alerts->watched_ns;

	return alerts->watch_changed || age_ns < 0 || age_ns >= EVERY_NS;
}

void engine_anomalies(struct alerts *alerts, int64_t now_ns)
{
	struct decisions decisions = {.alerts = alerts};
	struct look look = {.least = {0}};
	bool enabled;
	bool due;
	int err = 0;

	(void)pthread_mutex_lock(&alerts->lock);
	due = is_due(alerts, now_ns);
	enabled = alerts->watch.enabled;
	look.least = alerts->watch.least;
	alerts->watch_changed = false;
	if (due && !enabled)
		episode_close(&alerts->alerts, now_ns, note, &decisions);
	episode_hold(&alerts->alerts, now_ns, note, &decisions);
	(void)pthread_mutex_unlock(&alerts->lock);
	if (!due)
		return;
	alerts->watched_ns = now_ns;
	if (enabled)
		err = look_around(alerts, now_ns, &look);
	if (err)
		log_warn("cannot look for anomalies: %s", strerror(-err));
	(void)pthread_mutex_lock(&alerts->lock);
	if (enabled && !err && !alerts->watch_changed)
		decide(alerts, &look, now_ns);
	(void)pthread_mutex_unlock(&alerts->lock);
	episode_list_done(&look.now);
}
