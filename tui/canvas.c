#include "tui/canvas.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CANVAS_MAX_SIDE 1000
#define CANVAS_TEXT_BYTES 1024

int canvas_init(struct canvas *canvas, int rows, int cols, bool unicode)
{
	memset(canvas, 0, sizeof(*canvas));
	canvas->unicode = unicode;
	return canvas_resize(canvas, rows, cols);
}

int canvas_resize(struct canvas *canvas, int rows, int cols)
{
	struct cell *cells;

	rows = rows < 1 ? 1 : rows > CANVAS_MAX_SIDE ? CANVAS_MAX_SIDE : rows;
	cols = cols < 1 ? 1 : cols > CANVAS_MAX_SIDE ? CANVAS_MAX_SIDE : cols;
	cells = calloc((size_t)rows * (size_t)cols, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	free(canvas->cells);
	canvas->cells = cells;
	canvas->rows = rows;
	canvas->cols = cols;
	canvas_clear(canvas);
	return 0;
}

void canvas_done(struct canvas *canvas)
{
	free(canvas->cells);
	memset(canvas, 0, sizeof(*canvas));
}

void canvas_clear(struct canvas *canvas)
{
	for (int i = 0; i < canvas->rows * canvas->cols; i++)
		canvas->cells[i] = (struct cell){L' ', STYLE_PLAIN};
}

static struct cell *cell_at(struct canvas *canvas, int row, int col)
{
	if (row < 0 || col < 0 || row >= canvas->rows || col >= canvas->cols)
		return NULL;
	return canvas->cells + (size_t)row * (size_t)canvas->cols + col;
}

void canvas_put(struct canvas *canvas, int row, int col, enum style style, wchar_t ch)
{
	struct cell *cell = cell_at(canvas, row, col);

	if (cell)
		*cell = (struct cell){ch, (uint8_t)style};
}

void canvas_fill(
    struct canvas *canvas, int row, int col, int width, enum style style, wchar_t ch)
{
	for (int i = 0; i < width; i++)
		canvas_put(canvas, row, col + i, style, ch);
}

void canvas_restyle(struct canvas *canvas, int row, int col, int width, enum style style)
{
	for (int i = 0; i < width; i++) {
		struct cell *cell = cell_at(canvas, row, col + i);

		if (cell)
			cell->style = (uint8_t)style;
	}
}

/* The next character that takes room, and how much; 0 at the end. */
static int next_glyph(const char **s, bool unicode, wchar_t *glyph)
{
	while (**s) {
		mbstate_t state = {0};
		size_t n = mbrtowc(glyph, *s, strlen(*s), &state);
		int width;

		if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
			*glyph = L'?';
			(*s)++;
			return 1;
		}
		*s += n;
		width = wcwidth(*glyph);
		if (width < 0 || (!unicode && *glyph > 126)) {
			*glyph = L'?';
			return 1;
		}
		if (width > 0)
			return width;
	}
	return 0;
}

static int columns_of(const char *s, bool unicode)
{
	wchar_t glyph;
	int columns = 0;
	int width;

	while ((width = next_glyph(&s, unicode, &glyph)) > 0)
		columns += width;
	return columns;
}

int canvas_text(
    struct canvas *canvas, int row, int col, int width, enum style style, const char *s)
{
	char text[CANVAS_TEXT_BYTES];
	const char *next = text;
	wchar_t glyph;
	bool cut;
	int used = 0;
	int room;
	int n;

	if (width > canvas->cols - col)
		width = canvas->cols - col;
	if (width <= 0 || row < 0 || row >= canvas->rows || col < 0)
		return 0;
	(void)text_copy(text, sizeof(text), s);
	text_make_printable(text);
	cut = columns_of(text, canvas->unicode) > width;
	room = cut ? width - 1 : width;
	while ((n = next_glyph(&next, canvas->unicode, &glyph)) > 0 && used + n <= room) {
		canvas_put(canvas, row, col + used, style, glyph);
		if (n == 2)
			canvas_put(canvas, row, col + used + 1, style, 0);
		used += n;
	}
	if (cut)
		canvas_put(
		    canvas, row, col + used++, style, canvas->unicode ? L'\u2026' : L'~');
	return used;
}

int canvas_right(
    struct canvas *canvas, int row, int col, int width, enum style style, const char *s)
{
	int columns = columns_of(s, canvas->unicode);
	int pad = columns < width ? width - columns : 0;

	return canvas_text(canvas, row, col + pad, width - pad, style, s);
}

const char *canvas_line(const struct canvas *canvas, int row, char *out, size_t size)
{
	size_t at = 0;
	size_t end = 0;

	for (int col = 0; col < canvas->cols && at + MB_LEN_MAX < size; col++) {
		const struct cell *cell =
		    canvas->cells + (size_t)row * (size_t)canvas->cols + col;
		mbstate_t state = {0};
		size_t n = cell->ch ? wcrtomb(out + at, cell->ch, &state) : 0;

		if (n == (size_t)-1)
			continue;
		at += n;
		if (cell->ch && cell->ch != L' ')
			end = at;
	}
	out[end] = '\0';
	return out;
}
