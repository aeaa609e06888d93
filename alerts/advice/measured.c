/* The ledger is read hour by hour, so that the busiest hour is known. */
#include "alerts/advice/measured.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/advice/feed.h"
#include "base/clock.h"
#include "base/room.h"
#include "base/text.h"

#define HOUR_NS (3600LL * CLOCK_NS_PER_S)
#define SWITCHING_PROTOCOLS 101

/* One function while it is read. */
struct work {
	uint32_t id; /* of the store */
	struct measured measured;
	struct rollup sum;
	uint64_t *busy_ns; /* of each hour */
	uint64_t *cpu_ns;
};

struct survey {
	struct work *rows;
	size_t n;
	size_t room;
	size_t hours;
	int64_t since_ns;
	int64_t until_ns;
	bool cut;
};

static void survey_done(struct survey *survey)
{
	for (size_t i = 0; i < survey->n; i++) {
		rollup_done(&survey->rows[i].sum);
		free(survey->rows[i].busy_ns);
		free(survey->rows[i].cpu_ns);
	}
	free(survey->rows);
}

/* *out is NULL when there are too many. */
static int find_or_add(
    struct survey *survey, const struct store_span *span, struct work **out)
{
	struct work *work;

	*out = NULL;
	for (size_t i = survey->n; i-- > 0 && !*out;)
		if (survey->rows[i].id == span->id)
			*out = &survey->rows[i];
	if (*out)
		return 0;
	if (survey->n == MEASURED_MAX_FUNCTIONS) {
		survey->cut = true;
		return 0;
	}
	if (ROOM_FOR_ONE(survey->rows, survey->n, survey->room) < 0)
		return -ENOMEM;
	work = &survey->rows[survey->n++];
	*work = (struct work){.id = span->id};
	work->measured.function = *span->function;
	work->measured.since_ns = INT64_MAX;
	work->busy_ns = calloc(survey->hours, sizeof(uint64_t));
	work->cpu_ns = calloc(survey->hours, sizeof(uint64_t));
	*out = work;
	return work->busy_ns && work->cpu_ns ? 0 : -ENOMEM;
}

/* Time busy where that is known, else the durations. */
static uint64_t busy_between(
    const struct rollup *r, uint64_t busy_ns, uint64_t duration_ns)
{
	return r->busy_ns > busy_ns ? r->busy_ns - busy_ns : r->duration_ns - duration_ns;
}

static int add_span(void *context, const struct store_span *span)
{
	struct survey *survey = context;
	uint64_t duration_ns;
	uint64_t busy_ns;
	uint64_t cpu_ns;
	struct work *work;
	int64_t hour;
	int err;

	if (!span->add)
		return 0;
	err = find_or_add(survey, span, &work);
	if (err || !work)
		return err;
	duration_ns = work->sum.duration_ns;
	busy_ns = work->sum.busy_ns;
	cpu_ns = work->sum.cpu_ns;
	err = span->add(span, &work->sum);
	if (err)
		return err;
	if (span->first_s * CLOCK_NS_PER_S < work->measured.since_ns)
		work->measured.since_ns = span->first_s * CLOCK_NS_PER_S;
	hour = (span->start_s * CLOCK_NS_PER_S - survey->since_ns) / HOUR_NS;
	if (hour < 0 || (size_t)hour >= survey->hours)
		return 0;
	work->busy_ns[hour] += busy_between(&work->sum, busy_ns, duration_ns);
	work->cpu_ns[hour] += work->sum.cpu_ns - cpu_ns;
	return 0;
}

static int settle_quantiles(struct work *work)
{
	struct measured *m = &work->measured;
	struct histogram all = {0};
	int err = histogram_merge(&all, &work->sum.warm);

	if (!err)
		err = histogram_merge(&all, &work->sum.cold_duration);
	if (!err && all.count) {
		m->duration_p99_ns =
		    histogram_ticks_to_ns(histogram_quantile(&all, 0.99));
		m->duration_max_ns = histogram_ticks_to_ns((double)all.max);
	}
	if (work->sum.warm.count) {
		m->warm_p50_ns =
		    histogram_ticks_to_ns(histogram_quantile(&work->sum.warm, 0.5));
		m->warm_p95_ns =
		    histogram_ticks_to_ns(histogram_quantile(&work->sum.warm, 0.95));
	}
	m->firsts = work->sum.cold_duration.count;
	if (m->firsts)
		m->first_p50_ns = histogram_ticks_to_ns(
		    histogram_quantile(&work->sum.cold_duration, 0.5));
	if (work->sum.init.count)
		m->init_p50_ns =
		    histogram_ticks_to_ns(histogram_quantile(&work->sum.init, 0.5));
	histogram_done(&all);
	return err;
}

static int settle(const struct survey *survey, struct work *work)
{
	const struct rollup *r = &work->sum;
	struct measured *m = &work->measured;

	if (m->since_ns < survey->since_ns)
		m->since_ns = survey->since_ns;
	m->until_ns = survey->until_ns;
	m->invocations = r->invocations;
	m->cold = r->cold;
	m->timeouts = r->by_status[STATUS_TIMEOUT];
	m->ooms = r->by_status[STATUS_OOM];
	m->duration_ns = r->duration_ns;
	m->cpu_ns = r->cpu_ns;
	m->memory_max_bytes = r->memory_max_bytes;
	m->concurrency_max = r->concurrency_max;
	m->usage = r->usage;
	for (size_t hour = 0; hour < survey->hours; hour++) {
		m->busy_ns += work->busy_ns[hour];
		if (work->busy_ns[hour] > m->hour_busy_ns)
			m->hour_busy_ns = work->busy_ns[hour];
		if (work->cpu_ns[hour] > m->hour_cpu_ns)
			m->hour_cpu_ns = work->cpu_ns[hour];
	}
	return settle_quantiles(work);
}

