/* Invocations out of raw batches, in the order of their start.
 *
 * Each day's file hands out its batches in the order of their edge: the latest start when
 * walking back, the earliest when walking forward. A batch is opened when its edge comes
 * before every invocation that is open; so order is exact as long as batches that
 * overlap hold no more than RAW_OPEN_INVOCATIONS. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/room.h"
#include "store/sqlite/engine.h"

struct day_cursor {
	struct connection *file;
	sqlite3_stmt *statement; /* on the next batch */
	int64_t edge_ns;
	bool ended;
};

struct open_batch {
	struct batch *batch;
	const struct invocation **order;
	size_t next;
	size_t n;
};

struct walk {
	struct sqlite *store;
	struct store_reading *reading;
	int64_t since_ns;
	int64_t until_ns;
	const char *function;
	bool back;
	uint64_t read; /* as reading->most counts */
	struct day_cursor *days;
	size_t days_n;
	struct open_batch *open; /* a heap: the one whose next comes first at its top */
	size_t open_n;
	size_t open_room;
	size_t open_invocations; /* that they hold, wanted or not */
};

/* Whether a start at a comes before one at b in this walk. */
static bool before(const struct walk *walk, int64_t a, int64_t b)
{
	return walk->back ? a > b : a < b;
}

static int step_day(struct day_cursor *day)
{
	int err = statement_step(day->statement);

	if (err == 1)
		day->edge_ns = sqlite3_column_int64(day->statement, 1);
	day->ended = err != 1;
	return err < 0 ? err : 0;
}

static int start_day(struct walk *walk, struct day_cursor *day, const struct raw_day *raw)
{
	static const char forward_sql[] =
	    "SELECT body, first_ns FROM raw INDEXED BY raw_first WHERE first_ns < :until"
	    " AND last_ns >= :since AND id <= :row ORDER BY first_ns";
	static const char back_sql[] =
	    "SELECT body, last_ns FROM raw INDEXED BY raw_last WHERE last_ns >= :since"
	    " AND first_ns < :until AND id <= :row ORDER BY last_ns DESC";
	int err = raw_open_day(walk->store->raw, raw->day, &day->file);

	if (!err)
		err = statement_get(
		    day->file, walk->back ? back_sql : forward_sql, &day->statement);
	if (err)
		return err;
	statement_bind(day->statement, ":since", walk->since_ns);
	statement_bind(day->statement, ":until", walk->until_ns);
	statement_bind(day->statement, ":row", raw->last_row);
	return step_day(day);
}

static int start(struct walk *walk)
{
	AUTO(free) struct raw_day *raw = NULL;
	ssize_t n = raw_days(walk->store->raw, walk->since_ns, walk->until_ns, &raw);
	int err = 0;

	if (n < 0)
		return (int)n;
	walk->days = calloc((size_t)n + 1, sizeof(*walk->days));
	if (!walk->days)
		return -ENOMEM;
	for (ssize_t i = 0; !err && i < n; i++) {
		err = start_day(walk, &walk->days[walk->days_n], &raw[i]);
		if (err == -ENOENT) /* forgotten meanwhile */
			err = 0;
		else
			walk->days_n++;
	}
	return err;
}

static int older_first(const void *a, const void *b)
{
	int64_t left = (*(const struct invocation *const *)a)->start_ns;
	int64_t right = (*(const struct invocation *const *)b)->start_ns;

	return left < right ? -1 : left > right;
}

static int newer_first(const void *a, const void *b)
{
	return older_first(b, a);
}

/* --- batches that are open -------------------------------------------------------------
 */

static bool comes_first(const struct walk *walk, size_t i, size_t j)
{
	const struct open_batch *a = &walk->open[i];
	const struct open_batch *b = &walk->open[j];

	return before(walk, a->order[a->next]->start_ns, b->order[b->next]->start_ns);
}

static void swap(struct walk *walk, size_t i, size_t j)
{
	struct open_batch other = walk->open[i];

	walk->open[i] = walk->open[j];
	walk->open[j] = other;
}

/* The last one goes where it belongs. */
static void rise(struct walk *walk)
{
	for (size_t i = walk->open_n - 1; i > 0 && comes_first(walk, i, (i - 1) / 2);
	     i = (i - 1) / 2)
		swap(walk, i, (i - 1) / 2);
}

/* The top one does. */
static void sink(struct walk *walk)
{
	size_t i = 0;

	for (;;) {
		size_t first = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++) {
			if (child < walk->open_n && comes_first(walk, child, first))
				first = child;
		}
		if (first == i)
			return;
		swap(walk, i, first);
		i = first;
	}
}

static void release(struct walk *walk, struct open_batch *open)
{
	walk->open_invocations -= open->batch->invocations_n;
	batch_free(open->batch);
	free(open->order);
}

