/* What a collector, or what pretends to be one, answers the dashboard: pieces that end
 * with a NUL, each a byte of what was asked for and then the answer. It is drawn. */
#include <locale.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/checks.h"
#include "tui/dashboard/view.h"

#define ROWS 30
#define COLS 120

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

static void take(struct dash *dash, const uint8_t *piece, size_t n)
{
	struct reply reply = {.status = 200, .body_bytes = n - 1};
	enum feed_topic topic = (enum feed_topic)(piece[0] % FEED_TOPICS);

	reply.body = calloc(1, n);
	if (!reply.body)
		abort();
	memcpy(reply.body, piece + 1, n - 1);
	dash_take(dash, topic, 0, &reply);
	reply_done(&reply);
}

/* No byte of an answer reaches the terminal that acts on it. */
static void check_screen(struct dash *dash, struct canvas *canvas)
{
	char line[4 * COLS * 8];

	view_draw(dash, canvas);
	for (int row = 0; row < canvas->rows; row++)
		check_text(canvas_line(canvas, row, line, sizeof(line)), sizeof(line));
}

static void draw(struct dash *dash)
{
	static const struct view_ops *const views[] = {
	    &view_functions, &view_advice, &view_alerts};
	const struct function_row *selected = dash_selected(dash);
	struct canvas canvas;

	if (canvas_init(&canvas, ROWS, COLS, true) < 0)
		abort();
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		view_push(dash, views[i]);
		check_screen(dash, &canvas);
	}
	if (selected)
		view_open_function(dash, selected->name);
	if (selected)
		check_screen(dash, &canvas);
	canvas_done(&canvas);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	static bool has_locale;
	struct dash dash;

	if (!has_locale)
		has_locale = setlocale(LC_ALL, "C.UTF-8") != NULL;
	dash_init(&dash, "http://127.0.0.1:7077");
	dash.now_ms = 10000;
	dash.wall_ns = 1700000000000000000;
	(void)text_copy(dash.function, sizeof(dash.function), "hello");
	while (size > 0) {
		const uint8_t *end = memchr(in, 0, size);
		size_t n = end ? (size_t)(end - in) : size;

		if (n > 0)
			take(&dash, in, n);
		in += end ? n + 1 : n;
		size -= end ? n + 1 : n;
	}
	draw(&dash);
	dash_done(&dash);
	return 0;
}
