/* What the engine's thread and the HTTP handlers share. */
#ifndef COLDMETER_ALERTS_STATE_H
#define COLDMETER_ALERTS_STATE_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "alerts/budget.h"
#include "alerts/engine.h"
#include "alerts/keepwarm.h"
#include "alerts/message.h"
#include "alerts/outbox.h"
#include "alerts/rule.h"
#include "alerts/spend.h"
#include "alerts/watch.h"
#include "base/by_id.h"

/* Kinds of documents in the store. */
#define STATE_BUDGET "budget"
#define STATE_ALERT "alert"
#define STATE_KEEPWARM "keepwarm"
#define STATE_TRACK "keepwarm-learned"
#define STATE_WATCH "anomalies"
#define STATE_WATCH_NAME "settings" /* of its one document */

#define STATE_MAX_BUDGETS 256
#define STATE_MAX_WARM 4096 /* functions followed, about 1.7 KB each */

struct budget_entry {
	struct budget budget;
	struct budget_status status;
	uint64_t version; /* another one for every change */
	bool has_status;  /* status was made for this version */
};

/* A function followed, whether it is kept warm or not. */
struct warm {
	const struct function *set_up; /* met in the batch that is observed just now */
	uint64_t unseen;               /* pings sent since one was seen at the function */
	bool unsaved;
	struct track track;
	char name[FUNCTION_NAME_BYTES];
	uint64_t hash;
	struct keepwarm settings;
	bool is_set;      /* the user has said something about it */
	struct ping ping; /* the engine's thread only */
	int64_t last_ping_ns;
	struct ping_result last;
	bool has_result;
	double saved_ping_s; /* when its document was last written */
	struct alerts *alerts;
};

/* A decision to carry out: the messages of one alert, and its document. */
struct errand {
	enum rule_event event;
	struct alert alert;
	struct message_others others;
	struct notify notify[NOTIFY_MAX];
	size_t notify_n;
	struct errand *next;
};

struct alerts {
	struct store *store;
	struct ingest *ingest;
	const struct book *book;
	struct cost_rules_slot *rules;
	CURLM *multi; /* curl_multi_wakeup() from anywhere, the rest on the thread */
	pthread_t thread;
	atomic_bool stopping;
	uint64_t random;

	/* Held while a document and the memory of it change together; before lock. */
	pthread_mutex_t edit;

	/* Held for microseconds, never over I/O. It guards what follows. */
	pthread_mutex_t lock;
	pthread_cond_t evaluated;
	struct budget_entry *budgets;
	size_t budgets_n;
	bool budgets_changed;
	uint64_t version;
	struct alert_list alerts;
	struct watch watch;
	bool watch_changed;
	struct warm **warm; /* entries stay where they are until the end */
	size_t warm_n;
	size_t warm_room;
	struct by_id warm_by_id; /* the store's numbers */
	/* The same by name: open addressing. */
	struct warm *warm_by_name[2 * STATE_MAX_WARM];
	uint64_t untracked; /* invocations of functions beyond STATE_MAX_WARM */
	struct spend_marks marks;

	/* The thread only. */
	struct spend *spend;
	struct outbox *outbox;
	struct errand *errands;
	int64_t evaluated_ns;
	int64_t watched_ns; /* when anomalies were looked for last */
	int64_t saved_ns;
	int64_t clock_ns; /* wall clock less boot time */
};

/* Reads the documents. 0 or -errno, said through log_error. */
int state_load(struct alerts *alerts);
void state_done(struct alerts *alerts);

/* The lock is held by the caller of these. */
struct budget_entry *state_find_budget(struct alerts *alerts, const char *name);
/* Takes over *budget. 0, -ENOSPC, -ENOMEM (then it is still the caller's). */
int state_put_budget(struct alerts *alerts, struct budget *budget);
void state_drop_budget(struct alerts *alerts, struct budget_entry *entry);
struct warm *state_find_warm(struct alerts *alerts, const char *name);
/* Finds or adds. NULL: too many, or out of memory. */
struct warm *state_get_warm(struct alerts *alerts, const char *name);
/* Whether a budget that covers the function is spent. */
bool state_is_over(const struct alerts *alerts, const char *function);

/* Writes the document of an alert as it is now. 0 or the store's error. No lock is held.
 */
int state_save_alert(struct alerts *alerts, const char *id);

/* The idempotency key of a delivery: "<alert id>/<channel>-<hash of the address>", and
 * what sets later messages of the same alert apart. */
#define STATE_KEY_BYTES 192
void state_key(const struct alert *alert, enum rule_event event,
    const struct notify *notify, char *out);

/* Queues one message. 0, 1 when it is there already, or -errno. Any thread. */
int state_send(
    struct alerts *alerts, const struct message *message, const struct notify *notify);

/* What the engine's thread does on each turn. engine_pings returns when the next ping is
 * due; INT64_MAX: none. */
void engine_budgets(struct alerts *alerts, int64_t now_ns);
void engine_anomalies(struct alerts *alerts, int64_t now_ns);
int64_t engine_pings(struct alerts *alerts, int64_t now_ns);
/* The wall clock went back. */
void engine_rewind_pings(struct alerts *alerts, int64_t now_ns);

/* Keeps what was learned and counted, where it changed; all: everything that did. */
void engine_save_tracks(struct alerts *alerts, bool all);

/* Queues what is to be done about an alert: tell these (none of RULE_CHANGED), keep it.
 * The lock is held by the caller. What is returned is the queue's; NULL: no memory. */
struct errand *engine_errand(struct alerts *alerts, enum rule_event event,
    const struct alert *alert, const struct notify *notify, size_t notify_n);
/* Does it, in order. What fails (a full disk) stays for the next turn. */
void engine_run_errands(struct alerts *alerts);
void engine_free_errands(struct alerts *alerts);

/* Wakes the engine's thread. Any thread. */
void engine_wake(struct alerts *alerts);

#endif
