#include "tui/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEVELS 8

/* level 0 (nothing) to LEVELS (full). */
static wchar_t column_glyph(const struct canvas *canvas, int level)
{
	static const char ascii[LEVELS + 1] = " .:-=+*#@";

	if (level <= 0)
		return L' ';
	if (level > LEVELS)
		level = LEVELS;
	return canvas->unicode ? (wchar_t)(0x2580 + level) : (wchar_t)ascii[level];
}

void draw_bar(
    struct canvas *canvas, int row, int col, int width, double fraction, enum style style)
{
	int eighths;

	if (!isfinite(fraction) || fraction < 0)
		fraction = 0;
	eighths = (int)(fmin(fraction, 1) * width * LEVELS + 0.5);
	if (fraction > 0 && eighths == 0)
		eighths = 1;
	for (int i = 0; i < width; i++, eighths -= LEVELS) {
		wchar_t part = eighths >= LEVELS ? 0x2588 : (wchar_t)(0x2590 - eighths);

		if (!canvas->unicode)
			part = eighths >= LEVELS / 2 ? L'#' : L'-';
		if (eighths <= 0)
			canvas_put(canvas, row, col + i, STYLE_DIM,
			    canvas->unicode ? 0x2591 : L'-');
		else
			canvas_put(canvas, row, col + i, style, part);
	}
}

void draw_sparkline(
    struct canvas *canvas, int row, int col, int width, const uint32_t *figures, size_t n)
{
	uint64_t most = 0;

	if (width <= 0 || n == 0)
		return;
	if ((size_t)width > n)
		width = (int)n;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < (size_t)width; i++) {
			uint64_t sum = 0;
			int level;

			for (size_t j = i * n / (size_t)width;
			     j < (i + 1) * n / (size_t)width; j++)
				sum += figures[j];
			if (sum > most)
				most = sum;
			if (pass == 0)
				continue;
			level = most ? (int)((sum * LEVELS + most - 1) / most) : 0;
			canvas_put(canvas, row, col + (int)i, STYLE_BAR,
			    column_glyph(canvas, level));
		}
}

static double largest(const double *values, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		if (isfinite(values[i]) && values[i] > most)
			most = values[i];
	return most;
}

void draw_chart(struct canvas *canvas, const struct area *area, const double *values,
    size_t n, enum style style)
{
	size_t cols = area->cols > 0 ? (size_t)area->cols : 0;
	int wide;
	double most;

	if (n > cols) {
		values += n - cols;
		n = cols;
	}
	wide = n ? (int)(cols / n) : 1;
	most = largest(values, n);
	for (size_t i = 0; i < n; i++) {
		int eighths = 0;

		if (most > 0 && isfinite(values[i]) && values[i] > 0)
			eighths = (int)(ceil(values[i] / most * area->rows * LEVELS));
		for (int row = area->rows - 1; row >= 0; row--, eighths -= LEVELS)
			canvas_fill(canvas, area->row + row, area->col + (int)i * wide,
			    wide, style, column_glyph(canvas, eighths));
	}
}

int draw_words(
    struct canvas *canvas, const struct area *area, enum style style, const char *text)
{
	int line = 0;

	while (*text && line < area->rows) {
		size_t fit = strlen(text);
		char part[512];

		if (fit > (size_t)area->cols && line + 1 < area->rows) {
			fit = (size_t)area->cols;
			while (fit > 0 && text[fit] != ' ')
				fit--;
			if (fit == 0)
				fit = strlen(text);
		}
		(void)snprintf(part, sizeof(part), "%.*s", (int)fit, text);
		(void)canvas_text(
		    canvas, area->row + line++, area->col, area->cols, style, part);
		text += fit;
		while (*text == ' ')
			text++;
	}
	return line;
}
