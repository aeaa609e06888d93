/* A grid of character cells that views draw on; the screen shows it, tests read it. */
#ifndef COLDMETER_TUI_CANVAS_H
#define COLDMETER_TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_TITLE,    /* the top line */
	STYLE_HEAD,     /* column heads and section titles */
	STYLE_SELECTED, /* the row under the cursor */
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_BANNER, /* what must not be overlooked */
	STYLE_BAR,    /* bars, sparklines, charts */
	STYLE_KEY,    /* a key in the hints */
	STYLE_COUNT
};

struct cell {
	wchar_t ch;    /* 0: the right half of a wide character */
	uint8_t style; /* enum style */
};

struct canvas {
	int rows, cols;
	bool unicode; /* may hold more than ASCII */
	struct cell *cells;
};

/* A cleared canvas. 0 or -ENOMEM. canvas_resize() keeps nothing of what was drawn. */
int canvas_init(struct canvas *canvas, int rows, int cols, bool unicode);
int canvas_resize(struct canvas *canvas, int rows, int cols);
void canvas_done(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/* Writes s from (row, col) within width columns; what does not fit is cut, and marked.
 * Outside the canvas nothing happens. Control characters become '?', what has no width is
 * left out. Returns the columns used. */
int canvas_text(
    struct canvas *canvas, int row, int col, int width, enum style style, const char *s);

/* The same at the right end of the width. */
int canvas_right(
    struct canvas *canvas, int row, int col, int width, enum style style, const char *s);

/* One cell, and a run of them. */
void canvas_put(struct canvas *canvas, int row, int col, enum style style, wchar_t ch);
void canvas_fill(
    struct canvas *canvas, int row, int col, int width, enum style style, wchar_t ch);

/* Gives cells another style. */
void canvas_restyle(struct canvas *canvas, int row, int col, int width, enum style style);

/* A row as UTF-8 without blanks at its end. Returns out. */
const char *canvas_line(const struct canvas *canvas, int row, char *out, size_t size);

#endif
