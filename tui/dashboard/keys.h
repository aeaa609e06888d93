/* Keys and what they do: one table that the views and the help read. */
#ifndef COLDMETER_TUI_DASHBOARD_KEYS_H
#define COLDMETER_TUI_DASHBOARD_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* What was pressed: a Unicode character, or one of these beyond all of them. */
enum press {
	PRESS_NONE = 0,
	PRESS_ENTER = '\n',
	PRESS_ESCAPE = 27,
	PRESS_UP = 0x110000,
	PRESS_DOWN,
	PRESS_PAGE_UP,
	PRESS_PAGE_DOWN,
	PRESS_HOME,
	PRESS_END,
	PRESS_LEFT,
	PRESS_RIGHT,
	PRESS_BACKSPACE,
	PRESS_F1
};

enum action {
	ACTION_NONE,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_HOME,
	ACTION_END,
	ACTION_OPEN,
	ACTION_BACK,
	ACTION_SORT_NEXT,
	ACTION_SORT_PREVIOUS,
	ACTION_REVERSE,
	ACTION_FILTER,
	ACTION_PAUSE,
	ACTION_WINDOW,
	ACTION_KEEPWARM,
	ACTION_ADVICE,
	ACTION_ALERTS,
	ACTION_ACK,
	ACTION_SNOOZE,
	ACTION_HELP,
	ACTION_QUIT
};

/* Where a key means something. */
enum {
	ON_FUNCTIONS = 1 << 0,
	ON_FUNCTION = 1 << 1,
	ON_ADVICE = 1 << 2,
	ON_ALERTS = 1 << 3,
	ON_HELP = 1 << 4,
	ON_LISTS = ON_FUNCTIONS | ON_ADVICE | ON_ALERTS,
	ON_PAGES = ON_FUNCTION | ON_ADVICE | ON_ALERTS | ON_HELP,
	ON_ALL = ON_FUNCTIONS | ON_PAGES
};

struct key_row {
	int presses[4];   /* ends at 0 */
	const char *keys; /* as people read them: "Up k" */
	const char *what; /* help */
	const char *hint; /* at the bottom of the screen; NULL: not there */
	enum action action;
	unsigned int where; /* ON_ bits */
};

extern const struct key_row keys[]; /* ends with keys == NULL */

/* ACTION_NONE when the key means nothing there. */
enum action keys_find(int press, unsigned int where);

#endif
