/* n invocations that are alike bill n times what one of them bills: exact, and quick for
 * any n. */
#include "price/estimate_describe.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"

#define REQUESTS_MAX 1000000000000000ULL /* 10^15, 30 million a second for a year */
#define SPAN_MAX_MS 604800000ULL         /* a week; no plan runs longer */
#define MEMORY_MAX_MB 32768
#define TMP_FREE_MB 512
#define TMP_MAX_MB 10240
#define CONCURRENCY_MAX 1000
#define MB_MS_PER_GB_S 1024000
#define MICRO 1000000
#define PICO_PER_ONE 1000000000000LL
#define EXACT_REAL 9007199254740992.0 /* 2^53: whole numbers below it are exact */
#define UNITS_MAX 1000000000000000000ULL
/* From when on a described invocation is taken to be, unless it says: today's rules. */
#define START_NS 1767225600000000000LL /* 2026-01-01 */

struct description {
	uint64_t requests;
	uint64_t cold_starts;
	uint64_t duration_ns;
	uint64_t init_ns;
	uint64_t memory_mb;   /* 0: not said */
	uint64_t observed_mb; /* 0: not said */
	uint64_t tmp_mb;
	uint64_t concurrency;
	int64_t start_ns;
};

/* A number >= 0 with at most 6 decimals, in millionths; text or number. */
static int read_micro(
    const struct check *c, const struct place *at, const char *member, uint64_t *out)
{
	const json_t *value = json_object_get(at->object, member);
	struct money amount;

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    (uint64_t)json_integer_value(value) <= UINT64_MAX / MICRO) {
		*out = (uint64_t)json_integer_value(value) * MICRO;
		return 0;
	}
	if (json_is_real(value) && json_real_value(value) >= 0 &&
	    json_real_value(value) < EXACT_REAL / MICRO) { /* exact to a millionth */
		*out = (uint64_t)llround(json_real_value(value) * MICRO);
		return 0;
	}
	/* Money reads decimals exactly, in millionths of a millionth. */
	if (json_is_string(value) &&
	    money_parse(json_string_value(value), &amount) == 0 && amount.pico >= 0 &&
	    amount.pico % MICRO == 0 && amount.pico / MICRO <= (__int128)UINT64_MAX) {
		*out = (uint64_t)(amount.pico / MICRO);
		return 0;
	}
	return check_refuse(
	    c, at, member, "must be a number of 0 or more with at most 6 decimals");
}

/* The member of either name; NULL when neither is there. */
static const char *either(const struct place *at, const char *a, const char *b)
{
	if (json_object_get(at->object, a))
		return a;
	return json_object_get(at->object, b) ? b : NULL;
}

static int refuse_both(
    const struct check *c, const struct place *at, const char *a, const char *b)
{
	if (!json_object_get(at->object, a) || !json_object_get(at->object, b))
		return 0;
	return check_refuse(c, at, b, "says the same as %s: give one of them", a);
}

/* A whole number as number or text; UINT64_MAX when it is none. */
static uint64_t whole_of(const json_t *value)
{
	struct money amount;

	if (json_is_integer(value))
		return json_integer_value(value) < 0
			   ? UINT64_MAX
			   : (uint64_t)json_integer_value(value);
	if (json_is_real(value)) { /* "3e6" is one */
		double real = json_real_value(value);

		return real >= 0 && real < EXACT_REAL && trunc(real) == real
			   ? (uint64_t)real
			   : UINT64_MAX;
	}
	if (!json_is_string(value) ||
	    money_parse(json_string_value(value), &amount) < 0 || amount.pico < 0 ||
	    amount.pico % PICO_PER_ONE != 0)
		return UINT64_MAX;
	return (uint64_t)(amount.pico / PICO_PER_ONE); /* at most 10^18 */
}

