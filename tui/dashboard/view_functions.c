/* The table of functions: columns give way by priority when the terminal is narrow. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "tui/dashboard/view.h"
#include "tui/format.h"

#define NAME_LEAST 12
#define NAME_WANTED 22 /* columns give way until a name has that much, if it needs it */
#define NAME_MOST 44
#define MEMORY_TEXT 11
#define MEMORY_BAR 6
#define GAP 1

struct column {
	const char *head;
	int width;
	int most;     /* width it may grow to */
	int priority; /* the lowest goes first */
	enum order order;
	const char *(*text)(const struct function_row *row, char *out);
	enum style (*style)(const struct function_row *row); /* NULL: plain */
};

static const char *text_rate(const struct function_row *row, char *out)
{
	return format_rate(row->rate, out);
}

static const char *text_count(const struct function_row *row, char *out)
{
	size_t n = strlen(format_count(row->invocations, out));

	if (row->ledger.lost && n + 1 < FORMAT_BYTES) { /* and more */
		out[n] = '+';
		out[n + 1] = '\0';
	}
	return out;
}

static const char *text_cold(const struct function_row *row, char *out)
{
	return format_percent(row->cold_pct, out);
}

static const char *text_init(const struct function_row *row, char *out)
{
	return format_duration(row->init.p95, out);
}

static const char *text_p50(const struct function_row *row, char *out)
{
	return format_duration(row->duration.p50, out);
}

static const char *text_p95(const struct function_row *row, char *out)
{
	return format_duration(row->duration.p95, out);
}

static const char *text_p99(const struct function_row *row, char *out)
{
	return format_duration(row->duration.p99, out);
}

static const char *text_memory(const struct function_row *row, char *out)
{
	return format_memory_of(row->memory_p95_mb, row->memory_limit_mb, out);
}

static const char *text_errors(const struct function_row *row, char *out)
{
	return format_count(row->errors, out);
}

static const char *text_hour(const struct function_row *row, char *out)
{
	return row->has_cost ? format_money(row->cost_per_hour, out) : "-";
}

static const char *text_month(const struct function_row *row, char *out)
{
	return row->has_cost ? format_money(row->cost_month, out) : "-";
}

static enum style style_count(const struct function_row *row)
{
	return row->ledger.lost ? STYLE_WARN : STYLE_PLAIN;
}

static enum style style_cold(const struct function_row *row)
{
	return row->cold_pct >= 10 ? STYLE_WARN : STYLE_PLAIN;
}

static enum style style_errors(const struct function_row *row)
{
	return row->errors ? STYLE_BAD : STYLE_PLAIN;
}

static enum style style_memory(const struct function_row *row)
{
	double used = row->memory_p95_mb / row->memory_limit_mb;

	return used >= 0.9 ? STYLE_BAD : used >= 0.75 ? STYLE_WARN : STYLE_PLAIN;
}

enum { NAME, PLATFORM, MEMORY = 9, TREND = 13, COLUMNS = 14 };

static const struct column columns[COLUMNS] = {
    {"FUNCTION", NAME_LEAST, NAME_MOST, 100, ORDER_NAME, NULL, NULL},
    {"PLATFORM", 10, 15, 10, ORDER_PLATFORM, NULL, NULL},
    {"INV/S", 5, 5, 90, ORDER_RATE, text_rate, NULL},
    {"COUNT", 6, 6, 70, ORDER_INVOCATIONS, text_count, style_count},
    {"COLD", 5, 5, 95, ORDER_COLD, text_cold, style_cold},
    {"INIT95", 7, 8, 60, ORDER_INIT, text_init, NULL},
    {"P50", 7, 7, 50, ORDER_P50, text_p50, NULL},
    {"P95", 7, 7, 98, ORDER_P95, text_p95, NULL},
    {"P99", 7, 7, 40, ORDER_P99, text_p99, NULL},
    {"MEMORY", MEMORY_TEXT, MEMORY_TEXT + MEMORY_BAR, 55, ORDER_MEMORY, text_memory,
	style_memory},
    {"ERR", 5, 5, 85, ORDER_ERRORS, text_errors, style_errors},
    {"$/HOUR", 9, 9, 30, ORDER_COST, text_hour, NULL},
    {"$/MONTH", 9, 9, 92, ORDER_COST, text_month, NULL},
    {"TREND", 5, 30, 20, ORDER_COUNT, NULL, NULL},
};

struct layout {
	int widths[COLUMNS]; /* 0: not shown */
};

static int total_width(const struct layout *layout)
{
	int total = 0;

	for (int i = 0; i < COLUMNS; i++)
		total += layout->widths[i] ? layout->widths[i] + GAP : 0;
	return total;
}

