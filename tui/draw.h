/* Pictures of figures: bars, sparklines, charts. */
#ifndef COLDMETER_TUI_DRAW_H
#define COLDMETER_TUI_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"

struct area {
	int row, col, rows, cols;
};

/* A bar filled to fraction (0 to 1; more is full). */
void draw_bar(struct canvas *canvas, int row, int col, int width, double fraction,
    enum style style);

/* One row: n figures, oldest first, added up when there are more than columns. A figure
 * above 0 is always visible. */
void draw_sparkline(struct canvas *canvas, int row, int col, int width,
    const uint32_t *figures, size_t n);

/* Columns from the left, the largest of values as high as the area; few values are drawn
 * wide, of more than there are columns the newest are shown. NAN leaves a gap. */
void draw_chart(struct canvas *canvas, const struct area *area, const double *values,
    size_t n, enum style style);

/* Words that break into lines of the area; what does not fit is cut. Returns the lines.
 */
int draw_words(
    struct canvas *canvas, const struct area *area, enum style style, const char *text);

#endif
