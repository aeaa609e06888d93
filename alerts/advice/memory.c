#include "alerts/advice/memory.h"

#include <math.h>
#include <stdio.h>

#include "alerts/advice/concurrency.h"
#include "alerts/message.h"

#define MIB (1024.0 * 1024)
#define MS_NS 1e6

/* 1 vCPU at 1,769 MB:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html Cloud Run from
 * 128 MiB to 32 GiB: https://cloud.google.com/run/docs/configuring/services/memory-limits
 */
static const struct memory_terms lambda = {128, 10240, 64, 1769, {0}, false};
static const struct memory_terms cloud_run = {128, 32768, 64, 0, {0}, false};
static const struct memory_terms own_host = {32, 1048576, 32, 0, {0}, false};

bool advice_memory_terms(enum platform platform, struct memory_terms *terms)
{
	switch (platform) {
	case PLATFORM_AWS_LAMBDA:
		*terms = lambda;
		return true;
	case PLATFORM_GCP_FUNCTIONS:
	case PLATFORM_KNATIVE:
		*terms = cloud_run;
		return true;
	case PLATFORM_AZURE_FUNCTIONS:
		return false;
	case PLATFORM_UNKNOWN:
	case PLATFORM_OPENFAAS:
	case PLATFORM_OPENWHISK:
	case PLATFORM_FISSION:
	case PLATFORM_NUCLIO:
	case PLATFORM_GENERIC:
	case PLATFORM_COUNT:
		break;
	}
	*terms = own_host;
	return true;
}

const char *memory_verdict_name(enum memory_verdict verdict)
{
	static const char *const names[] = {"too_little_seen", "not_seen",
	    "nothing_to_set", "keep", "lower", "raise", "set"};

	return names[verdict];
}

static uint32_t round_up(double mb, const struct memory_terms *terms)
{
	double steps = ceil(mb / terms->step_mb) * terms->step_mb;

	if (steps < terms->min_mb)
		return terms->min_mb;
	return steps > terms->max_mb ? terms->max_mb : (uint32_t)steps;
}

/* The mean duration at a size, in ms, as a model: only its ratio to another counts. */
static double duration_at(
    const struct measured *m, const struct memory_terms *terms, uint32_t mb)
{
	double all = (double)m->duration_ns / (double)m->invocations / MS_NS;
	double cpu = (double)m->cpu_ns / (double)m->invocations / MS_NS;

	if (cpu > all)
		cpu = all;
	if (!terms->full_cpu_mb || mb >= terms->full_cpu_mb)
		return all;
	return all - cpu + cpu * terms->full_cpu_mb / mb;
}

/* The smallest size from the floor on whose duration grows by less than the limit. */
static uint32_t choose(const struct measured *m, const struct memory_terms *terms,
    const struct memory_advice *advice)
{
	double most = duration_at(m, terms, advice->now_mb) *
		      (1 + ADVICE_MEMORY_SLOWDOWN_PCT / 100.0);
	uint32_t mb = advice->floor_mb;

	while (mb < advice->now_mb && duration_at(m, terms, mb) > most)
		mb += terms->step_mb;
	return mb < advice->now_mb ? mb : advice->now_mb;
}

static void settle_bill(const struct measured *m, const struct memory_terms *terms,
    struct memory_advice *advice)
{
	uint64_t now_us = (uint64_t)(advice->now_ms * 1000);
	uint64_t then_us = (uint64_t)(advice->then_ms * 1000);

	if (!terms->has_price || !advice->now_mb || !now_us)
		return;
	advice->now = advice_month(terms->window, m->until_ns - m->since_ns);
	advice->then = money_scale(
	    money_scale(advice->now, advice->then_mb, advice->now_mb), then_us, now_us);
}

static double after_ooms_mb(const struct memory_advice *advice)
{
	return advice->now_mb * (1 + ADVICE_MEMORY_OOM_PCT / 100.0);
}

static double with_headroom_mb(const struct memory_advice *advice)
{
	return advice->peak_mb * (1 + ADVICE_MEMORY_HEADROOM_PCT / 100.0);
}

/* Whether the floor is what memory that ran out asks for: where the size is known, and
 * the peak does not ask for more. */
static bool is_from_ooms(const struct measured *m, const struct memory_advice *advice)
{
	return m->ooms && after_ooms_mb(advice) > with_headroom_mb(advice);
}

static double wanted_mb(const struct measured *m, const struct memory_advice *advice)
{
	return is_from_ooms(m, advice) ? after_ooms_mb(advice) : with_headroom_mb(advice);
}

