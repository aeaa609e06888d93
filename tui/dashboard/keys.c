#include "tui/dashboard/keys.h"

const struct key_row keys[] = {
    {{PRESS_UP, 'k'}, "Up k", "one row up", NULL, ACTION_UP, ON_LISTS | ON_FUNCTION},
    {{PRESS_DOWN, 'j'}, "Down j", "one row down", NULL, ACTION_DOWN,
	ON_LISTS | ON_FUNCTION},
    {{PRESS_PAGE_UP}, "PgUp", "one page up", NULL, ACTION_PAGE_UP,
	ON_LISTS | ON_FUNCTION},
    {{PRESS_PAGE_DOWN}, "PgDn", "one page down", NULL, ACTION_PAGE_DOWN,
	ON_LISTS | ON_FUNCTION},
    {{PRESS_HOME, 'g'}, "Home g", "first row", NULL, ACTION_HOME, ON_LISTS | ON_FUNCTION},
    {{PRESS_END, 'G'}, "End G", "last row", NULL, ACTION_END, ON_LISTS | ON_FUNCTION},
    {{PRESS_ENTER, '\r', PRESS_RIGHT}, "Enter", "all about the selected function",
	"detail", ACTION_OPEN, ON_FUNCTIONS | ON_ADVICE},
    {{'q', PRESS_ESCAPE, PRESS_LEFT, PRESS_BACKSPACE}, "q Esc", "back", "back",
	ACTION_BACK, ON_PAGES},
    {{'/'}, "/", "show only names that hold a text; Esc clears it", "filter",
	ACTION_FILTER, ON_FUNCTIONS},
    {{'s', '>', '.'}, "s >", "sort by the next column", "sort", ACTION_SORT_NEXT,
	ON_FUNCTIONS},
    {{'<', ','}, "<", "sort by the column before", NULL, ACTION_SORT_PREVIOUS,
	ON_FUNCTIONS},
    {{'r'}, "r", "turn the order around", "reverse", ACTION_REVERSE, ON_FUNCTIONS},
    {{'w'}, "w", "window of time: 5m, 15m, 1h, 24h", "window", ACTION_WINDOW,
	ON_FUNCTIONS | ON_FUNCTION},
    {{'p', ' '}, "p Space", "hold the figures still, and let go", "pause", ACTION_PAUSE,
	ON_ALL & ~ON_HELP},
    {{'K'}, "K", "keep the function warm, or stop that", "keep warm", ACTION_KEEPWARM,
	ON_FUNCTIONS | ON_FUNCTION},
    {{'a'}, "a", "advice: provisioned concurrency, what it costs and avoids", "advice",
	ACTION_ADVICE, ON_FUNCTIONS | ON_FUNCTION | ON_ALERTS},
    {{'b'}, "b", "budgets and alerts", "budgets", ACTION_ALERTS,
	ON_FUNCTIONS | ON_FUNCTION | ON_ADVICE},
    {{'c'}, "c", "acknowledge the selected alert", "acknowledge", ACTION_ACK, ON_ALERTS},
    {{'z'}, "z", "snooze the selected alert for an hour", "snooze 1h", ACTION_SNOOZE,
	ON_ALERTS},
    {{'?', PRESS_F1, 'h'}, "? F1", "this help", "help", ACTION_HELP, ON_ALL & ~ON_HELP},
    {{'q'}, "q", "quit", "quit", ACTION_QUIT, ON_FUNCTIONS},
    {{PRESS_ESCAPE}, "Esc", "clear the filter", NULL, ACTION_BACK, ON_FUNCTIONS},
    {{0}, 0, 0, 0, ACTION_NONE, 0},
};

static bool has(const struct key_row *row, int press)
{
	for (int i = 0; i < 4 && row->presses[i]; i++)
		if (row->presses[i] == press)
			return true;
	return false;
}

enum action keys_find(int press, unsigned int where)
{
	for (const struct key_row *row = keys; row->keys; row++)
		if ((row->where & where) && has(row, press))
			return row->action;
	return ACTION_NONE;
}
