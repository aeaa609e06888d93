#include "tui/dashboard/function_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/invocation.h"
#include "tui/format.h"

#define LABEL 14
#define MEMORY_BAR 20

/* A label and a text on a row. */
static void line(struct canvas *canvas, const struct area *area, int row,
    const char *label, enum style style, const char *text)
{
	(void)canvas_text(canvas, row, area->col, LABEL, STYLE_DIM, label);
	(void)canvas_text(
	    canvas, row, area->col + LABEL, area->cols - LABEL, style, text);
}

static void draw_name(
    const struct function_row *row, struct canvas *canvas, const struct area *area)
{
	char text[256] = "";
	const char *parts[] = {
	    row->platform, row->version, row->kind, row->arch, row->region};
	int used =
	    canvas_text(canvas, area->row, area->col, area->cols, STYLE_BOLD, row->name);
	size_t at = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i][0])
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.40s",
			    i == 2 ? "  kind " : "  ", parts[i]);
	(void)canvas_text(
	    canvas, area->row, area->col + used, area->cols - used, STYLE_DIM, text);
}

static void draw_latency_row(struct canvas *canvas, const struct area *area, int row,
    const char *label, const struct percentiles *p)
{
	const double figures[] = {p->p50, p->p95, p->p99, p->max};
	char text[FORMAT_BYTES];

	(void)canvas_text(canvas, row, area->col, LABEL, STYLE_DIM, label);
	for (int i = 0; i < 4; i++)
		(void)canvas_right(canvas, row, area->col + LABEL + 10 * i, 9,
		    i == 1 ? STYLE_BOLD : STYLE_PLAIN, format_duration(figures[i], text));
}

static void draw_latency(
    const struct function_row *row, struct canvas *canvas, const struct area *area)
{
	static const char *const heads[] = {"P50", "P95", "P99", "max"};

	for (int i = 0; i < 4; i++)
		(void)canvas_right(canvas, area->row, area->col + LABEL + 10 * i, 9,
		    STYLE_HEAD, heads[i]);
	(void)canvas_text(canvas, area->row, area->col, LABEL, STYLE_HEAD, "LATENCY");
	draw_latency_row(canvas, area, area->row + 1, "all", &row->duration);
	draw_latency_row(canvas, area, area->row + 2, "warm starts", &row->warm_duration);
	draw_latency_row(canvas, area, area->row + 3, "cold starts", &row->cold_duration);
	draw_latency_row(canvas, area, area->row + 4, "init", &row->init);
}

static void draw_cost(const struct dash *dash, const struct function_row *row,
    struct canvas *canvas, const struct area *area)
{
	char text[256], a[FORMAT_BYTES], b[FORMAT_BYTES];

	(void)canvas_text(canvas, area->row, area->col, area->cols, STYLE_HEAD, "COST");
	if (!row->has_cost) {
		(void)canvas_text(canvas, area->row + 1, area->col, area->cols, STYLE_DIM,
		    "no price is known");
		return;
	}
	(void)snprintf(text, sizeof(text), "%s in the last %s",
	    format_money(row->cost, a), dash_window(dash));
	line(canvas, area, area->row + 1, row->plan[0] ? row->plan : "cost", STYLE_PLAIN,
	    text);
	(void)snprintf(text, sizeof(text), "%s/h  %s/month",
	    format_money(row->cost_per_hour, a), format_money(row->cost_month, b));
	line(canvas, area, area->row + 2, "at this rate", STYLE_BOLD, text);
	(void)snprintf(text, sizeof(text), "on %s",
	    row->cost_basis[0] ? row->cost_basis : "what was measured");
	line(canvas, area, area->row + 3, "", STYLE_DIM, text);
}

static void draw_memory(const struct function_row *row, struct canvas *canvas,
    const struct area *area, int at)
{
	char text[200], p95[FORMAT_BYTES], max[FORMAT_BYTES], limit[FORMAT_BYTES];
	char cpu[FORMAT_BYTES];
	double used = row->memory_p95_mb / row->memory_limit_mb;
	int col = area->col + LABEL;

	(void)canvas_text(canvas, at, area->col, LABEL, STYLE_DIM, "memory");
	if (row->memory_limit_mb > 0 && area->cols > 80) {
		draw_bar(canvas, at, col, MEMORY_BAR, used,
		    used >= 0.9    ? STYLE_BAD
		    : used >= 0.75 ? STYLE_WARN
				   : STYLE_GOOD);
		col += MEMORY_BAR + 1;
	}
	(void)snprintf(text, sizeof(text), "P95 %s  max %s  limit %s   CPU mean %s",
	    format_memory(row->memory_p95_mb, p95),
	    format_memory(row->memory_max_mb, max),
	    row->memory_limit_mb > 0 ? format_memory(row->memory_limit_mb, limit)
				     : "not known",
	    format_duration(row->cpu_ms_mean, cpu));
	(void)canvas_text(
	    canvas, at, col, area->col + area->cols - col, STYLE_PLAIN, text);
}