static void explain_change(const struct measured *m, const struct memory_terms *terms,
    struct memory_advice *advice)
{
	char bill[2][MESSAGE_MONEY_BYTES];
	double floor_mb = fmax(advice->floor_mb, ceil(wanted_mb(m, advice)));
	char tail[192] = "";
	int n;

	n = snprintf(advice->why, sizeof(advice->why),
	    "The highest peak of %llu invocations was %.1f MB: with %d %% of headroom "
	    "%.0f MB.",
	    (unsigned long long)m->invocations, advice->peak_mb,
	    ADVICE_MEMORY_HEADROOM_PCT, floor_mb);
	if (is_from_ooms(m, advice))
		n = snprintf(advice->why, sizeof(advice->why),
		    "Memory ran out %llu times: %d %% more than there was is %.0f MB.",
		    (unsigned long long)m->ooms, ADVICE_MEMORY_OOM_PCT, floor_mb);
	if (floor_mb > terms->max_mb)
		(void)snprintf(tail, sizeof(tail), " The platform has %u MB at most.",
		    terms->max_mb);
	else if (terms->full_cpu_mb && !m->cpu_ns && advice->verdict == MEMORY_LOWER)
		(void)snprintf(tail, sizeof(tail),
		    " Its CPU time is not known: try it, less memory is less CPU.");
	else if (advice->then_mb > advice->floor_mb)
		(void)snprintf(tail, sizeof(tail),
		    " Below %u MB it would be more than %d %% slower, as it computes and "
		    "the CPU goes by the memory.",
		    advice->then_mb, ADVICE_MEMORY_SLOWDOWN_PCT);
	if (n > 0 && (size_t)n < sizeof(advice->why))
		n += snprintf(
		    advice->why + n, sizeof(advice->why) - (size_t)n, "%s", tail);
	if (!terms->has_price || !advice->now_mb || advice->now.pico == advice->then.pico)
		return;
	message_money(advice->now, bill[0]);
	message_money(advice->then, bill[1]);
	if (n > 0 && (size_t)n < sizeof(advice->why))
		(void)snprintf(advice->why + n, sizeof(advice->why) - (size_t)n,
		    " Its memory costs %s a month, then %s.", bill[0], bill[1]);
}

/* What there is to say where no size can be advised; false when one can. */
static bool explain_nothing(
    const struct measured *m, const struct memory_terms *terms, struct memory_advice *out)
{
	double minutes = (double)(m->until_ns - m->since_ns) / 60e9;

	if (!terms) {
		out->verdict = MEMORY_NOTHING_TO_SET;
		(void)snprintf(out->why, sizeof(out->why),
		    "Nothing to set: the platform bills the memory that is used.");
	} else if (m->invocations < ADVICE_ENOUGH_INVOCATIONS ||
		   m->until_ns - m->since_ns < ADVICE_ENOUGH_NS) {
		out->verdict = MEMORY_TOO_LITTLE_SEEN;
		(void)snprintf(out->why, sizeof(out->why),
		    "Too little was seen for advice: %llu invocations in %.0f minutes, "
		    "where %d in 1 hour is the least.",
		    (unsigned long long)m->invocations, minutes,
		    ADVICE_ENOUGH_INVOCATIONS);
	} else if (!m->memory_max_bytes) {
		out->verdict = MEMORY_NOT_SEEN;
		(void)snprintf(
		    out->why, sizeof(out->why), "No peak of its memory was measured.");
	} else {
		return false;
	}
	return true;
}

void advice_memory(const struct measured *measured, const struct memory_terms *terms,
    struct memory_advice *out)
{
	*out = (struct memory_advice){.now_mb = measured->function.memory_limit_mb,
	    .peak_mb = (double)measured->memory_max_bytes / MIB};
	if (explain_nothing(measured, terms, out))
		return;
	out->floor_mb = round_up(wanted_mb(measured, out), terms);
	if (!out->now_mb) {
		out->verdict = MEMORY_SET;
		out->then_mb = out->floor_mb;
	} else if (out->floor_mb > out->now_mb) {
		out->verdict = MEMORY_RAISE;
		out->then_mb = out->floor_mb;
	} else {
		out->then_mb = choose(measured, terms, out);
		out->verdict = out->then_mb < out->now_mb ? MEMORY_LOWER : MEMORY_KEEP;
	}
	if (out->now_mb && measured->duration_ns) {
		out->now_ms =
		    (double)measured->duration_ns / (double)measured->invocations / MS_NS;
		out->then_ms = out->now_ms * duration_at(measured, terms, out->then_mb) /
			       duration_at(measured, terms, out->now_mb);
	}
	settle_bill(measured, terms, out);
	explain_change(measured, terms, out);
}
