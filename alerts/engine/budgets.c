/* Budgets on the engine's thread: adds up what was spent, and decides. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/state.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define MIN_INTERVAL_NS (2 * CLOCK_NS_PER_S)
#define MAX_INTERVAL_NS                                                                  \
	(30 * CLOCK_NS_PER_S) /* forecasts move while nothing is spent                   \
			       */
#define LOOK_BACK_NS (2LL * 3600 * CLOCK_NS_PER_S)
#define ALERT_KEEP_NS (30LL * 86400 * CLOCK_NS_PER_S)
#define ALERT_MAX 1000

/* What is worked on without the lock. */
struct work {
	struct budget *budgets; /* shallow copies: notify is not looked at */
	uint64_t *versions;
	struct budget_status *status;
	size_t n;
	struct spend_marks marks;
	int64_t since_ns;
};

static void free_work(struct work *work)
{
	free(work->budgets);
	free(work->versions);
	free(work->status);
}

static bool is_due(const struct alerts *alerts, int64_t now_ns)
{
	bool marked = alerts->marks.n || alerts->marks.overflow;
	int64_t age_ns = now_ns - alerts->evaluated_ns;

	if (alerts->budgets_changed || age_ns < 0)
		return true;
	if (!alerts->budgets_n)
		return false;
	for (size_t i = 0; i < alerts->budgets_n; i++)
		if (now_ns >= alerts->budgets[i].status.period_end_ns)
			return true;
	return age_ns >= (marked ? MIN_INTERVAL_NS : MAX_INTERVAL_NS);
}

/* Under the lock. */
static bool take_work(struct alerts *alerts, int64_t now_ns, struct work *work)
{
	size_t n = alerts->budgets_n;

	*work = (struct work){.marks = alerts->marks, .since_ns = now_ns - LOOK_BACK_NS};
	work->budgets = calloc(n + 1, sizeof(*work->budgets));
	work->versions = calloc(n + 1, sizeof(*work->versions));
	work->status = calloc(n + 1, sizeof(*work->status));
	if (!work->budgets || !work->versions || !work->status)
		return false;
	work->n = n;
	for (size_t i = 0; i < n; i++) {
		int64_t start_ns;
		int64_t end_ns;

		work->budgets[i] = alerts->budgets[i].budget;
		work->versions[i] = alerts->budgets[i].version;
		budget_period_bounds(work->budgets[i].period, now_ns, &start_ns, &end_ns);
		if (start_ns < work->since_ns)
			work->since_ns = start_ns;
	}
	alerts->marks = (struct spend_marks){0};
	alerts->budgets_changed = false;
	return true;
}

static void queue_errand(void *context, enum rule_event event, const struct alert *alert)
{
	struct alerts *alerts = context;
	const struct budget_entry *entry = state_find_budget(alerts, alert->budget);
	const struct budget *budget = entry ? &entry->budget : NULL;

	(void)engine_errand(alerts, event, alert, budget ? budget->notify : NULL,
	    budget ? budget->notify_n : 0);
}

static void forget_alert(const struct alerts *alerts, const struct alert *alert)
{
	int err = store_document_delete(alerts->store, STATE_ALERT, alert->id);

	if (err < 0)
		log_warn("cannot forget alert %s: %s", alert->id, strerror(-err));
}

/* Under the lock: figures in, decisions out. */
static void decide(struct alerts *alerts, const struct work *work, int64_t now_ns)
{
	for (size_t i = 0; i < work->n; i++) {
		struct budget_entry *entry =
		    state_find_budget(alerts, work->budgets[i].name);

		if (!entry || entry->version != work->versions[i])
			continue; /* changed meanwhile: the next turn has it */
		entry->status = work->status[i];
		entry->has_status = true;
		if (rule_step(&alerts->alerts, &entry->budget, &entry->status, now_ns,
			queue_errand, alerts))
			alerts->budgets_changed = true; /* no memory: again */
	}
	for (size_t i = 0; i < alerts->alerts.n; i++)
		if (alerts->alerts.items[i].kind == ALERT_BUDGET &&
		    !state_find_budget(alerts, alerts->alerts.items[i].budget))
			rule_close(&alerts->alerts, alerts->alerts.items[i].budget,
			    now_ns, queue_errand, alerts);
	(void)pthread_cond_broadcast(&alerts->evaluated);
}

/* Marks that could not be worked off come back. */
static void give_back(struct alerts *alerts, const struct work *work)
{
	(void)pthread_mutex_lock(&alerts->lock);
	for (size_t i = 0; i < work->marks.n; i++)
		spend_mark(&alerts->marks, work->marks.minutes[i] * 60 * CLOCK_NS_PER_S);
	alerts->marks.overflow |= work->marks.overflow;
	(void)pthread_mutex_unlock(&alerts->lock);
}

static void evaluate(struct alerts *alerts, struct work *work, int64_t now_ns)
{
	/* what was marked; the writer says why it cannot be settled */
	int unsettled = work->n ? store_settle(alerts->store) : 0;
	int err = work->n ? spend_refresh(alerts->spend, alerts->store, &work->marks,
				work->since_ns, now_ns)
			  : 0;

	if (err < 0 || unsettled)
		give_back(alerts, work);
	if (err < 0) {
		log_warn("cannot add up what was spent: %s", strerror(-err));
		return;
	}
	for (size_t i = 0; i < work->n; i++)
		spend_status(alerts->spend, alerts->book, &work->budgets[i], now_ns,
		    &work->status[i]);
	(void)pthread_mutex_lock(&alerts->lock);
	decide(alerts, work, now_ns);
	(void)pthread_mutex_unlock(&alerts->lock);
}

static void expire(struct alerts *alerts, int64_t now_ns)
{
	struct alert_list gone = {0};

	(void)pthread_mutex_lock(&alerts->lock);
	rule_expire(&alerts->alerts, now_ns - ALERT_KEEP_NS, ALERT_MAX, &gone);
	(void)pthread_mutex_unlock(&alerts->lock);
	for (size_t i = 0; i < gone.n; i++)
		forget_alert(alerts, &gone.items[i]);
	alert_list_done(&gone);
}

void engine_budgets(struct alerts *alerts, int64_t now_ns)
{
	struct work work = {0};
	bool due;
	bool taken = false;

	(void)pthread_mutex_lock(&alerts->lock);
	due = is_due(alerts, now_ns);
	if (due)
		taken = take_work(alerts, now_ns, &work);
	else if (!alerts->budgets_n)
		alerts->marks = (struct spend_marks){0};
	(void)pthread_mutex_unlock(&alerts->lock);
	if (taken) {
		evaluate(alerts, &work, now_ns);
		alerts->evaluated_ns = now_ns;
	}
	expire(alerts, now_ns); /* there are alerts without a budget */
	free_work(&work);
}
