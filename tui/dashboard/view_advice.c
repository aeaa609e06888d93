/* Provisioned concurrency, function by function, and what keep-warm did. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/dashboard/view.h"
#include "tui/format.h"

#define WHY_ROWS 3

static const struct {
	const char *head;
	int width;
} columns[] = {{"FUNCTION", 22}, {"PROVISION", 9}, {"NOW/MONTH", 10}, {"THEN", 10},
    {"SAVES", 10}, {"COLD NOW", 8}, {"AVOIDED", 8}};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void draw_cells(
    struct canvas *canvas, int row, int cols, enum style style, const char *const *texts)
{
	int col = 1;

	for (size_t i = 0; i < COLUMNS; i++) {
		if (col + columns[i].width > cols)
			return;
		if (i == 0)
			(void)canvas_text(
			    canvas, row, col, columns[i].width, style, texts[i]);
		else
			(void)canvas_right(
			    canvas, row, col, columns[i].width, style, texts[i]);
		col += columns[i].width + 1;
	}
}

static const char *per_month(double count, char *out)
{
	return count >= 0 ? format_count((uint64_t)(count + 0.5), out) : "-";
}

static void draw_row(struct canvas *canvas, int row, int cols, const struct advice_row *a)
{
	char texts[COLUMNS][FORMAT_BYTES];
	const char *const cells[COLUMNS] = {a->function,
	    a->enough ? format_count(a->provisioned, texts[1]) : "not yet",
	    a->enough ? format_money(a->cost_now, texts[2]) : "-",
	    a->enough ? format_money(a->cost_then, texts[3]) : "-",
	    a->enough ? format_money(a->saving, texts[4]) : "-",
	    a->enough ? per_month(a->cold_now, texts[5]) : "-",
	    a->enough ? per_month(a->cold_avoided, texts[6]) : "-"};

	draw_cells(canvas, row, cols, STYLE_PLAIN, cells);
}

static void draw(struct dash *dash, struct canvas *canvas, const struct area *area)
{
	const struct advice_row *rows = dash->advice.items;
	const char *heads[COLUMNS];
	int page = area->rows - WHY_ROWS - 3;
	struct area why = {
	    area->row + area->rows - WHY_ROWS, 1, WHY_ROWS, area->cols - 2};

	for (size_t i = 0; i < COLUMNS; i++)
		heads[i] = columns[i].head;
	(void)canvas_text(canvas, area->row, 1, area->cols - 2, STYLE_BOLD,
	    "Advice: provisioned concurrency");
	canvas_fill(canvas, area->row + 1, 0, area->cols, STYLE_HEAD, L' ');
	draw_cells(canvas, area->row + 1, area->cols, STYLE_HEAD, heads);
	if (!dash->advice.items_n) {
		(void)canvas_text(canvas, area->row + 2, 1, area->cols - 2, STYLE_PLAIN,
		    dash->has_advice ? "None yet: it needs measured invocations."
				     : "asking ...");
		return;
	}
	cursor_clamp(&dash->advice_cursor, dash->advice.items_n, page);
	for (int i = 0; i < page; i++) {
		size_t at = dash->advice_cursor.top + (size_t)i;

		if (at >= dash->advice.items_n)
			break;
		draw_row(canvas, area->row + 2 + i, area->cols, &rows[at]);
		if (at == dash->advice_cursor.at)
			canvas_restyle(
			    canvas, area->row + 2 + i, 0, area->cols, STYLE_SELECTED);
	}
	(void)draw_words(canvas, &why, STYLE_PLAIN, rows[dash->advice_cursor.at].why);
}

static enum reaction key(struct dash *dash, enum action action, int page)
{
	const struct advice_row *rows = dash->advice.items;
	long delta;

	if (action == ACTION_BACK)
		return REACT_CLOSE;
	if (view_moves(action, page, &delta))
		view_move(&dash->advice_cursor, dash->advice.items_n, delta);
	else if (action == ACTION_OPEN && dash->advice_cursor.at < dash->advice.items_n)
		view_open_function(dash, rows[dash->advice_cursor.at].function);
	return REACT_REDRAW;
}

const struct view_ops view_advice = {"advice", ON_ADVICE, draw, key};
