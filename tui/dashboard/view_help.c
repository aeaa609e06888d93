/* The table of keys, for the view that help was asked from. */
#include "tui/dashboard/view.h"

static const char *const words[] = {
    "cold       share of invocations that waited for a sandbox to start",
    "init       from the start of a sandbox to ready",
    "P95        95 of 100 invocations took at most so long",
    "$/month    the cost of the window, at the same rate for 730 hours",
    "1000+      more were seen and lost: the function's page says how many and why",
    "ledger     seen = delivered + lost, counted in the kernel first",
};

static void draw(struct dash *dash, struct canvas *canvas, const struct area *area)
{
	unsigned int where =
	    dash->views_n > 1 ? dash->views[dash->views_n - 2]->where : ON_FUNCTIONS;
	int end = area->row + area->rows;
	int row = area->row;

	(void)canvas_text(canvas, row++, 1, area->cols - 2, STYLE_BOLD, "Keys");
	for (const struct key_row *key = keys; key->keys && row < end; key++) {
		if (!(key->where & where))
			continue;
		(void)canvas_text(canvas, row, 2, 9, STYLE_KEY, key->keys);
		(void)canvas_text(
		    canvas, row++, 12, area->cols - 13, STYLE_PLAIN, key->what);
	}
	if (++row < end)
		(void)canvas_text(canvas, row++, 1, area->cols - 2, STYLE_BOLD, "Words");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && row < end; i++)
		(void)canvas_text(
		    canvas, row++, 2, area->cols - 3, STYLE_PLAIN, words[i]);
}

static enum reaction key(struct dash *dash, enum action action, int page)
{
	(void)dash;
	(void)page;
	return action == ACTION_BACK ? REACT_CLOSE : REACT_NONE;
}

const struct view_ops view_help = {"help", ON_HELP, draw, key};
