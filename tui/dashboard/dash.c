#include "tui/dashboard/dash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tui/secret.h"

#define DASH_NOTICE_MS 6000
#define DASH_STALE_MS 4000 /* of 1 s answers: three are missing */

static const struct {
	const char *name, *step, *step_name;
} windows[] = {{"5m", "60s", "minute"}, {"15m", "60s", "minute"}, {"1h", "60s", "minute"},
    {"24h", "1800s", "half hour"}};
#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

void dash_init(struct dash *dash, const char *url)
{
	memset(dash, 0, sizeof(*dash));
	dash->url = url;
	dash->order = ORDER_INVOCATIONS;
	dash->window = 2;
}

void dash_done(struct dash *dash)
{
	struct rows *const all[] = {&dash->budgets, &dash->alerts, &dash->keepwarm,
	    &dash->advice, &dash->points, &dash->invocations, &dash->colds};

	snapshot_done(&dash->snapshot);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		rows_done(all[i]);
	free(dash->visible);
	dash->visible = NULL;
}

const char *dash_window(const struct dash *dash)
{
	return windows[dash->window % WINDOWS].name;
}

const char *dash_step(const struct dash *dash)
{
	return windows[dash->window % WINDOWS].step;
}

const char *dash_step_name(const struct dash *dash)
{
	return windows[dash->window % WINDOWS].step_name;
}

static bool is_selected(const struct dash *dash, const struct function_row *row)
{
	return strcmp(row->name, dash->selected) == 0 &&
	       strcmp(row->version, dash->selected_version) == 0;
}

static void select_row(struct dash *dash, size_t at)
{
	dash->cursor.at = at;
	if (at >= dash->visible_n)
		return;
	(void)text_copy(dash->selected, sizeof(dash->selected), dash->visible[at]->name);
	(void)text_copy(dash->selected_version, sizeof(dash->selected_version),
	    dash->visible[at]->version);
}

int dash_arrange(struct dash *dash)
{
	size_t n = dash->snapshot.functions.items_n;
	const struct function_row **rows =
	    reallocarray(dash->visible, n + 1, sizeof(*dash->visible));

	dash->visible_n = 0;
	if (!rows)
		return -ENOMEM;
	dash->visible = rows;
	for (size_t i = 0; i < n; i++) {
		const struct function_row *row = snapshot_at(&dash->snapshot, i);

		if (!dash->filter[0] || strcasestr(row->name, dash->filter))
			rows[dash->visible_n++] = row;
	}
	order_rows(rows, dash->visible_n, dash->order, dash->reverse);
	for (size_t i = 0; i < dash->visible_n; i++)
		if (is_selected(dash, rows[i])) {
			dash->cursor.at = i;
			return 0;
		}
	if (dash->filter[0] || dash->cursor.at >= dash->visible_n)
		dash->cursor.at = 0;
	select_row(dash, dash->cursor.at);
	return 0;
}

const struct function_row *dash_selected(const struct dash *dash)
{
	return dash->cursor.at < dash->visible_n ? dash->visible[dash->cursor.at] : NULL;
}

const struct keepwarm_row *dash_keepwarm(const struct dash *dash, const char *function)
{
	const struct keepwarm_row *rows = dash->keepwarm.items;

	for (size_t i = 0; i < dash->keepwarm.items_n; i++)
		if (strcmp(rows[i].function, function) == 0)
			return &rows[i];
	return NULL;
}

const struct advice_row *dash_advice(const struct dash *dash, const char *function)
{
	const struct advice_row *rows = dash->advice.items;

	for (size_t i = 0; i < dash->advice.items_n; i++)
		if (strcmp(rows[i].function, function) == 0)
			return &rows[i];
	return NULL;
}

void dash_move(struct dash *dash, long delta)
{
	size_t at = dash->cursor.at;

	if (delta < 0)
		at = (size_t)-delta > at ? 0 : at - (size_t)-delta;
	else
		at += (size_t)delta;
	if (at >= dash->visible_n)
		at = dash->visible_n ? dash->visible_n - 1 : 0;
	select_row(dash, at);
}

void cursor_clamp(struct cursor *cursor, size_t n, int page)
{
	size_t rows = page > 0 ? (size_t)page : 1;

	if (cursor->at >= n)
		cursor->at = n ? n - 1 : 0;
	if (cursor->top > cursor->at)
		cursor->top = cursor->at;
	if (cursor->at - cursor->top >= rows)
		cursor->top = cursor->at - rows + 1;
	if (n <= rows)
		cursor->top = 0;
	else if (cursor->top > n - rows)
		cursor->top = n - rows;
}

void dash_say(struct dash *dash, bool bad, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(dash->notice, sizeof(dash->notice), format, args);
	va_end(args);
	text_make_printable(dash->notice);
	dash->notice_bad = bad;
	dash->notice_until_ms = dash->now_ms + DASH_NOTICE_MS;
}

bool dash_is_stale(const struct dash *dash)
{
	return dash->lost_ms && dash->now_ms - dash->fresh_ms > DASH_STALE_MS;
}