/* "first 2, idle_reap 5": causes of the newest cold starts. */
static void list_causes(const struct dash *dash, char *out, size_t size)
{
	const struct invocation_row *colds = dash->colds.items;
	size_t at = 0;

	out[0] = '\0';
	for (int cause = 0; cause < CAUSE_COUNT; cause++) {
		const char *name = invocation_cause_name((enum invocation_cause)cause);
		size_t n = 0;

		for (size_t i = 0; i < dash->colds.items_n; i++)
			n += colds[i].cold &&
			     (strcmp(colds[i].cause, name) == 0 ||
				 (cause == CAUSE_UNKNOWN && !colds[i].cause[0]));
		if (n && at < size)
			at += (size_t)snprintf(
			    out + at, size - at, "%s%s %zu", at ? ", " : "", name, n);
	}
}

static void draw_starts(const struct dash *dash, const struct function_row *row,
    struct canvas *canvas, const struct area *area, int at)
{
	char text[320], causes[160], percent[FORMAT_BYTES], count[FORMAT_BYTES];

	list_causes(dash, causes, sizeof(causes));
	(void)snprintf(text, sizeof(text),
	    "%s invocations, %" PRIu64 " cold (%s), %" PRIu64 " prewarmed%s%s",
	    format_count(row->invocations, count), row->cold,
	    format_percent(row->cold_pct, percent), row->prewarmed,
	    causes[0] ? "; latest causes: " : "", causes);
	line(canvas, area, at, "starts", row->cold_pct >= 10 ? STYLE_WARN : STYLE_PLAIN,
	    text);
}

/* Words of up to two lines behind a label. Returns the rows used. */
static int lines_of(struct canvas *canvas, const struct area *area, const char *label,
    enum style style, const char *text)
{
	struct area words = {area->row, area->col + LABEL, 2, area->cols - LABEL};
	int used;

	(void)canvas_text(canvas, area->row, area->col, LABEL, STYLE_DIM, label);
	used = draw_words(canvas, &words, style, text);
	return used > 1 ? used : 1;
}

/* Of the newest cold start whose story is known. */
static const struct invocation_row *newest_story(const struct dash *dash)
{
	const struct invocation_row *colds = dash->colds.items;

	for (size_t i = 0; i < dash->colds.items_n; i++)
		if (!isnan(colds[i].init_execs) && !isnan(colds[i].init_ms))
			return &colds[i];
	return NULL;
}

/* What it was spent on. Returns the rows used. */
static int draw_story(
    const struct dash *dash, struct canvas *canvas, const struct area *area)
{
	const struct invocation_row *cold = newest_story(dash);
	char text[400], all[FORMAT_BYTES], exec[FORMAT_BYTES], cpu[FORMAT_BYTES];
	char queue[FORMAT_BYTES], read[FORMAT_BYTES], disk[FORMAT_BYTES];

	if (!cold)
		return 0;
	(void)snprintf(text, sizeof(text),
	    "%s, its program in place after %s (%.0f exec%s); CPU %s, waiting for one "
	    "%s; read %s, from disk %s in %.0f major fault%s",
	    format_duration(cold->init_ms, all),
	    format_duration(cold->init_exec_ms, exec), cold->init_execs,
	    cold->init_execs == 1 ? "" : "s", format_duration(cold->init_cpu_ms, cpu),
	    format_duration(cold->init_run_queue_ms, queue),
	    format_memory(cold->init_read_bytes / 1048576, read),
	    format_memory(cold->init_disk_bytes / 1048576, disk), cold->init_major_faults,
	    cold->init_major_faults == 1 ? "" : "s");
	return lines_of(canvas, area, "latest init", STYLE_PLAIN, text);
}

