/* Budgets above, alerts below. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/dashboard/view.h"
#include "tui/format.h"

#define BAR 12

static enum style state_style(const char *state)
{
	return strcmp(state, "over") == 0 || strcmp(state, "firing") == 0 ? STYLE_BAD
	       : strcmp(state, "warning") == 0                            ? STYLE_WARN
	       : strcmp(state, "ok") == 0                                 ? STYLE_GOOD
									  : STYLE_DIM;
}

static void draw_budget(
    struct canvas *canvas, int row, int cols, const struct budget_row *budget)
{
	char text[640], spent[FORMAT_BYTES], limit[FORMAT_BYTES], forecast[FORMAT_BYTES];
	char percent[FORMAT_BYTES];

	(void)canvas_text(canvas, row, 1, 20, STYLE_BOLD, budget->name);
	draw_bar(canvas, row, 22, BAR, budget->percent / 100, state_style(budget->state));
	(void)canvas_right(canvas, row, 23 + BAR, 6, state_style(budget->state),
	    format_percent(budget->percent, percent));
	(void)snprintf(text, sizeof(text), "%s of %s/%s, forecast %s; %s%s%s; tells %s",
	    format_money(budget->spent, spent), format_money(budget->limit, limit),
	    budget->period,
	    budget->has_forecast ? format_money(budget->forecast, forecast) : "-",
	    budget->function[0] ? budget->function : "all functions",
	    budget->top_function[0] && !budget->function[0] ? ", dearest " : "",
	    budget->function[0] ? "" : budget->top_function,
	    budget->notify[0] ? budget->notify : "nobody");
	(void)canvas_text(canvas, row, 31 + BAR, cols - 32 - BAR, STYLE_PLAIN, text);
}

static int draw_budgets(
    const struct dash *dash, struct canvas *canvas, const struct area *area, int most)
{
	const struct budget_row *rows = dash->budgets.items;
	int n = dash->budgets.items_n > (size_t)most ? most : (int)dash->budgets.items_n;

	canvas_fill(canvas, area->row, 0, area->cols, STYLE_HEAD, L' ');
	(void)canvas_text(canvas, area->row, 1, area->cols, STYLE_HEAD, "BUDGETS");
	if (!n) {
		(void)canvas_text(canvas, area->row + 1, 1, area->cols - 2, STYLE_PLAIN,
		    "None. `coldmeter budget set all --limit 5.00 --period day` makes "
		    "one.");
		return 3;
	}
	for (int i = 0; i < n; i++)
		draw_budget(canvas, area->row + 1 + i, area->cols, &rows[i]);
	return n + 2;
}

static void draw_alert(
    struct canvas *canvas, int row, int cols, const struct alert_row *alert)
{
	char text[ACTS_TEXT_BYTES * 2 + 16], when[FORMAT_BYTES];

	(void)canvas_text(canvas, row, 1, 8, state_style(alert->state), alert->state);
	(void)canvas_text(
	    canvas, row, 10, 19, STYLE_DIM, format_time(alert->since_ns, 0, when));
	(void)canvas_text(canvas, row, 31, 16, STYLE_BOLD, alert->budget);
	(void)snprintf(text, sizeof(text), "%s%s%s%s", alert->message,
	    alert->delivery[0] ? " [" : "", alert->delivery,
	    alert->delivery[0] ? "]" : "");
	(void)canvas_text(canvas, row, 48, cols - 49, STYLE_PLAIN, text);
}

static void draw(struct dash *dash, struct canvas *canvas, const struct area *area)
{
	const struct alert_row *rows = dash->alerts.items;
	struct area below = *area;
	int page;

	below.row += draw_budgets(dash, canvas, area, area->rows / 2 - 2);
	page = area->row + area->rows - below.row - 1;
	canvas_fill(canvas, below.row, 0, area->cols, STYLE_HEAD, L' ');
	(void)canvas_text(canvas, below.row, 1, area->cols, STYLE_HEAD,
	    "ALERTS   SINCE (UTC)          RULE             WHAT");
	if (!dash->alerts.items_n) {
		(void)canvas_text(canvas, below.row + 1, 1, area->cols - 2, STYLE_PLAIN,
		    "None so far.");
		return;
	}
	cursor_clamp(&dash->alerts_cursor, dash->alerts.items_n, page);
	for (int i = 0; i < page; i++) {
		size_t at = dash->alerts_cursor.top + (size_t)i;

		if (at >= dash->alerts.items_n)
			return;
		draw_alert(canvas, below.row + 1 + i, area->cols, &rows[at]);
		if (at == dash->alerts_cursor.at)
			canvas_restyle(
			    canvas, below.row + 1 + i, 0, area->cols, STYLE_SELECTED);
	}
}

static enum reaction key(struct dash *dash, enum action action, int page)
{
	const struct alert_row *rows = dash->alerts.items;
	size_t at = dash->alerts_cursor.at;
	long delta;

	if (action == ACTION_BACK)
		return REACT_CLOSE;
	if (view_moves(action, page, &delta))
		view_move(&dash->alerts_cursor, dash->alerts.items_n, delta);
	else if ((action == ACTION_ACK || action == ACTION_SNOOZE) &&
		 at < dash->alerts.items_n)
		dash_answer_alert(dash, &rows[at], action == ACTION_SNOOZE);
	return REACT_REDRAW;
}

const struct view_ops view_alerts = {"budgets and alerts", ON_ALERTS, draw, key};