/* Gives what is left over to a column, up to a width. */
static void grow(struct layout *layout, int column, int most, int cols)
{
	int left = cols - total_width(layout);

	if (!layout->widths[column] || left <= 0 || most <= layout->widths[column])
		return;
	layout->widths[column] +=
	    most - layout->widths[column] < left ? most - layout->widths[column] : left;
}

static void lay_out(const struct dash *dash, int cols, struct layout *layout)
{
	int longest = NAME_LEAST;

	for (size_t i = 0; i < dash->visible_n; i++) {
		int n = (int)strlen(dash->visible[i]->name);

		longest = n > longest ? n : longest;
	}
	for (int i = 0; i < COLUMNS; i++)
		layout->widths[i] = columns[i].width;
	layout->widths[NAME] = longest < NAME_WANTED ? longest : NAME_WANTED;
	while (total_width(layout) > cols) {
		int least = -1;

		for (int i = 1; i < COLUMNS; i++)
			if (layout->widths[i] &&
			    (least < 0 || columns[i].priority < columns[least].priority))
				least = i;
		if (least < 0)
			break;
		layout->widths[least] = 0;
	}
	grow(layout, NAME, longest < NAME_MOST ? longest : NAME_MOST, cols);
	grow(layout, MEMORY, columns[MEMORY].most, cols);
	for (int i = 1; i < COLUMNS; i++)
		if (i != MEMORY)
			grow(layout, i, columns[i].most, cols);
}

static void draw_heads(
    const struct dash *dash, struct canvas *canvas, int row, const struct layout *layout)
{
	int col = 1;

	canvas_fill(canvas, row, 0, canvas->cols, STYLE_HEAD, L' ');
	for (int i = 0; i < COLUMNS; i++) {
		const char *mark = "";
		char text[16];

		if (!layout->widths[i])
			continue;
		/* $/h and $/month are one order: the first that shows carries the mark */
		if (columns[i].order == dash->order &&
		    (i == 0 || columns[i - 1].order != dash->order ||
			!layout->widths[i - 1]))
			mark = dash->reverse ? (canvas->unicode ? "\u25b2" : "^")
					     : (canvas->unicode ? "\u25bc" : "v");
		(void)snprintf(text, sizeof(text), "%s%s", columns[i].head, mark);
		if (columns[i].text)
			(void)canvas_right(
			    canvas, row, col, layout->widths[i], STYLE_HEAD, text);
		else
			(void)canvas_text(
			    canvas, row, col, layout->widths[i], STYLE_HEAD, text);
		col += layout->widths[i] + GAP;
	}
}

static void draw_memory(
    struct canvas *canvas, int row, int col, int width, const struct function_row *f)
{
	char text[FORMAT_BYTES];
	int bar = width >= MEMORY_TEXT + 4 ? width - MEMORY_TEXT - 1 : 0;

	(void)canvas_right(
	    canvas, row, col, MEMORY_TEXT, style_memory(f), text_memory(f, text));
	if (bar && f->memory_limit_mb > 0 && isfinite(f->memory_p95_mb))
		draw_bar(canvas, row, col + MEMORY_TEXT + 1, bar,
		    f->memory_p95_mb / f->memory_limit_mb, style_memory(f));
}

static void draw_row(struct canvas *canvas, int row, const struct layout *layout,
    const struct function_row *f)
{
	int col = 1;

	for (int i = 0; i < COLUMNS; i++) {
		const struct column *column = &columns[i];
		int width = layout->widths[i];
		char text[FORMAT_BYTES];

		if (!width)
			continue;
		if (i == MEMORY)
			draw_memory(canvas, row, col, width, f);
		else if (i == TREND)
			draw_sparkline(canvas, row, col, width, f->trend, SNAPSHOT_TREND);
		else if (column->text)
			(void)canvas_right(canvas, row, col, width,
			    column->style ? column->style(f) : STYLE_PLAIN,
			    column->text(f, text));
		else
			(void)canvas_text(canvas, row, col, width,
			    i == NAME ? STYLE_BOLD : STYLE_DIM,
			    i == NAME ? f->name : f->platform);
		col += width + GAP;
	}
}

/* There were functions, but not in this window. */
static void draw_quiet(
    const struct snapshot *snapshot, struct canvas *canvas, int row, int cols)
{
	char text[128];
	char last[CLOCK_RFC3339_BYTES];

	clock_format_rfc3339(snapshot->known_last_ns, last);
	last[sizeof("2026-01-01T00:00:00") - 1] = '\0';
	(void)canvas_text(
	    canvas, row, 2, cols, STYLE_BOLD, "No invocations in this window.");
	(void)snprintf(text, sizeof(text),
	    "The last of %llu function%s was seen at %s UTC.",
	    (unsigned long long)snapshot->known, snapshot->known == 1 ? "" : "s", last);
	(void)canvas_text(canvas, row + 2, 2, cols, STYLE_PLAIN, text);
	(void)canvas_text(canvas, row + 3, 2, cols, STYLE_PLAIN, "w looks further back.");
}

