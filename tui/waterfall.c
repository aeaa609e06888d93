#include "tui/waterfall.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/field.h"
#include "tui/format.h"

#define NS_PER_MS 1e6
#define NAME 21 /* columns of a phase's name: "exec " and 15 characters */
#define FIGURE 9
#define FIGURES 4 /* behind the bar: CPU, run queue, disk, faults */
#define BAR_LEAST 12
#define LEGEND 40
/* Waiting for the first event says nothing of the init: it takes at most this part of the
 * picture's width. */
#define IDLE_PART 0.2

static uint64_t nanoseconds(const json_t *object, const char *key)
{
	double ms = field_number(object, key);

	return ms > 0 && ms < 1e12 ? (uint64_t)(ms * NS_PER_MS + 0.5) : 0;
}

static void parse_phase(const json_t *object, struct coldstart_phase *phase)
{
	double start_ms = field_number(object, "start_ms");

	(void)field_text(object, "phase", phase->name, sizeof(phase->name));
	phase->start_ns = fabs(start_ms) < 1e12 ? (int64_t)(start_ms * NS_PER_MS) : 0;
	phase->wall_ns = nanoseconds(object, "wall_ms");
	phase->has_counters = !isnan(field_number(object, "cpu_ms"));
	phase->cpu_ns = nanoseconds(object, "cpu_ms");
	phase->run_queue_ns = nanoseconds(object, "run_queue_ms");
	phase->disk_bytes = field_count(object, "disk_bytes");
	phase->major_faults = (uint32_t)field_count(object, "major_faults");
}

static void parse_coldstart(const json_t *invocation, struct coldstart *c)
{
	const json_t *phases = json_object_get(invocation, "init_phases");
	const json_t *peers = json_object_get(invocation, "init_peers");
	const json_t *others = json_object_get(invocation, "init_other_peers");

	for (size_t i = 0; i < json_array_size(phases); i++)
		if (c->phases_n < COLDSTART_PHASES_MAX)
			parse_phase(json_array_get(phases, i), &c->phases[c->phases_n++]);
	for (size_t i = 0; i < json_array_size(peers); i++) {
		const json_t *peer = json_array_get(peers, i);
		struct coldstart_wait *wait = &c->peers[c->peers_n];

		if (c->peers_n == COLDSTART_PEERS_MAX)
			break;
		(void)field_text(peer, "peer", wait->peer, sizeof(wait->peer));
		wait->wait_ns = nanoseconds(peer, "wait_ms");
		wait->waits = (uint32_t)field_count(peer, "waits");
		c->peers_n++;
	}
	c->others = (uint32_t)field_count(others, "waits");
	c->others_wait_ns = nanoseconds(others, "wait_ms");
	c->helpers = (uint32_t)field_count(invocation, "init_helpers");
}

bool waterfall_parse(const json_t *invocation, struct waterfall *out)
{
	struct waterfall w = {.start_ns = field_time(invocation, "start")};

	if (json_array_size(json_object_get(invocation, "init_phases")) == 0)
		return false;
	(void)field_text(invocation, "function", w.function, sizeof(w.function));
	(void)field_text(invocation, "request_id", w.request_id, sizeof(w.request_id));
	(void)field_text(invocation, "sandbox", w.sandbox, sizeof(w.sandbox));
	(void)field_text(invocation, "cause", w.cause, sizeof(w.cause));
	(void)field_text(invocation, "cause_certainty", w.certainty, sizeof(w.certainty));
	w.init_ms = field_number(invocation, "init_ms");
	w.duration_ms = field_number(invocation, "duration_ms");
	w.wait_ms = field_number(invocation, "wait_ms");
	w.cold = field_is_true(invocation, "cold");
	parse_coldstart(invocation, &w.coldstart);
	*out = w;
	return true;
}

const json_t *waterfall_find(
    const json_t *root, const char *request_id, struct waterfall *out)
{
	const json_t *list = json_object_get(root, "invocations");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(object, "request_id"));

		if (request_id && (!id || strcmp(id, request_id) != 0))
			continue;
		if (waterfall_parse(object, out))
			return object;
	}
	return NULL;
}

