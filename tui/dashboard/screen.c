#define NCURSES_WIDECHAR 1
#include "tui/dashboard/screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "tui/dashboard/keys.h"

#define SCREEN_ESCAPE_MS 25 /* longer than a terminal takes to send a key's sequence */
#define SCREEN_LEAVE_BYTES 128

/* The one terminal of the process; curses has one as well. */
static struct {
	SCREEN *terminal;
	attr_t attributes[STYLE_COUNT];
	short pairs[STYLE_COUNT];
	struct canvas shown;
	struct termios before;
	char leave[SCREEN_LEAVE_BYTES]; /* what undoes our modes, for a signal handler */
} screen;

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void set_style(enum style style, attr_t attribute, short ink, short paper)
{
	screen.attributes[style] = attribute;
	screen.pairs[style] = 0;
	if (ink >= 0 || paper >= 0) {
		screen.pairs[style] = (short)(style + 1);
		(void)init_pair(screen.pairs[style], ink, paper);
	}
}

static void choose_mono(void)
{
	for (int i = 0; i < STYLE_COUNT; i++)
		set_style((enum style)i, A_NORMAL, -1, -1);
	set_style(STYLE_BOLD, A_BOLD, -1, -1);
	set_style(STYLE_TITLE, A_REVERSE, -1, -1);
	set_style(STYLE_HEAD, A_BOLD | A_UNDERLINE, -1, -1);
	set_style(STYLE_SELECTED, A_REVERSE, -1, -1);
	set_style(STYLE_WARN, A_BOLD, -1, -1);
	set_style(STYLE_BAD, A_BOLD, -1, -1);
	set_style(STYLE_BANNER, A_REVERSE | A_BOLD, -1, -1);
	set_style(STYLE_KEY, A_BOLD, -1, -1);
	set_style(STYLE_DIM, A_DIM, -1, -1);
}

/* Colours that read well on light and dark paper alike. */
static void choose_colours(void)
{
	bool many = COLORS >= 256;

	(void)use_default_colors();
	set_style(STYLE_PLAIN, A_NORMAL, -1, -1);
	set_style(STYLE_DIM, many ? A_NORMAL : A_DIM, many ? 244 : -1, -1);
	set_style(STYLE_BOLD, A_BOLD, -1, -1);
	set_style(STYLE_TITLE, A_BOLD, many ? 231 : COLOR_WHITE, many ? 24 : COLOR_BLUE);
	set_style(STYLE_HEAD, A_BOLD, many ? 31 : COLOR_CYAN, -1);
	set_style(
	    STYLE_SELECTED, A_NORMAL, many ? 231 : COLOR_BLACK, many ? 31 : COLOR_CYAN);
	set_style(STYLE_GOOD, A_NORMAL, many ? 34 : COLOR_GREEN, -1);
	set_style(STYLE_WARN, A_BOLD, many ? 172 : COLOR_YELLOW, -1);
	set_style(STYLE_BAD, A_BOLD, many ? 196 : COLOR_RED, -1);
	set_style(STYLE_BANNER, A_BOLD, many ? 231 : COLOR_WHITE, many ? 160 : COLOR_RED);
	set_style(STYLE_BAR, A_NORMAL, many ? 37 : COLOR_CYAN, -1);
	set_style(STYLE_KEY, A_BOLD, many ? 31 : COLOR_CYAN, -1);
}

/* Only calls that a signal handler may make. */
static void bring_back(void)
{
	(void)!write(STDOUT_FILENO, screen.leave, strlen(screen.leave));
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
}