static int by_name(const void *a, const void *b)
{
	const struct function *x = &((const struct measured *)a)->function;
	const struct function *y = &((const struct measured *)b)->function;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->version, y->version);
}

static int take_rows(struct survey *survey, struct measured_list *list)
{
	int err = 0;

	list->rows = calloc(survey->n + 1, sizeof(*list->rows));
	if (!list->rows)
		return -ENOMEM;
	for (size_t i = 0; i < survey->n && !err; i++) {
		err = settle(survey, &survey->rows[i]);
		if (survey->rows[i].measured.invocations)
			list->rows[list->n++] = survey->rows[i].measured;
	}
	qsort(list->rows, list->n, sizeof(*list->rows), by_name);
	return err;
}

static struct measured *find_row(
    const struct measured_list *list, const struct function *function)
{
	const struct measured key = {.function = *function};
	size_t from = 0;
	size_t until = list->n;

	while (from < until) {
		size_t middle = from + (until - from) / 2;

		if (by_name(&list->rows[middle], &key) < 0)
			from = middle + 1;
		else
			until = middle;
	}
	/* other platforms may have one of the same name */
	for (; from < list->n && by_name(&list->rows[from], &key) == 0; from++)
		if (function_is_same(&list->rows[from].function, function))
			return &list->rows[from];
	return NULL;
}

static void add_peer(struct measured *row, const char *peer, uint64_t wait_ns)
{
	struct measured_peer *found;
	size_t i = 0;

	while (i < row->peers_n && strcmp(row->peers[i].peer, peer) != 0)
		i++;
	if (i == MEASURED_PEERS) {
		row->more_peers = true;
		return;
	}
	found = &row->peers[i];
	if (i == row->peers_n) {
		*found = (struct measured_peer){.starts = 0};
		(void)text_copy(found->peer, sizeof(found->peer), peer);
		text_make_printable(found->peer);
		row->peers_n++;
	}
	found->starts++;
	found->wait_ns += wait_ns;
}

static void see_peers(struct measured *row, const struct coldstart *coldstart)
{
	row->phased++;
	for (size_t i = 0; i < coldstart->peers_n; i++)
		add_peer(row, coldstart->peers[i].peer, coldstart->peers[i].wait_ns);
	row->more_peers |= coldstart->others > 0;
}

static int see_connection(void *context, const struct invocation *inv, const char *host)
{
	struct measured *row;

	(void)host;
	row = find_row(context, inv->function);
	if (!row || inv->ping)
		return 0;
	row->scanned++;
	if (inv->has & HAS_HTTP_STATUS && inv->http_status == SWITCHING_PROTOCOLS) {
		row->upgraded++;
		row->upgraded_ns += inv->has & HAS_DURATION ? inv->duration_ns : 0;
	}
	if (inv->has & HAS_COLDSTART && inv->coldstart)
		see_peers(row, inv->coldstart);
	return 0;
}

/* From where on, on the hour, the ledger has hours: days that outlive theirs tell no
 * busiest one. */
static int64_t begin_of(struct store *store, const struct measured_query *query)
{
	int64_t since_ns = query->since_ns - query->since_ns % HOUR_NS;

	if (query->until_ns - since_ns > MEASURED_MAX_HOURS * HOUR_NS)
		since_ns = query->until_ns - query->until_ns % HOUR_NS -
			   (MEASURED_MAX_HOURS - 1) * HOUR_NS;
	while (since_ns + HOUR_NS < query->until_ns &&
	       store_grain(store, since_ns) > HOUR_NS)
		since_ns += HOUR_NS;
	return since_ns;
}

int measured_read(
    struct store *store, const struct measured_query *query, struct measured_list *out)
{
	int64_t since_ns = begin_of(store, query);
	struct survey survey = {.until_ns = query->until_ns};
	struct measured_list list = {0};
	struct store_window window;
	int err;

	survey.since_ns = since_ns;
	survey.hours = (size_t)((query->until_ns - since_ns) / HOUR_NS) + 1;
	window = (struct store_window){.since_ns = since_ns,
	    .until_ns = query->until_ns,
	    .function = query->function,
	    .step_ns = HOUR_NS};
	err = store_scan_spans(store, &window, add_span, &survey);
	if (!err)
		err = take_rows(&survey, &list);
	if (!err && query->connections) {
		struct store_reading reading = {.since_ns = since_ns,
		    .until_ns = query->until_ns,
		    .function = query->function,
		    .newest_first = true,
		    .most = ADVICE_MAX_INTERVALS};

		err = store_read_invocations(store, &reading, see_connection, &list);
	}
	list.since_ns = since_ns;
	list.until_ns = query->until_ns;
	list.cut = survey.cut;
	survey_done(&survey);
	if (err < 0) {
		measured_done(&list);
		return err;
	}
	*out = list;
	return 0;
}

void measured_done(struct measured_list *list)
{
	free(list->rows);
	*list = (struct measured_list){0};
}
