/* What was decided is carried out on the engine's thread. A message is in the outbox
 * before its alert is kept, under a key that makes a repeat harmless: a crash in between
 * sends nothing twice and forgets nothing. */
#include <errno.h>
#include <stdlib.h>

#include "alerts/state.h"
#include "base/log.h"

struct errand *engine_errand(struct alerts *alerts, enum rule_event event,
    const struct alert *alert, const struct notify *notify, size_t notify_n)
{
	struct errand *errand = calloc(1, sizeof(*errand));
	struct errand **end = &alerts->errands;

	if (!errand) {
		(void)log_error(-ENOMEM, "cannot tell about alert %s", alert->id);
		return NULL;
	}
	errand->event = event;
	errand->alert = *alert;
	if (event != RULE_CHANGED)
		errand->notify_n = notify_copy(notify, notify_n, errand->notify);
	while (*end)
		end = &(*end)->next;
	*end = errand;
	return errand;
}

static void free_errand(struct errand *errand)
{
	notify_done(errand->notify, errand->notify_n);
	free(errand);
}

void engine_free_errands(struct alerts *alerts)
{
	while (alerts->errands) {
		struct errand *errand = alerts->errands;

		alerts->errands = errand->next;
		free_errand(errand);
	}
}

static enum message_event message_of(enum rule_event event)
{
	switch (event) {
	case RULE_REMINDED:
		return MESSAGE_REMINDER;
	case RULE_RESOLVED:
		return MESSAGE_RESOLVED;
	case RULE_FIRED:
	case RULE_CHANGED:
		return MESSAGE_FIRED;
	}
	return MESSAGE_FIRED;
}

static int run_errand(struct alerts *alerts, const struct errand *errand)
{
	for (size_t i = 0; i < errand->notify_n; i++) {
		char key[STATE_KEY_BYTES];
		const struct message message = {.event = message_of(errand->event),
		    .key = key,
		    .alert = &errand->alert,
		    .others = errand->others};
		int err;

		state_key(&errand->alert, errand->event, &errand->notify[i], key);
		err = state_send(alerts, &message, &errand->notify[i]);
		if (err < 0)
			return log_error(err, "cannot queue a message about alert %s",
			    errand->alert.id);
	}
	return state_save_alert(alerts, errand->alert.id);
}

static void log_errand(const struct errand *errand)
{
	const struct message message = {.event = message_of(errand->event),
	    .alert = &errand->alert,
	    .others = errand->others};
	char text[MESSAGE_TEXT_BYTES];

	message_format(&message, text);
	log_note("%s", text);
}

void engine_run_errands(struct alerts *alerts)
{
	while (alerts->errands) {
		struct errand *errand = alerts->errands;

		if (run_errand(alerts, errand) < 0)
			return;
		if (errand->event != RULE_CHANGED)
			log_errand(errand);
		alerts->errands = errand->next;
		free_errand(errand);
	}
}
