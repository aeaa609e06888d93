#include "alerts/rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/room.h"
#include "base/text.h"

static const char *const state_names[ALERT_STATES] = {
    "firing", "acked", "snoozed", "resolved"};

const char *alert_state_name(enum alert_state state)
{
	return state < ALERT_STATES ? state_names[state] : "unknown";
}

void alert_list_done(struct alert_list *list)
{
	free(list->items);
	*list = (struct alert_list){0};
}

struct alert *alert_find(struct alert_list *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].id, id) == 0)
			return &list->items[i];
	return NULL;
}

int alert_list_add(struct alert_list *list, const struct alert *alert)
{
	if (ROOM_FOR_ONE(list->items, list->n, list->room) < 0)
		return -ENOMEM;
	list->items[list->n++] = *alert;
	return 0;
}

static void format_id(struct alert *alert)
{
	time_t start = alert->status.period_start_ns / CLOCK_NS_PER_S;
	char when[16] = "";
	struct tm tm;

	if (gmtime_r(&start, &tm))
		(void)strftime(when, sizeof(when), "%Y%m%dT%H", &tm);
	(void)snprintf(alert->id, sizeof(alert->id), "%s-%s-%s-%u", alert->budget,
	    budget_period_name(alert->period), when, alert->threshold);
}

static bool has_threshold(const struct budget *budget, uint32_t threshold)
{
	for (size_t i = 0; i < budget->thresholds_n; i++)
		if (budget->thresholds[i] == threshold)
			return true;
	return false;
}

static bool still_holds(const struct alert *alert, const struct budget *budget,
    const struct budget_status *status)
{
	return alert->period == budget->period &&
	       alert->status.period_start_ns == status->period_start_ns &&
	       has_threshold(budget, alert->threshold) &&
	       budget_is_reached(status->spent, budget->limit, alert->threshold);
}

static void resolve(struct alert *alert, int64_t now_ns)
{
	alert->state = ALERT_RESOLVED;
	alert->until_ns = now_ns;
	alert->snooze_until_ns = 0;
}

/* Resolves what is over. Of several thresholds that end together only the highest is
 * told. */
static void end_alerts(struct alert_list *list, const struct budget *budget,
    const struct budget_status *status, int64_t now_ns, rule_emit emit, void *context)
{
	struct alert *highest = NULL;

	for (size_t i = 0; i < list->n; i++) {
		struct alert *alert = &list->items[i];

		if (alert->state == ALERT_RESOLVED ||
		    strcmp(alert->budget, budget->name) != 0 ||
		    still_holds(alert, budget, status))
			continue;
		resolve(alert, now_ns);
		if (highest && highest->threshold > alert->threshold) {
			emit(context, RULE_CHANGED, alert);
			continue;
		}
		if (highest)
			emit(context, RULE_CHANGED, highest);
		highest = alert;
	}
	if (highest)
		emit(context, RULE_RESOLVED, highest);
}

static struct alert *find_threshold(struct alert_list *list, const struct budget *budget,
    const struct budget_status *status, uint32_t threshold)
{
	for (size_t i = 0; i < list->n; i++) {
		struct alert *alert = &list->items[i];

		if (alert->threshold == threshold && alert->period == budget->period &&
		    alert->status.period_start_ns == status->period_start_ns &&
		    strcmp(alert->budget, budget->name) == 0)
			return alert;
	}
	return NULL;
}

static int fire(struct alert_list *list, const struct budget *budget,
    const struct budget_status *status, uint32_t threshold, int64_t now_ns)
{
	struct alert alert = {.period = budget->period,
	    .threshold = threshold,
	    .state = ALERT_FIRING,
	    .since_ns = now_ns,
	    .limit = budget->limit,
	    .status = *status};

	(void)text_copy(alert.budget, sizeof(alert.budget), budget->name);
	(void)text_copy(alert.function, sizeof(alert.function), budget->function);
	format_id(&alert);
	return alert_list_add(list, &alert);
}

/* It was resolved in this very period, and is reached again: another limit fires anew,
 * the same one only opens it again, so that a flapping sum does not send messages. */
static enum rule_event reopen(
    struct alert *alert, const struct budget *budget, int64_t now_ns)
{
	bool anew = money_compare(alert->limit, budget->limit) != 0;

	alert->state = ALERT_FIRING;
	alert->until_ns = 0;
	if (!anew)
		return RULE_CHANGED;
	alert->limit = budget->limit;
	alert->since_ns = now_ns;
	alert->generation++;
	return RULE_FIRED;
}

static void hold(struct alert *alert, int64_t now_ns, rule_emit emit, void *context)
{
	if (alert->state != ALERT_SNOOZED || now_ns < alert->snooze_until_ns)
		return;
	alert->state = ALERT_FIRING;
	alert->snooze_until_ns = 0;
	alert->reminders++;
	emit(context, RULE_REMINDED, alert);
}

int rule_step(struct alert_list *list, const struct budget *budget,
    const struct budget_status *status, int64_t now_ns, rule_emit emit, void *context)
{
	end_alerts(list, budget, status, now_ns, emit, context);
	for (size_t i = 0; i < budget->thresholds_n; i++) {
		uint32_t threshold = budget->thresholds[i];
		struct alert *alert = find_threshold(list, budget, status, threshold);
		int err;

		if (!budget_is_reached(status->spent, budget->limit, threshold))
			continue;
		if (!alert) {
			err = fire(list, budget, status, threshold, now_ns);
			if (err)
				return err;
			emit(context, RULE_FIRED, &list->items[list->n - 1]);
			continue;
		}
		alert->status = *status;
		if (alert->state == ALERT_RESOLVED)
			emit(context, reopen(alert, budget, now_ns), alert);
		else
			hold(alert, now_ns, emit, context);
	}
	return 0;
}

void rule_close(struct alert_list *list, const char *budget, int64_t now_ns,
    rule_emit emit, void *context)
{
	for (size_t i = 0; i < list->n; i++) {
		struct alert *alert = &list->items[i];

		if (alert->kind != ALERT_BUDGET || alert->state == ALERT_RESOLVED ||
		    strcmp(alert->budget, budget) != 0)
			continue;
		resolve(alert, now_ns);
		emit(context, RULE_CHANGED, alert);
	}
}

static size_t oldest_resolved(const struct alert_list *list)
{
	size_t oldest = list->n;

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].state == ALERT_RESOLVED &&
		    (oldest == list->n ||
			list->items[i].until_ns < list->items[oldest].until_ns))
			oldest = i;
	return oldest;
}

void rule_expire(
    struct alert_list *list, int64_t before_ns, size_t max, struct alert_list *gone)
{
	size_t i = oldest_resolved(list);

	while (i < list->n && (list->n > max || list->items[i].until_ns < before_ns)) {
		if (alert_list_add(gone, &list->items[i]))
			return;
		list->items[i] = list->items[--list->n];
		i = oldest_resolved(list);
	}
}

int rule_ack(struct alert *alert)
{
	if (alert->state == ALERT_RESOLVED)
		return -EALREADY;
	alert->state = ALERT_ACKED;
	alert->snooze_until_ns = 0;
	return 0;
}

int rule_snooze(struct alert *alert, int64_t until_ns)
{
	if (alert->state == ALERT_RESOLVED)
		return -EALREADY;
	alert->state = ALERT_SNOOZED;
	alert->snooze_until_ns = until_ns;
	return 0;
}
