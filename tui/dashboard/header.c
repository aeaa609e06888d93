/* The lines above and below every view. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/dashboard/view.h"
#include "tui/format.h"

#define HEADER_ROWS 3
#define BUDGET_BAR 10

/* Writes texts one after the other on a row, with two columns between. */
struct pen {
	struct canvas *canvas;
	int row, col;
};

static void write_text(struct pen *pen, enum style style, const char *text)
{
	pen->col += canvas_text(
	    pen->canvas, pen->row, pen->col, pen->canvas->cols - pen->col, style, text);
}

static void title(const struct dash *dash, struct canvas *canvas)
{
	struct pen pen = {canvas, 0, 1};
	char text[256], age[FORMAT_BYTES];
	int right = canvas->cols > 70 ? 24 : 14;

	canvas_fill(canvas, 0, 0, canvas->cols, STYLE_TITLE, L' ');
	write_text(&pen, STYLE_TITLE, "coldmeter");
	if (canvas->cols > 60) {
		(void)snprintf(text, sizeof(text), "  %s", dash->url);
		write_text(&pen, STYLE_TITLE, text);
	}
	if (dash->has_snapshot) {
		(void)snprintf(text, sizeof(text), "  %" PRIu64 " host%s",
		    dash->snapshot.hosts, dash->snapshot.hosts == 1 ? "" : "s");
		write_text(&pen, STYLE_TITLE, text);
	}
	(void)snprintf(text, sizeof(text), "  last %s", dash_window(dash));
	write_text(&pen, STYLE_TITLE, text);
	if (dash->filter[0]) {
		(void)snprintf(text, sizeof(text), "  /%s", dash->filter);
		write_text(&pen, STYLE_TITLE, text);
	}
	if (!dash->has_snapshot)
		return;
	(void)snprintf(text, sizeof(text), " %s%s ago ",
	    dash->paused        ? "PAUSED, "
	    : canvas->cols > 70 ? "updated "
				: "",
	    format_age((double)(dash->now_ms - dash->fresh_ms) / 1000, age));
	(void)canvas_right(canvas, 0, canvas->cols - right, right, STYLE_TITLE, text);
}

static void totals(const struct dash *dash, struct pen *pen)
{
	struct money hour = {0}, month = {0};
	double rate = 0;
	char text[160], a[FORMAT_BYTES], b[FORMAT_BYTES], c[FORMAT_BYTES], of[32] = "";
	size_t n = dash->snapshot.functions.items_n;

	for (size_t i = 0; i < n; i++) {
		const struct function_row *row = snapshot_at(&dash->snapshot, i);

		rate += row->rate >= 0 ? row->rate : 0;
		hour = money_add(hour, row->cost_per_hour);
		month = money_add(month, row->cost_month);
	}
	if (dash->snapshot.functions_told > n) /* the sums are of those that are shown */
		(void)snprintf(of, sizeof(of), " of %llu",
		    (unsigned long long)dash->snapshot.functions_told);
	(void)snprintf(text, sizeof(text), "%zu%s function%s  %s inv/s  %s/h  %s/month",
	    n, of, n == 1 ? "" : "s", format_rate(rate, a), format_money(hour, b),
	    format_money(month, c));
	write_text(pen, STYLE_PLAIN, text);
}

/* At the right end; what was lost is said however little room there is. */
static void ledger(const struct dash *dash, const struct pen *pen)
{
	const struct ledger *shot = &dash->snapshot.ledger;
	uint64_t settled = shot->delivered + shot->lost;
	char text[160], lost_text[64], seen[FORMAT_BYTES], delivered[FORMAT_BYTES];
	char lost[FORMAT_BYTES], pending[FORMAT_BYTES], on_the_way[64] = "";
	int cols = pen->canvas->cols;
	int width;

	width = snprintf(
	    lost_text, sizeof(lost_text), "%s lost", format_count(shot->lost, lost));
	(void)canvas_text(pen->canvas, pen->row, cols - width - 1, width,
	    shot->lost ? STYLE_BAD : STYLE_DIM, lost_text);
	if (shot->seen > settled)
		(void)snprintf(on_the_way, sizeof(on_the_way), "%s on the way + ",
		    format_count(shot->seen - settled, pending));
	width += 1 + snprintf(text, sizeof(text), "ledger: %s seen = %s delivered + %s",
			 format_count(shot->seen, seen),
			 format_count(shot->delivered, delivered), on_the_way);
	if (pen->col + 2 + width <= cols)
		(void)canvas_text(
		    pen->canvas, pen->row, cols - width, width, STYLE_DIM, text);
	else
		canvas_put(pen->canvas, pen->row, cols - 2 - (int)strlen(lost_text),
		    STYLE_PLAIN, L' ');
}

