/* The stack of views, and the prompt that takes keys before them. */
#include "tui/dashboard/view.h"

#include <string.h>
#include <wchar.h>

#include "base/text.h"

#define FOOTER_ROWS 2
#define VIEW_FAR 1000000000L /* beyond every list */

const struct view_ops *view_top(const struct dash *dash)
{
	return dash->views_n ? dash->views[dash->views_n - 1] : &view_functions;
}

void view_push(struct dash *dash, const struct view_ops *view)
{
	for (size_t i = 0; i < dash->views_n; i++)
		if (dash->views[i] == view) {
			memmove(dash->views + i, dash->views + i + 1,
			    sizeof(dash->views[0]) * (dash->views_n - i - 1));
			dash->views_n--;
		}
	if (dash->views_n < DASH_VIEWS_MAX)
		dash->views[dash->views_n++] = view;
}

void view_open_function(struct dash *dash, const char *name)
{
	if (strcmp(dash->function, name) != 0) {
		rows_done(&dash->points);
		rows_done(&dash->invocations);
		rows_done(&dash->colds);
		dash->has_points = dash->has_invocations = dash->has_colds = false;
		dash->has_waterfall = false;
		dash->function_cursor = (struct cursor){0};
		(void)text_copy(dash->function, sizeof(dash->function), name);
	}
	view_push(dash, &view_function);
}

void view_draw(struct dash *dash, struct canvas *canvas)
{
	struct area area = {0, 0, 0, canvas->cols};

	canvas_clear(canvas);
	if (canvas->rows < VIEW_MIN_ROWS || canvas->cols < VIEW_MIN_COLS) {
		(void)canvas_text(canvas, 0, 0, canvas->cols, STYLE_PLAIN, "too small:");
		(void)canvas_text(
		    canvas, 1, 0, canvas->cols, STYLE_PLAIN, "needs 40 x 10 cells");
		return;
	}
	area.row = header_draw(dash, canvas);
	area.rows = canvas->rows - area.row - FOOTER_ROWS;
	view_top(dash)->draw(dash, canvas, &area);
	if (dash_is_stale(dash) && view_top(dash) != &view_help)
		for (int row = area.row; row < area.row + area.rows; row++)
			canvas_restyle(canvas, row, 0, canvas->cols, STYLE_DIM);
	footer_draw(dash, canvas);
}

static void prompt_submit(struct dash *dash)
{
	enum prompt_kind kind = dash->prompt.kind;

	dash->prompt.kind = PROMPT_NONE;
	if (kind == PROMPT_PING_URL)
		dash_keepwarm_on(dash, dash->prompt.function, dash->prompt.text);
}

static void prompt_cancel(struct dash *dash)
{
	if (dash->prompt.kind == PROMPT_FILTER) {
		dash->filter[0] = '\0';
		(void)dash_arrange(dash);
	}
	dash->prompt.kind = PROMPT_NONE;
}

static void prompt_edit(struct dash *dash, int press)
{
	char *text = dash->prompt.text;
	size_t n = strlen(text);
	size_t most = dash->prompt.kind == PROMPT_FILTER ? sizeof(dash->filter)
							 : sizeof(dash->prompt.text);
	mbstate_t state = {0};
	char bytes[16];
	size_t more;

	if (press == PRESS_BACKSPACE) {
		while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
			n--;
		text[n ? n - 1 : 0] = '\0';
	} else if (press >= ' ' && press < PRESS_UP && press != 127) {
		more = wcrtomb(bytes, (wchar_t)press, &state);
		if (more != (size_t)-1 && n + more < most) {
			memcpy(text + n, bytes, more);
			text[n + more] = '\0';
		}
	}
	if (dash->prompt.kind == PROMPT_FILTER) {
		(void)text_copy(dash->filter, sizeof(dash->filter), text);
		(void)dash_arrange(dash);
	}
}

static enum reaction prompt_press(struct dash *dash, int press)
{
	if (press == PRESS_ENTER || press == '\r')
		prompt_submit(dash);
	else if (press == PRESS_ESCAPE)
		prompt_cancel(dash);
	else
		prompt_edit(dash, press);
	return REACT_REDRAW;
}

bool view_moves(enum action action, int page, long *delta)
{
	static const struct {
		enum action action;
		long rows, pages;
	} moves[] = {{ACTION_UP, -1, 0}, {ACTION_DOWN, 1, 0}, {ACTION_PAGE_UP, 0, -1},
	    {ACTION_PAGE_DOWN, 0, 1}, {ACTION_HOME, -VIEW_FAR, 0},
	    {ACTION_END, VIEW_FAR, 0}};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (moves[i].action == action) {
			*delta =
			    moves[i].rows + moves[i].pages * (page > 1 ? page - 1 : 1);
			return true;
		}
	return false;
}

void view_move(struct cursor *cursor, size_t n, long delta)
{
	if (delta < 0)
		cursor->at -= (size_t)-delta > cursor->at ? cursor->at : (size_t)-delta;
	else
		cursor->at += (size_t)delta;
	if (cursor->at >= n)
		cursor->at = n ? n - 1 : 0;
}

/* What every view does alike. */
static enum reaction common(struct dash *dash, enum action action)
{
	if (action == ACTION_QUIT)
		return REACT_QUIT;
	if (action == ACTION_HELP) {
		view_push(dash, &view_help);
	} else if (action == ACTION_ADVICE) {
		view_push(dash, &view_advice);
	} else if (action == ACTION_ALERTS) {
		view_push(dash, &view_alerts);
	} else if (action == ACTION_PAUSE) {
		dash->paused = !dash->paused;
	} else if (action == ACTION_WINDOW) {
		dash->window++;
		dash->has_points = false;
	} else {
		return REACT_NONE;
	}
	return REACT_REDRAW;
}

enum reaction view_press(struct dash *dash, int press, int rows)
{
	const struct view_ops *view = view_top(dash);
	enum action action;
	enum reaction reaction;

	if (dash->prompt.kind != PROMPT_NONE)
		return prompt_press(dash, press);
	action = keys_find(press, view->where);
	if (action == ACTION_NONE)
		return REACT_NONE;
	reaction = common(dash, action);
	if (reaction == REACT_NONE)
		reaction = view->key(dash, action, rows);
	if (reaction == REACT_CLOSE && dash->views_n > 0)
		dash->views_n--;
	return reaction;
}