static void draw_empty(
    const struct dash *dash, struct canvas *canvas, const struct area *area)
{
	static const char *const lines[] = {
	    "No functions seen yet.",
	    "",
	    "The agent recognises a function by the environment it is started with:",
	    "AWS_LAMBDA_FUNCTION_NAME, K_SERVICE, FUNCTIONS_WORKER_RUNTIME,",
	    "OPENFAAS_NAME, __OW_ACTION_NAME, or a name of your own:",
	    "",
	    "    COLDMETER_FUNCTION=hello node server.js",
	    "",
	    "Start one on this host, or see three small ones at work with `make demo`.",
	    "Nothing here although one runs? `coldmeter doctor` tells why.",
	};
	int n = (int)(sizeof(lines) / sizeof(lines[0]));
	int row = area->row + (area->rows > n + 2 ? 2 : 0);

	if (!dash->has_snapshot) {
		(void)canvas_text(canvas, row, 2, area->cols - 3, STYLE_PLAIN,
		    dash->lost_ms ? "Start a collector: `sudo coldmeter run`, or "
				    "`coldmeter-collector`."
				  : "Asking the collector ...");
		return;
	}
	if (dash->snapshot.functions.items_n) {
		(void)canvas_text(canvas, row, 2, area->cols - 3, STYLE_PLAIN,
		    "No function's name holds that text. Esc shows them all.");
		return;
	}
	if (dash->snapshot.known && dash->snapshot.known_last_ns) {
		draw_quiet(&dash->snapshot, canvas, row, area->cols - 3);
		return;
	}
	for (int i = 0; i < n && i < area->rows; i++)
		(void)canvas_text(canvas, row + i, 2, area->cols - 3,
		    i == 0 ? STYLE_BOLD : STYLE_PLAIN, lines[i]);
}

static void draw(struct dash *dash, struct canvas *canvas, const struct area *area)
{
	struct layout layout;
	int page = area->rows - 1;

	if (!dash->visible_n) {
		draw_empty(dash, canvas, area);
		return;
	}
	lay_out(dash, area->cols - 1, &layout);
	draw_heads(dash, canvas, area->row, &layout);
	cursor_clamp(&dash->cursor, dash->visible_n, page);
	for (int i = 0; i < page; i++) {
		size_t at = dash->cursor.top + (size_t)i;

		if (at >= dash->visible_n)
			break;
		draw_row(canvas, area->row + 1 + i, &layout, dash->visible[at]);
		if (at == dash->cursor.at)
			canvas_restyle(
			    canvas, area->row + 1 + i, 0, area->cols, STYLE_SELECTED);
	}
}

/* Orders in the order of the columns, around. */
static void next_order(struct dash *dash, int step)
{
	dash->order = (enum order)(((int)dash->order + step + ORDER_COUNT) % ORDER_COUNT);
}

/* Who looks at the top of the list wants that of the new order. */
static void arrange_by(struct dash *dash, enum action action)
{
	bool at_top = dash->cursor.at == 0;

	if (action == ACTION_SORT_NEXT)
		next_order(dash, 1);
	else if (action == ACTION_SORT_PREVIOUS)
		next_order(dash, -1);
	else if (action == ACTION_REVERSE)
		dash->reverse = !dash->reverse;
	else
		dash->filter[0] = '\0';
	(void)dash_arrange(dash);
	if (at_top)
		dash_move(dash, -(long)dash->cursor.at);
}

static enum reaction key(struct dash *dash, enum action action, int page)
{
	const struct function_row *row = dash_selected(dash);
	long delta;

	if (view_moves(action, page, &delta)) {
		dash_move(dash, delta);
	} else if (action == ACTION_FILTER) {
		dash->prompt.kind = PROMPT_FILTER;
		(void)text_copy(
		    dash->prompt.text, sizeof(dash->prompt.text), dash->filter);
	} else if (action == ACTION_OPEN) {
		if (row)
			view_open_function(dash, row->name);
	} else if (action == ACTION_KEEPWARM) {
		if (row)
			dash_toggle_keepwarm(dash, row->name);
	} else {
		arrange_by(dash, action);
	}
	return REACT_REDRAW;
}

const struct view_ops view_functions = {"functions", ON_FUNCTIONS, draw, key};