const char *waterfall_title(const struct waterfall *w, char *out, size_t size)
{
	char init[FORMAT_BYTES];
	int n = snprintf(out, size, "%s: init %s", w->cold ? "cold start" : "prewarmed",
	    format_duration(w->init_ms, init));

	if (w->cause[0])
		n += snprintf(out + n, size - (size_t)n, "; %s%s%s%s", w->cause,
		    w->certainty[0] ? " (" : "", w->certainty,
		    w->certainty[0] ? ")" : "");
	if (w->coldstart.helpers)
		(void)snprintf(out + n, size - (size_t)n, "; %" PRIu32 " helper%s",
		    w->coldstart.helpers, w->coldstart.helpers == 1 ? "" : "s");
	return out;
}

int waterfall_rows(const struct waterfall *w)
{
	return (int)(1 + w->coldstart.phases_n + w->coldstart.peers_n +
		     (w->coldstart.others > 0));
}

static bool is_idle(const struct coldstart_phase *phase)
{
	return strcmp(phase->name, "listen") == 0 || strcmp(phase->name, "next") == 0;
}

/* The width that a phase has in the picture, in nanoseconds. */
static double shown_ns(const struct coldstart *c, size_t i)
{
	double busy = 0;

	if (!is_idle(&c->phases[i]))
		return (double)c->phases[i].wall_ns;
	for (size_t k = 0; k < c->phases_n; k++)
		busy += is_idle(&c->phases[k]) ? 0 : (double)c->phases[k].wall_ns;
	return fmin((double)c->phases[i].wall_ns, busy * IDLE_PART);
}

/* What a cell at `fraction` of a phase stands for: CPU first, then the run queue, then
 * everything else, disk, network, sleep; idle is a thin line. */
static void put_cell(struct canvas *canvas, int row, int col,
    const struct coldstart_phase *phase, double fraction)
{
	double wall = (double)phase->wall_ns;
	double cpu = (double)phase->cpu_ns / wall;
	double queue = (double)phase->run_queue_ns / wall;
	bool u = canvas->unicode;

	if (is_idle(phase) || !phase->has_counters)
		canvas_put(canvas, row, col, STYLE_DIM, u ? 0x2500 : L'-');
	else if (fraction < cpu)
		canvas_put(canvas, row, col, STYLE_BAR, u ? 0x2588 : L'#');
	else if (fraction < cpu + queue)
		canvas_put(canvas, row, col, STYLE_WARN, u ? 0x2592 : L'=');
	else
		canvas_put(canvas, row, col, STYLE_DIM, u ? 0x2591 : L'.');
}

/* At least one cell for each phase. */
static void draw_phase_bar(
    const struct coldstart *c, size_t i, struct canvas *canvas, const struct area *bar)
{
	double all = 0, before = 0, mine = shown_ns(c, i);
	int from, to;

	for (size_t k = 0; k < c->phases_n; k++) {
		before += k < i ? shown_ns(c, k) : 0;
		all += shown_ns(c, k);
	}
	if (all <= 0)
		return;
	from = (int)(before / all * bar->cols);
	to = (int)((before + mine) / all * bar->cols + 0.5);
	from = from < bar->cols ? from : bar->cols - 1;
	to = to > from ? to : from + 1;
	for (int col = from; col < to && col < bar->cols; col++)
		put_cell(canvas, bar->row, bar->col + col, &c->phases[i],
		    (col - from + 0.5) / (to - from));
}

static void figure(
    struct canvas *canvas, const struct area *area, int at, const char *text)
{
	(void)canvas_right(canvas, area->row,
	    area->col + area->cols - (FIGURES - at) * FIGURE, FIGURE, STYLE_PLAIN, text);
}

