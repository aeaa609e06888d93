#include "tui/dashboard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/commands/command.h"
#include "tui/dashboard/feed.h"
#include "tui/dashboard/screen.h"
#include "tui/dashboard/view.h"

#define EVERY_MS 1000
#define SLOWLY_MS 5000
#define RARELY_MS 15000

struct board {
	const struct dashboard_options *options;
	struct dash dash;
	struct canvas canvas;
	struct feed *feed;
	int signals_fd;
	bool dirty, ended;
};

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void answer(void *ctx, enum feed_topic topic, int err, const struct reply *reply)
{
	struct board *board = ctx;

	board->dirty = true;
	dash_take(&board->dash, topic, err, reply);
}

/* Paths of the page of one function. */
static void plan_function(struct board *board, bool wanted)
{
	struct dash *dash = &board->dash;
	struct path series, latest, colds;

	if (!wanted) {
		feed_want(board->feed, FEED_SERIES, NULL, 0);
		feed_want(board->feed, FEED_INVOCATIONS, NULL, 0);
		feed_want(board->feed, FEED_COLDS, NULL, 0);
		return;
	}
	path_start(&series, "/v1/functions");
	path_segment(&series, dash->function);
	path_more(&series, "/series");
	path_query(&series, "since", dash_window(dash));
	path_query(&series, "step", dash_step(dash));
	path_start(&latest, "/v1/invocations");
	path_query(&latest, "function", dash->function);
	path_query(&latest, "since", dash_window(dash));
	colds = latest;
	path_query(&latest, "limit", "100");
	path_query(&colds, "cold", "true");
	path_query(&colds, "limit", "100");
	feed_want(board->feed, FEED_SERIES, series.text, SLOWLY_MS);
	feed_want(board->feed, FEED_INVOCATIONS, latest.text, EVERY_MS);
	feed_want(board->feed, FEED_COLDS, colds.text, SLOWLY_MS);
}

/* What is asked for follows from where the user is. */
static void plan(struct board *board)
{
	struct dash *dash = &board->dash;
	const struct view_ops *top = view_top(dash);
	bool detail = false;
	bool advice = false;
	struct path path;
	char limit[16];

	for (size_t i = 0; i < dash->views_n; i++) {
		detail |= dash->views[i] == &view_function;
		advice |= dash->views[i] == &view_advice;
	}
	path_start(&path, "/v1/functions");
	path_query(&path, "since", dash_window(dash));
	path_query(&path, "sort", order_name(dash->order));
	path_query(&path, "reverse", dash->reverse ? "true" : NULL);
	(void)snprintf(limit, sizeof(limit), "%d", SNAPSHOT_FUNCTIONS_MAX);
	path_query(&path, "limit", limit); /* the first in that order */
	feed_want(board->feed, FEED_FUNCTIONS, path.text, EVERY_MS);
	feed_want(board->feed, FEED_BUDGETS, "/v1/budgets", SLOWLY_MS);
	feed_want(board->feed, FEED_ALERTS, "/v1/alerts",
	    top == &view_alerts ? EVERY_MS : SLOWLY_MS);
	feed_want(
	    board->feed, FEED_KEEPWARM, "/v1/keepwarm", detail ? EVERY_MS : SLOWLY_MS);
	feed_want(board->feed, FEED_ADVICE,
	    detail || advice ? "/v1/advice?kind=concurrency" : NULL, RARELY_MS);
	plan_function(board, detail);
	if (dash->deed.wanted && feed_send(board->feed, dash->deed.method,
				     dash->deed.path.text, dash->deed.body) != -EBUSY)
		dash->deed.wanted = false;
}

/* While paused, nothing is asked for but what the user does. */
static void pause_all(struct board *board)
{
	struct dash *dash = &board->dash;

	for (int i = 0; i < FEED_DEED; i++)
		feed_want(board->feed, (enum feed_topic)i, NULL, 0);
	if (dash->deed.wanted && feed_send(board->feed, dash->deed.method,
				     dash->deed.path.text, dash->deed.body) != -EBUSY)
		dash->deed.wanted = false;
}

static void take_keys(struct board *board)
{
	enum reaction reaction;
	int press;

	while ((press = screen_key()) != PRESS_NONE && !board->ended) {
		reaction = view_press(&board->dash, press, board->canvas.rows - 5);
		board->dirty |= reaction != REACT_NONE;
		board->ended = reaction == REACT_QUIT;
	}
}

