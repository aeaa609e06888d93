/* Spans out of minutes: there are no hours and days on the server yet. */
#include <errno.h>
#include <stdlib.h>

#include "store/clickhouse/clickhouse.h"

struct known {
	uint64_t fn;
	uint32_t id; /* 0: free */
};

struct spans {
	const struct store_window *window;
	store_span_visit visit;
	void *context;
	struct known *table; /* open addressing, at most half full */
	size_t size;         /* a power of two */
	uint32_t n;
};

static struct known *probe(struct known *table, size_t size, uint64_t fn)
{
	size_t i = (size_t)fn & (size - 1);

	while (table[i].id && table[i].fn != fn)
		i = (i + 1) & (size - 1);
	return &table[i];
}

static int grow(struct spans *spans)
{
	size_t size = spans->size ? spans->size * 2 : 256;
	struct known *table;

	if ((size_t)spans->n * 2 < spans->size)
		return 0;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < spans->size; i++) {
		if (spans->table[i].id)
			*probe(table, size, spans->table[i].fn) = spans->table[i];
	}
	free(spans->table);
	spans->table = table;
	spans->size = size;
	return 0;
}

/* Small numbers in the order of their arrival, of this scan alone. */
static int find_id(struct spans *spans, uint64_t fn, uint32_t *id)
{
	int err = grow(spans);
	struct known *place;

	if (err)
		return err;
	place = probe(spans->table, spans->size, fn);
	if (!place->id)
		*place = (struct known){fn, ++spans->n};
	*id = place->id;
	return 0;
}

static int add_minute(const struct store_span *span, struct rollup *into)
{
	return rollup_merge(into, span->source);
}

static int see_minute(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	struct spans *spans = context;
	const struct store_part part = {minute_start_s, 60, rollup->invocations};
	struct store_span span = {.start_s = minute_start_s,
	    .seconds = 60,
	    .first_s = minute_start_s,
	    .last_s = minute_start_s,
	    .function = function,
	    .add = add_minute,
	    .source = rollup,
	    .parts = &part,
	    .parts_n = spans->window->cuts_n > 0};
	int err = find_id(spans, function_hash(function), &span.id);

	return err ? err : spans->visit(spans->context, &span);
}

int clickhouse_scan_spans(struct clickhouse *store, const struct store_window *window,
    store_span_visit visit, void *context)
{
	struct spans spans = {.window = window, .visit = visit, .context = context};
	int err = clickhouse_scan_rollups(store, window->since_ns, window->until_ns,
	    window->function, see_minute, &spans);

	free(spans.table);
	return err;
}