/* A whole number in range; *out keeps its value when the member is not there. */
static int read_whole(const struct check *c, const struct place *at, const char *member,
    const uint64_t range[2], uint64_t *out)
{
	const json_t *value = member ? json_object_get(at->object, member) : NULL;

	if (!value)
		return 0;
	uint64_t whole = whole_of(value);

	if (whole < range[0] || whole > range[1])
		return check_refuse(c, at, member,
		    "must be a whole number from %ju to %ju", (uintmax_t)range[0],
		    (uintmax_t)range[1]);
	*out = whole;
	return 0;
}

/* Milliseconds, kept as ns. */
static int read_span(
    const struct check *c, const struct place *at, const char *member, uint64_t *out_ns)
{
	uint64_t ns = 0;
	int err = read_micro(c, at, member, &ns);

	if (err < 0)
		return err;
	if (ns / MICRO > SPAN_MAX_MS)
		return check_refuse(
		    c, at, member, "is above a week (%ju ms)", (uintmax_t)SPAN_MAX_MS);
	*out_ns = ns;
	return 0;
}

static int read_flag(
    const struct check *c, const struct place *at, const char *member, bool *out)
{
	const json_t *value = member ? json_object_get(at->object, member) : NULL;

	if (value && !json_is_boolean(value))
		return check_refuse(c, at, member, "must be true or false");
	if (value)
		*out = json_is_true(value);
	return 0;
}

static int read_place(
    const struct check *c, const struct place *at, struct estimate_part *part)
{
	const char *text;
	int err =
	    read_flag(c, at, either(at, "free_tier", "free_grant"), &part->free_tier);

	if (err == 0 && json_object_get(at->object, "region")) {
		err = check_string(c, at, "region", &text);
		if (err == 0 && strlen(text) >= sizeof(part->region))
			err = check_refuse(c, at, "region", "is too long");
		if (err == 0)
			memcpy(part->region, text, strlen(text) + 1);
	}
	if (err == 0 && json_object_get(at->object, "arch")) {
		err = check_string(c, at, "arch", &text);
		if (err == 0)
			part->arch = arch_find(text);
		if (err == 0 && part->arch == ARCH_UNKNOWN)
			err = check_refuse(c, at, "arch",
			    "must be x86_64 or arm64, not \"%.40s\"", text);
	}
	return err;
}

static int read_init(const struct check *c, const struct place *at, struct description *d)
{
	const char *init = either(at, "init_ms", "init_duration_ms");
	const uint64_t range[2] = {0, d->requests};
	int err = refuse_both(c, at, "init_ms", "init_duration_ms");

	if (err == 0)
		err = read_whole(c, at, "cold_starts", range, &d->cold_starts);
	if (err < 0)
		return err;
	if (!init && d->cold_starts > 0)
		return check_refuse(
		    c, at, "cold_starts", "needs init_ms, what each costs");
	if (!init)
		return 0;
	if (!json_object_get(at->object, "cold_starts")) {
		if (d->requests > 1)
			return check_refuse(c, at, init,
			    "needs cold_starts, how many of the %ju requests waited for "
			    "an init",
			    (uintmax_t)d->requests);
		d->cold_starts = d->requests;
	}
	return read_span(c, at, init, &d->init_ns);
}

static int read_start(
    const struct check *c, const struct place *at, struct description *d)
{
	const char *text;

	if (!json_object_get(at->object, "start"))
		return 0;
	int err = check_string(c, at, "start", &text);
	if (err == 0 && clock_parse_rfc3339(text, &d->start_ns) < 0)
		err = check_refuse(c, at, "start",
		    "must be a time such as "
		    "\"2026-11-22T08:00:00Z\"");
	return err;
}