/* What the top one has next was visited. */
static void move_on(struct walk *walk)
{
	struct open_batch *top = &walk->open[0];

	if (++top->next == top->n) {
		release(walk, top);
		*top = walk->open[--walk->open_n];
	}
	sink(walk);
}

/* --- opening ---------------------------------------------------------------------------
 */

static bool wanted(const struct walk *walk, const struct invocation *invocation)
{
	return invocation->start_ns >= walk->since_ns &&
	       invocation->start_ns < walk->until_ns &&
	       (!walk->function ||
		   strcmp(invocation->function->name, walk->function) == 0);
}

static bool names_function(const struct walk *walk, const struct batch *batch)
{
	if (!walk->function)
		return true;
	for (size_t i = 0; i < batch->functions_n; i++) {
		if (strcmp(batch->functions[i].name, walk->function) == 0)
			return true;
	}
	return false;
}

/* Puts what is wanted of a batch in order. 0, or -ENOMEM. */
static int sort_wanted(const struct walk *walk, struct open_batch *open)
{
	struct batch *batch = open->batch;

	open->order = malloc((batch->invocations_n + 1) * sizeof(*open->order));
	if (!open->order)
		return -ENOMEM;
	for (size_t i = 0; i < batch->invocations_n; i++) {
		invocation_mark_ping(&batch->invocations[i]);
		if (wanted(walk, &batch->invocations[i]))
			open->order[open->n++] = &batch->invocations[i];
	}
	qsort(open->order, open->n, sizeof(*open->order),
	    walk->back ? newer_first : older_first);
	return 0;
}

/* Opens the batch the day stands on and moves the day on. */
static int open_batch(struct walk *walk, struct day_cursor *day)
{
	struct open_batch open = {0};
	int err = batch_decode(sqlite3_column_blob(day->statement, 0),
	    (size_t)sqlite3_column_bytes(day->statement, 0), &open.batch, NULL);

	if (err)
		return err == -EBADMSG ? -EUCLEAN : err;
	walk->read += STORE_READ_BATCH + open.batch->invocations_n;
	walk->open_invocations += open.batch->invocations_n;
	if (names_function(walk, open.batch))
		err = sort_wanted(walk, &open);
	if (!err && open.n > 0)
		err = ROOM_FOR_ONE(walk->open, walk->open_n, walk->open_room);
	if (err || open.n == 0) {
		release(walk, &open);
		return err ? err : step_day(day);
	}
	walk->open[walk->open_n++] = open;
	rise(walk);
	return step_day(day);
}

static struct day_cursor *first_day(struct walk *walk)
{
	struct day_cursor *first = NULL;

	for (size_t i = 0; i < walk->days_n; i++) {
		struct day_cursor *day = &walk->days[i];

		if (!day->ended && (!first || before(walk, day->edge_ns, first->edge_ns)))
			first = day;
	}
	return first;
}

/* Whether the batch that day stands on is too much; all before it was visited. */
static bool is_enough(const struct walk *walk, const struct day_cursor *day)
{
	struct store_reading *reading = walk->reading;

	if (!reading->most || walk->read < reading->most)
		return false;
	reading->cut = true;
	reading->reached_ns = day->edge_ns;
	return true;
}

static int run(struct walk *walk, store_invocation_visit visit, void *context)
{
	for (;;) {
		bool has_room = walk->open_invocations < RAW_OPEN_INVOCATIONS;
		struct day_cursor *day = has_room ? first_day(walk) : NULL;
		struct open_batch *open = walk->open_n ? &walk->open[0] : NULL;
		int err;

		if (!day && !open)
			return 0;
		if (day && (!open || !before(walk, open->order[open->next]->start_ns,
					 day->edge_ns))) {
			if (is_enough(walk, day))
				return 0;
			err = open_batch(walk, day);
		} else {
			err = visit(
			    context, open->order[open->next], open->batch->head.host);
			move_on(walk);
		}
		if (err)
			return err;
	}
}

int sqlite_read_invocations(struct sqlite *store, struct store_reading *reading,
    store_invocation_visit visit, void *context)
{
	struct walk walk = {.store = store,
	    .reading = reading,
	    .since_ns = reading->since_ns,
	    .until_ns = reading->until_ns,
	    .function = reading->function,
	    .back = reading->newest_first};
	int err = start(&walk);

	if (!err)
		err = run(&walk, visit, context);
	for (size_t i = 0; i < walk.open_n; i++)
		release(&walk, &walk.open[i]);
	free(walk.open);
	for (size_t i = 0; i < walk.days_n; i++)
		connection_close(walk.days[i].file);
	free(walk.days);
	return err;
}
