#include "alerts/spend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/keepwarm/init_cost.h"
#include "base/clock.h"
#include "base/room.h"
#include "base/text.h"

#define HOUR_MIN 60
#define DAY_MIN 1440
#define KEEP_MINUTES_MIN                                                                 \
	120 /* minutes stay apart this long: the burn rate needs one hour */

struct cell {
	int64_t start; /* minutes since the epoch */
	int64_t length;
	struct usage usage;
};

struct account {
	uint64_t hash;
	struct function function;
	struct cell *cells;
	size_t n;
	size_t room;
};

struct spend {
	struct account *accounts;
	size_t n;
	size_t room;
	int64_t since;       /* first minute held; INT64_MAX: nothing yet */
	int64_t hours_until; /* before it cells are hours, */
	int64_t days_until;  /* before this days */
};

void spend_mark_another(struct spend_marks *marks, int64_t wall_ns)
{
	int64_t minute = wall_ns / SPEND_MINUTE_NS;

	marks->marked_ns = (minute + 1) * SPEND_MINUTE_NS;
	for (size_t i = marks->n; i-- > 0;)
		if (marks->minutes[i] == minute)
			return;
	if (marks->n == SPEND_MARKS)
		marks->overflow = true;
	else
		marks->minutes[marks->n++] = minute;
}

int spend_new(struct spend **out)
{
	struct spend *spend = calloc(1, sizeof(*spend));

	if (!spend)
		return -ENOMEM;
	spend->since = INT64_MAX;
	*out = spend;
	return 0;
}

void spend_free(struct spend *spend)
{
	if (!spend)
		return;
	for (size_t i = 0; i < spend->n; i++)
		free(spend->accounts[i].cells);
	free(spend->accounts);
	free(spend);
}

static struct account *account_of(struct spend *spend, const struct function *function)
{
	uint64_t hash = function_hash(function);
	struct account *account;

	for (size_t i = 0; i < spend->n; i++)
		if (spend->accounts[i].hash == hash &&
		    function_is_same(&spend->accounts[i].function, function))
			return &spend->accounts[i];
	if (ROOM_FOR_ONE(spend->accounts, spend->n, spend->room) < 0)
		return NULL;
	account = &spend->accounts[spend->n++];
	*account = (struct account){.hash = hash, .function = *function};
	return account;
}

static struct cell *cell_of(struct account *account, int64_t start, int64_t length)
{
	for (size_t i = account->n; i-- > 0;)
		if (account->cells[i].start == start)
			return &account->cells[i];
	if (ROOM_FOR_ONE(account->cells, account->n, account->room) < 0)
		return NULL;
	account->cells[account->n] = (struct cell){.start = start, .length = length};
	return &account->cells[account->n++];
}

void spend_span(
    const struct spend *spend, int64_t minute, int64_t *start, int64_t *length)
{
	*length = minute < spend->days_until    ? DAY_MIN
		  : minute < spend->hours_until ? HOUR_MIN
						: 1;
	*start = minute - minute % *length;
}

int spend_add(struct spend *spend, const struct function *function, int64_t minute,
    const struct usage *usage)
{
	struct account *account = account_of(spend, function);
	int64_t start;
	int64_t length;
	struct cell *cell;

	spend_span(spend, minute, &start, &length);
	cell = account ? cell_of(account, start, length) : NULL;
	if (!cell)
		return -ENOMEM;
	account->function = *function; /* the set-up may have changed: the latest holds */
	usage_add(&cell->usage, usage);
	return 0;
}

void spend_forget(struct spend *spend, int64_t start_minute, int64_t end_minute)
{
	for (size_t i = 0; i < spend->n; i++) {
		struct account *account = &spend->accounts[i];
		size_t kept = 0;

		for (size_t k = 0; k < account->n; k++)
			if (account->cells[k].start < start_minute ||
			    account->cells[k].start >= end_minute)
				account->cells[kept++] = account->cells[k];
		account->n = kept;
	}
}

/* Puts each cell where it now belongs. Cells only grow, so none is split. */
static void fold_account(const struct spend *spend, struct account *account)
{
	size_t kept = 0;

	for (size_t i = 0; i < account->n; i++) {
		struct cell cell = account->cells[i];
		size_t k = 0;

		spend_span(spend, cell.start, &cell.start, &cell.length);
		while (k < kept && account->cells[k].start != cell.start)
			k++;
		if (k < kept)
			usage_add(&account->cells[k].usage, &cell.usage);
		else
			account->cells[kept++] = cell;
	}
	account->n = kept;
}

void spend_fold(struct spend *spend, int64_t now_ns)
{
	int64_t until = now_ns / SPEND_MINUTE_NS - KEEP_MINUTES_MIN;
	int64_t hours = until - until % HOUR_MIN;
	int64_t days = until - until % DAY_MIN;

	if (hours <= spend->hours_until && days <= spend->days_until)
		return;
	spend->hours_until = hours;
	spend->days_until = days;
	for (size_t i = 0; i < spend->n; i++)
		fold_account(spend, &spend->accounts[i]);
}

static int visit_rollup(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	struct usage usage = rollup->usage;

	usage_add(&usage, &rollup->ping_usage); /* pings are paid for as well */
	return spend_add(context, function, minute_start_s / 60, &usage);
}

static int visit_span(void *context, const struct store_span *span)
{
	struct rollup rollup = {0};
	int err = span->add ? span->add(span, &rollup) : 0;

	if (span->add && !err)
		err = visit_rollup(context, span->start_s, span->function, &rollup);
	rollup_done(&rollup);
	return err;
}

/* Adds what the store has of [start, end), whose cells are of one length: a row crosses
 * none of them. */
