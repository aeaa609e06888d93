#include "alerts/advice/plan.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "alerts/advice/concurrency.h"
#include "alerts/advice/memory.h"
#include "alerts/advice/plan_parts.h"
#include "alerts/message.h"

#define MS_NS 1e6
#define S_NS 1e9
#define HOUR_NS (3600 * S_NS)
#define MIB (1024.0 * 1024)

#define NEAR_PCT 80      /* of the limit of a duration: it is close */
#define HALF_PCT 50      /* its P99: worth a thought */
#define P95_COLD_PCT 5.0 /* from this share of cold starts on the P95 is one */
#define P99_COLD_PCT 1.0
#define FIRST_TIMES 3.0 /* a first invocation that takes so many times a later one */
#define FIRST_LEAST_MS 20.0
#define FIRST_ENOUGH 10
#define SAVES_PCT 10 /* less is not worth a move */

const char *plan_check_name(enum plan_check check)
{
	static const char *const names[] = {
	    "steady", "latency", "timeout", "connections", "state", "calls"};

	return names[check];
}

const char *plan_verdict_name(enum plan_verdict verdict)
{
	static const char *const names[] = {"fits", "unknown", "consider", "act"};

	return names[verdict];
}

struct plan_finding *advice_plan_add(
    struct plan_advice *advice, enum plan_check check, enum plan_verdict verdict)
{
	struct plan_finding *finding = &advice->findings[advice->findings_n++];

	*finding = (struct plan_finding){.check = check, .verdict = verdict, .what = ""};
	if (verdict > advice->verdict)
		advice->verdict = verdict;
	return finding;
}

static void put(struct plan_finding *finding, const char *key, double value)
{
	if (finding->numbers_n < ADVICE_PLAN_NUMBERS)
		finding->numbers[finding->numbers_n++] = (struct plan_number){key, value};
}

__attribute__((format(printf, 2, 3))) static void say(
    struct plan_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(finding->why, sizeof(finding->why), format, args);
	va_end(args);
}