static void take_signals(struct board *board)
{
	struct signalfd_siginfo one;
	int rows, cols;

	while (read(board->signals_fd, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
		if (one.ssi_signo != SIGWINCH) {
			board->ended = true;
			continue;
		}
		screen_resize();
		screen_size(&rows, &cols);
		board->ended |= canvas_resize(&board->canvas, rows, cols) < 0;
		board->dirty = true;
	}
}

/* Lines about programs that `coldmeter run` started: the last one stays on the screen. */
static void take_notices(struct board *board)
{
	char text[DASH_NOTICE_BYTES];
	ssize_t n = read(board->options->notices_fd, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)text_copy(board->dash.warning, sizeof(board->dash.warning), text);
	board->dirty = true;
}

static void wait_for_something(struct board *board)
{
	struct curl_waitfd fds[3] = {{STDIN_FILENO, CURL_WAIT_POLLIN, 0},
	    {board->signals_fd, CURL_WAIT_POLLIN, 0},
	    {board->options->notices_fd, CURL_WAIT_POLLIN, 0}};
	unsigned int n = board->options->notices_fd >= 0 ? 3 : 2;

	feed_wait(board->feed, fds, n, board->dash.now_ms, EVERY_MS);
	board->dash.now_ms = now_ms();
	/* a terminal that went away is readable, and gives nothing */
	if (fds[0].revents && !isatty(STDIN_FILENO))
		board->ended = true;
	take_keys(board);
	take_signals(board);
	if (n == 3 && fds[2].revents)
		take_notices(board);
}

static void loop(struct board *board)
{
	struct dash *dash = &board->dash;
	int64_t end_ms =
	    board->options->for_ms ? now_ms() + board->options->for_ms : INT64_MAX;
	int64_t drawn_s = -1;

	dash->now_ms = dash->fresh_ms = now_ms();
	while (!board->ended && dash->now_ms < end_ms) {
		if (dash->paused)
			pause_all(board);
		else
			plan(board);
		feed_run(board->feed, dash->now_ms);
		if (board->dirty || dash->now_ms / 1000 != drawn_s) {
			dash->wall_ns = clock_wall_ns();
			view_draw(dash, &board->canvas);
			screen_show(&board->canvas);
			board->dirty = false;
			drawn_s = dash->now_ms / 1000;
		}
		wait_for_something(board);
	}
}

static int open_signals(void)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		(void)sigaddset(&set, wanted[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int fail(const char *text)
{
	(void)fprintf(stderr, "coldmeter: %s\n", text);
	return COMMAND_FAILED;
}

static int run_on_screen(struct board *board)
{
	int rows, cols;
	int err = screen_open(!getenv("NO_COLOR"));

	if (err == -ENOTTY) {
		(void)fail(
		    "the dashboard needs a terminal; `coldmeter functions` prints the "
		    "same as a table");
		return COMMAND_WRONG_USAGE;
	}
	if (err)
		return fail("cannot use this terminal: is TERM set to what it is?");
	screen_size(&rows, &cols);
	if (canvas_init(&board->canvas, rows, cols, screen_has_unicode()) == 0)
		loop(board);
	screen_close();
	canvas_done(&board->canvas);
	return COMMAND_DONE;
}

/* Someone who has not started a collector yet is told how, before the screen changes. */
static int check_reachable(const struct endpoint *endpoint)
{
	struct call call = {.program = "coldmeter", .endpoint = endpoint};
	AUTO(reply) struct reply reply = {0};
	struct path path;
	int status;

	call.client = client_open(endpoint);
	if (!call.client)
		return fail("out of memory");
	path_start(&path, "/healthz");
	status = command_ask(&call, "GET", &path, NULL, &reply);
	client_close(call.client);
	return status;
}

int dashboard_run(const struct dashboard_options *options)
{
	struct board board = {.options = options, .signals_fd = -1};
	int status = COMMAND_DONE;

	if (!options->patient && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		status = check_reachable(options->endpoint);
	if (status != COMMAND_DONE)
		return status;
	dash_init(&board.dash, options->endpoint->url);
	board.feed = feed_open(options->endpoint, answer, &board);
	board.signals_fd = open_signals();
	if (!board.feed || board.signals_fd < 0)
		status = fail("out of memory or descriptors");
	else
		status = run_on_screen(&board);
	if (board.signals_fd >= 0)
		(void)close(board.signals_fd);
	feed_close(board.feed);
	dash_done(&board.dash);
	return status;
}