static void draw_phase(
    const struct coldstart *c, size_t i, struct canvas *canvas, const struct area *area)
{
	const struct coldstart_phase *phase = &c->phases[i];
	char text[FORMAT_BYTES];
	struct area bar = {area->row, area->col + NAME + 1 + FIGURE + 1, 1,
	    area->cols - NAME - FIGURE - 3 - FIGURES * FIGURE};
	bool figures = bar.cols >= BAR_LEAST;

	(void)canvas_text(canvas, area->row, area->col, NAME, STYLE_PLAIN, phase->name);
	(void)canvas_right(canvas, area->row, area->col + NAME + 1, FIGURE - 1,
	    STYLE_BOLD, format_duration((double)phase->wall_ns / NS_PER_MS, text));
	if (!figures)
		bar.cols = area->cols - NAME - FIGURE - 2;
	if (bar.cols > 0)
		draw_phase_bar(c, i, canvas, &bar);
	if (!figures || !phase->has_counters)
		return;
	figure(canvas, area, 0, format_duration((double)phase->cpu_ns / NS_PER_MS, text));
	figure(canvas, area, 1,
	    format_duration((double)phase->run_queue_ns / NS_PER_MS, text));
	figure(canvas, area, 2, format_memory((double)phase->disk_bytes / 1048576, text));
	figure(canvas, area, 3, format_count(phase->major_faults, text));
}

static void draw_head(struct canvas *canvas, const struct area *area)
{
	static const char *const heads[FIGURES] = {"CPU", "QUEUE", "DISK", "FAULTS"};
	int from = area->cols - FIGURES * FIGURE;

	(void)canvas_text(canvas, area->row, area->col, NAME, STYLE_HEAD, "PHASE");
	(void)canvas_right(
	    canvas, area->row, area->col + NAME + 1, FIGURE - 1, STYLE_HEAD, "WALL");
	if (area->cols - NAME - FIGURE - 3 - FIGURES * FIGURE < BAR_LEAST)
		return;
	if (from - NAME - FIGURE - 3 >= LEGEND)
		(void)canvas_text(canvas, area->row, area->col + NAME + 1 + FIGURE + 1,
		    from - NAME - FIGURE - 3, STYLE_DIM,
		    canvas->unicode ? "\xe2\x96\x88 on a CPU  \xe2\x96\x92 queued for "
				      "one  \xe2\x96\x91 other"
				    : "# on a CPU  = queued for one  . other");
	for (int i = 0; i < FIGURES; i++)
		(void)canvas_right(canvas, area->row, area->col + from + i * FIGURE,
		    FIGURE, STYLE_HEAD, heads[i]);
}

static void draw_peer(struct canvas *canvas, const struct area *area, const char *peer,
    uint64_t wait_ns, uint32_t waits)
{
	char text[COLDSTART_PEER_BYTES + 64], wait[FORMAT_BYTES];

	(void)snprintf(text, sizeof(text), "%s in %" PRIu32 " wait%s for %s",
	    format_duration((double)wait_ns / NS_PER_MS, wait), waits,
	    waits == 1 ? "" : "s", peer);
	(void)canvas_text(canvas, area->row, area->col, NAME, STYLE_DIM, "waited");
	(void)canvas_text(canvas, area->row, area->col + NAME + 1, area->cols - NAME - 1,
	    STYLE_PLAIN, text);
}

void waterfall_draw(
    const struct waterfall *w, struct canvas *canvas, const struct area *area)
{
	const struct coldstart *c = &w->coldstart;
	struct area line = *area;
	int end = area->row + area->rows;

	draw_head(canvas, &line);
	line.row++;
	for (size_t i = 0; i < c->phases_n && line.row < end; i++, line.row++)
		draw_phase(c, i, canvas, &line);
	for (size_t i = 0; i < c->peers_n && line.row < end; i++, line.row++)
		draw_peer(canvas, &line, c->peers[i].peer, c->peers[i].wait_ns,
		    c->peers[i].waits);
	if (c->others && line.row < end)
		draw_peer(canvas, &line, "other peers", c->others_wait_ns, c->others);
}
