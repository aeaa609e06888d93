/* What the dashboard knows and where the user is in it: what views draw and change. */
#ifndef COLDMETER_TUI_DASHBOARD_DASH_H
#define COLDMETER_TUI_DASHBOARD_DASH_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/acts.h"
#include "tui/client.h"
#include "tui/dashboard/feed.h"
#include "tui/detail.h"
#include "tui/order.h"
#include "tui/snapshot.h"
#include "tui/waterfall.h"

#define DASH_FILTER_BYTES 64
#define DASH_PROMPT_BYTES 512
#define DASH_NOTICE_BYTES 256
#define DASH_VIEWS_MAX 8

struct view_ops;

/* A cursor in a list that may change under it. */
struct cursor {
	size_t at, top;
};

enum prompt_kind { PROMPT_NONE, PROMPT_FILTER, PROMPT_PING_URL };

struct prompt {
	enum prompt_kind kind;
	char function[FUNCTION_NAME_BYTES]; /* whose address is asked for */
	char text[DASH_PROMPT_BYTES];
};

/* A request that the user caused, until it is sent. */
struct deed {
	bool wanted;
	const char *method;
	struct path path;
	char body[1024];
	char done[DASH_NOTICE_BYTES]; /* what is said when it worked */
};

struct dash {
	const char *url;

	/* what the collector said, and when (monotonic, milliseconds) */
	struct snapshot snapshot;
	bool has_snapshot;
	struct rows budgets, alerts, keepwarm, advice;
	bool has_budgets, has_advice;
	int64_t now_ms, fresh_ms; /* fresh_ms: of the last answer about functions */
	int64_t lost_ms;          /* since when it does not answer; 0: it does */
	char lost_why[CLIENT_WHY_BYTES];
	int64_t wall_ns;

	/* the table of functions */
	const struct function_row **visible; /* filtered and sorted; into snapshot */
	size_t visible_n;
	struct cursor cursor;
	char selected[FUNCTION_NAME_BYTES];
	char selected_version[FUNCTION_VERSION_BYTES];
	enum order order;
	bool reverse;
	char filter[DASH_FILTER_BYTES];
	size_t window; /* index, see dash_window() */
	bool paused;

	/* the page of one function */
	char function[FUNCTION_NAME_BYTES];
	struct rows points, invocations, colds;
	bool has_points, has_invocations, has_colds;
	struct waterfall waterfall; /* of the newest cold start that has one */
	bool has_waterfall;
	struct cursor function_cursor;

	struct cursor advice_cursor, alerts_cursor;

	const struct view_ops *views[DASH_VIEWS_MAX]; /* a stack; the last one shows */
	size_t views_n;
	struct prompt prompt;
	struct deed deed;
	char notice[DASH_NOTICE_BYTES];
	bool notice_bad;
	int64_t notice_until_ms;
	char warning[DASH_NOTICE_BYTES]; /* stays: a program of ours has ended */
};

void dash_init(struct dash *dash, const char *url);
void dash_done(struct dash *dash);

/* The window of time as the API takes it: "1h"; the step of its series, for the API and
 * for people. */
const char *dash_window(const struct dash *dash);
const char *dash_step(const struct dash *dash);
const char *dash_step_name(const struct dash *dash);

/* Filters and sorts anew; the cursor stays with the selected function. -ENOMEM keeps the
 * list empty. */
int dash_arrange(struct dash *dash);

/* NULL when the list is empty, or the function is gone. */
const struct function_row *dash_selected(const struct dash *dash);
const struct keepwarm_row *dash_keepwarm(const struct dash *dash, const char *function);
const struct advice_row *dash_advice(const struct dash *dash, const char *function);

/* Moves the cursor by delta rows. */
void dash_move(struct dash *dash, long delta);

/* Keeps a cursor inside n rows, and its top so that page rows show it. */
void cursor_clamp(struct cursor *cursor, size_t n, int page);

/* Says something at the bottom for a few seconds. */
void dash_say(struct dash *dash, bool bad, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether no answer came for a while: figures are shown grey then. */
bool dash_is_stale(const struct dash *dash);

/* Switches keep-warm of the function over; asks for its address when none is known. */
void dash_toggle_keepwarm(struct dash *dash, const char *function);
void dash_keepwarm_on(struct dash *dash, const char *function, const char *ping_url);

/* Acknowledges or snoozes. */
void dash_answer_alert(struct dash *dash, const struct alert_row *alert, bool snooze);

/* Takes what the collector answered, or that it did not: err and reply are as of
 * client_call(). What is no such answer leaves the rows as they are. */
void dash_take(
    struct dash *dash, enum feed_topic topic, int err, const struct reply *reply);

#endif
