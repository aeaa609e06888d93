/* The page of one function. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tui/dashboard/function_lines.h"
#include "tui/dashboard/view.h"
#include "tui/format.h"

#define CHART_ROWS 4
#define INVOCATIONS_LEAST 5 /* rows that the latest invocations keep */
#define CHART_LABEL 9

/* A chart with its title and largest value. */
static int draw_series(const struct dash *dash, struct canvas *canvas,
    const struct area *area, bool invocations)
{
	const struct point_row *points = dash->points.items;
	size_t n = dash->points.items_n;
	AUTO(free) double *values = calloc(n + 1, sizeof(*values));
	struct area chart = {area->row + 1, area->col + CHART_LABEL, area->rows - 1,
	    area->cols - CHART_LABEL};
	char most_text[FORMAT_BYTES], title[48];
	double most = 0;
	size_t first = n > (size_t)chart.cols ? n - (size_t)chart.cols : 0;

	(void)snprintf(title, sizeof(title), "%s by %s",
	    invocations ? "INVOCATIONS" : "DURATION P95", dash_step_name(dash));
	(void)canvas_text(canvas, area->row, area->col, area->cols, STYLE_HEAD, title);
	if (!values || !n || chart.cols < 4 || chart.rows < 1)
		return area->rows;
	for (size_t i = 0; i < n; i++) {
		values[i] =
		    invocations ? (double)points[i].invocations : points[i].duration.p95;
		if (i >= first && isfinite(values[i]) && values[i] > most)
			most = values[i];
	}
	(void)canvas_right(canvas, chart.row, area->col, CHART_LABEL - 1, STYLE_DIM,
	    invocations ? format_count((uint64_t)most, most_text)
			: format_duration(most, most_text));
	(void)canvas_right(canvas, chart.row + chart.rows - 1, area->col, CHART_LABEL - 1,
	    STYLE_DIM, "0");
	draw_chart(canvas, &chart, values, n, STYLE_BAR);
	return area->rows;
}

static const char *start_word(const struct invocation_row *row)
{
	return row->ping          ? "ping"
	       : row->cold        ? "cold"
	       : row->prewarmed   ? "prewarmed"
	       : row->start_known ? "warm"
				  : "-";
}

static void draw_invocation(struct canvas *canvas, int row, const struct area *area,
    const struct invocation_row *inv)
{
	enum style bad = strcmp(inv->status, "ok") == 0 ? STYLE_PLAIN : STYLE_BAD;
	char text[FORMAT_BYTES];
	int col = area->col;

	(void)canvas_text(
	    canvas, row, col, 12, STYLE_DIM, format_clock(inv->start_ns, 1, text));
	(void)canvas_text(canvas, row, col + 14, 9, inv->cold ? STYLE_WARN : STYLE_PLAIN,
	    start_word(inv));
	(void)canvas_right(canvas, row, col + 23, 9, STYLE_PLAIN,
	    format_duration(inv->duration_ms, text));
	(void)canvas_right(
	    canvas, row, col + 32, 9, STYLE_PLAIN, format_duration(inv->init_ms, text));
	(void)canvas_right(
	    canvas, row, col + 41, 10, STYLE_PLAIN, format_memory(inv->memory_mb, text));
	(void)canvas_text(canvas, row, col + 53, 10, bad, inv->status);
	(void)canvas_text(canvas, row, col + 64, 12, STYLE_DIM, inv->cause);
	(void)canvas_text(
	    canvas, row, col + 77, area->cols - 77, STYLE_DIM, inv->request_id);
}

static void draw_invocations(
    struct dash *dash, struct canvas *canvas, const struct area *area)
{
	static const struct {
		int col;
		const char *head;
	} heads[] = {{0, "LATEST (UTC)"}, {14, "START"}, {24, "DURATION"}, {37, "INIT"},
	    {45, "MEMORY"}, {53, "STATUS"}, {64, "CAUSE"}, {77, "REQUEST ID"}};
	const struct invocation_row *rows = dash->invocations.items;
	size_t n = dash->invocations.items_n;
	int page = area->rows - 1;

