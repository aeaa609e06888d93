/* Spans against minutes: two ledgers that were given the same must tell the same over
 * any window, to the last digit. */
#ifndef TESTS_UNIT_SPANS_COMPARE_H
#define TESTS_UNIT_SPANS_COMPARE_H

#include "serve/figures/tally.h"
#include "tests/unit/random.h"
#include "tests/unit/store_place.h"

#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define FUNCTIONS 7
#define BEGIN (T0 / DAY * DAY) /* a midnight */
#define DAYS 4LL
#define WINDOWS 60

/* One that is never folded, and what must tell the same. */
struct pair {
	char directory[3][64];
	struct store *store[3]; /* the last one has a part of what the second tells */
	struct function functions[FUNCTIONS];
	uint64_t random;
	uint64_t sequence;
};

static inline void name_functions(struct pair *pair)
{
	for (int i = 0; i < FUNCTIONS; i++) { /* some are versions of one name */
		pair->functions[i] = function_named(i < 3 ? "versions" : "one");
		(void)snprintf(pair->functions[i].version,
		    sizeof(pair->functions[i].version), "%d", i);
		if (i > 4)
			(void)snprintf(pair->functions[i].name,
			    sizeof(pair->functions[i].name), "f%d", i);
	}
}

static inline struct invocation random_invocation(struct pair *pair, int64_t start_ns)
{
	uint64_t *r = &pair->random;
	struct invocation inv =
	    invocation_of(&pair->functions[random_below(r, FUNCTIONS)], start_ns);

	inv.start_type = random_below(r, 4) ? START_WARM : START_COLD;
	inv.status = (enum invocation_status)random_below(r, STATUS_COUNT);
	inv.duration_ns = random_width(r) >> 20;
	inv.concurrency = (uint32_t)random_below(r, 90);
	inv.ping = random_below(r, 9) == 0;
	if (random_below(r, 2)) {
		inv.has |= HAS_MEMORY | HAS_CPU | HAS_INIT;
		inv.peak_memory_bytes = random_width(r) >> 25;
		inv.cpu_ns = random_width(r) >> 30;
		inv.init_ns = random_width(r) >> 30;
	}
	return inv;
}

/* The same batch of invocations around a moment to the first and another one; 0: to
 * it alone. */
static inline void put_random(struct pair *pair, int64_t around_ns, int other)
{
	struct batch_head head = {
	    .id = {.agent = {1}, .sequence = ++pair->sequence}, .host = "h1"};
	struct batch_loss loss = {.reason = LOST_SHED, .n = pair->sequence % 3};
	struct batch_writer *w;
	struct batch *batch;
	uint8_t *bytes;
	size_t bytes_n;

	head.sent_ns = around_ns;
	assert_int_equal(batch_writer_new(&w), 0);
	for (uint64_t i = 1 + random_below(&pair->random, 40); i > 0; i--) {
		struct invocation inv = random_invocation(
		    pair, around_ns + (int64_t)random_below(&pair->random, 3 * MINUTE));

		assert_int_equal(batch_writer_add(w, &inv), 0);
	}
	assert_int_equal(batch_writer_seal(w, &head, &bytes, &bytes_n), 0);
	batch_writer_free(w);
	assert_int_equal(batch_decode(bytes, bytes_n, &batch, NULL), 0);
	assert_int_equal(batch->losses_n, 0);
	loss.function = batch->functions;
	batch->losses_n = loss.n > 0;
	struct batch_loss *own = batch->losses;

	batch->losses = &loss;
	for (int i = 0; i <= other; i += other ? other : 1) {
		struct store_batch b = {.batch = batch};

		assert_int_equal(store_write(pair->store[i], &b, 1), 0);
		assert_true(b.is_new);
	}
	batch->losses = own;
	batch->losses_n = 0;
	batch_free(batch);
	free(bytes);
}

/* --- what is compared ------------------------------------------------------------------
 */

/* Rows added up by function and step. */
struct sums {
	int64_t since_s;
	int64_t step_s;
	struct {
		int64_t step;
		char version[FUNCTION_VERSION_BYTES];
		struct rollup rollup;
		size_t rows;
	} * rows;
	size_t n;
};

static inline int add_to_sums(struct sums *sums, int64_t start_s, int64_t end_s,
    const struct function *function, const struct rollup *rollup)
{
	int64_t step = (start_s - sums->since_s) / sums->step_s;
	size_t i = 0;

	assert_true((end_s - 1 - sums->since_s) / sums->step_s == step);
	while (i < sums->n && (sums->rows[i].step != step ||
				  strcmp(sums->rows[i].version, function->version) != 0))
		i++;
	if (i == sums->n) {
		sums->rows = reallocarray(sums->rows, ++sums->n, sizeof(*sums->rows));
		assert_non_null(sums->rows);
		memset(&sums->rows[i], 0, sizeof(sums->rows[i]));
		sums->rows[i].step = step;
		(void)snprintf(sums->rows[i].version, sizeof(sums->rows[i].version), "%s",
		    function->version);
	}
	sums->rows[i].rows++;
	return rollup_merge(&sums->rows[i].rollup, rollup);
}

static inline int add_rollup(void *context, int64_t minute_start_s,
    const struct function *function, const struct rollup *rollup)
{
	return add_to_sums(
	    context, minute_start_s, minute_start_s + 60, function, rollup);
}