/* What is missing in every total here. Returns the rows used. */
static int draw_ledger(
    const struct function_row *row, struct canvas *canvas, const struct area *area)
{
	const struct ledger *ledger = &row->ledger;
	char text[400], reasons[200], seen[FORMAT_BYTES], delivered[FORMAT_BYTES];
	char lost[FORMAT_BYTES];

	if (!ledger->lost)
		return 0;
	(void)snprintf(text, sizeof(text),
	    "%s seen = %s delivered + %s lost (%s): every total here is + up to %" PRIu64
	    " invocations",
	    format_count(ledger->seen, seen), format_count(ledger->delivered, delivered),
	    format_count(ledger->lost, lost),
	    ledger_reasons(ledger, reasons, sizeof(reasons)), ledger->lost);
	return lines_of(canvas, area, "ledger", STYLE_WARN, text);
}

static void draw_errors(const struct function_row *row, struct canvas *canvas,
    const struct area *area, int at)
{
	char text[200];
	size_t used = 0;

	used = (size_t)snprintf(text, sizeof(text), "%" PRIu64, row->errors);
	for (int i = STATUS_OK + 1; i < STATUS_COUNT && used < sizeof(text); i++)
		if (row->errors_by[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used,
			    "%s%s %" PRIu64, strchr(text, ':') ? ", " : ": ",
			    invocation_status_name((enum invocation_status)i),
			    row->errors_by[i]);
	line(canvas, area, at, "errors", row->errors ? STYLE_BAD : STYLE_PLAIN, text);
}

static int draw_keepwarm(const struct dash *dash, const struct function_row *row,
    struct canvas *canvas, const struct area *area)
{
	const struct keepwarm_row *warm = dash_keepwarm(dash, row->name);
	char text[ACTS_TEXT_BYTES + 400], life[FORMAT_BYTES], cost[FORMAT_BYTES];
	char saved[FORMAT_BYTES], net[FORMAT_BYTES];

	if (!warm || !warm->enabled)
		return lines_of(
		    canvas, area, "keep-warm", STYLE_DIM, "off (K switches it on)");
	if (warm->trouble[0]) {
		(void)snprintf(text, sizeof(text), "%s; %" PRIu64 " pings for %s; %s",
		    warm->state, warm->pings, format_money(warm->ping_cost, cost),
		    warm->trouble);
		return lines_of(canvas, area, "keep-warm", STYLE_WARN, text);
	}
	(void)snprintf(text, sizeof(text),
	    "%s; idle life %s; %" PRIu64 " pings (%" PRIu64
	    " cold) for %s; avoided %" PRIu64 " cold starts worth %s; net %s%s%s",
	    warm->state,
	    warm->idle_life_s > 0 ? format_duration(warm->idle_life_s * 1000, life)
				  : "not learned yet",
	    warm->pings, warm->pings_cold, format_money(warm->ping_cost, cost),
	    warm->cold_avoided, format_money(warm->saved, saved),
	    format_money(warm->net, net), warm->why[0] ? "; " : "", warm->why);
	return lines_of(canvas, area, "keep-warm",
	    strcmp(warm->state, "paused_budget") == 0 ? STYLE_WARN : STYLE_GOOD, text);
}

static int draw_advice(const struct dash *dash, const struct function_row *row,
    struct canvas *canvas, const struct area *area)
{
	const struct advice_row *advice = dash_advice(dash, row->name);

	return lines_of(canvas, area, "advice", advice ? STYLE_PLAIN : STYLE_DIM,
	    advice             ? advice->why
	    : dash->has_advice ? "none"
			       : "asking ...");
}

int function_lines(const struct dash *dash, const struct function_row *row,
    struct canvas *canvas, const struct area *area)
{
	struct area block = *area;
	int at;

	draw_name(row, canvas, area);
	block.row = area->row + 2;
	draw_latency(row, canvas, &block);
	if (area->cols >= 100) {
		block.col = area->col + 60;
		block.cols = area->cols - 60;
		draw_cost(dash, row, canvas, &block);
		at = block.row + 5;
	} else {
		block.row += 5;
		draw_cost(dash, row, canvas, &block);
		at = block.row + 4;
	}
	draw_starts(dash, row, canvas, area, at);
	block = *area;
	block.row = at + 1;
	at += draw_story(dash, canvas, &block);
	block.row = at + 1;
	at += draw_ledger(row, canvas, &block);
	draw_errors(row, canvas, area, at + 1);
	draw_memory(row, canvas, area, at + 2);
	block.row = at + 3;
	block.row += draw_keepwarm(dash, row, canvas, &block);
	block.row += draw_advice(dash, row, canvas, &block);
	return block.row + 1 - area->row;
}