static void banner(const struct dash *dash, struct canvas *canvas)
{
	char text[512], age[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text),
	    " collector not reachable since %s, retrying (%s)",
	    format_age((double)(dash->now_ms - dash->lost_ms) / 1000, age),
	    dash->lost_why);
	canvas_fill(canvas, 1, 0, canvas->cols, STYLE_BANNER, L' ');
	(void)canvas_text(canvas, 1, 0, canvas->cols, STYLE_BANNER, text);
}

static enum style budget_style(const struct budget_row *row)
{
	return strcmp(row->state, "over") == 0      ? STYLE_BAD
	       : strcmp(row->state, "warning") == 0 ? STYLE_WARN
						    : STYLE_GOOD;
}

/* An agent that died leaves figures that look alive. */
static void silence(const struct dash *dash, struct pen *pen)
{
	const struct agent_row *rows = dash->snapshot.agents.items;
	const struct agent_row *first = NULL;
	char text[SNAPSHOT_HOST_BYTES + 64], age[FORMAT_BYTES];
	size_t n = 0;

	for (size_t i = dash->snapshot.agents.items_n; i-- > 0;)
		if (rows[i].silent) {
			first = &rows[i];
			n++;
		}
	if (!n)
		return;
	if (n == 1)
		(void)snprintf(text, sizeof(text), " agent on %s silent for %s ",
		    first->host, format_age(first->age_s, age));
	else
		(void)snprintf(text, sizeof(text), " %zu agents silent ", n);
	write_text(pen, STYLE_BANNER, text);
	pen->col += 2;
}

static void alerts(const struct dash *dash, struct pen *pen)
{
	const struct alert_row *rows = dash->alerts.items;
	size_t firing = 0;
	char text[64];

	for (size_t i = 0; i < dash->alerts.items_n; i++)
		firing += strcmp(rows[i].state, "firing") == 0;
	if (!firing) {
		write_text(pen, STYLE_DIM, "no alerts");
		return;
	}
	(void)snprintf(
	    text, sizeof(text), " %zu alert%s ", firing, firing == 1 ? "" : "s");
	write_text(pen, STYLE_BANNER, text);
}

static void budgets(const struct dash *dash, struct pen *pen)
{
	const struct budget_row *rows = dash->budgets.items;

	if (dash->has_budgets && !dash->budgets.items_n)
		write_text(pen, STYLE_DIM, "  no budgets");
	for (size_t i = 0; i < dash->budgets.items_n; i++) {
		char text[320], limit[FORMAT_BYTES], percent[FORMAT_BYTES];
		int room = pen->canvas->cols - pen->col;

		(void)snprintf(text, sizeof(text), "  %.24s ", rows[i].name);
		if (room < (int)strlen(text) + BUDGET_BAR + 24)
			return;
		write_text(pen, STYLE_PLAIN, text);
		draw_bar(pen->canvas, pen->row, pen->col, BUDGET_BAR,
		    rows[i].percent / 100, budget_style(&rows[i]));
		pen->col += BUDGET_BAR;
		(void)snprintf(text, sizeof(text), " %s of %s/%s",
		    format_percent(rows[i].percent, percent),
		    format_money(rows[i].limit, limit), rows[i].period);
		write_text(pen, budget_style(&rows[i]), text);
	}
}

/* The host where agent and probes take most; NULL: none has told. */
static const struct agent_row *busiest(const struct dash *dash, size_t *n)
{
	const struct agent_row *rows = dash->snapshot.agents.items;
	const struct agent_row *most = NULL;

	*n = 0;
	for (size_t i = 0; i < dash->snapshot.agents.items_n; i++) {
		if (rows[i].silent || isnan(rows[i].agent_pct))
			continue;
		(*n)++;
		if (!most || agent_row_cost_pct(&rows[i]) > agent_row_cost_pct(most))
			most = &rows[i];
	}
	return most;
}

/* At the right end, as far as there is room: what watching costs. */
static void watching(const struct dash *dash, const struct pen *pen)
{
	size_t n;
	const struct agent_row *row = busiest(dash, &n);
	char text[160], percent[FORMAT_BYTES], shed[64] = "";
	int cols = pen->canvas->cols;
	int width;

	if (!row)
		return;
	if (row->shed > 0)
		(void)snprintf(shed, sizeof(shed), ", detail is shed (step %.0f)",
		    row->shed > 99 ? 99 : row->shed);
	width = snprintf(text, sizeof(text), "watching costs %s of %s host%s ",
	    format_percent(agent_row_cost_pct(row), percent),
	    n == 1 ? "this" : "the busiest", shed);
	if (pen->col + 2 + width <= cols)
		(void)canvas_text(pen->canvas, pen->row, cols - width, width,
		    row->shed > 0 ? STYLE_WARN : STYLE_DIM, text);
}