static int read_description(
    const struct check *c, const struct place *at, struct description *d)
{
	static const uint64_t requests[2] = {0, REQUESTS_MAX};
	static const uint64_t memory[2] = {1, MEMORY_MAX_MB};
	static const uint64_t tmp[2] = {TMP_FREE_MB, TMP_MAX_MB};
	static const uint64_t concurrency[2] = {1, CONCURRENCY_MAX};
	int err = refuse_both(c, at, "requests", "executions");

	if (err == 0)
		err = read_whole(
		    c, at, either(at, "requests", "executions"), requests, &d->requests);
	if (err == 0)
		err = read_whole(c, at, "memory_mb", memory, &d->memory_mb);
	if (err == 0)
		err = read_whole(c, at, "observed_mb", memory, &d->observed_mb);
	if (err == 0)
		err = read_whole(c, at, "ephemeral_mb", tmp, &d->tmp_mb);
	if (err == 0)
		err = read_whole(c, at, "concurrency", concurrency, &d->concurrency);
	if (err == 0)
		err = read_start(c, at, d);
	if (err == 0)
		err = read_init(c, at, d);
	return err;
}

/* Adds n times what every plan bills for inv. */
static int add_alike(const struct description *d, const struct invocation *inv,
    uint64_t n, struct usage *usage)
{
	struct usage one = {0};

	plan_count_all(inv, &one);
	if (__builtin_mul_overflow(d->tmp_mb - TMP_FREE_MB, one.item[USAGE_AWS_BILLED_MS],
		&one.item[USAGE_AWS_TMP_MB_MS]))
		return -ERANGE;
	for (int i = 0; i < USAGE_ITEMS; i++) {
		uint64_t all;

		if (__builtin_mul_overflow(one.item[i], n, &all) ||
		    __builtin_add_overflow(usage->item[i], all, &usage->item[i]))
			return -ERANGE;
	}
	return 0;
}

/* Those that wait for an init and those that do not; with a concurrency of c, c of them
 * share their instance's time: one bills it, the others bill none. */
static int expand(const struct description *d, struct usage *usage)
{
	struct function function = {.memory_limit_mb = (uint32_t)d->memory_mb};
	struct invocation inv = {.function = &function,
	    .start_ns = d->start_ns,
	    .duration_ns = d->duration_ns,
	    .init_ns = d->init_ns,
	    .concurrency = 1};
	uint64_t observed_mb = d->observed_mb ? d->observed_mb : d->memory_mb;
	uint64_t leaders =
	    d->requests / d->concurrency + (d->requests % d->concurrency != 0);
	uint64_t cold_leaders = d->cold_starts < leaders ? d->cold_starts : leaders;
	int err;

	inv.has = HAS_DURATION | HAS_BUSY | (observed_mb ? HAS_MEMORY : 0);
	inv.peak_memory_bytes = observed_mb << 20;

	inv.start_type = START_WARM;
	inv.busy_ns = d->duration_ns;
	err = add_alike(d, &inv, leaders - cold_leaders, usage);
	inv.busy_ns = 0;
	if (err == 0)
		err = add_alike(d, &inv,
		    d->requests - leaders - (d->cold_starts - cold_leaders), usage);

	inv.start_type = START_COLD;
	inv.has |= HAS_INIT;
	if (err == 0)
		err = add_alike(d, &inv, d->cold_starts - cold_leaders, usage);
	inv.busy_ns = d->duration_ns;
	if (err == 0)
		err = add_alike(d, &inv, cold_leaders, usage);
	return err;
}