static int read_cells(
    struct spend *spend, struct store *store, int64_t start, int64_t end, int64_t length)
{
	const struct store_window window = {.since_ns = start * SPEND_MINUTE_NS,
	    .until_ns = end * SPEND_MINUTE_NS,
	    .step_ns = length * SPEND_MINUTE_NS};

	if (start >= end)
		return 0;
	return length > 1 ? store_scan_spans(store, &window, visit_span, spend)
			  : store_scan_rollups(store, window.since_ns, window.until_ns,
				NULL, visit_rollup, spend);
}

static int64_t between(int64_t low, int64_t x, int64_t high)
{
	return x < low ? low : x > high ? high : x;
}

/* Reads [start, end) again; on failure nothing of it is held. */
static int read_again(
    struct spend *spend, struct store *store, int64_t start, int64_t end)
{
	int64_t hours = between(start, spend->days_until, end);
	int64_t minutes = between(hours, spend->hours_until, end);
	int err;

	spend_forget(spend, start, end);
	err = read_cells(spend, store, start, hours, DAY_MIN);
	if (err >= 0)
		err = read_cells(spend, store, hours, minutes, HOUR_MIN);
	if (err >= 0)
		err = read_cells(spend, store, minutes, end, 1);
	if (err < 0)
		spend_forget(spend, start, end);
	return err < 0 ? err : 0;
}

static int read_marks(
    struct spend *spend, struct store *store, const struct spend_marks *marks)
{
	int64_t done_start[SPEND_MARKS];
	size_t done_n = 0;

	for (size_t i = 0; i < marks->n; i++) {
		int64_t start;
		int64_t length;
		size_t k = 0;
		int err;

		spend_span(spend, marks->minutes[i], &start, &length);
		while (k < done_n && done_start[k] != start)
			k++;
		if (k < done_n || start + length <= spend->since)
			continue;
		err = read_again(spend, store, start, start + length);
		if (err)
			return err;
		done_start[done_n++] = start;
	}
	return 0;
}

int spend_refresh(struct spend *spend, struct store *store,
    const struct spend_marks *marks, int64_t since_ns, int64_t now_ns)
{
	int64_t since = since_ns / SPEND_MINUTE_NS;
	int64_t start;
	int64_t length;
	int err;

	spend_fold(spend, now_ns);
	spend_span(spend, since, &start, &length);
	if (start >= spend->since && !marks->overflow) {
		spend_forget(spend, 0, start);
		spend->since = start;
		return read_marks(spend, store, marks);
	}
	spend->since = INT64_MAX;
	/* a day beyond now: agents' clocks may be ahead */
	err = read_again(spend, store, start, now_ns / SPEND_MINUTE_NS + DAY_MIN);
	if (!err)
		spend->since = start;
	return err;
}

/* Usage of an account in [since, until); *first is lowered to the earliest minute of it.
 */
static struct usage sum_account(
    const struct account *account, int64_t since, int64_t until, int64_t *first)
{
	struct usage sum = {0};

	for (size_t i = 0; i < account->n; i++) {
		const struct cell *cell = &account->cells[i];

		if (cell->start < since || cell->start >= until)
			continue;
		usage_add(&sum, &cell->usage);
		if (cell->start < *first)
			*first = cell->start;
	}
	return sum;
}

/* What the accounts that a budget covers cost from a minute to the end of the period; the
 * dearest in status where it is asked for. What is later is of the next period: clocks
 * may be ahead, or the collector's went back. */
static struct money sum_covered(const struct spend *spend, const struct book *book,
    const struct budget *budget, int64_t since, bool dearest,
    struct budget_status *status)
{
	struct money total = {0};
	int64_t first = INT64_MAX;
	int64_t until = status->period_end_ns / SPEND_MINUTE_NS;

	for (size_t i = 0; i < spend->n; i++) {
		const struct account *account = &spend->accounts[i];
		struct usage usage;
		struct money cost;

		if (!budget_covers(budget, account->function.name))
			continue;
		usage = sum_account(account, since, until, &first);
		cost = init_cost_usage(book, &account->function, &usage);
		total = money_add(total, cost);
		if (!dearest || money_compare(cost, status->top_spent) <= 0)
			continue;
		status->top_spent = cost;
		(void)text_copy(status->top_function, sizeof(status->top_function),
		    account->function.name);
	}
	return total;
}

/* The first minute that is held of what a budget covers; INT64_MAX: none. */
static int64_t first_covered(const struct spend *spend, const struct budget *budget)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < spend->n; i++)
		if (budget_covers(budget, spend->accounts[i].function.name))
			(void)sum_account(&spend->accounts[i], 0, INT64_MAX, &first);
	return first;
}

void spend_status(const struct spend *spend, const struct book *book,
    const struct budget *budget, int64_t now_ns, struct budget_status *out)
{
	struct budget_status status = {0};
	struct budget_burn burns[3];
	int64_t now_s = now_ns / CLOCK_NS_PER_S;
	int64_t now = now_s / 60;
	int64_t first = first_covered(spend, budget);
	int64_t begins[3] = {now - 60, now - 10, 0};

	budget_period_bounds(
	    budget->period, now_ns, &status.period_start_ns, &status.period_end_ns);
	begins[2] = status.period_start_ns / SPEND_MINUTE_NS;
	status.spent = sum_covered(spend, book, budget, begins[2], true, &status);
	for (size_t i = 0; i < 3; i++) {
		/* nothing is known of the time before the first invocation */
		int64_t since = first > begins[i] && first <= now ? first : begins[i];

		burns[i].spent =
		    i == 2 ? status.spent
			   : sum_covered(spend, book, budget, since, false, &status);
		burns[i].span_s = now_s - since * 60;
		if (burns[i].span_s < 60)
			burns[i].span_s = 60;
	}
	budget_forecast(&status, now_ns, burns, 3);
	*out = status;
}
