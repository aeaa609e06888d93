#include "alerts/episode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "base/text.h"

#define DAY_S 86400
#define NAME_SHOWN 40 /* of a function, in an id */

void episode_list_done(struct episode_list *list)
{
	free(list->items);
	*list = (struct episode_list){0};
}

static struct money size_of(const struct anomaly *anomaly)
{
	struct money extra = anomaly->extra;

	return extra.pico < 0 ? money_subtract((struct money){0}, extra) : extra;
}

bool episode_counts(const struct anomaly *anomaly, struct money least)
{
	return !anomaly->is_over && money_compare(size_of(anomaly), least) >= 0;
}

int episode_add(
    struct episode_list *list, const char *function, const struct anomaly *anomaly)
{
	struct episode *last = list->n ? &list->items[list->n - 1] : NULL;

	if (last && strcmp(last->function, function) == 0) {
		if (money_compare(size_of(&last->anomaly), size_of(anomaly)) < 0)
			last->anomaly = *anomaly;
		return 0;
	}
	if (ROOM_FOR_ONE(list->items, list->n, list->room) < 0)
		return -ENOMEM;
	last = &list->items[list->n++];
	*last = (struct episode){.anomaly = *anomaly};
	(void)text_copy(last->function, sizeof(last->function), function);
	return 0;
}

static uint64_t hash_name(const char *s) /* FNV-1a */
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
	return hash;
}

/* "anomaly-checkout-20261128"; a name that is long, or has other characters than those of
 * a budget's, is told apart by its hash. */
static void format_id(struct alert *alert)
{
	time_t at = (time_t)(alert->anomaly.day * DAY_S);
	char shown[NAME_SHOWN + 1];
	char day[16] = "";
	char hash[24] = "";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		(void)strftime(day, sizeof(day), "%Y%m%d", &tm);
	(void)text_copy(shown, sizeof(shown), alert->function);
	if (strlen(alert->function) > NAME_SHOWN || !budget_name_is_valid(shown))
		(void)snprintf(
		    hash, sizeof(hash), "-%016" PRIx64, hash_name(alert->function));
	for (char *c = shown; *c; c++)
		if (!budget_name_is_valid((char[]){*c, '\0'}))
			*c = '_';
	(void)snprintf(alert->id, sizeof(alert->id), "anomaly-%s%s-%s", shown, hash, day);
}

static bool is_open(const struct alert *alert)
{
	return alert->kind == ALERT_ANOMALY && alert->state != ALERT_RESOLVED;
}

static int by_function(const void *key, const void *item)
{
	return strcmp(key, ((const struct episode *)item)->function);
}

static struct episode *find_episode(const struct episode_list *list, const char *function)
{
	return list->n ? bsearch(function, list->items, list->n, sizeof(*list->items),
			     by_function)
		       : NULL;
}

static void resolve(struct alert *alert, int64_t now_ns)
{
	alert->state = ALERT_RESOLVED;
	alert->until_ns = now_ns;
	alert->snooze_until_ns = 0;
}

static int begin(struct alert_list *list, const struct episode *episode, int64_t now_ns,
    rule_emit emit, void *context)
{
	struct alert alert = {.kind = ALERT_ANOMALY,
	    .state = ALERT_FIRING,
	    .since_ns = now_ns,
	    .anomaly = episode->anomaly};
	struct alert *again;
	int err;

	(void)text_copy(alert.function, sizeof(alert.function), episode->function);
	format_id(&alert);
	again = alert_find(list, alert.id);
	if (again && strcmp(again->function, alert.function) == 0) {
		again->state = ALERT_FIRING;
		again->until_ns = 0;
		again->anomaly = episode->anomaly;
		emit(context, RULE_CHANGED, again);
		return 0;
	}
	err = alert_list_add(list, &alert);
	if (!err)
		emit(context, RULE_FIRED, &list->items[list->n - 1]);
	return err;
}

/* Resolves what is back. Returns how many are open. */
static size_t keep_open(struct alert_list *list, const struct episode_list *now,
    int64_t now_ns, rule_emit emit, void *context)
{
	size_t open = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct alert *alert = &list->items[i];
		struct episode *episode;

		if (!is_open(alert))
			continue;
		episode = find_episode(now, alert->function);
		if (episode) {
			alert->anomaly = episode->anomaly;
			episode->is_known = true;
			open++;
		} else {
			resolve(alert, now_ns);
			emit(context, RULE_RESOLVED, alert);
		}
	}
	return open;
}

static int by_money(const void *a, const void *b)
{
	const struct episode *const *x = a;
	const struct episode *const *y = b;
	int order = money_compare(size_of(&(*y)->anomaly), size_of(&(*x)->anomaly));

	return order ? order : strcmp((*x)->function, (*y)->function);
}

int episode_step(struct alert_list *list, struct episode_list *now, int64_t now_ns,
    rule_emit emit, void *context)
{
	size_t open = keep_open(list, now, now_ns, emit, context);
	AUTO(free) const struct episode **news = calloc(now->n + 1, sizeof(*news));
	size_t n = 0;
	int err = 0;

	if (!news)
		return -ENOMEM;
	for (size_t i = 0; i < now->n; i++)
		if (!now->items[i].is_known)
			news[n++] = &now->items[i];
	qsort(news, n, sizeof(*news), by_money);
	for (size_t i = 0; i < n && open + i < EPISODE_MAX && !err; i++)
		err = begin(list, news[i], now_ns, emit, context);
	return err;
}

void episode_hold(struct alert_list *list, int64_t now_ns, rule_emit emit, void *context)
{
	for (size_t i = 0; i < list->n; i++) {
		struct alert *alert = &list->items[i];

		if (alert->kind != ALERT_ANOMALY || alert->state != ALERT_SNOOZED ||
		    now_ns < alert->snooze_until_ns)
			continue;
		alert->state = ALERT_FIRING;
		alert->snooze_until_ns = 0;
		alert->reminders++;
		emit(context, RULE_REMINDED, alert);
	}
}

void episode_close(struct alert_list *list, int64_t now_ns, rule_emit emit, void *context)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!is_open(&list->items[i]))
			continue;
		resolve(&list->items[i], now_ns);
		emit(context, RULE_CHANGED, &list->items[i]);
	}
}