static void want(struct dash *dash, const char *method, json_t *body)
{
	AUTO(free) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

	if (!text || strlen(text) >= sizeof(dash->deed.body) ||
	    dash->deed.path.overflow) {
		dash_say(dash, true, "that is too long to send");
		return;
	}
	(void)text_copy(dash->deed.body, sizeof(dash->deed.body), text);
	dash->deed.method = method;
	dash->deed.wanted = true;
}

void dash_keepwarm_on(struct dash *dash, const char *function, const char *ping_url)
{
	json_t *body;

	if (!secret_is_address(ping_url)) {
		dash_say(dash, true, "keep-warm needs an http:// or https:// address");
		return;
	}
	body = json_pack("{s:b, s:s}", "enabled", 1, "ping_url", ping_url);
	path_start(&dash->deed.path, "/v1/keepwarm");
	path_segment(&dash->deed.path, function);
	(void)snprintf(dash->deed.done, sizeof(dash->deed.done),
	    "%.100s is kept warm now", function);
	want(dash, "PUT", body);
	json_decref(body);
}

void dash_toggle_keepwarm(struct dash *dash, const char *function)
{
	const struct keepwarm_row *row = dash_keepwarm(dash, function);
	json_t *body;

	if (!row || !row->ping_url[0]) {
		dash->prompt.kind = PROMPT_PING_URL;
		(void)text_copy(
		    dash->prompt.function, sizeof(dash->prompt.function), function);
		(void)text_copy(dash->prompt.text, sizeof(dash->prompt.text), "http://");
		return;
	}
	if (!row->enabled) {
		dash_keepwarm_on(dash, function, row->ping_url);
		return;
	}
	body = json_pack("{s:b}", "enabled", 0);
	path_start(&dash->deed.path, "/v1/keepwarm");
	path_segment(&dash->deed.path, function);
	(void)snprintf(dash->deed.done, sizeof(dash->deed.done),
	    "%.100s is no longer kept warm", function);
	want(dash, "PUT", body);
	json_decref(body);
}

void dash_answer_alert(struct dash *dash, const struct alert_row *alert, bool snooze)
{
	json_t *body = snooze ? json_pack("{s:s}", "for", "1h") : json_object();

	path_start(&dash->deed.path, "/v1/alerts");
	path_segment(&dash->deed.path, alert->id);
	path_segment(&dash->deed.path, snooze ? "snooze" : "ack");
	(void)snprintf(dash->deed.done, sizeof(dash->deed.done), "alert %.64s %s",
	    alert->id, snooze ? "is silent for an hour" : "is acknowledged");
	want(dash, "POST", body);
	json_decref(body);
}

static void take_functions(struct dash *dash, int err, const struct reply *reply)
{
	if (!err)
		err = snapshot_parse(reply->body, reply->body_bytes, &dash->snapshot);
	if (err) {
		if (!dash->lost_ms)
			dash->lost_ms = dash->now_ms;
		(void)text_copy(dash->lost_why, sizeof(dash->lost_why),
		    reply->why[0] ? reply->why : "its answer is no coldmeter answer");
		return;
	}
	dash->has_snapshot = true;
	dash->lost_ms = 0;
	dash->fresh_ms = dash->now_ms;
	(void)dash_arrange(dash);
}

static void take_deed(struct dash *dash, int err, const struct reply *reply)
{
	if (err)
		dash_say(dash, true, "that did not work: %s", reply->why);
	else
		dash_say(dash, false, "%s", dash->deed.done);
}

void dash_take(
    struct dash *dash, enum feed_topic topic, int err, const struct reply *reply)
{
	static bool ignored;
	const struct {
		const struct row_kind *kind;
		struct rows *rows;
		bool *has;
	} lists[FEED_TOPICS] = {
	    [FEED_BUDGETS] = {&budget_kind, &dash->budgets, &dash->has_budgets},
	    [FEED_ALERTS] = {&alert_kind, &dash->alerts, &ignored},
	    [FEED_KEEPWARM] = {&keepwarm_kind, &dash->keepwarm, &ignored},
	    [FEED_ADVICE] = {&advice_kind, &dash->advice, &dash->has_advice},
	    [FEED_SERIES] = {&point_kind, &dash->points, &dash->has_points},
	    [FEED_INVOCATIONS] = {&invocation_kind, &dash->invocations,
		&dash->has_invocations},
	    [FEED_COLDS] = {&invocation_kind, &dash->colds, &dash->has_colds},
	};
	AUTO(json) json_t *root = NULL;

	if (topic == FEED_FUNCTIONS) {
		take_functions(dash, err, reply);
	} else if (topic == FEED_DEED) {
		take_deed(dash, err, reply);
	} else if (!err && lists[topic].has) {
		root = rows_root(reply->body, reply->body_bytes);
		if (rows_parse(root, lists[topic].kind, lists[topic].rows) == 0)
			*lists[topic].has = true;
		if (topic == FEED_COLDS)
			dash->has_waterfall =
			    waterfall_find(root, NULL, &dash->waterfall) != NULL;
	}
}
