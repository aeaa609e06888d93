#include "alerts/advice/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS 1000000
#define MB (1024ULL * 1024)
#define STEP_MB 128
#define READ_MAX 1000000 /* pings, and batches of other functions, are read too */
#define SLOTS 2048       /* a power of two, several times ADVICE_MAX_FUNCTIONS */

struct collecting {
	struct advice_feed feed;
	uint16_t slots[SLOTS]; /* index of a function, plus 1, by its hash */
};

void advice_feed_done(struct advice_feed *feed)
{
	free(feed->functions);
	free(feed->intervals);
	*feed = (struct advice_feed){0};
}

/* Where its index stands, or may stand when there is 0. */
static uint16_t *slot_of(struct collecting *c, const struct function *function)
{
	size_t i = (size_t)function_hash(function) % SLOTS;

	while (c->slots[i] &&
	       !function_is_same(&c->feed.functions[c->slots[i] - 1].function, function))
		i = (i + 1) % SLOTS;
	return &c->slots[i];
}

/* Its index, or -1 when there are too many (or no memory). */
static int function_index(struct collecting *c, const struct function *function)
{
	struct advice_feed *feed = &c->feed;
	struct advice_function *grown;
	uint16_t *slot = slot_of(c, function);

	if (*slot)
		return *slot - 1;
	if (feed->functions_n == ADVICE_MAX_FUNCTIONS)
		return -1;
	grown = reallocarray(
	    feed->functions, feed->functions_n + 1, sizeof(*feed->functions));
	if (!grown)
		return -1;
	feed->functions = grown;
	grown[feed->functions_n++] = (struct advice_function){.function = *function};
	*slot = (uint16_t)feed->functions_n;
	return *slot - 1;
}

static int grow(struct advice_feed *feed)
{
	size_t room = feed->n ? feed->n * 2 : 1024;
	struct advice_interval *grown;

	if (feed->n && (feed->n < 1024 || (feed->n & (feed->n - 1))))
		return 0; /* room is the next power of two */
	grown = reallocarray(feed->intervals, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	feed->intervals = grown;
	return 0;
}

static uint64_t ceil_ms(uint64_t ns)
{
	return ns / MS_NS + (ns % MS_NS != 0);
}

static int visit(void *context, const struct invocation *inv, const char *host)
{
	struct collecting *c = context;
	struct advice_feed *feed = &c->feed;
	uint64_t billed_ms;
	uint64_t init_ms;
	int function;

	(void)host;
	if (inv->ping || !(inv->has & HAS_DURATION))
		return 0;
	if (feed->n == ADVICE_MAX_INTERVALS)
		return 1;
	function = function_index(c, inv->function);
	if (function < 0)
		return 0;
	if (grow(feed))
		return -ENOMEM;
	if (inv->has & HAS_MEMORY &&
	    inv->peak_memory_bytes > feed->functions[function].peak_memory_bytes)
		feed->functions[function].peak_memory_bytes = inv->peak_memory_bytes;
	billed_ms = ceil_ms(inv->duration_ns);
	init_ms = inv->start_type == START_COLD && inv->has & HAS_INIT
		      ? ceil_ms(inv->init_ns)
		      : 0;
	feed->intervals[feed->n++] = (struct advice_interval){.start_ns = inv->start_ns,
	    .end_ns = inv->start_ns + (int64_t)(billed_ms ? billed_ms : 1) * MS_NS,
	    .init_ms = init_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)init_ms,
	    .function = (uint32_t)function,
	    .cold = inv->start_type == START_COLD};
	return 0;
}

static int visit_function(void *context, const struct function *function,
    int64_t first_seen_ns, int64_t last_seen_ns)
{
	struct collecting *c = context;
	uint16_t slot = *slot_of(c, function);

	(void)last_seen_ns;
	if (slot)
		c->feed.functions[slot - 1].first_seen_ns = first_seen_ns;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct advice_interval *x = a;
	const struct advice_interval *y = b;

	if (x->function != y->function)
		return x->function > y->function ? 1 : -1;
	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static void share_out(struct advice_feed *feed)
{
	qsort(feed->intervals, feed->n, sizeof(*feed->intervals), compare);
	for (size_t i = 0; i < feed->n; i++) {
		struct advice_function *function =
		    &feed->functions[feed->intervals[i].function];

		if (!function->n++)
			function->intervals = &feed->intervals[i];
	}
}

int advice_feed_read(struct store *store, int64_t since_ns, int64_t until_ns,
    const char *function, struct advice_feed *out)
{
	struct collecting c = {.feed = {.since_ns = since_ns, .until_ns = until_ns}};
	struct advice_feed *feed = &c.feed;
	struct store_reading reading = {.since_ns = since_ns,
	    .until_ns = until_ns,
	    .function = function,
	    .newest_first = true,
	    .most = READ_MAX};
	int err = store_read_invocations(store, &reading, visit, &c);

	feed->truncated = err > 0 || reading.cut;
	if (err >= 0)
		err = store_scan_functions(store, visit_function, &c);
	if (err < 0) {
		advice_feed_done(feed);
		return err;
	}
	if (feed->truncated) {
		feed->since_ns = reading.cut ? reading.reached_ns : until_ns;
		for (size_t i = 0; i < feed->n; i++)
			if (feed->intervals[i].start_ns < feed->since_ns)
				feed->since_ns = feed->intervals[i].start_ns;
	}
	if (feed->n)
		share_out(feed);
	*out = *feed;
	return 0;
}

uint32_t advice_feed_memory_mb(const struct advice_function *function)
{
	uint64_t mb = function->peak_memory_bytes / MB + 1;

	if (function->function.memory_limit_mb)
		return function->function.memory_limit_mb;
	mb = (mb + STEP_MB - 1) / STEP_MB * STEP_MB;
	return mb > 10240 ? 10240 : (uint32_t)mb;
}
