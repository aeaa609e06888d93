/* Alerts, and when a budget's threshold fires one: once a period. Pure. */
#ifndef COLDMETER_ALERTS_RULE_H
#define COLDMETER_ALERTS_RULE_H

#include "alerts/budget.h"
#include "price/anomaly.h"

#define ALERT_ID_BYTES 96

enum alert_state {
	ALERT_FIRING,
	ALERT_ACKED,
	ALERT_SNOOZED,
	ALERT_RESOLVED,
	ALERT_STATES
};

enum alert_kind {
	ALERT_BUDGET, /* one threshold of one budget in one period */
	ALERT_ANOMALY /* a function that left its band, until it is back: see episode.h */
};

struct alert {
	/* "<budget>-<period>-<its start>-<threshold>", "anomaly-<function>-<its day>" */
	char id[ALERT_ID_BYTES];
	enum alert_kind kind;
	char budget[BUDGET_NAME_BYTES];     /* "": none */
	char function[FUNCTION_NAME_BYTES]; /* of the budget; "": all */
	enum budget_period period;
	uint32_t threshold;             /* percent */
	struct anomaly anomaly;         /* the latest, until it is resolved */
	char told_with[ALERT_ID_BYTES]; /* whose message told of it, too; "": its own */
	enum alert_state state;
	int64_t since_ns;
	int64_t until_ns;        /* when it was resolved; 0 before */
	int64_t snooze_until_ns; /* while snoozed */
	uint32_t generation;     /* how often it fired anew under another limit */
	uint32_t reminders;
	struct money limit;          /* when it fired */
	struct budget_status status; /* the latest, until it is resolved */
};

struct alert_list {
	struct alert *items;
	size_t n;
	size_t room;
};

enum rule_event {
	RULE_FIRED,    /* tell people, keep it */
	RULE_REMINDED, /* tell them again, keep it */
	RULE_RESOLVED, /* tell them, keep it */
	RULE_CHANGED   /* keep it */
};

/* Called for each decision; the alert is valid during the call. */
typedef void (*rule_emit)(
    void *context, enum rule_event event, const struct alert *alert);

const char *alert_state_name(enum alert_state state);

void alert_list_done(struct alert_list *list);
/* NULL: no such id. */
struct alert *alert_find(struct alert_list *list, const char *id);
/* Adds a copy. 0 or -ENOMEM. */
int alert_list_add(struct alert_list *list, const struct alert *alert);

/* Brings the alerts of a budget up to date: fires each reached threshold once a period,
 * resolves what a new period, a higher limit or a removed threshold ended (telling people
 * once, about the highest), ends snoozes. 0 or -ENOMEM. */
int rule_step(struct alert_list *list, const struct budget *budget,
    const struct budget_status *status, int64_t now_ns, rule_emit emit, void *context);

/* The budget is gone: resolves its alerts without telling people. */
void rule_close(struct alert_list *list, const char *budget, int64_t now_ns,
    rule_emit emit, void *context);

/* Takes alerts resolved before the moment, and the oldest resolved ones beyond max, out
 * of the list; adds them to gone as far as there is memory (the others stay). */
void rule_expire(
    struct alert_list *list, int64_t before_ns, size_t max, struct alert_list *gone);

/* A person has seen it; a person wants to be reminded later. 0, or -EALREADY when it is
 * resolved. */
int rule_ack(struct alert *alert);
int rule_snooze(struct alert *alert, int64_t until_ns);

/* The alert as a document of the store, and back. format: malloc'd or NULL; parse: 0 or
 * -EBADMSG. */
char *alert_format(const struct alert *alert);
int alert_parse(const char *text, struct alert *out);

#endif