static inline int add_span(void *context, const struct store_span *span)
{
	struct rollup rollup = {0};
	int err;

	assert_non_null(span->add); /* nobody asked for parts */
	assert_int_equal(span->add(span, &rollup), 0);
	assert_true(span->first_s >= span->start_s && span->first_s <= span->last_s);
	assert_true(span->last_s < span->start_s + span->seconds);
	err = add_to_sums(
	    context, span->start_s, span->last_s + 60, span->function, &rollup);
	rollup_done(&rollup);
	return err;
}

static inline void expect_same_rollup(const struct rollup *a, const struct rollup *b)
{
	uint8_t *bytes[4];
	size_t n[4];

	assert_int_equal(rollup_encode_counters(a, &bytes[0], &n[0]), 0);
	assert_int_equal(rollup_encode_counters(b, &bytes[1], &n[1]), 0);
	assert_int_equal(rollup_encode_histograms(a, &bytes[2], &n[2]), 0);
	assert_int_equal(rollup_encode_histograms(b, &bytes[3], &n[3]), 0);
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(bytes[0], bytes[1], n[0]);
	assert_int_equal(n[2], n[3]);
	assert_memory_equal(bytes[2], bytes[3], n[2]);
	for (int i = 0; i < 4; i++)
		free(bytes[i]);
}

static inline void expect_same_sums(struct sums *a, struct sums *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		size_t k = 0;

		while (
		    k < b->n && (a->rows[i].step != b->rows[k].step ||
				    strcmp(a->rows[i].version, b->rows[k].version) != 0))
			k++;
		assert_true(k < b->n);
		expect_same_rollup(&a->rows[i].rollup, &b->rows[k].rollup);
	}
}

static inline void sums_done(struct sums *sums)
{
	for (size_t i = 0; i < sums->n; i++)
		rollup_done(&sums->rows[i].rollup);
	free(sums->rows);
}

/* By minute: the same rows, each once. */
static inline void compare_minutes(
    struct pair *pair, const struct window *window, const char *name)
{
	struct sums sums[2] = {{.step_s = 60}, {.step_s = 60}};

	for (int i = 0; i < 2; i++)
		assert_int_equal(store_scan_rollups(pair->store[i], window->since_ns,
				     window->until_ns, name, add_rollup, &sums[i]),
		    0);
	expect_same_sums(&sums[0], &sums[1]);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < sums[i].n; k++)
			assert_int_equal(sums[i].rows[k].rows, 1);
		sums_done(&sums[i]);
	}
}

/* By steps: the minutes of one, the spans of the other. */
static inline void compare_steps(
    struct pair *pair, const struct window *window, const char *name, int64_t step_ns)
{
	struct sums sums[2] = {{0}, {0}};
	const struct store_window asked = {.since_ns = window->since_ns,
	    .until_ns = window->until_ns,
	    .function = name,
	    .step_ns = step_ns};

	for (int i = 0; i < 2; i++) {
		sums[i].since_s = window->since_ns / MINUTE * 60;
		sums[i].step_s = step_ns / CLOCK_NS_PER_S;
	}
	assert_int_equal(store_scan_rollups(pair->store[0], window->since_ns,
			     window->until_ns, name, add_rollup, &sums[0]),
	    0);
	assert_int_equal(store_scan_spans(pair->store[1], &asked, add_span, &sums[1]), 0);
	expect_same_sums(&sums[0], &sums[1]);
	sums_done(&sums[0]);
	sums_done(&sums[1]);
}

/* What /v1/functions and invoices are made of. */
static inline void compare_tallies(
    struct pair *pair, const struct window *window, const char *name)
{
	struct tallies t[2];

	for (int i = 0; i < 2; i++)
		assert_int_equal(tallies_read(&t[i], pair->store[i], window, name), 0);
	assert_int_equal(t[0].n, t[1].n);
	for (size_t i = 0; i < t[0].n; i++) {
		const struct tally *a = t[0].rows[i];
		const struct tally *b = t[1].rows[i];

		assert_true(function_is_same(&a->function, &b->function));
		expect_same_rollup(&a->rollup, &b->rollup);
		assert_int_equal(a->first_s, b->first_s);
		assert_memory_equal(a->trend, b->trend, sizeof(a->trend));
	}
	tallies_done(&t[0]);
	tallies_done(&t[1]);
}

/* Windows that begin within that long after BEGIN, of that length at most. */
static inline void compare_over(
    struct pair *pair, uint64_t within_ns, uint64_t longest_ns)
{
	static const char *const names[] = {NULL, NULL, "versions", "f6", "nobody"};
	static const int64_t steps[] = {MINUTE, 7 * MINUTE, HOUR, 5 * HOUR, DAY, 9 * DAY};
	uint64_t *r = &pair->random;

	for (int i = 0; i < WINDOWS; i++) {
		const char *name = names[random_below(r, 5)];
		int64_t since = BEGIN + (int64_t)random_below(r, within_ns);
		int64_t width =
		    (int64_t)random_below(r, longest_ns) >> random_below(r, 12);
		struct window window;

		if (random_below(r, 4) == 0)
			since -= since % (random_below(r, 2) ? HOUR : DAY);
		if (random_below(r, 4) == 0)
			width = (width / HOUR + 1) * HOUR;
		window.since_ns = since - since % MINUTE; /* as the answers do */
		window.until_ns = window.since_ns + width + 1;
		compare_tallies(pair, &window, name);
		compare_steps(pair, &window, name, steps[random_below(r, 6)]);
		if (i % 8 == 0)
			compare_minutes(pair, &window, name);
	}
}

static inline void compare(struct pair *pair)
{
	compare_over(pair, DAYS * DAY, 3 * DAY);
}

#endif