/* Usage that is given as such: gb_s (and vcpu_s), or Azure's execution units. */
static int read_totals(const struct check *c, const struct place *at,
    const struct description *d, struct estimate_part *part)
{
	static const uint64_t units[2] = {0, UNITS_MAX};
	static const char units_name[] = "function_execution_units_mb_ms";
	uint64_t *item = part->usage.item;
	uint64_t micro = 0;
	uint64_t mcpu_ms = 0;
	uint64_t mb_ms = 0;
	bool has_units = json_object_get(at->object, units_name);
	int err = 0;

	if (json_object_get(at->object, "gb_s")) {
		err = refuse_both(c, at, "gb_s", units_name);
		if (err == 0)
			err = read_micro(c, at, "gb_s", &micro);
		unsigned __int128 product = (unsigned __int128)micro * MB_MS_PER_GB_S;

		if (err == 0 && product / MICRO > UINT64_MAX)
			err = check_refuse(c, at, "gb_s", "is too large");
		mb_ms = (uint64_t)((product + MICRO - 1) / MICRO);
	}
	if (err == 0)
		err = read_whole(c, at, units_name, units, &mb_ms);
	part->billable = has_units ? ESTIMATE_AZURE : ESTIMATE_AWS | ESTIMATE_AZURE;
	if (err == 0 && json_object_get(at->object, "vcpu_s")) {
		err = read_micro(c, at, "vcpu_s", &mcpu_ms);
		part->billable |= has_units ? 0 : ESTIMATE_GCP;
	}
	item[USAGE_AWS_MB_MS] = item[USAGE_AZURE_MB_MS] = item[USAGE_RUN_MB_MS] = mb_ms;
	item[USAGE_RUN_MCPU_MS] = mcpu_ms;
	item[USAGE_AWS_REQUESTS] = item[USAGE_AZURE_EXECUTIONS] =
	    item[USAGE_RUN_REQUESTS] = d->requests;
	return err;
}

/* Whether the usage is given as such; then what makes it up must not be. */
static int check_totals(const struct check *c, const struct place *at, bool *has_totals)
{
	static const char *const parts[] = {"duration_ms", "init_ms", "init_duration_ms",
	    "cold_starts", "memory_mb", "observed_mb", "ephemeral_mb", "concurrency",
	    NULL};
	const char *total = either(at, "gb_s", "function_execution_units_mb_ms");

	*has_totals = total != NULL;
	for (const char *const *p = parts; total && *p; p++) {
		if (json_object_get(at->object, *p))
			return check_refuse(
			    c, at, *p, "does not go with %s, which has it in it", total);
	}
	if (!total && json_object_get(at->object, "vcpu_s"))
		return check_refuse(c, at, "vcpu_s", "goes with gb_s only");
	return 0;
}

int estimate_describe(
    const struct check *c, const struct place *at, struct estimate_part *out)
{
	static const char *const members[] = {"requests", "executions", "duration_ms",
	    "init_ms", "init_duration_ms", "cold_starts", "memory_mb", "observed_mb",
	    "ephemeral_mb", "concurrency", "start", "arch", "region", "free_tier",
	    "free_grant", "gb_s", "vcpu_s", "function_execution_units_mb_ms",
	    /* taken without effect, so that notes can stand in the file */
	    "id", "note", "plan", "package", "runtime", NULL};
	struct description d = {
	    .requests = 1, .tmp_mb = TMP_FREE_MB, .concurrency = 1, .start_ns = START_NS};
	struct estimate_part part = {.billable = ESTIMATE_ALL};
	bool has_totals = false;
	int err = check_is_object(c, at);

	if (err == 0)
		err = check_members(c, at, members);
	if (err == 0)
		err = read_place(c, at, &part);
	if (err == 0)
		err = check_totals(c, at, &has_totals);
	if (err == 0 && has_totals && !either(at, "requests", "executions"))
		d.requests = 0;
	if (err == 0)
		err = read_description(c, at, &d);
	if (err < 0)
		return err;
	if (has_totals) {
		err = read_totals(c, at, &d, &part);
	} else if (!json_object_get(at->object, "duration_ms")) {
		err = check_refuse(c, at, "duration_ms", "is missing");
	} else {
		err = read_span(c, at, "duration_ms", &d.duration_ns);
		part.memory_mb = (uint32_t)d.memory_mb;
		if (err == 0 && expand(&d, &part.usage) < 0)
			err = check_refuse(c, at, NULL, "too much to count in 64 bits");
	}
	if (err == 0)
		*out = part;
	return err;
}
