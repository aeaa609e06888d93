/* A page of the dashboard: its title, how it is drawn, what its keys do. */
#ifndef COLDMETER_TUI_DASHBOARD_VIEW_H
#define COLDMETER_TUI_DASHBOARD_VIEW_H

#include "tui/canvas.h"
#include "tui/dashboard/dash.h"
#include "tui/dashboard/keys.h"
#include "tui/draw.h"

enum reaction { REACT_NONE, REACT_REDRAW, REACT_CLOSE, REACT_QUIT };

struct view_ops {
	const char *title;
	unsigned int where; /* its ON_ bit, for keys */
	/* Draws what dash knows on the area; no I/O. May clamp its cursor. */
	void (*draw)(struct dash *dash, struct canvas *canvas, const struct area *area);
	/* page: the rows of the area. */
	enum reaction (*key)(struct dash *dash, enum action action, int page);
};

extern const struct view_ops view_functions, view_function, view_advice, view_alerts,
    view_help;

#define VIEW_MIN_ROWS 10
#define VIEW_MIN_COLS 40

/* Draws the whole screen: header, the view on top, bottom lines. */
void view_draw(struct dash *dash, struct canvas *canvas);

/* Takes a key press: to the prompt when one is open, else to the view on top. */
enum reaction view_press(struct dash *dash, int press, int rows);

/* Shows a view above the others; one that is open already comes to the top. */
void view_push(struct dash *dash, const struct view_ops *view);
const struct view_ops *view_top(const struct dash *dash);

/* Whether the action moves a cursor, and by how many rows. */
bool view_moves(enum action action, int page, long *delta);

/* Moves a cursor in n rows. */
void view_move(struct cursor *cursor, size_t n, long delta);

/* Opens the page of a function. */
void view_open_function(struct dash *dash, const char *name);

/* The lines above and below a view. */
int header_draw(const struct dash *dash, struct canvas *canvas); /* rows used */
void footer_draw(const struct dash *dash, struct canvas *canvas);

#endif