	canvas_fill(canvas, area->row, 0, canvas->cols, STYLE_HEAD, L' ');
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		(void)canvas_text(canvas, area->row, area->col + heads[i].col,
		    area->cols - heads[i].col, STYLE_HEAD, heads[i].head);
	if (!n) {
		(void)canvas_text(canvas, area->row + 1, area->col, area->cols, STYLE_DIM,
		    dash->has_invocations ? "none in this window" : "asking ...");
		return;
	}
	cursor_clamp(&dash->function_cursor, n, page);
	for (int i = 0; i < page; i++) {
		size_t at = dash->function_cursor.top + (size_t)i;

		if (at >= n)
			return;
		draw_invocation(canvas, area->row + 1 + i, area, &rows[at]);
		if (at == dash->function_cursor.at && dash->function_cursor.at > 0)
			canvas_restyle(
			    canvas, area->row + 1 + i, 0, canvas->cols, STYLE_SELECTED);
	}
}

/* Charts side by side when there is room. Returns the rows they take. */
static int draw_charts(const struct dash *dash, struct canvas *canvas, int row, int rows,
    const struct area *area)
{
	struct area chart = {row, area->col, rows, area->cols};

	if (rows < 3 || !dash->has_points)
		return 0;
	if (area->cols >= 70) {
		chart.cols = area->cols / 2 - 1;
		(void)draw_series(dash, canvas, &chart, false);
		chart.col += chart.cols + 2;
		(void)draw_series(dash, canvas, &chart, true);
	} else {
		(void)draw_series(dash, canvas, &chart, false);
	}
	return rows + 1;
}

/* The latest cold start, where it leaves room for a few invocations. Returns the rows it
 * takes. */
static int draw_waterfall(
    const struct dash *dash, struct canvas *canvas, const struct area *area)
{
	struct area lines = {area->row + 1, area->col, 0, area->cols};
	char title[200];

	if (!dash->has_waterfall)
		return 0;
	lines.rows = waterfall_rows(&dash->waterfall);
	if (area->rows < lines.rows + 2 + INVOCATIONS_LEAST)
		return 0;
	(void)waterfall_title(&dash->waterfall, title, sizeof(title));
	(void)canvas_text(canvas, area->row, area->col, area->cols, STYLE_HEAD, title);
	waterfall_draw(&dash->waterfall, canvas, &lines);
	return lines.rows + 2;
}

static void draw(struct dash *dash, struct canvas *canvas, const struct area *area)
{
	const struct function_row *row = snapshot_find(&dash->snapshot, dash->function);
	struct area inner = {area->row, area->col + 1, area->rows, area->cols - 2};
	int left;

	if (!row) {
		(void)canvas_text(
		    canvas, area->row, 1, area->cols - 2, STYLE_BOLD, dash->function);
		(void)canvas_text(canvas, area->row + 1, 1, area->cols - 2, STYLE_PLAIN,
		    "has no invocations in this window (w widens it)");
		return;
	}
	inner.row += function_lines(dash, row, canvas, &inner);
	left = area->row + area->rows - inner.row;
	inner.rows = left;
	inner.row += draw_waterfall(dash, canvas, &inner);
	left = area->row + area->rows - inner.row;
	inner.row += draw_charts(dash, canvas, inner.row,
	    left >= CHART_ROWS + 8 ? CHART_ROWS + 1 : left - 7, &inner);
	inner.rows = area->row + area->rows - inner.row;
	if (inner.rows >= 2)
		draw_invocations(dash, canvas, &inner);
}

static enum reaction key(struct dash *dash, enum action action, int page)
{
	long delta;

	if (action == ACTION_BACK)
		return REACT_CLOSE;
	if (view_moves(action, page / 2, &delta))
		view_move(&dash->function_cursor, dash->invocations.items_n, delta);
	else if (action == ACTION_KEEPWARM)
		dash_toggle_keepwarm(dash, dash->function);
	return REACT_REDRAW;
}

const struct view_ops view_function = {"function", ON_FUNCTION, draw, key};
