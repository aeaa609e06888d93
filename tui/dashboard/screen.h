/* Owns the terminal: shows a canvas, reads keys, and leaves the terminal as it was. */
#ifndef COLDMETER_TUI_DASHBOARD_SCREEN_H
#define COLDMETER_TUI_DASHBOARD_SCREEN_H

#include <stdbool.h>

#include "tui/canvas.h"

/* Takes the terminal over. 0, or -ENOTTY / -ENOTSUP when standard input and output are no
 * terminal, or one that curses does not know; nothing has changed then. Also restores it
 * when the program dies of a signal of its own making (abort, a bad access). */
int screen_open(bool colour);
void screen_close(void);

/* For a parent whose child owns the terminal: remembers how it is now, and brings it back
 * after a child that could not. */
void screen_remember(void);
void screen_rescue(void);

/* Whether the locale can show more than ASCII. */
bool screen_has_unicode(void);

/* Reads the size anew, after SIGWINCH. */
void screen_resize(void);
void screen_size(int *rows, int *cols);

/* Shows the canvas; only cells that differ from the last call are written. */
void screen_show(const struct canvas *canvas);

/* The next key (keys.h), PRESS_NONE when none waits. */
int screen_key(void);

#endif
