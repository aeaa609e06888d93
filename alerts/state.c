#include "alerts/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/room.h"
#include "base/text.h"

static uint64_t hash_text(const char *s) /* FNV-1a */
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
	return hash;
}

struct budget_entry *state_find_budget(struct alerts *alerts, const char *name)
{
	for (size_t i = 0; i < alerts->budgets_n; i++)
		if (strcmp(alerts->budgets[i].budget.name, name) == 0)
			return &alerts->budgets[i];
	return NULL;
}

int state_put_budget(struct alerts *alerts, struct budget *budget)
{
	struct budget_entry *entry = state_find_budget(alerts, budget->name);

	if (!entry) {
		struct budget_entry *grown;

		if (alerts->budgets_n == STATE_MAX_BUDGETS)
			return -ENOSPC;
		grown =
		    reallocarray(alerts->budgets, alerts->budgets_n + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		alerts->budgets = grown;
		entry = &grown[alerts->budgets_n++];
		*entry = (struct budget_entry){0};
	}
	budget_done(&entry->budget);
	entry->budget = *budget;
	entry->version = ++alerts->version;
	entry->has_status = false;
	alerts->budgets_changed = true;
	return 0;
}

void state_drop_budget(struct alerts *alerts, struct budget_entry *entry)
{
	budget_done(&entry->budget);
	*entry = alerts->budgets[--alerts->budgets_n];
	alerts->budgets_changed = true;
}

bool state_is_over(const struct alerts *alerts, const char *function)
{
	for (size_t i = 0; i < alerts->budgets_n; i++) {
		const struct budget_entry *entry = &alerts->budgets[i];

		if (entry->has_status && budget_covers(&entry->budget, function) &&
		    budget_is_reached(entry->status.spent, entry->budget.limit, 100))
			return true;
	}
	return false;
}

/* Where it stands or would: at least half of the places are free. */
static struct warm **probe_warm(struct alerts *alerts, const char *name, uint64_t hash)
{
	const size_t places = sizeof(alerts->warm_by_name) / sizeof(struct warm *);
	size_t i = (size_t)hash % places;

	while (alerts->warm_by_name[i] &&
	       (alerts->warm_by_name[i]->hash != hash ||
		   strcmp(alerts->warm_by_name[i]->name, name) != 0))
		i = (i + 1) % places;
	return &alerts->warm_by_name[i];
}

struct warm *state_find_warm(struct alerts *alerts, const char *name)
{
	return *probe_warm(alerts, name, hash_text(name));
}

static struct warm *add_warm(struct alerts *alerts, const char *name)
{
	struct function function = {.platform = PLATFORM_UNKNOWN};
	struct warm *warm;

	if (ROOM_FOR_ONE(alerts->warm, alerts->warm_n, alerts->warm_room) < 0)
		return NULL;
	warm = calloc(1, sizeof(*warm));
	if (!warm)
		return NULL;
	(void)text_copy(warm->name, sizeof(warm->name), name);
	(void)text_copy(function.name, sizeof(function.name), name);
	warm->hash = hash_text(warm->name);
	warm->alerts = alerts;
	track_init(&warm->track, &function);
	alerts->warm[alerts->warm_n++] = warm;
	*probe_warm(alerts, warm->name, warm->hash) = warm;
	return warm;
}

struct warm *state_get_warm(struct alerts *alerts, const char *name)
{
	struct warm *warm = state_find_warm(alerts, name);

	if (warm || alerts->warm_n == STATE_MAX_WARM)
		return warm;
	return add_warm(alerts, name);
}

int state_save_alert(struct alerts *alerts, const char *id)
{
	AUTO(free) char *text = NULL;
	const struct alert *alert;
	int err = -ENOMEM;

	(void)pthread_mutex_lock(&alerts->edit);
	(void)pthread_mutex_lock(&alerts->lock);
	alert = alert_find(&alerts->alerts, id);
	text = alert ? alert_format(alert) : NULL;
	(void)pthread_mutex_unlock(&alerts->lock);
	if (!alert)
		err = 0; /* forgotten meanwhile */
	else if (text)
		err = store_document_put(alerts->store, STATE_ALERT, id, text);
	(void)pthread_mutex_unlock(&alerts->edit);
	return err;
}

void state_key(const struct alert *alert, enum rule_event event,
    const struct notify *notify, char *out)
{
	size_t at;

	(void)snprintf(out, STATE_KEY_BYTES, "%s/%s-%08x", alert->id,
	    notify->channel->name, (uint32_t)hash_text(notify->url));
	at = strlen(out);
	if (alert->generation)
		(void)snprintf(
		    out + at, STATE_KEY_BYTES - at, "/limit-%u", alert->generation);
	at = strlen(out);
	if (event == RULE_REMINDED)
		(void)snprintf(
		    out + at, STATE_KEY_BYTES - at, "/reminder-%u", alert->reminders);
	else if (event == RULE_RESOLVED)
		(void)snprintf(out + at, STATE_KEY_BYTES - at, "/resolved");
}

int state_send(
    struct alerts *alerts, const struct message *message, const struct notify *notify)
{
	AUTO(free) char *body = notify->channel->render(message);
	int64_t now_ns = clock_wall_ns();
	struct store_delivery delivery = {.key = message->key,
	    .channel = notify->channel->name,
	    .target = notify->url,
	    .body = body,
	    .created_ns = now_ns,
	    .due_ns = now_ns};

	return body ? outbox_add(alerts->outbox, &delivery) : -ENOMEM;
}

static int load_budget(void *context, const char *name, const char *body)
{
	struct alerts *alerts = context;
	struct budget budget;
	char why[BUDGET_WHY_BYTES];
	int err = budget_parse(name, body, strlen(body), &budget, why);

	if (err == -ENOMEM)
		return err;
	if (err) {
		log_warn("budget %s cannot be read and is left out: %s", name, why);
		return 0;
	}
	err = state_put_budget(alerts, &budget);
	if (err)
		budget_done(&budget);
	return err;
}

static int load_alert(void *context, const char *name, const char *body)
{
	struct alerts *alerts = context;
	struct alert alert;

	if (alert_parse(body, &alert)) {
		log_warn("alert %s cannot be read and is left out", name);
		return 0;
	}
	return alert_list_add(&alerts->alerts, &alert);
}

static int load_watch(void *context, const char *name, const char *body)
{
	struct alerts *alerts = context;
	struct watch watch;
	char why[WATCH_WHY_BYTES];
	int err;

	if (strcmp(name, STATE_WATCH_NAME) != 0)
		return 0;
	err = watch_parse(body, strlen(body), &watch, why);
	if (err == -ENOMEM)
		return err;
	if (err) {
		log_warn("the settings of anomalies cannot be read: %s", why);
		return 0;
	}
	watch_done(&alerts->watch);
	alerts->watch = watch;
	return 0;
}

static int load_keepwarm(void *context, const char *name, const char *body)
{
	struct alerts *alerts = context;
	struct keepwarm settings;
	struct warm *warm;
	int err = keepwarm_load(body, &settings);

	if (err == -ENOMEM)
		return err;
	if (err) {
		log_warn("keep-warm of %s cannot be read and is left out", name);
		return 0;
	}
	warm = state_get_warm(alerts, name);
	if (!warm) {
		keepwarm_done(&settings);
		return -ENOMEM;
	}
	warm->settings = settings;
	warm->is_set = true;
	return 0;
}

static int load_track(void *context, const char *name, const char *body)
{
	struct warm *warm = state_get_warm(context, name);

	if (!warm)
		return -ENOMEM;
	if (keepwarm_load_track(body, &warm->track))
		log_warn(
		    "what was learned of %s cannot be read; it is learned anew", name);
	warm->saved_ping_s = warm->track.life.ping_s;
	return 0;
}

int state_load(struct alerts *alerts)
{
	static const struct {
		const char *kind;
		store_document_visit visit;
	} kinds[] = {{STATE_BUDGET, load_budget}, {STATE_ALERT, load_alert},
	    {STATE_WATCH, load_watch}, {STATE_KEEPWARM, load_keepwarm},
	    {STATE_TRACK, load_track}};

	watch_default(&alerts->watch);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int err = store_scan_documents(
		    alerts->store, kinds[i].kind, kinds[i].visit, alerts);

		if (err < 0)
			return log_error(
			    err, "cannot read the %s documents", kinds[i].kind);
	}
	return 0;
}

void state_done(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->budgets_n; i++)
		budget_done(&alerts->budgets[i].budget);
	free(alerts->budgets);
	watch_done(&alerts->watch);
	alert_list_done(&alerts->alerts);
	for (size_t i = 0; i < alerts->warm_n; i++) {
		call_cancel(&alerts->warm[i]->ping.call);
		keepwarm_done(&alerts->warm[i]->settings);
		free(alerts->warm[i]);
	}
	free(alerts->warm);
	by_id_done(&alerts->warm_by_id);
}