static void restore_and_die(int signal_number)
{
	bring_back();
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

static void watch_deadly(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	(void)sigemptyset(&action.sa_mask);
	action.sa_flags = SA_NODEFER;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		(void)sigaction(deadly[i], &action, NULL);
}

static void remember_way_out(void)
{
	static const char *const names[] = {"sgr0", "cnorm", "rmkx", "rmcup"};

	screen.leave[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = tigetstr(names[i]);
		size_t at = strlen(screen.leave);

		if (text && (intptr_t)text != -1)
			(void)text_copy(
			    screen.leave + at, sizeof(screen.leave) - at, text);
	}
}

void screen_remember(void)
{
	int known = 0;

	(void)tcgetattr(STDIN_FILENO, &screen.before);
	if (setupterm(NULL, STDOUT_FILENO, &known) == OK)
		remember_way_out();
}

void screen_rescue(void)
{
	bring_back();
	(void)!write(STDOUT_FILENO, "\n", 1);
}

/* Without a way to place the cursor curses goes on, and draws rubbish ("dumb"). */
static bool can_place(void)
{
	const char *place = tigetstr("cup");

	return place && (intptr_t)place != -1;
}

int screen_open(bool colour)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	if (tcgetattr(STDIN_FILENO, &screen.before) < 0)
		return -errno;
	(void)set_escdelay(SCREEN_ESCAPE_MS);
	screen.terminal = newterm(NULL, stdout, stdin);
	if (!screen.terminal)
		return -ENOTSUP;
	if (!can_place()) {
		screen_close();
		return -ENOTSUP;
	}
	remember_way_out();
	watch_deadly(restore_and_die);
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	if (colour && has_colors() && start_color() == OK)
		choose_colours();
	else
		choose_mono();
	return 0;
}

void screen_close(void)
{
	if (!screen.terminal)
		return;
	(void)endwin();
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
	watch_deadly(SIG_DFL);
	delscreen(screen.terminal);
	screen.terminal = NULL;
	canvas_done(&screen.shown);
}

bool screen_has_unicode(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void screen_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return;
	(void)resizeterm(size.ws_row, size.ws_col);
	(void)clearok(stdscr, TRUE);
	canvas_done(&screen.shown);
}

void screen_size(int *rows, int *cols)
{
	getmaxyx(stdscr, *rows, *cols);
}

static void show_cell(int row, int col, const struct cell *cell)
{
	wchar_t text[2] = {cell->ch, L'\0'};
	cchar_t glyph;

	if (!cell->ch)
		return;
	if (setcchar(&glyph, text, screen.attributes[cell->style],
		screen.pairs[cell->style], NULL) == OK)
		(void)mvadd_wch(row, col, &glyph);
}

void screen_show(const struct canvas *canvas)
{
	size_t n = (size_t)canvas->rows * (size_t)canvas->cols;
	bool same =
	    screen.shown.rows == canvas->rows && screen.shown.cols == canvas->cols;

	if (!same && canvas_resize(&screen.shown, canvas->rows, canvas->cols) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct cell *old = &screen.shown.cells[i];

		if (same && old->ch == canvas->cells[i].ch &&
		    old->style == canvas->cells[i].style)
			continue;
		*old = canvas->cells[i];
		show_cell((int)i / canvas->cols, (int)i % canvas->cols, old);
	}
	(void)refresh();
}

int screen_key(void)
{
	static const struct {
		wint_t code;
		int press;
	} named[] = {{KEY_UP, PRESS_UP}, {KEY_DOWN, PRESS_DOWN},
	    {KEY_PPAGE, PRESS_PAGE_UP}, {KEY_NPAGE, PRESS_PAGE_DOWN},
	    {KEY_HOME, PRESS_HOME}, {KEY_END, PRESS_END}, {KEY_LEFT, PRESS_LEFT},
	    {KEY_RIGHT, PRESS_RIGHT}, {KEY_BACKSPACE, PRESS_BACKSPACE},
	    {KEY_ENTER, PRESS_ENTER}, {KEY_F(1), PRESS_F1}};
	wint_t code = 0;
	int kind = get_wch(&code);

	if (kind == ERR)
		return PRESS_NONE;
	if (kind == OK)
		return code == 127 || code == 8 ? PRESS_BACKSPACE : (int)code;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (named[i].code == code)
			return named[i].press;
	return screen_key();
}