/* Connections of functions whose requests nobody counts. */
static void unseen(const struct dash *dash, struct pen *pen)
{
	const struct agent_row *rows = dash->snapshot.agents.items;
	uint64_t tls = 0, http2 = 0;
	char text[160], a[FORMAT_BYTES], b[FORMAT_BYTES];

	for (size_t i = 0; i < dash->snapshot.agents.items_n; i++) {
		tls += rows[i].tls;
		http2 += rows[i].http2;
	}
	if (!tls && !http2)
		return;
	(void)snprintf(text, sizeof(text), "  not measured: %s%s%s%s%s connections",
	    tls ? format_count(tls, a) : "", tls ? " TLS" : "",
	    tls && http2 ? " and " : "", http2 ? format_count(http2, b) : "",
	    http2 ? " HTTP/2" : "");
	write_text(pen, STYLE_WARN, text);
}

int header_draw(const struct dash *dash, struct canvas *canvas)
{
	struct pen first = {canvas, 1, 1};
	struct pen second = {canvas, 2, 1};

	title(dash, canvas);
	if (dash->has_snapshot && !dash->lost_ms) {
		totals(dash, &first);
		ledger(dash, &first);
	}
	if (dash->has_snapshot) {
		silence(dash, &second);
		alerts(dash, &second);
		unseen(dash, &second);
		budgets(dash, &second);
		watching(dash, &second);
	}
	if (dash->lost_ms)
		banner(dash, canvas);
	return HEADER_ROWS;
}

/* The first of a key's names, and how wide its hint is. */
static int hint_width(const struct key_row *row, char *key, size_t size)
{
	(void)snprintf(key, size, "%.*s", (int)strcspn(row->keys, " "), row->keys);
	return (int)(strlen(key) + strlen(row->hint)) + 3;
}

static bool is_way_out(const struct key_row *row)
{
	return row->action == ACTION_HELP || row->action == ACTION_QUIT ||
	       row->action == ACTION_BACK;
}

/* Help and the way out always have room; the others as they fit. */
static void hints(const struct dash *dash, struct canvas *canvas)
{
	struct pen pen = {canvas, canvas->rows - 1, 1};
	unsigned int where = view_top(dash)->where;
	int left = canvas->cols;
	char key[16];

	for (const struct key_row *row = keys; row->keys; row++)
		if (row->hint && (row->where & where) && is_way_out(row))
			left -= hint_width(row, key, sizeof(key));
	for (const struct key_row *row = keys; row->keys; row++) {
		int width;

		if (!row->hint || !(row->where & where))
			continue;
		width = hint_width(row, key, sizeof(key));
		if (!is_way_out(row) && width > left)
			continue;
		left -= is_way_out(row) ? 0 : width;
		write_text(&pen, STYLE_KEY, key);
		pen.col++;
		write_text(&pen, STYLE_DIM, row->hint);
		pen.col += 2;
	}
}

static void prompt(const struct dash *dash, struct canvas *canvas)
{
	struct pen pen = {canvas, canvas->rows - 2, 1};
	char text[FUNCTION_NAME_BYTES + 64];

	if (dash->prompt.kind == PROMPT_FILTER)
		(void)snprintf(text, sizeof(text), "show names with: ");
	else
		(void)snprintf(
		    text, sizeof(text), "address that runs %s: ", dash->prompt.function);
	write_text(&pen, STYLE_BOLD, text);
	write_text(&pen, STYLE_PLAIN, dash->prompt.text);
	canvas_put(canvas, pen.row, pen.col, STYLE_SELECTED, L' ');
	pen = (struct pen){canvas, canvas->rows - 1, 1};
	write_text(&pen, STYLE_KEY, "Enter");
	write_text(&pen, STYLE_DIM, " take it  ");
	write_text(&pen, STYLE_KEY, "Esc");
	write_text(&pen, STYLE_DIM, " give up");
}

void footer_draw(const struct dash *dash, struct canvas *canvas)
{
	if (dash->prompt.kind != PROMPT_NONE) {
		prompt(dash, canvas);
		return;
	}
	if (dash->now_ms < dash->notice_until_ms)
		(void)canvas_text(canvas, canvas->rows - 2, 1, canvas->cols - 2,
		    dash->notice_bad ? STYLE_BAD : STYLE_GOOD, dash->notice);
	else if (dash->warning[0])
		(void)canvas_text(canvas, canvas->rows - 2, 1, canvas->cols - 2,
		    STYLE_BAD, dash->warning);
	hints(dash, canvas);
}