static double share_pct(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

void advice_plan_need(const struct measured *m, struct always_on_need *need)
{
	double room = ADVICE_PLAN_BUSY_PCT / 100.0;
	double busy = (double)m->hour_busy_ns / HOUR_NS / room;
	double cpu = m->cpu_ns ? (double)m->hour_cpu_ns / HOUR_NS / room : busy;
	double one_mb =
	    (double)m->memory_max_bytes / MIB * (1 + ADVICE_MEMORY_HEADROOM_PCT / 100.0);

	if (!m->memory_max_bytes)
		one_mb = m->function.memory_limit_mb;
	need->cpu_milli = (uint64_t)ceil(cpu * 1000);
	need->least_cpu_milli =
	    m->cpu_ns && m->duration_ns
		? (uint64_t)ceil(
		      fmin(1, (double)m->cpu_ns / (double)m->duration_ns) * 1000)
		: 1000;
	need->least_memory_mb = (uint64_t)ceil(one_mb);
	need->memory_mb = (uint64_t)ceil(one_mb * fmax(1, ceil(busy)));
}

/* From which share of the time on, that is busy now for busy_pct, the option costs less.
 * The bill grows with the time that is busy. */
static double break_even_pct(
    double busy_pct, struct money now, const struct always_on *option)
{
	return busy_pct * (double)option->month.pico / (double)now.pico;
}

static void check_steady(
    const struct measured *m, const struct plan_terms *terms, struct plan_advice *advice)
{
	double window = (double)(m->until_ns - m->since_ns);
	double busy_pct = 100.0 * (double)m->busy_ns / window;
	const struct always_on *best = terms->options_n ? &terms->options[0] : NULL;
	char now[MESSAGE_MONEY_BYTES];
	char then[MESSAGE_MONEY_BYTES];
	struct plan_finding *finding;
	double even;

	if (!terms->has_cost || terms->month.pico <= 0 || !m->busy_ns || !best)
		return;
	even = break_even_pct(busy_pct, terms->month, best);
	message_money(terms->month, now);
	message_money(best->month, then);
	finding = advice_plan_add(advice, PLAN_STEADY, PLAN_FITS);
	put(finding, "busy_pct", busy_pct);
	put(finding, "busiest_hour_pct", 100.0 * (double)m->hour_busy_ns / HOUR_NS);
	put(finding, "break_even_pct", even);
	if (m->until_ns - m->since_ns < ADVICE_PLAN_STEADY_NS) {
		finding->verdict = PLAN_UNKNOWN;
		if (advice->verdict < PLAN_UNKNOWN)
			advice->verdict = PLAN_UNKNOWN;
		say(finding,
		    "It was seen for %.1f hours: a day is the least that tells whether "
		    "its load is steady.",
		    window / HOUR_NS);
		return;
	}
	say(finding,
	    "Busy %.1f %% of the time (%.1f %% in the busiest hour), it costs %s a "
	    "month; %llu x %s (%s, %s) that carry the busiest hour cost %s, which pays "
	    "from %.1f %% busy.",
	    busy_pct, 100.0 * (double)m->hour_busy_ns / HOUR_NS, now,
	    (unsigned long long)best->count, best->size, best->kind, best->price->region,
	    then, even);
	if (best->month.pico * 100 > terms->month.pico * (100 - SAVES_PCT))
		return;
	finding->verdict = advice->verdict = PLAN_ACT;
	finding->what = "Run it all the time there; two of them where one may not fail.";
}

static void check_latency(
    const struct measured *m, const struct plan_terms *terms, struct plan_advice *advice)
{
	double warm_ms = m->warm_p95_ns / MS_NS;
	double init_ms = m->init_p50_ns / MS_NS;
	double cold_pct = share_pct(m->cold, m->invocations);
	char init[64] = "";
	struct plan_finding *finding;

	if (!m->warm_p95_ns)
		return;
	finding = advice_plan_add(advice, PLAN_LATENCY, PLAN_FITS);
	put(finding, "target_ms", terms->target_ms);
	put(finding, "warm_p95_ms", warm_ms);
	put(finding, "cold_pct", cold_pct);
	if (init_ms > 0) {
		put(finding, "init_p50_ms", init_ms);
		(void)snprintf(
		    init, sizeof(init), ", with an init of %.0f ms (P50)", init_ms);
	}
	say(finding,
	    "The target of the P95 is %.0f ms: warm it is %.1f ms, and %.2f %% of the "
	    "invocations are cold%s.",
	    terms->target_ms, warm_ms, cold_pct, init);
	if (warm_ms > terms->target_ms) {
		finding->verdict = PLAN_CONSIDER;
		finding->what = "The function itself takes longer than that, wherever it "
				"runs: make it faster, or give it another target.";
	} else if (cold_pct >= P95_COLD_PCT && init_ms > terms->target_ms) {
		finding->verdict = PLAN_ACT;
		finding->what = "The P95 is a cold start: keep it warm, reserve "
				"concurrency, or run it all the time.";
	} else if (cold_pct >= P99_COLD_PCT && init_ms > terms->target_ms) {
		finding->verdict = PLAN_CONSIDER;
		finding->what = "The P95 holds, the P99 is a cold start: see "
				"`coldmeter advise keepwarm`.";
	}
	if (finding->verdict > advice->verdict)
		advice->verdict = finding->verdict;
}

/* The longest that the platform lets one invocation take, in seconds; 0: it sets none.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 * https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
 * https://cloud.google.com/functions/quotas
 * https://cloud.google.com/run/docs/configuring/request-timeout */
static double limit_s(enum platform platform)
{
	switch (platform) {
	case PLATFORM_AWS_LAMBDA:
		return 900;
	case PLATFORM_AZURE_FUNCTIONS:
		return 600;
	case PLATFORM_GCP_FUNCTIONS:
	case PLATFORM_KNATIVE:
		return 3600;
	case PLATFORM_UNKNOWN:
	case PLATFORM_OPENFAAS:
	case PLATFORM_OPENWHISK:
	case PLATFORM_FISSION:
	case PLATFORM_NUCLIO:
	case PLATFORM_GENERIC:
	case PLATFORM_COUNT:
		break;
	}
	return 0;
}

static void check_timeout(const struct measured *m, struct plan_advice *advice)
{
	double limit = limit_s(m->function.platform);
	double max_s = m->duration_max_ns / S_NS;
	double p99_s = m->duration_p99_ns / S_NS;
	bool is_near = limit > 0 && max_s * 100 >= limit * NEAR_PCT;
	bool is_half = limit > 0 && p99_s * 100 >= limit * HALF_PCT;
	struct plan_finding *finding;

	if (m->duration_max_ns <= 0 && !m->timeouts)
		return;
	finding = advice_plan_add(advice, PLAN_TIMEOUT,
	    m->timeouts || is_near ? PLAN_ACT
	    : is_half              ? PLAN_CONSIDER
				   : PLAN_FITS);
	put(finding, "p99_s", p99_s);
	put(finding, "max_s", max_s);
	put(finding, "timeouts", (double)m->timeouts);
	if (limit > 0)
		put(finding, "limit_s", limit);
	if (limit > 0)
		say(finding,
		    "It takes %.3g s (P99) and %.3g s at most, where the platform ends "
		    "it at %.0f s; %llu ran into a timeout.",
		    p99_s, max_s, limit, (unsigned long long)m->timeouts);
	else
		say(finding,
		    "It takes %.3g s (P99) and %.3g s at most; %llu ran into a timeout.",
		    p99_s, max_s, (unsigned long long)m->timeouts);
	if (finding->verdict > PLAN_FITS)
		finding->what =
		    "Split the work, or put it into a queue that something without a "
		    "limit works off.";
}

static void check_connections(const struct measured *m, struct plan_advice *advice)
{
	struct plan_finding *finding;
	double each_s;

	if (!m->upgraded)
		return;
	each_s = (double)m->upgraded_ns / (double)m->upgraded / S_NS;
	finding = advice_plan_add(advice, PLAN_CONNECTIONS, PLAN_ACT);
	put(finding, "upgraded", (double)m->upgraded);
	put(finding, "upgraded_pct", share_pct(m->upgraded, m->scanned));
	put(finding, "open_s_mean", each_s);
	say(finding,
	    "%llu of %llu invocations switched to another protocol, as a WebSocket does, "
	    "and were open for %.3g s each: all of it is billed as busy, and the "
	    "platform's limit ends it.",
	    (unsigned long long)m->upgraded, (unsigned long long)m->scanned, each_s);
	finding->what = "Let a gateway or something that runs all the time hold the "
			"connections, and call the function for each message.";
}

static void check_state(const struct measured *m, struct plan_advice *advice)
{
	double first_ms = m->first_p50_ns / MS_NS;
	double warm_ms = m->warm_p50_ns / MS_NS;
	struct plan_finding *finding;

	if (m->firsts < FIRST_ENOUGH || !m->warm_p50_ns ||
	    first_ms < warm_ms * FIRST_TIMES || first_ms - warm_ms < FIRST_LEAST_MS)
		return;
	finding = advice_plan_add(advice, PLAN_MEMORY_STATE, PLAN_CONSIDER);
	put(finding, "first_p50_ms", first_ms);
	put(finding, "warm_p50_ms", warm_ms);
	say(finding,
	    "The first invocation of a sandbox takes %.1f ms and later ones %.1f ms "
	    "(P50), its init not counted: it builds something then that stays in memory "
	    "and goes with the sandbox.",
	    first_ms, warm_ms);
	finding->what = "Build it in the init, and keep what must last in a store "
			"outside: no two sandboxes share it.";
}

void advice_plan(const struct measured *measured, const struct plan_terms *terms,
    struct plan_advice *out)
{
	*out = (struct plan_advice){
	    .enough_data = measured->invocations >= ADVICE_ENOUGH_INVOCATIONS &&
			   measured->until_ns - measured->since_ns >= ADVICE_ENOUGH_NS};
	if (!out->enough_data) {
		out->verdict = PLAN_UNKNOWN;
		return;
	}
	check_steady(measured, terms, out);
	check_latency(measured, terms, out);
	check_timeout(measured, out);
	check_connections(measured, out);
	check_state(measured, out);
	advice_plan_calls(measured, terms, out);
}
